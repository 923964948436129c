//! Expressions, evaluated in a sandbox of the engine: `runtimes/expressions` is what evaluates them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use skep_domain::model::account::Caller;
use skep_domain::model::plan::Style;
use skep_domain::port::expressions::{Evaluation, Expressions, Template};
use skep_domain::{Error, Result};
use skep_engine::{Engine, FailureCode, Grants, Invocation, Limits, Outcome, Program, ShareGroup, Stdio};
use tokio::sync::OnceCell;

/// The component, with `evaluate` and `check`.
const COMPONENT: &[u8] = include_bytes!("../../../runtimes/built/expressions.wasm");

/// Memory of an evaluation, in bytes.
const MEMORY_BYTES_MAX: u64 = 128 << 20;
/// CPU time of an evaluation.
const CPU_MAX: Duration = Duration::from_secs(2);
/// Wall time of an evaluation, which may wait for a thread.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of what it comes to, as JSON.
const OUTPUT_BYTES_MAX: u64 = 32 << 20;

/// Evaluates on the engine.
pub(crate) struct EngineExpressions {
    engine: Engine,
    /// Compiled when it is first needed.
    program: OnceCell<Program>,
}

impl EngineExpressions {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine, program: OnceCell::new() }
    }

    async fn program(&self) -> Result<&Program> {
        self.program
            .get_or_try_init(|| async {
                let engine = self.engine.clone();
                let compile = move || match engine.kept(COMPONENT) {
                    Some(program) => Ok(program),
                    None => engine.compile(COMPONENT),
                };
                let program = tokio::task::spawn_blocking(compile).await.map_err(Error::internal)?;
                program.map_err(Error::internal)
            })
            .await
    }

    /// Calls a function of the component.
    async fn call(&self, caller: &Caller, export: &str, argument: Value) -> Result<Value> {
        let program = self.program().await?.clone();
        let call = program.call(Some(export), &[argument]).map_err(|rejected| Error::internal(rejected.0))?;
        let running = self.engine.invoke(Invocation {
            program,
            call,
            name: "expressions".to_owned(),
            env: Vec::new(),
            stdio: Stdio::Captured { stdin: Vec::new().into() },
            directories: Vec::new(),
            limits: Limits {
                memory_bytes_max: MEMORY_BYTES_MAX,
                timeout: TIMEOUT,
                cpu: CPU_MAX,
                output_bytes_max: OUTPUT_BYTES_MAX,
                ..Limits::default()
            },
            grants: Arc::new(Grants::default()),
            group: ShareGroup { id: caller.account().to_u128(), weight: caller.weight() },
        });
        let report = running.await.map_err(Error::internal)?;
        match report.outcome {
            Outcome::Returned(value) => Ok(value.unwrap_or_default()),
            Outcome::Failed(failure) => Err(refused(failure)),
            Outcome::Answered(_) | Outcome::Built(_) | Outcome::Finished(_) | Outcome::Wrote(_) => {
                Err(Error::internal("the evaluator of expressions is none"))
            }
        }
    }
}

/// What a failed evaluation says to whoever wrote the expression.
fn refused(failure: skep_engine::Failure) -> Error {
    match failure.code {
        FailureCode::GuestError => Error::invalid(failure.message),
        FailureCode::CpuLimit => {
            Error::invalid(format!("error evaluating expression: it took more than {} s", CPU_MAX.as_secs()))
        }
        FailureCode::Host => Error::internal(failure.message),
        _ => Error::invalid(format!("error evaluating expression: {}", failure.message)),
    }
}

#[async_trait]
impl Expressions for EngineExpressions {
    async fn evaluate(&self, caller: &Caller, evaluation: Evaluation) -> Result<Vec<Vec<Value>>> {
        let Evaluation { context, rounds, templates, style } = evaluation;
        let templates: Vec<Value> = templates.into_iter().map(template).collect();
        let style = match style {
            Style::Json => "json",
            Style::Text => "go",
        };
        let request = json!({"context": context, "style": style, "rounds": rounds, "templates": templates});
        let answer = self.call(caller, "evaluate", Value::String(request.to_string())).await?;
        let answer = answer.as_str().ok_or_else(|| Error::internal("an answer that is no text"))?;
        serde_json::from_str(answer).map_err(Error::internal)
    }

    async fn check(&self, caller: &Caller, texts: Vec<String>) -> Result<Vec<bool>> {
        let answer = self.call(caller, "check", json!(texts)).await?;
        serde_json::from_value(answer).map_err(Error::internal)
    }
}

fn template(template: Template) -> Value {
    match template {
        Template::Text(text) => json!({"text": text}),
        Template::Json(value) => json!({"json": value}),
        Template::Value(text) => json!({"value": text}),
        Template::List(text) => json!({"list": text}),
    }
}
