//! Whether rows are independent is shown, not believed.

use skep_inference::{Batching, Code, Dim, inspect};
use tract_onnx::pb::tensor_proto::DataType;

use crate::networks::{self, Network};

fn rows(axis: usize) -> Option<Batching> {
    Some(Batching { axis, rows_max: 8 })
}

#[test]
fn a_model_whose_rows_are_independent_may_be_batched() {
    let found = inspect(&networks::classifier(), rows(0)).expect("each row by itself");
    assert_eq!((found.backend.as_str(), found.memory_bytes > 0), ("tract", true));
    let dims = found.signature.inputs[0].dims.clone().expect("it says");
    assert_eq!(dims, [Dim::Named("rows".into()), Dim::Fixed(4)]);
    let read = serde_json::to_string(&found).and_then(|text| serde_json::from_str(&text));
    assert_eq!(read.ok(), Some(found), "it can be told another process");
}

#[test]
fn a_model_whose_rows_know_of_each_other_may_not() {
    let sums_to_one = Network::default()
        .input("x", DataType::Float, ["rows".into(), 4.into()])
        .node_with("Softmax", &["x"], "y", &[("axis", 0)])
        .output("y", DataType::Float, ["rows".into(), 4.into()])
        .file();
    let refused = inspect(&sums_to_one, rows(0)).expect_err("each row changes all");
    assert_eq!(refused.code, Code::InvalidArgument);
    assert!(
        refused.message.starts_with("its rows depend on each other: y: fp32[rows, 4] differs by"),
        "{refused}"
    );
    inspect(&sums_to_one, None).expect("nobody said that they are independent");
}

#[test]
fn an_axis_that_is_not_there_or_has_a_length_cannot_be_batched() {
    let refusal = |file, axis| inspect(&file, rows(axis)).expect_err("it is refused").message;
    assert_eq!(
        refusal(networks::mean(), 0),
        "y: fp32[1, 1] cannot be batched: axis 0 is always 1 long",
        "a sequence is no batch"
    );
    assert_eq!(
        refusal(networks::classifier(), 1),
        "x: fp32[rows, 4] cannot be batched: axis 1 is always 4 long"
    );
    assert_eq!(refusal(networks::classifier(), 2), "x: fp32[rows, 4] cannot be batched: it has no axis 2");
}
