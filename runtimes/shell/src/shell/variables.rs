//! Variables: their values, what they are (exported, readonly), and the scopes of `local`.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Text(Rc<str>),
    /// An array of bash, by index.
    Array(Rc<BTreeMap<i64, String>>),
}

#[derive(Debug, Clone, Default)]
struct Variable {
    value: Option<Value>,
    is_exported: bool,
    is_readonly: bool,
}

/// What a variable was before a function made it its own.
type Scope = Vec<(String, Option<Variable>)>;

#[derive(Debug, Clone, Default)]
pub(crate) struct Variables {
    all: Rc<HashMap<String, Variable>>,
    scopes: Vec<Scope>,
}

/// Elements of an array.
const ELEMENTS_MAX: usize = 1_000_000;

impl Variables {
    /// The value of a variable that is set, of an array its first element.
    pub(crate) fn get(&self, name: &str) -> Option<Rc<str>> {
        match self.all.get(name)?.value.as_ref()? {
            Value::Text(text) => Some(Rc::clone(text)),
            Value::Array(elements) => elements.get(&0).map(|text| text.as_str().into()),
        }
    }

    pub(crate) fn value(&self, name: &str) -> Option<&Value> {
        self.all.get(name)?.value.as_ref()
    }

    /// An element of an array. A text is an array of one. A negative index counts from the end.
    pub(crate) fn element(&self, name: &str, index: i64) -> Option<String> {
        match self.value(name)? {
            Value::Text(text) => (index == 0 || index == -1).then(|| text.to_string()),
            Value::Array(elements) => elements.get(&from_end(elements, index)).cloned(),
        }
    }

    /// The indexes and values of an array.
    pub(crate) fn elements(&self, name: &str) -> Vec<(i64, String)> {
        match self.value(name) {
            None => Vec::new(),
            Some(Value::Text(text)) => vec![(0, text.to_string())],
            Some(Value::Array(elements)) => {
                elements.iter().map(|(index, text)| (*index, text.clone())).collect()
            }
        }
    }

    pub(crate) fn set(&mut self, name: &str, text: impl Into<Rc<str>>) -> Result<(), String> {
        if let Some(Value::Array(_)) = self.value(name) {
            return self.set_element(name, 0, text.into().to_string());
        }
        self.set_value(name, Value::Text(text.into()))
    }

    pub(crate) fn set_value(&mut self, name: &str, value: Value) -> Result<(), String> {
        self.changeable(name)?.value = Some(value);
        Ok(())
    }

    pub(crate) fn set_element(&mut self, name: &str, index: i64, text: String) -> Result<(), String> {
        let variable = self.changeable(name)?;
        let mut elements = match variable.value.take() {
            Some(Value::Array(elements)) => elements,
            Some(Value::Text(text)) => Rc::new(BTreeMap::from([(0, text.to_string())])),
            None => Rc::default(),
        };
        let index = from_end(&elements, index);
        let is_possible = index >= 0 && elements.len() < ELEMENTS_MAX;
        if is_possible {
            Rc::make_mut(&mut elements).insert(index, text);
        }
        variable.value = Some(Value::Array(elements));
        if is_possible { Ok(()) } else { Err(format!("{name}[{index}]: bad array subscript")) }
    }

    /// Whether there was such an element to take away.
    pub(crate) fn unset_element(&mut self, name: &str, index: i64) -> Result<(), String> {
        if let Some(Value::Array(elements)) = &mut self.changeable(name)?.value {
            let index = from_end(elements, index);
            Rc::make_mut(elements).remove(&index);
        }
        Ok(())
    }

    fn changeable(&mut self, name: &str) -> Result<&mut Variable, String> {
        let variable = Rc::make_mut(&mut self.all).entry(name.to_owned()).or_default();
        if variable.is_readonly { Err(format!("{name}: is read only")) } else { Ok(variable) }
    }

    pub(crate) fn unset(&mut self, name: &str) -> Result<(), String> {
        if !self.all.contains_key(name) {
            return Ok(());
        }
        self.changeable(name)?;
        Rc::make_mut(&mut self.all).remove(name);
        Ok(())
    }

    pub(crate) fn export(&mut self, name: &str, is_exported: bool) {
        Rc::make_mut(&mut self.all).entry(name.to_owned()).or_default().is_exported = is_exported;
    }

    pub(crate) fn make_readonly(&mut self, name: &str) {
        Rc::make_mut(&mut self.all).entry(name.to_owned()).or_default().is_readonly = true;
    }

    /// Names and values of what has a value, sorted by name.
    pub(crate) fn sorted(&self, wanted: Kind) -> Vec<(String, Rc<str>)> {
        let mut found: Vec<(String, Rc<str>)> = self
            .all
            .iter()
            .filter(|(_, variable)| match wanted {
                Kind::All => true,
                Kind::Exported => variable.is_exported,
                Kind::Readonly => variable.is_readonly,
            })
            .filter_map(|(name, _)| Some((name.clone(), self.get(name)?)))
            .collect();
        found.sort_unstable();
        found
    }

    /// Takes away everything that a command outside of the shell would not get.
    pub(crate) fn keep_exported(&mut self) {
        let all = Rc::make_mut(&mut self.all);
        all.retain(|_, variable| variable.is_exported);
        all.values_mut().for_each(|variable| variable.is_readonly = false);
        self.scopes.clear();
    }

    pub(crate) fn enter(&mut self) {
        self.scopes.push(Vec::new());
    }

    pub(crate) fn leave(&mut self) {
        for (name, before) in self.scopes.pop().unwrap_or_default().into_iter().rev() {
            let all = Rc::make_mut(&mut self.all);
            match before {
                Some(variable) => all.insert(name, variable),
                None => all.remove(&name),
            };
        }
    }

    /// Makes the variable one of the innermost function, without a value.
    pub(crate) fn make_local(&mut self, name: &str) -> Result<(), String> {
        self.remember(name)?;
        Rc::make_mut(&mut self.all).entry(name.to_owned()).or_default().value = None;
        Ok(())
    }

    /// Remembers the variable, so that it is as before when the innermost scope is left.
    pub(crate) fn remember(&mut self, name: &str) -> Result<(), String> {
        self.changeable(name)?;
        let before = self.all.get(name).filter(|variable| variable.value.is_some() || variable.is_exported);
        let before = before.cloned();
        if let Some(scope) = self.scopes.last_mut()
            && !scope.iter().any(|(remembered, _)| remembered == name)
        {
            scope.push((name.to_owned(), before));
        }
        Ok(())
    }
}

/// Which variables are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    All,
    Exported,
    Readonly,
}

fn from_end(elements: &BTreeMap<i64, String>, index: i64) -> i64 {
    let after_last = elements.last_key_value().map_or(0, |(last, _)| last.saturating_add(1));
    if index < 0 { after_last.saturating_add(index) } else { index }
}
