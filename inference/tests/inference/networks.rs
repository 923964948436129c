//! ONNX files as the tests need them, written operator by operator.

use bytes::Bytes;
use prost::Message;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension::Value as DimValue};
use tract_onnx::pb::type_proto::{Tensor as TensorType, Value as TypeValue};
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto,
    TypeProto, ValueInfoProto,
};

/// A network in the making.
#[derive(Default)]
pub(crate) struct Network(GraphProto);

/// A dimension as a test writes it: a number, or a name.
pub(crate) enum Length {
    Of(i64),
    Named(&'static str),
}

impl From<i64> for Length {
    fn from(length: i64) -> Self {
        Self::Of(length)
    }
}

impl From<&'static str> for Length {
    fn from(name: &'static str) -> Self {
        Self::Named(name)
    }
}

fn port<const N: usize>(name: &str, ty: DataType, dims: [Length; N]) -> ValueInfoProto {
    let dim = |length| match length {
        Length::Of(length) => DimValue::DimValue(length),
        Length::Named(name) => DimValue::DimParam(name.to_owned()),
    };
    let dim = dims.into_iter().map(|length| Dimension { value: Some(dim(length)), ..Dimension::default() });
    let shape = Some(TensorShapeProto { dim: dim.collect() });
    let value = Some(TypeValue::TensorType(TensorType { elem_type: ty as i32, shape }));
    ValueInfoProto {
        name: name.into(),
        r#type: Some(TypeProto { value, ..TypeProto::default() }),
        ..ValueInfoProto::default()
    }
}

impl Network {
    pub(crate) fn input<const N: usize>(mut self, name: &str, ty: DataType, dims: [Length; N]) -> Self {
        self.0.input.push(port(name, ty, dims));
        self
    }

    pub(crate) fn output<const N: usize>(mut self, name: &str, ty: DataType, dims: [Length; N]) -> Self {
        self.0.output.push(port(name, ty, dims));
        self
    }

    /// An operator with one output of this name.
    pub(crate) fn node(self, operator: &str, inputs: &[&str], output: &str) -> Self {
        self.node_with(operator, inputs, output, &[])
    }

    /// The same, with attributes that are integers.
    pub(crate) fn node_with(
        mut self,
        operator: &str,
        inputs: &[&str],
        output: &str,
        attributes: &[(&str, i64)],
    ) -> Self {
        let attribute = |(name, value): &(&str, i64)| AttributeProto {
            name: (*name).into(),
            r#type: AttributeType::Int as i32,
            i: *value,
            ..AttributeProto::default()
        };
        self.0.node.push(NodeProto {
            op_type: operator.into(),
            name: format!("the {output}"),
            input: inputs.iter().map(|name| (*name).to_owned()).collect(),
            output: vec![output.into()],
            attribute: attributes.iter().map(attribute).collect(),
            ..NodeProto::default()
        });
        self
    }

    /// Weights: a given pattern of small numbers.
    pub(crate) fn weights(self, name: &str, dims: &[i64]) -> Self {
        let count = dims.iter().product::<i64>();
        let values: Vec<f32> = (0..count).map(|index| ((index * 37 % 101) as f32 - 50.0) / 200.0).collect();
        self.constant(name, dims, DataType::Float, bytes(&values))
    }

    fn constant(mut self, name: &str, dims: &[i64], ty: DataType, raw_data: Vec<u8>) -> Self {
        let (name, dims, data_type) = (name.into(), dims.to_vec(), ty as i32);
        self.0.initializer.push(TensorProto { name, dims, data_type, raw_data, ..TensorProto::default() });
        self
    }

    /// The last weights, as if they were in another file.
    pub(crate) fn elsewhere(mut self) -> Self {
        let tensor = self.0.initializer.last_mut().expect("there are some");
        tensor.raw_data.clear();
        tensor.data_location = Some(tract_onnx::pb::tensor_proto::DataLocation::External as i32);
        self
    }

    pub(crate) fn file(self) -> Bytes {
        let opset = OperatorSetIdProto { domain: String::new(), version: 17 };
        let (graph, opset_import) = (Some(self.0), vec![opset]);
        ModelProto { ir_version: 8, opset_import, graph, ..ModelProto::default() }.encode_to_vec().into()
    }
}

pub(crate) fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Rows of four numbers to rows of three: `softmax(x · w)`, each row by itself.
pub(crate) fn classifier() -> Bytes {
    Network::default()
        .input("x", DataType::Float, ["rows".into(), 4.into()])
        .weights("w", &[4, 3])
        .node("MatMul", &["x", "w"], "scores")
        .node_with("Softmax", &["scores"], "y", &[("axis", 1)])
        .output("y", DataType::Float, ["rows".into(), 3.into()])
        .file()
}

/// The mean of a sequence of numbers: its first dimension is no batch.
pub(crate) fn mean() -> Bytes {
    Network::default()
        .input("x", DataType::Float, ["steps".into(), 4.into()])
        .node_with("ReduceMean", &["x"], "y", &[("keepdims", 1)])
        .output("y", DataType::Float, [1.into(), 1.into()])
        .file()
}

/// A network that takes its time: so many products of square matrices.
pub(crate) fn slow(products: usize, size: i64) -> Bytes {
    let mut network = Network::default()
        .input("x", DataType::Float, ["rows".into(), size.into()])
        .weights("w", &[size, size]);
    let mut last = "x".to_owned();
    for index in 0..products {
        let (product, next) = (format!("product{index}"), format!("step{index}"));
        network = network.node("MatMul", &[&last, "w"], &product).node("Tanh", &[&product], &next);
        last = next;
    }
    network.node("Identity", &[&last], "y").output("y", DataType::Float, ["rows".into(), size.into()]).file()
}
