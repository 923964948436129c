//! The engine's words to the product's, and back.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use serde_json::value::RawValue;
use skep_domain::model::attempt::{Failure, FailureCode, Outcome, Output};
use skep_domain::model::function::{Export, Interface};
use skep_domain::model::log::{Line, Stream};
use skep_domain::model::settings::Limits;
use skep_domain::model::time::Millis;
use skep_domain::model::usage::{DeviceUsage, Usage};
use skep_engine::{Kind, LogStream};

pub(super) fn limits(limits: &Limits) -> skep_engine::Limits {
    let timeout = Duration::from_millis(limits.timeout_ms);
    skep_engine::Limits {
        memory_bytes_max: limits.memory_bytes_max,
        timeout,
        cpu: limits.cpu_ms.map_or(timeout, Duration::from_millis),
        output_bytes_max: limits.output_bytes_max,
        log_bytes_max: limits.log_bytes_max,
        scratch_bytes_max: limits.scratch_bytes_max,
        scratch_files_max: limits.scratch_files_max,
        table_elements_max: limits.table_elements_max,
        resources_max: limits.resources_max,
        hostcall_bytes_max: limits.hostcall_bytes_max,
        inferences_max: limits.inferences_max,
        tensor_bytes_max: limits.tensor_bytes_max,
        device: limits.device_ms.map_or(timeout, Duration::from_millis),
        ..skep_engine::Limits::default()
    }
}

/// What inference took of each device.
pub(super) fn devices(devices: Vec<skep_engine::DeviceUsage>) -> Vec<DeviceUsage> {
    let device = |of: skep_engine::DeviceUsage| DeviceUsage {
        device: of.device,
        model: of.model,
        inferences: of.inferences,
        nanos: of.nanos,
        tensor_bytes: of.tensor_bytes,
        load_nanos: of.load_nanos,
    };
    devices.into_iter().map(device).collect()
}

pub(super) fn line(line: skep_engine::LogLine) -> Line {
    let stream = match line.stream {
        LogStream::Stdout => Stream::Stdout,
        LogStream::Stderr => Stream::Stderr,
    };
    Line { stream, at: Millis(line.at_ms), text: line.text }
}

/// An outcome, and a command's exit code.
pub(super) fn outcome(outcome: skep_engine::Outcome) -> (Outcome, Option<i32>) {
    match outcome {
        skep_engine::Outcome::Returned(None) => (Outcome::Succeeded(Output::None), None),
        skep_engine::Outcome::Returned(Some(value)) => {
            (Outcome::Succeeded(Output::Json(value.to_string())), None)
        }
        // A runtime's JSON is taken as it is written, for the sake of its numbers.
        skep_engine::Outcome::Answered(json) => (Outcome::Succeeded(written(json.into_bytes())), None),
        skep_engine::Outcome::Built(_) => (Outcome::Succeeded(Output::None), None),
        skep_engine::Outcome::Finished(stdout) => (Outcome::Succeeded(output(stdout)), Some(0)),
        skep_engine::Outcome::Wrote(bytes) => (Outcome::Succeeded(written(bytes)), Some(0)),
        skep_engine::Outcome::Failed(failure) => {
            let exit_code = failure.exit_code;
            (Outcome::Failed(self::failure(failure)), exit_code)
        }
    }
}

/// A command's result is what it left in its file: JSON if it parses, else as what it prints.
fn written(bytes: Vec<u8>) -> Output {
    match serde_json::from_slice::<Box<RawValue>>(&bytes) {
        Ok(json) => Output::of_json(json.get()),
        Err(_) => output(bytes),
    }
}

/// A command's result is what it printed; what is not text is base64.
fn output(stdout: Vec<u8>) -> Output {
    match String::from_utf8(stdout) {
        Ok(text) if text.is_empty() => Output::None,
        Ok(text) => Output::Text(text),
        Err(error) => Output::Json(json!({"base64": STANDARD.encode(error.as_bytes())}).to_string()),
    }
}

pub(super) fn failure(failure: skep_engine::Failure) -> Failure {
    let code = failure_code(failure.code);
    Failure { code, message: failure.message, backtrace: failure.backtrace }
}

fn failure_code(code: skep_engine::FailureCode) -> FailureCode {
    match code {
        skep_engine::FailureCode::GuestError => FailureCode::GuestError,
        skep_engine::FailureCode::ExitCode => FailureCode::ExitCode,
        skep_engine::FailureCode::Trap => FailureCode::Trap,
        skep_engine::FailureCode::OutOfMemory => FailureCode::OutOfMemory,
        skep_engine::FailureCode::CpuLimit => FailureCode::CpuLimit,
        skep_engine::FailureCode::StackOverflow => FailureCode::StackOverflow,
        skep_engine::FailureCode::OutputTooLarge => FailureCode::OutputTooLarge,
        skep_engine::FailureCode::Timeout => FailureCode::Timeout,
        skep_engine::FailureCode::Cancelled => FailureCode::Cancelled,
        skep_engine::FailureCode::Host => FailureCode::Host,
    }
}

pub(super) fn usage(usage: &skep_engine::Usage) -> Usage {
    Usage {
        cpu_nanos: usage.cpu_nanos,
        wall_nanos: usage.wall_nanos,
        memory_peak_bytes: usage.memory_peak_bytes,
        memory_byte_seconds: usage.memory_byte_seconds,
        egress_bytes: usage.egress_bytes,
        device_nanos: usage.device_nanos,
        log_bytes: usage.log_bytes,
    }
}

pub(super) fn interface(interface: &skep_engine::Interface) -> Interface {
    let kind = |kind: &Kind| match kind {
        Kind::Command => "command",
        Kind::Exports => "exports",
        Kind::Http => "http",
        Kind::Runtime => "runtime",
    };
    let export = |function: &skep_engine::Function| Export {
        name: function.name.clone(),
        wit: match &function.unsupported {
            None => function.wit.clone(),
            Some(reason) => format!("{} (cannot be called: {reason})", function.wit),
        },
    };
    Interface {
        kinds: interface.kinds.iter().map(|known| kind(known).to_owned()).collect(),
        exports: interface.exports.iter().map(export).collect(),
        imports: interface.imports.clone(),
    }
}
