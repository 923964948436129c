//! An ONNX file read as far as every backend needs it: that it is one, and what it takes and gives.

use bytes::Bytes;
use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
use tract_onnx::pb::tensor_shape_proto::dimension::Value as DimValue;
use tract_onnx::pb::type_proto::Value as TypeValue;
use tract_onnx::pb::{GraphProto, ModelProto, ValueInfoProto};

use crate::failure::{Code, Failure};
use crate::signature::{Dim, Port, Signature};
use crate::tensor::{ElementType, RANK_MAX};

/// Inputs, or outputs, of a model: each costs a check at every inference.
const PORTS_MAX: usize = 64;
/// Bytes of a name of theirs.
const NAME_BYTES_MAX: usize = 200;

/// A model as it was read.
pub(crate) struct Onnx {
    pub(crate) model: ModelProto,
    pub(crate) signature: Signature,
}

impl Onnx {
    /// Reads a file.
    pub(crate) fn read(bytes: &Bytes) -> Result<Self, Failure> {
        let model: ModelProto = prost::Message::decode(bytes.clone())
            .map_err(|error| Failure::new(Code::InvalidEncoding, format!("this is no ONNX file: {error}")))?;
        let graph = model.graph.as_ref().filter(|graph| !graph.output.is_empty()).ok_or_else(|| {
            Failure::new(Code::InvalidEncoding, "this is no ONNX file: it has no graph with outputs")
        })?;
        if graph.initializer.iter().any(|tensor| tensor.data_location() == DataLocation::External) {
            let message =
                "its weights are in another file; save the model as one file (save_as_external_data=False)";
            return Err(Failure::new(Code::UnsupportedOperation, message));
        }
        let signature = signature(graph)?;
        Ok(Self { model, signature })
    }
}

fn signature(graph: &GraphProto) -> Result<Signature, Failure> {
    // Older files list their weights among the inputs.
    let is_weight = |port: &&ValueInfoProto| graph.initializer.iter().any(|weight| weight.name == port.name);
    let inputs =
        graph.input.iter().filter(|port| !is_weight(port)).map(port).collect::<Result<Vec<_>, _>>()?;
    let outputs = graph.output.iter().map(port).collect::<Result<Vec<_>, _>>()?;
    if inputs.len().max(outputs.len()) > PORTS_MAX {
        let message = format!("it has more than {PORTS_MAX} inputs or outputs");
        return Err(Failure::new(Code::TooLarge, message));
    }
    Ok(Signature { inputs, outputs })
}

fn port(info: &ValueInfoProto) -> Result<Port, Failure> {
    let name = info.name.clone();
    if name.len() > NAME_BYTES_MAX {
        let message = format!("an input or output has a name of more than {NAME_BYTES_MAX} bytes");
        return Err(Failure::new(Code::TooLarge, message));
    }
    let ty = info.r#type.as_ref().and_then(|ty| ty.value.as_ref());
    let Some(TypeValue::TensorType(tensor)) = ty else {
        return Err(Failure::new(Code::UnsupportedOperation, format!("{name:?} is no tensor")));
    };
    let ty = element_type(tensor.elem_type()).ok_or_else(|| {
        let message =
            format!("{name:?} has elements of {:?}, which wasi:nn does not have", tensor.elem_type());
        Failure::new(Code::UnsupportedOperation, message)
    })?;
    let dims = tensor.shape.as_ref().map(|shape| {
        let dim = |value: &Option<DimValue>| match value {
            Some(DimValue::DimValue(length)) if *length >= 0 => {
                usize::try_from(*length).map_or(Dim::Free, Dim::Fixed)
            }
            Some(DimValue::DimParam(name)) if is_name(name) => Dim::Named(name.clone()),
            _ => Dim::Free,
        };
        shape.dim.iter().map(|given| dim(&given.value)).collect::<Vec<_>>()
    });
    if dims.as_ref().is_some_and(|dims| dims.len() > RANK_MAX) {
        let message = format!("{name:?} has more than {RANK_MAX} dimensions");
        return Err(Failure::new(Code::UnsupportedOperation, message));
    }
    Ok(Port { name, ty, dims })
}

/// Whether a dimension is named; else it is a formula of others, or a `?`.
fn is_name(text: &str) -> bool {
    let first = |c: char| c.is_alphabetic() || c == '_';
    text.starts_with(first)
        && text.len() <= NAME_BYTES_MAX
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | ':'))
}

/// What a guest sees of a type of ONNX.
pub(crate) fn element_type(ty: DataType) -> Option<ElementType> {
    Some(match ty {
        DataType::Float16 => ElementType::F16,
        DataType::Float => ElementType::F32,
        DataType::Double => ElementType::F64,
        DataType::Bfloat16 => ElementType::Bf16,
        DataType::Uint8 | DataType::Int8 | DataType::Bool => ElementType::U8,
        DataType::Int32 => ElementType::I32,
        DataType::Int64 => ElementType::I64,
        _ => return None,
    })
}
