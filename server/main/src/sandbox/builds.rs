//! Builds: source for a runtime, and what it makes of it.

use skep_domain::model::attempt::{Failure, FailureCode, Outcome, Output};
use skep_domain::model::function::{Code, Made};
use skep_domain::model::id::Sha256;
use skep_domain::model::source::Source;
use skep_domain::port::artifacts::Artifacts;
use skep_domain::{Code as ErrorCode, Error, Result};
use skep_engine::{Built, Call, Program, SourceFile};

use super::{EngineSandbox, host_failed, map};

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
            Built::Script(script) => {
                let bytes = script.to_bytes();
                let sha256 = Sha256::of(&bytes);
                self.artifacts.put(sha256, &bytes).await?;
                let code = Code { component: runtime, script: Some(sha256) };
                Ok(Made { code, interface: map::interface(script.interface()) })
            }
            Built::Component(bytes) => {
                let prepared = self.programs.prepare(bytes).await?;
                let component = Sha256::of(&prepared.component);
                self.artifacts.put(component, &prepared.component).await?;
                Ok(Made { code: Code::from(component), interface: prepared.interface })
            }
        }
    }
}
