//! Every type of element there and back.

use skep_inference::{Code, ElementType, Tensor};
use tract_onnx::pb::tensor_proto::DataType;

use crate::networks::Network;
use crate::{compute, load, start};

fn through(ty: DataType, element: ElementType, data: &[u8]) -> Vec<u8> {
    let inference = start();
    let length = (data.len() / element.size()) as i64;
    let network = Network::default().input("x", ty, [length.into()]).node("Identity", &["x"], "y");
    let graph = load(&inference, &network.output("y", ty, [length.into()]).file()).expect("it is a model");
    let dims = vec![data.len() / element.size()];
    let tensor = Tensor::new(element, dims, data.to_vec().into()).expect("as many as it takes");
    let computed = compute(&inference, &graph, &[("x", tensor)]).expect("it fits");
    assert_eq!(computed.outputs[0].1.ty(), element);
    computed.outputs[0].1.data().to_vec()
}

#[test]
fn elements_arrive_as_they_were_sent() {
    let data: Vec<u8> = (0..64).collect();
    for (ty, element) in [
        (DataType::Float16, ElementType::F16),
        (DataType::Float, ElementType::F32),
        (DataType::Double, ElementType::F64),
        (DataType::Uint8, ElementType::U8),
        (DataType::Int8, ElementType::U8),
        (DataType::Int32, ElementType::I32),
        (DataType::Int64, ElementType::I64),
    ] {
        assert_eq!(through(ty, element, &data), data, "{ty:?}");
    }
}

#[test]
fn a_boolean_is_0_or_1_whatever_a_guest_calls_true() {
    assert_eq!(through(DataType::Bool, ElementType::U8, &[0, 1, 2, 255]), [0, 1, 1, 1]);
}

#[test]
fn floats_that_are_no_numbers_are_passed_on() {
    let data: Vec<u8> =
        [f32::NAN, f32::INFINITY, -0.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    assert_eq!(through(DataType::Float, ElementType::F32, &data), data);
}

#[test]
fn what_no_backend_here_has_is_said() {
    for (ty, words) in [
        (DataType::Bfloat16, "Bfloat16"),
        (DataType::String, "has elements of String, which wasi:nn does not have"),
        (DataType::Uint64, "has elements of Uint64, which wasi:nn does not have"),
    ] {
        let network = Network::default().input("x", ty, [1.into()]).node("Identity", &["x"], "y");
        let file = network.output("y", ty, [1.into()]).file();
        let refused = load(&start(), &file).map(drop).expect_err("it cannot be computed");
        assert_eq!(refused.code, Code::UnsupportedOperation);
        assert!(refused.message.contains(words), "{refused}");
    }
}
