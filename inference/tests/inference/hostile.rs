//! Models and tensors that mean ill, or are broken.

use std::time::{Duration, Instant};

use bytes::Bytes;
use skep_inference::{Code, ElementType, Failure, Tensor};
use tract_onnx::pb::tensor_proto::DataType;

use crate::networks::{self, Network};
use crate::{compute, floats, load, owner, start, wait};

fn refusal(file: &Bytes) -> Failure {
    load(&start(), file).map(drop).expect_err("it is refused")
}

#[test]
fn what_is_no_model_is_refused() {
    for bytes in [&b""[..], b"hello", b"\x08\x08", &[0xff; 100]] {
        let refused = refusal(&Bytes::copy_from_slice(bytes));
        assert_eq!(refused.code, Code::InvalidEncoding);
        assert!(refused.message.starts_with("this is no ONNX file"), "{refused}");
    }
}

#[test]
fn a_model_cut_anywhere_is_refused_or_loads() {
    let (inference, file) = (start(), networks::classifier());
    for length in 0..file.len() {
        // Some ends leave out nothing but a name.
        if let Err(refused) = load(&inference, &file.slice(..length)) {
            assert!(refused.message.len() < 1100, "{refused}");
        }
    }
    let flipped = |index: usize| {
        let mut bytes = file.to_vec();
        bytes[index] ^= 0x41;
        load(&inference, &bytes.into())
    };
    for index in 0..file.len() {
        let _ = flipped(index);
    }
}

#[test]
fn a_missing_operator_and_weights_in_another_file_are_named() {
    let network = Network::default().input("x", DataType::Float, [4.into()]).node("Frobnicate", &["x"], "y");
    let refused = refusal(&network.output("y", DataType::Float, [4.into()]).file());
    assert_eq!(refused.code, Code::UnsupportedOperation);
    assert!(refused.message.contains("Frobnicate"), "{refused}");
    let network = Network::default().input("x", DataType::Float, [1.into(), 4.into()]).weights("w", &[4, 4]);
    let network = network.elsewhere().node("MatMul", &["x", "w"], "y");
    let refused = refusal(&network.output("y", DataType::Float, [1.into(), 4.into()]).file());
    assert!(refused.message.starts_with("its weights are in another file"), "{refused}");
}

#[test]
fn what_an_inference_takes_is_known_before_it_is_computed() {
    // A row becomes a square of it: 40,000 rows are 6.4 GB.
    let network = Network::default()
        .input("x", DataType::Float, ["rows".into(), 1.into()])
        .node("Transpose", &["x"], "turned")
        .node("Add", &["x", "turned"], "square")
        .node_with("ReduceSum", &["square"], "y", &[("keepdims", 1)]);
    let file = network.output("y", DataType::Float, [1.into(), 1.into()]).file();
    let inference = start();
    let graph = load(&inference, &file).expect("it is a model");
    let rows = |rows: usize| compute(&inference, &graph, &[("x", floats(&[rows, 1], &vec![1.0; rows]))]);
    let began = Instant::now();
    let refused = rows(40_000).expect_err("it is too large");
    assert_eq!(refused.code, Code::TooLarge);
    assert!(refused.message.contains("bytes of memory"), "{refused}");
    assert!(began.elapsed() < Duration::from_secs(1));
    assert_eq!(crate::numbers(&rows(100).expect("a small one fits").outputs[0].1), [20_000.0]);
}

#[test]
fn a_model_whose_lengths_depend_on_what_it_is_given_is_refused() {
    let network =
        Network::default().input("x", DataType::Float, ["rows".into()]).node("NonZero", &["x"], "y");
    let refused = refusal(&network.output("y", DataType::Int64, [1.into(), "found".into()]).file());
    assert_eq!(refused.code, Code::UnsupportedOperation);
    assert!(refused.message.contains("has no bound"), "{refused}");
}

#[test]
fn an_inference_ends_when_its_time_is_up() {
    let inference = start();
    let graph = load(&inference, &networks::slow(400, 512)).expect("it is a model");
    let input = ("x".to_owned(), floats(&[64, 512], &vec![0.5; 64 * 512]));
    let began = Instant::now();
    let deadline = began + Duration::from_millis(50);
    let late = wait(inference.compute(&graph, vec![input], owner(1), deadline)).expect_err("it takes longer");
    assert_eq!(late.failure.code, Code::Timeout);
    assert!(late.served.is_some_and(|served| served.nanos >= 40_000_000), "what it took is known");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[test]
fn tensors_that_do_not_fit_are_named_and_the_model_goes_on() {
    let inference = start();
    let graph = load(&inference, &networks::classifier()).expect("it is a model");
    let good = || ("x", floats(&[1, 4], &[1.0; 4]));
    let doubles = Tensor::new(ElementType::F64, vec![1, 4], vec![0; 32].into()).expect("as many as it takes");
    for (inputs, words) in [
        (vec![], "the input x: fp32[rows, 4] is missing"),
        (vec![("z", good().1)], "no input is named \"z\""),
        (vec![good(), good()], "given twice"),
        (vec![("x", floats(&[1, 5], &[1.0; 5]))], "does not take fp32[1, 5]"),
        (vec![("x", floats(&[4], &[1.0; 4]))], "does not take fp32[4]"),
        (vec![("x", doubles)], "does not take fp64[1, 4]"),
    ] {
        let refused = compute(&inference, &graph, &inputs).expect_err("it does not fit");
        assert_eq!(refused.code, Code::InvalidArgument);
        assert!(refused.message.contains(words), "{refused}");
    }
    let empty = compute(&inference, &graph, &[("x", floats(&[0, 4], &[]))]);
    assert!(empty.is_ok_and(|computed| computed.outputs[0].1.dims() == [0, 3]), "no rows are no error");
    compute(&inference, &graph, &[good()]).expect("it goes on");
}
