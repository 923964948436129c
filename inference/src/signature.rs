//! What a model takes and gives: names, types, and dimensions, some of which may be free.

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::failure::{Code, Failure};
use crate::tensor::{ElementType, Tensor};

/// A model's inputs and outputs, in its own order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// What it takes.
    pub inputs: Vec<Port>,
    /// What it gives.
    pub outputs: Vec<Port>,
}

/// One input or output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// Its name in the model.
    pub name: String,
    /// What its elements are.
    pub ty: ElementType,
    /// Its dimensions; `None` where the model does not even say how many.
    pub dims: Option<Vec<Dim>>,
}

/// One dimension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Dim {
    /// Always this long.
    Fixed(usize),
    /// As long as the caller likes. Those of the same name are equally long.
    Named(String),
    /// As long as the caller likes, or as other dimensions make it.
    Free,
}

impl fmt::Display for Port {
    /// `image: fp32[batch, 3, 224, 224]`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.name, self.ty.name())?;
        let Some(dims) = &self.dims else { return formatter.write_str("[…]") };
        let dims: Vec<String> = dims.iter().map(ToString::to_string).collect();
        write!(formatter, "[{}]", dims.join(", "))
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(length) => write!(formatter, "{length}"),
            Self::Named(name) => formatter.write_str(name),
            Self::Free => formatter.write_str("?"),
        }
    }
}

impl Signature {
    /// Puts named tensors in the model's order, each checked against its input.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`]: which input is missing, given twice, unknown, or does not fit.
    pub fn arrange(&self, given: Vec<(String, Tensor)>) -> Result<Vec<Tensor>, Failure> {
        let refused = |message| Err(Failure::new(Code::InvalidArgument, message));
        let mut places: Vec<Option<Tensor>> = vec![None; self.inputs.len()];
        for (name, tensor) in given {
            let Some(index) = self.inputs.iter().position(|input| input.name == name) else {
                let known: Vec<_> = self.inputs.iter().map(|input| input.name.as_str()).collect();
                return refused(format!("no input is named {name:?}; the inputs are {}", known.join(", ")));
            };
            if places[index].replace(tensor).is_some() {
                return refused(format!("the input {name:?} is given twice"));
            }
        }
        let mut lengths = HashMap::new();
        let mut arranged = Vec::with_capacity(places.len());
        for (input, tensor) in self.inputs.iter().zip(places) {
            let Some(tensor) = tensor else { return refused(format!("the input {input} is missing")) };
            // wasi:nn writes a single value as a list of one.
            let is_single = input.dims.as_ref().is_some_and(Vec::is_empty) && tensor.dims() == [1];
            let tensor = if is_single { tensor.single() } else { tensor };
            if !input.fits(&tensor, &mut lengths) {
                let (ty, dims) = (tensor.ty().name(), tensor.dims());
                return refused(format!("the input {input} does not take {ty}{dims:?}"));
            }
            arranged.push(tensor);
        }
        Ok(arranged)
    }
}

impl Port {
    /// Whether a tensor fits, where dimensions of these names have these lengths already.
    fn fits<'a>(&'a self, tensor: &Tensor, lengths: &mut HashMap<&'a str, usize>) -> bool {
        let Some(dims) = &self.dims else { return tensor.ty() == self.ty };
        tensor.ty() == self.ty
            && tensor.dims().len() == dims.len()
            && dims.iter().zip(tensor.dims()).all(|(dim, length)| match dim {
                Dim::Fixed(fixed) => fixed == length,
                Dim::Named(name) => lengths.entry(name).or_insert(*length) == length,
                Dim::Free => true,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floats(dims: &[usize]) -> Tensor {
        let bytes = vec![0; dims.iter().product::<usize>() * 4];
        Tensor::new(ElementType::F32, dims.to_vec(), bytes.into()).expect("as many as it takes")
    }

    fn refusal(given: Vec<(&str, Tensor)>) -> String {
        let port = |name: &str, dims| Port { name: name.into(), ty: ElementType::F32, dims: Some(dims) };
        let batch = || Dim::Named("batch".into());
        let inputs = vec![port("a", vec![batch(), Dim::Fixed(3)]), port("b", vec![batch(), Dim::Free])];
        let signature = Signature { inputs, outputs: Vec::new() };
        let given = given.into_iter().map(|(name, tensor)| (name.to_owned(), tensor)).collect();
        signature.arrange(given).map_or_else(|failure| failure.message, |_| "none".into())
    }

    #[test]
    fn tensors_are_checked_by_name_type_and_dimensions() {
        let (two, three) = (floats(&[2, 3]), floats(&[3, 3]));
        let check = |given: &[(&'static str, &Tensor)]| {
            refusal(given.iter().map(|(name, tensor)| (*name, (*tensor).clone())).collect())
        };
        assert_eq!(check(&[("b", &two), ("a", &two)]), "none");
        assert_eq!(check(&[("a", &two)]), "the input b: fp32[batch, ?] is missing");
        assert_eq!(check(&[("a", &two), ("a", &two)]), "the input \"a\" is given twice");
        assert_eq!(check(&[("c", &two)]), "no input is named \"c\"; the inputs are a, b");
        let other_batch = check(&[("a", &two), ("b", &three)]);
        assert_eq!(other_batch, "the input b: fp32[batch, ?] does not take fp32[3, 3]");
        let flat = floats(&[6]);
        assert!(check(&[("a", &flat), ("b", &two)]).contains("does not take fp32[6]"));
    }
}
