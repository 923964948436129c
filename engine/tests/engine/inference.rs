//! Guests that compute models: what they get, what they are told, what it costs them.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use skep_engine::{
    Config, Engine, FailureCode, GrantedModel, Grants, Invocation, Limits, Outcome, Program, Report,
    ShareGroup, Stdio,
};
use skep_inference::{DeviceKind, Inference};

use crate::{guest_bytes, wait};

/// An engine that computes models.
fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let devices = skep_inference::Config { threads: 1, ..skep_inference::Config::default() };
        let inference = Some(Inference::start(devices).expect("threads can be had"));
        Engine::new(&Config { threads: 2, instances: 50, inference, ..Config::default() })
            .expect("this machine can run guests")
    })
}

fn program() -> &'static Program {
    static PROGRAM: OnceLock<Program> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let bytes = guest_bytes("infer");
        engine().compile(&Engine::accept(&bytes).expect("acceptable")).expect("compiles")
    })
}

/// A model of the tests, written down: rows of four numbers to rows of three.
fn model() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/models/classifier.onnx")
}

fn model_bytes() -> Bytes {
    std::fs::read(model()).expect("the models are in the repository").into()
}

fn granted(name: &str) -> Grants {
    let hash = Sha256::digest(model_bytes()).into();
    let model = GrantedModel { name: name.into(), hash, file: model(), batching: None, scope: 1 };
    Grants { models: vec![model], ..Grants::default() }
}

fn run(export: &str, arguments: &[Value], grants: Grants, limits: Limits) -> Report {
    let program = program();
    let running = engine().invoke(Invocation {
        program: program.clone(),
        call: program.call(Some(export), arguments).expect("the arguments fit"),
        name: "test".into(),
        env: Vec::new(),
        stdio: Stdio::Captured { stdin: Bytes::new() },
        directories: Vec::new(),
        limits,
        grants: Arc::new(grants),
        group: ShareGroup { id: 1, weight: 1 },
    });
    wait(running).expect("the host works")
}

fn limits() -> Limits {
    Limits { timeout: Duration::from_secs(20), ..Limits::default() }
}

fn floats(name: &str, dims: &[u32], values: &[f32]) -> Value {
    let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    json!({ "name": name, "dims": dims, "ty": "fp32", "data": data })
}

fn rows(rows: u32) -> Value {
    floats("x", &[rows, 4], &vec![0.5; rows as usize * 4])
}

/// What the function returned as an error.
fn refusal(report: &Report) -> &str {
    let Outcome::Failed(failure) = &report.outcome else { panic!("{:?}", report.outcome) };
    assert_eq!(failure.code, FailureCode::GuestError, "{failure:?}");
    &failure.message
}

#[test]
fn a_guest_computes_a_model_by_its_name_and_pays_for_it() {
    let report = run("by-name", &[json!("iris"), json!([rows(2)])], granted("iris"), limits());
    let Outcome::Returned(Some(outputs)) = &report.outcome else { panic!("{:?}", report.outcome) };
    let output = &outputs[0];
    assert_eq!(
        (&output["name"], &output["dims"], &output["ty"]),
        (&json!("y"), &json!([2, 3]), &json!("fp32"))
    );
    let data = STANDARD.decode(output["data"].as_str().expect("bytes are base64")).expect("base64");
    let sums: Vec<f32> = data
        .chunks(12)
        .map(|row| row.chunks(4).map(|bytes| f32::from_le_bytes(bytes.try_into().expect("four"))).sum())
        .collect();
    assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-5), "a softmax: {sums:?}");
    let [device] = &report.devices[..] else { panic!("{:?}", report.devices) };
    assert_eq!((device.device.as_str(), device.kind, device.inferences), ("cpu", DeviceKind::Cpu, 1));
    assert_eq!(device.tensor_bytes, 2 * 4 * 4 + 2 * 3 * 4);
    assert!(device.nanos > 0 && report.usage.cpu_nanos > device.nanos, "the processor's time is the guest's");
    assert_eq!(report.usage.device_nanos, 0, "no GPU");
}

#[test]
fn a_guest_brings_a_model_and_computes_it() {
    let file: Vec<u8> = model_bytes().to_vec();
    let bring = |files: Value, encoding: &str, target: &str| {
        let arguments = [files, json!(encoding), json!(target), json!([rows(1)])];
        run("brought", &arguments, Grants::default(), limits())
    };
    let report = bring(json!([file]), "onnx", "cpu");
    assert!(
        matches!(&report.outcome, Outcome::Returned(Some(outputs)) if outputs[0]["dims"] == json!([1, 3]))
    );
    for (files, encoding, target, words) in [
        (json!([file]), "ggml", "cpu", "ErrorCode::UnsupportedOperation: this server loads ONNX files"),
        (json!([file]), "onnx", "gpu", "ErrorCode::UnsupportedOperation: this server has no GPU"),
        (json!([file]), "onnx", "tpu", "ErrorCode::UnsupportedOperation: this server has no TPU"),
        (
            json!([file, file]),
            "onnx",
            "cpu",
            "ErrorCode::InvalidArgument: an ONNX model is one list of bytes, not 2",
        ),
        (json!([[1, 2, 3]]), "autodetect", "cpu", "ErrorCode::InvalidEncoding: this is no ONNX file"),
    ] {
        let report = bring(files, encoding, target);
        assert!(refusal(&report).starts_with(words), "{}", refusal(&report));
    }
}

#[test]
fn what_does_not_fit_is_told_with_its_code() {
    let ask = |name: &str, inputs: Value| {
        let report = run("by-name", &[json!(name), inputs], granted("iris"), limits());
        refusal(&report).to_owned()
    };
    assert_eq!(
        ask("mnist", json!([])),
        "ErrorCode::NotFound: no model \"mnist\" is granted to this function; these are: iris"
    );
    assert!(ask("iris", json!([])).starts_with("ErrorCode::InvalidArgument: the input x"));
    let short = json!({ "name": "x", "dims": [1, 4], "ty": "fp32", "data": [0, 0] });
    assert!(ask("iris", json!([short])).contains("take 16 bytes, not 2"));
    let huge = json!({ "name": "x", "dims": [u32::MAX, u32::MAX, u32::MAX], "ty": "fp64", "data": [] });
    assert!(ask("iris", json!([huge])).contains("larger than any memory"));
    assert!(ask("iris", json!([rows(1), rows(1)])).contains("given twice"));
}

#[test]
fn inferences_have_limits() {
    let ask = |limits: Limits| {
        let report = run("repeat", &[json!("iris"), json!([rows(1)]), json!(10)], granted("iris"), limits);
        (matches!(report.outcome, Outcome::Returned(_)), report)
    };
    assert!(ask(Limits { inferences_max: 10, ..limits() }).0);
    let (_, report) = ask(Limits { inferences_max: 9, ..limits() });
    assert_eq!(refusal(&report), "ErrorCode::TooLarge: this call has made its 9 inferences");
    let (_, report) = ask(Limits { tensor_bytes_max: 15, ..limits() });
    assert_eq!(refusal(&report), "ErrorCode::TooLarge: the inputs have 16 bytes, 15 are allowed");
    let (_, report) = ask(Limits { device: Duration::from_nanos(1), ..limits() });
    assert!(refusal(&report).starts_with("ErrorCode::Timeout: "), "{}", refusal(&report));
}

#[test]
fn tensors_are_the_guests_memory() {
    let hoard =
        |tensors: u32, bytes: u32| run("hoard", &[json!(tensors), json!(bytes)], Grants::default(), limits());
    let report = hoard(50, 1 << 20);
    assert!(matches!(report.outcome, Outcome::Returned(_)) && report.usage.memory_peak_bytes > 50 << 20);
    let Outcome::Failed(failure) = hoard(1000, 1 << 20).outcome else { panic!("a thousand do not fit") };
    assert_eq!(failure.code, FailureCode::OutOfMemory, "{failure:?}");
}

#[test]
fn without_inference_a_component_that_asks_for_it_is_refused() {
    let bytes = guest_bytes("infer");
    let refused = crate::engine().compile(&bytes).map(drop).expect_err("there is none");
    assert!(refused.0.contains("wasi:nn"), "{}", refused.0);
}
