//! What a key may do.

/// One permission. `admin` is for what touches other accounts; it implies nothing else.
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

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u32);

impl Scopes {
    /// Every scope there is.
    pub fn all() -> Self {
        Self(SCOPES.iter().fold(0, |bits, scope| bits | scope.bit()))
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
