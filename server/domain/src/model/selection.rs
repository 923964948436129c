//! Jobs that are selected freely: by a condition of tests that are joined by and and or, in an order of several keys.

use super::id::JobId;
use super::job::Status;
use super::page::Order;
use super::time::Millis;

/// Which jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Those for which all hold: all jobs, where there are none.
    All(Vec<Self>),
    /// Those for which one holds.
    Any(Vec<Self>),
    /// Those in one of these states.
    Status(Vec<Status>),
    /// This one.
    Id(JobId),
    /// Those but this one.
    IdNot(JobId),
    /// Those whose function has such a name.
    Name(Text),
    /// Those whose function has no such name.
    NameNot(Text),
    /// Those whose function is granted a model, or none.
    HasModel(bool),
    /// Those where something happened from then to then, both included.
    Happened(Moment, Millis, Millis),
    /// Those where it has not happened yet.
    NotYet(Moment),
}

/// How a text is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// This.
    Is(String),
    /// It begins with this.
    Begins(String),
    /// This is in it, whatever the case of its ASCII letters.
    Contains(String),
    /// It ends with this.
    Ends(String),
    /// It comes before this, by its bytes.
    Before(String),
    /// It comes after this.
    After(String),
}

impl Text {
    /// Whether a text is so.
    pub fn fits(&self, text: &str) -> bool {
        match self {
            Self::Is(this) => text == this,
            Self::Begins(this) => text.starts_with(this.as_str()),
            Self::Contains(this) => text.to_ascii_lowercase().contains(&this.to_ascii_lowercase()),
            Self::Ends(this) => text.ends_with(this.as_str()),
            Self::Before(this) => text < this.as_str(),
            Self::After(this) => text > this.as_str(),
        }
    }
}

/// What happens to a job, once or again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// It was made.
    Created,
    /// It changed last.
    Updated,
    /// Its last attempt started.
    Started,
    /// It was over.
    Completed,
}

/// What jobs are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// The name of the function.
    Name,
    /// The state, in the order of a life.
    Status,
    /// When something happened; what has not happened yet is first.
    Moment(Moment),
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Which jobs.
    pub condition: Condition,
    /// In which order; what is equal in all of these is in the order of its making, newest first.
    pub order: Vec<(Key, Order)>,
    /// How many.
    pub limit: u32,
    /// After how many.
    pub offset: u64,
}

/// A job, without what it was given and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brief {
    /// Its id.
    pub id: JobId,
    /// The function's name.
    pub job_type: String,
    /// Whether the function is granted a model.
    pub has_model: bool,
    /// Where it is.
    pub status: Status,
    /// When it was made.
    pub created_at: Millis,
    /// When anything about it changed last.
    pub updated_at: Millis,
    /// When its last attempt started.
    pub started_at: Option<Millis>,
    /// When it was over.
    pub completed_at: Option<Millis>,
}

/// What was selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// So many, after so many.
    pub jobs: Vec<Brief>,
    /// How many there are in all.
    pub total: u64,
}
