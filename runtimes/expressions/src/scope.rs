//! What an expression knows by name.

use expr::{Context, ContextProvider, Value};

use crate::request::Names;
use crate::spelling::unmarked;

/// The names of a round, and behind them those of the context. Nothing is copied but for `$env`.
pub(crate) struct Scope<'a> {
    pub(crate) round: &'a Names,
    pub(crate) context: &'a Names,
}

impl ContextProvider for Scope<'_> {
    fn get(&self, key: &str) -> Option<&Value> {
        let name = unmarked(key);
        self.round.get(name).or_else(|| self.context.get(name))
    }

    fn to_context(&self) -> Context {
        let names = self.context.iter().chain(self.round.iter());
        names.map(|(name, value)| (name, value.clone())).collect()
    }
}
