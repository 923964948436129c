//! What a key may do.

use crate::error::{Error, Result};

/// One permission. `admin` is for accounts, and implies nothing else by itself; but who manages accounts can
/// give any of them a password, and so become any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// List and show functions.
    FunctionsRead,
    /// Upload, change and delete functions.
    FunctionsWrite,
    /// List and show runs, jobs, logs and results.
    RunsRead,
    /// Invoke, submit, cancel, restart.
    RunsWrite,
    /// List and show models.
    ModelsRead,
    /// Upload and delete models.
    ModelsWrite,
    /// Read what was used and what it costs.
    UsageRead,
    /// Make and revoke keys.
    KeysWrite,
    /// Manage accounts.
    Admin,
}

/// Every scope, in the order in which sets are stored.
pub const SCOPES: [Scope; 9] = [
    Scope::FunctionsRead,
    Scope::FunctionsWrite,
    Scope::RunsRead,
    Scope::RunsWrite,
    Scope::ModelsRead,
    Scope::ModelsWrite,
    Scope::UsageRead,
    Scope::KeysWrite,
    Scope::Admin,
];

impl Scope {
    /// The scope's name in tokens and answers. Names are contract.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FunctionsRead => "functions:read",
            Self::FunctionsWrite => "functions:write",
            Self::RunsRead => "runs:read",
            Self::RunsWrite => "runs:write",
            Self::ModelsRead => "models:read",
            Self::ModelsWrite => "models:write",
            Self::UsageRead => "usage:read",
            Self::KeysWrite => "keys:write",
            Self::Admin => "admin",
        }
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl std::str::FromStr for Scope {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        SCOPES.into_iter().find(|scope| scope.name() == name).ok_or_else(|| {
            let names = Scopes::all().names().join(", ");
            Error::invalid(format!("there is no scope \"{name}\"; there are {names}")).field("scopes")
        })
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u32);

impl Scopes {
    /// Every scope there is.
    pub fn all() -> Self {
        SCOPES.into_iter().collect()
    }

    /// What a tenant may do with what is its own: everything but [`Scope::Admin`].
    pub fn tenant() -> Self {
        SCOPES.into_iter().filter(|scope| *scope != Scope::Admin).collect()
    }

    /// Reads names, each of which must be a scope's.
    ///
    /// # Errors
    /// Names the one that is none, and those that there are.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        names.into_iter().map(str::parse::<Scope>).collect()
    }

    /// Reads the scopes among names that somebody else chose; the others mean nothing here.
    pub fn known<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        names.into_iter().filter_map(|name| name.parse::<Scope>().ok()).collect()
    }

    /// The names of the scopes in the set, in the order of [`SCOPES`].
    pub fn names(self) -> Vec<&'static str> {
        SCOPES.iter().filter(|scope| self.contains(**scope)).map(|scope| scope.name()).collect()
    }

    /// What is in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The first scope that `other` lacks.
    pub fn beyond(self, other: Self) -> Option<Scope> {
        SCOPES.into_iter().find(|scope| self.contains(*scope) && !other.contains(*scope))
    }

    /// Whether the scope is in the set.
    pub fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// The set as it is stored.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// A stored set; bits that mean nothing are dropped.
    pub fn from_bits(bits: u32) -> Self {
        Self(bits & Self::all().0)
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<T: IntoIterator<Item = Scope>>(scopes: T) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}
