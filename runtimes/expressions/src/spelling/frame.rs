//! What is open while an expression is spelled.

/// What opened a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opened {
    /// Nothing: the expression itself.
    Whole,
    /// `(`, around a part.
    Group,
    /// `(`, after a function.
    Call(Call),
    /// `[`
    List,
    /// `{`, of an object.
    Map,
    /// `{`, around a predicate or a branch.
    Block,
}

/// A call, as far as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Call {
    /// Which argument is the predicate, if one is.
    pub(super) predicate: Option<usize>,
    /// Which argument is being read.
    pub(super) argument: usize,
    /// Whether that has begun.
    pub(super) begun: bool,
    /// Whether a brace is open that the original has not.
    pub(super) braced: bool,
}

impl Call {
    pub(super) fn new(predicate: Option<usize>) -> Self {
        Self { predicate, argument: 0, begun: false, braced: false }
    }
}

/// An open bracket.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) opened: Opened,
    /// Where the last operand begins in what was spelled.
    pub(super) operand: usize,
    /// Where the parenthesis that is open for `??` is in what was spelled.
    pub(super) default: Option<usize>,
    /// How many levels of the tree the operators since the last comma may make.
    pub(super) levels: usize,
}

impl Frame {
    pub(super) fn new(opened: Opened) -> Self {
        Self { opened, operand: 0, default: None, levels: 0 }
    }

    /// Whether what is being read is the predicate of a call.
    pub(super) fn is_in_predicate(&self) -> bool {
        matches!(self.opened, Opened::Call(call) if call.predicate == Some(call.argument))
    }

    /// Whether a bracket closes it.
    pub(super) fn is_closed_by(&self, bracket: &str) -> bool {
        match self.opened {
            Opened::Whole => false,
            Opened::Group | Opened::Call(_) => bracket == ")",
            Opened::List => bracket == "]",
            Opened::Map | Opened::Block => bracket == "}",
        }
    }
}
