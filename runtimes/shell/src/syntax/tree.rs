//! The tree of a script: lists of pipelines of commands, and the words in them.

use std::cell::OnceCell;
use std::rc::Rc;

/// Commands one after another. Each is shared, because one in the background outlives the list's borrow.
#[derive(Debug, Default)]
pub(crate) struct List {
    pub(crate) items: Vec<Item>,
}

#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) chain: Rc<Chain>,
    /// Whether `&` follows.
    pub(crate) background: bool,
}

/// Pipelines joined by `&&` and `||`.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) first: Pipeline,
    pub(crate) rest: Vec<(Link, Pipeline)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    And,
    Or,
}

#[derive(Debug)]
pub(crate) struct Pipeline {
    /// Whether `!` turns its status round.
    pub(crate) negated: bool,
    /// Whether `time` reports how long it took.
    pub(crate) timed: bool,
    pub(crate) commands: Vec<Command>,
}

#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) line: u32,
    pub(crate) kind: CommandKind,
    pub(crate) redirects: Vec<Redirect>,
}

#[derive(Debug)]
pub(crate) enum CommandKind {
    Simple { assignments: Vec<Assignment>, words: Vec<Word> },
    Group(List),
    Subshell(List),
    If { branches: Vec<(List, List)>, otherwise: Option<List> },
    While { until: bool, condition: List, body: List },
    For { variable: String, words: Option<Vec<Word>>, body: List },
    ArithmeticFor { parts: [Vec<Piece>; 3], body: List },
    Case { word: Word, arms: Vec<Arm> },
    Condition(Condition),
    Arithmetic(Vec<Piece>),
    Function { name: String, body: Rc<Command> },
}

/// A branch of `case`.
#[derive(Debug)]
pub(crate) struct Arm {
    pub(crate) patterns: Vec<Word>,
    pub(crate) body: List,
    pub(crate) after: AfterArm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AfterArm {
    /// `;;`
    Leave,
    /// `;&`
    RunNext,
    /// `;;&`
    TryNext,
}

/// What stands in `[[ … ]]`.
#[derive(Debug)]
pub(crate) enum Condition {
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    Unary(String, Word),
    Binary(Word, String, Word),
    Word(Word),
}

#[derive(Debug)]
pub(crate) struct Assignment {
    pub(crate) name: String,
    pub(crate) index: Option<Vec<Piece>>,
    /// Whether it was written `+=`.
    pub(crate) append: bool,
    pub(crate) value: Assigned,
}

#[derive(Debug)]
pub(crate) enum Assigned {
    Word(Word),
    Array(Vec<Element>),
}

/// An element of an array that is assigned, and its index if it has one.
pub(crate) type Element = (Option<Vec<Piece>>, Word);

#[derive(Debug)]
pub(crate) struct Redirect {
    pub(crate) descriptor: Option<u32>,
    pub(crate) kind: RedirectKind,
}

#[derive(Debug)]
pub(crate) enum RedirectKind {
    Read(Word),
    Write(Word),
    Append(Word),
    ReadWrite(Word),
    /// `<&` and `>&`: a number, `-`, or with `>&` a file.
    Duplicate {
        word: Word,
        output: bool,
    },
    /// `&>` and `&>>`.
    Both {
        word: Word,
        append: bool,
    },
    HereString(Word),
    /// The cell is filled when the parser has come to the text.
    HereDocument(Rc<OnceCell<Vec<Piece>>>),
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Word {
    pub(crate) pieces: Vec<Piece>,
    /// Whether `{a,b}` may stand in it.
    pub(crate) braces: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Piece {
    /// Text as it stands, in which `*`, `?` and `[` are patterns.
    Text(String),
    /// Text of `'…'`, `$'…'` or after a `\`.
    Quoted(String),
    /// What stands in `"…"`.
    Double(Vec<Piece>),
    /// `~` or `~name`; here is the name.
    Tilde(String),
    Parameter(Box<Parameter>),
    Command(Rc<List>),
    Arithmetic(Vec<Piece>),
}

/// `$name`, `${name}` and `${name…}`.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) name: ParameterName,
    /// Whether `!` stands before the name: its value is the name.
    pub(crate) indirect: bool,
    pub(crate) operation: Operation,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ParameterName {
    Variable(String),
    Element(String, ElementIndex),
    Positional(usize),
    /// One of `@ * # ? - $ ! 0`.
    Special(char),
}

#[derive(Debug, Clone)]
pub(crate) enum ElementIndex {
    At(Vec<Piece>),
    /// `[@]`, or `[*]` if joined.
    All {
        joined: bool,
    },
}

/// Indexes are compared in tests only, where they have no pieces.
impl PartialEq for ElementIndex {
    fn eq(&self, other: &Self) -> bool {
        matches!((self, other), (Self::All { joined: left }, Self::All { joined: right }) if left == right)
    }
}

impl Eq for ElementIndex {}

#[derive(Debug, Clone)]
pub(crate) enum Operation {
    Value,
    Length,
    /// `-`, `=`, `?` or `+`, and whether a colon is before it.
    Test {
        kind: char,
        colon: bool,
        word: Vec<Piece>,
    },
    RemovePrefix {
        longest: bool,
        pattern: Vec<Piece>,
    },
    RemoveSuffix {
        longest: bool,
        pattern: Vec<Piece>,
    },
    Replace {
        place: Place,
        pattern: Vec<Piece>,
        with: Vec<Piece>,
    },
    Substring {
        offset: Vec<Piece>,
        length: Option<Vec<Piece>>,
    },
    Case {
        upper: bool,
        all: bool,
        pattern: Vec<Piece>,
    },
    /// `${!name[@]}`
    Keys,
    /// `${!prefix*}`
    Names,
    /// `${name@Q}`
    Quote,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    First,
    All,
    Start,
    End,
}
