//! Builds: source for a runtime, and what it makes of it.

use skep_domain::model::attempt::{Failure, FailureCode, Outcome, Output};
use skep_domain::model::function::{Code, Made};
use skep_domain::model::id::Sha256;
use skep_domain::model::source::Source;
use skep_domain::port::artifacts::Artifacts;
use skep_domain::{Code as ErrorCode, Error, Result};
use skep_engine::{Built, Call, Engine, Program, Script, SourceFile};

use super::{EngineSandbox, host_failed, map};

/// Bytes of a script: each call is given all of it.
const SCRIPT_BYTES_MAX: usize = 32 << 20;
/// Bytes of a component that is built, as of one that is uploaded.
const COMPONENT_BYTES_MAX: usize = 64 << 20;

fn check_size(what: &str, bytes: usize, bytes_max: usize) -> Result<()> {
    if bytes <= bytes_max {
        return Ok(());
    }
    Err(Error::invalid(format!("{what} that was built has {bytes} bytes, {bytes_max} are allowed")))
}

/// The call that builds source which was taken before.
pub(super) async fn call(program: &Program, source: Sha256, artifacts: &dyn Artifacts) -> Result<Call> {
    let source = Source::from_bytes(&artifacts.get(source).await?)?;
    let files = source.files().iter();
    let files = files.map(|(path, content)| SourceFile { path: path.clone(), content: content.clone() });
    let source = skep_engine::Source { main: source.main().to_owned(), files: files.collect() };
    program.build(source).map_err(|rejected| Error::internal(rejected.0))
}

impl EngineSandbox {
    /// Keeps what was built, on disk before anybody is told of it. How the build ended, as an attempt.
    pub(super) async fn built(
        &self,
        (runtime, built): (Sha256, Built),
        made: &mut Option<Made>,
    ) -> (Outcome, Option<i32>) {
        let outcome = match self.keep(runtime, built).await {
            Ok(kept) => {
                *made = Some(kept);
                Outcome::Succeeded(Output::None)
            }
            // What it made is at fault, not we.
            Err(error) if error.code() == ErrorCode::Invalid => {
                Outcome::Failed(Failure::new(FailureCode::GuestError, error.message()))
            }
            Err(error) => Outcome::Failed(host_failed(&error)),
        };
        (outcome, None)
    }

    async fn keep(&self, runtime: Sha256, built: Built) -> Result<Made> {
        match built {
            Built::Script(script) => self.keep_script(runtime, script).await,
            Built::Component(bytes) => self.keep_component(bytes).await,
            Built::Program(bytes, script) => {
                let Made { code, .. } = self.keep_component(bytes).await?;
                self.keep_script(code.component, script).await
            }
        }
    }

    async fn keep_script(&self, runtime: Sha256, script: Script) -> Result<Made> {
        let bytes = script.to_bytes();
        check_size("the script", bytes.len(), SCRIPT_BYTES_MAX)?;
        if script.interface().kinds.is_empty() {
            return Err(Error::invalid("the runtime built a script with nothing that can be called"));
        }
        let program = self.programs.get(runtime.into()).await?;
        program.with_script(script.clone()).map_err(|rejected| Error::invalid(rejected.0))?;
        let sha256 = Sha256::of(&bytes);
        self.artifacts.put(sha256, &bytes).await?;
        let code = Code { component: runtime, script: Some(sha256) };
        Ok(Made { code, interface: map::interface(script.interface()) })
    }

    async fn keep_component(&self, bytes: Vec<u8>) -> Result<Made> {
        check_size("the component", bytes.len(), COMPONENT_BYTES_MAX)?;
        let prepared = self.programs.prepare(bytes, Engine::prepare).await?;
        let component = Sha256::of(&prepared.component);
        self.artifacts.put(component, &prepared.component).await?;
        Ok(Made { code: Code::from(component), interface: prepared.interface })
    }
}
