//! Models, right and hostile, through the same door as a guest's.

mod batches;
mod hostile;
mod kept;
mod networks;
mod proof;
mod types;

use std::future::Future;
use std::time::{Duration, Instant};

use bytes::Bytes;
use skep_inference::{
    Batching, Computed, Config, ElementType, Failure, Graph, Inference, Model, ShareGroup, Tensor,
};

/// Waits for what an inference comes to.
fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("it starts").block_on(future)
}

fn start() -> Inference {
    Inference::start(Config { threads: 2, ..Config::default() }).expect("threads can be had")
}

fn owner(id: u128) -> ShareGroup {
    ShareGroup { id, weight: 1 }
}

/// A model under the sum of its bytes, which is hash enough for a few files.
fn model(file: &Bytes, batching: Option<Batching>) -> Model {
    let mut hash = [0; 32];
    file.iter().enumerate().for_each(|(index, byte)| {
        hash[index % 32] = u8::wrapping_add(u8::wrapping_mul(hash[index % 32], 31), *byte)
    });
    Model { hash, batching, scope: 1 }
}

fn load(inference: &Inference, file: &Bytes) -> Result<Graph, Failure> {
    wait(inference.load(&model(file, None), owner(1), async { Ok(file.clone()) }))
}

fn floats(dims: &[usize], values: &[f32]) -> Tensor {
    Tensor::new(ElementType::F32, dims.to_vec(), networks::bytes(values).into()).expect("as many as it takes")
}

fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.data().chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().expect("four"))).collect()
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

fn compute(inference: &Inference, graph: &Graph, inputs: &[(&str, Tensor)]) -> Result<Computed, Failure> {
    let inputs = inputs.iter().map(|(name, tensor)| ((*name).to_owned(), tensor.clone())).collect();
    wait(inference.compute(graph, inputs, owner(1), soon())).map_err(|failed| failed.failure)
}

/// The model that tests of the house above use is the one of these tests, written down.
#[test]
fn the_file_that_others_use_is_this_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/models/classifier.onnx");
    if std::env::var_os("SKEP_WRITE_MODELS").is_some() {
        std::fs::write(path, networks::classifier()).expect("it is written");
    }
    assert_eq!(
        std::fs::read(path).ok(),
        Some(networks::classifier().to_vec()),
        "SKEP_WRITE_MODELS=1 writes it anew"
    );
}

#[test]
fn a_model_computes_what_it_should_for_any_number_of_rows() {
    let inference = start();
    let graph = load(&inference, &networks::classifier()).expect("it is a model");
    assert_eq!(graph.signature().inputs[0].to_string(), "x: fp32[rows, 4]");
    assert_eq!(graph.signature().outputs[0].to_string(), "y: fp32[rows, 3]");
    for rows in [1, 2, 7] {
        let x: Vec<f32> = (0..rows * 4).map(|index| index as f32 / 3.0).collect();
        let computed = compute(&inference, &graph, &[("x", floats(&[rows, 4], &x))]).expect("it fits");
        let [(name, y)] = &computed.outputs[..] else { panic!("one output") };
        assert_eq!((name.as_str(), y.dims()), ("y", &[rows, 3][..]));
        for (x, y) in x.chunks(4).zip(numbers(y).chunks(3)) {
            let score = |column: usize| -> f32 {
                let weight = |row: usize| ((((row * 3 + column) * 37) % 101) as f32 - 50.0) / 200.0;
                (0..4).map(|row| x[row] * weight(row)).sum::<f32>().exp()
            };
            let sum: f32 = (0..3).map(score).sum();
            for (column, y) in y.iter().enumerate() {
                assert!((score(column) / sum - y).abs() < 1e-5, "{x:?} {y}");
            }
        }
        assert_eq!((computed.served.device.name.as_str(), computed.served.together), ("cpu", 1));
        assert!(computed.served.nanos > 0);
    }
}
