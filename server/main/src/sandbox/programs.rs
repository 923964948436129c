//! Compiled programs: made once, kept while they are used.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use skep_domain::model::function::Code;
use skep_domain::model::id::Sha256;
use skep_domain::port::artifacts::Artifacts;
use skep_domain::port::sandbox::Prepared;
use skep_domain::{Code as ErrorCode, Error, Result};
use skep_engine::{Engine, Program, Rejected, Script};
use tokio::sync::Semaphore;

use super::map;

/// Programs in memory at most; past it the one that was not used for longest goes.
const PROGRAMS_MAX: usize = 500;
/// Bytes of the scripts of all of them.
const SCRIPT_BYTES_MAX: usize = 256 << 20;
/// Compilations at once: each takes every core it finds.
const COMPILATIONS_MAX: usize = 1;

/// Uploads that wait at once, with the one that is compiled.
const UPLOADS_MAX: usize = 16;

/// `Engine::prepare`, or `Engine::prepare_runtime`.
type Prepare = fn(&Engine, &[u8]) -> Result<(Program, Vec<u8>), Rejected>;

pub(super) struct Programs {
    engine: Engine,
    artifacts: Arc<dyn Artifacts>,
    loaded: Mutex<Loaded>,
    compilations: Arc<Semaphore>,
    /// Uploads that wait for their turn, each with its bytes.
    waiting: Arc<Semaphore>,
}

#[derive(Default)]
struct Loaded {
    programs: HashMap<Code, (u64, Program)>,
    uses: u64,
    /// Bytes of all their scripts.
    script_bytes: usize,
}

impl Programs {
    pub(super) fn new(engine: Engine, artifacts: Arc<dyn Artifacts>) -> Self {
        Self {
            engine,
            artifacts,
            loaded: Mutex::default(),
            compilations: Arc::new(Semaphore::new(COMPILATIONS_MAX)),
            waiting: Arc::new(Semaphore::new(UPLOADS_MAX)),
        }
    }

    /// The program of what was taken or built before.
    pub(super) async fn get(&self, code: Code) -> Result<Program> {
        if let Some(program) = self.lock().find(code) {
            return Ok(program);
        }
        let program = self.component(code.component).await?;
        let Some(script) = code.script else { return Ok(program) };
        let script = Script::from_bytes(self.artifacts.get(script).await?);
        let program = script.and_then(|script| program.with_script(script)).map_err(Error::internal)?;
        self.lock().keep(code, program.clone());
        Ok(program)
    }

    async fn component(&self, component: Sha256) -> Result<Program> {
        let code = Code::from(component);
        if let Some(program) = self.lock().find(code) {
            return Ok(program);
        }
        let bytes = Arc::new(self.artifacts.get(component).await?);
        let (engine, kept) = (self.engine.clone(), bytes.clone());
        // What was compiled before waits for no other's upload.
        let program = match blocking(move || engine.kept(&kept)).await? {
            Some(program) => program,
            None => {
                let turn = self.compilations.clone().acquire_owned().await.map_err(Error::internal)?;
                // Whoever was ahead may have made it.
                if let Some(program) = self.lock().find(code) {
                    return Ok(program);
                }
                let engine = self.engine.clone();
                let compile = move || (engine.compile(&bytes), turn).0;
                blocking(compile).await?.map_err(Error::internal)?
            }
        };
        self.lock().keep(code, program.clone());
        Ok(program)
    }

    /// Makes a program of an upload, in one of the engine's ways.
    pub(super) async fn prepare(&self, bytes: Vec<u8>, prepare: Prepare) -> Result<Prepared> {
        let too_many = |_| Error::new(ErrorCode::TooMany, "too many uploads wait to be compiled; try again");
        let _waiting = self.waiting.clone().try_acquire_owned().map_err(too_many)?;
        let turn = self.compilations.clone().acquire_owned().await.map_err(Error::internal)?;
        let engine = self.engine.clone();
        // The turn goes with the work, which goes on when its uploader has gone.
        let made = blocking(move || {
            let _turn = turn;
            prepare(&engine, &bytes)
        });
        let (program, component) = made.await?.map_err(invalid)?;
        let interface = program.interface();
        if interface.kinds.is_empty() {
            return Err(Error::invalid(
                "this component exports nothing that can be called: export a function, or wasi:cli/run",
            ));
        }
        let prepared = Prepared { interface: map::interface(interface), component };
        self.lock().keep(Sha256::of(&prepared.component).into(), program);
        Ok(prepared)
    }

    fn lock(&self) -> MutexGuard<'_, Loaded> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Loaded {
    fn find(&mut self, code: Code) -> Option<Program> {
        self.uses += 1;
        let (used, program) = self.programs.get_mut(&code)?;
        *used = self.uses;
        Some(program.clone())
    }

    fn keep(&mut self, code: Code, program: Program) {
        self.script_bytes += program.script_bytes();
        while self.programs.len() >= PROGRAMS_MAX || self.script_bytes > SCRIPT_BYTES_MAX {
            let oldest = self.programs.iter().min_by_key(|(_, (used, _))| *used).map(|(code, _)| *code);
            let Some((_, gone)) = oldest.and_then(|code| self.programs.remove(&code)) else { break };
            self.script_bytes -= gone.script_bytes();
        }
        self.uses += 1;
        if let Some((_, same)) = self.programs.insert(code, (self.uses, program)) {
            self.script_bytes -= same.script_bytes();
        }
    }
}

fn invalid(rejected: Rejected) -> Error {
    Error::invalid(rejected.0)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)
}
