//! A running server: built from a configuration, stopped in order.

mod admin_key;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use skep_api::Front;
use skep_domain::background::{cancel, dispatch, meter, purge, reap, ticks, turns};
use skep_domain::base::{Base, Revision};
use skep_domain::meter::Meter;
use skep_domain::model::id::Ids;
use skep_domain::model_files::ModelFiles;
use skep_domain::port::clock::Clock;
use skep_domain::service::Services;
use skep_domain::signals::Signals;
use skep_domain::tasks::{Tasks, Wake};
use skep_domain::{Error, Result};
use skep_engine::{Compiler, Engine, Filesystem};
use skep_inference::Inference;
use skep_store::{DataDirectory, FileArtifacts, SqliteStore};
use tokio::runtime::{Handle, Runtime};

use crate::clock::SystemClock;
use crate::config::{Config, Overrides};
use crate::credentials::{HostCredentials, Issuers, Secret};
use crate::expressions::EngineExpressions;
use crate::post::HttpPost;
use crate::runtimes;
use crate::sandbox::{EngineSandbox, ModelShelf};
use crate::telemetry::HostTelemetry;

/// A server that answers. Dropping it without [`Server::stop`] is as a crash.
pub(crate) struct Server {
    address: SocketAddr,
    key_file: PathBuf,
    http: Front,
    tasks: Tasks,
    grace: Duration,
    telemetry: Arc<HostTelemetry>,
    base: Arc<Base>,
    /// The last to go: whoever holds the directory may write to it.
    _directory: DataDirectory,
    /// Requests and background work.
    runtime: Runtime,
}

/// How often metrics are tidied up.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

impl Server {
    /// Starts a server: takes the directory, opens the store, returns what its last life left, and
    /// only then answers.
    pub(crate) fn start(config: &Config) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .thread_name("skep")
            .enable_all()
            .build()
            .map_err(Error::internal)?;
        let directory = DataDirectory::hold(&config.data)?;
        let tasks = Tasks::new(runtime.handle().clone());
        let telemetry = Arc::new(HostTelemetry::new(config.otlp_endpoint.as_deref())?);
        let base = base(config, &directory, tasks.clone(), telemetry.clone())?;
        let services = Services::new(base.clone());
        let key_file = directory.join("admin.key");
        runtime.block_on(async {
            admin_key::ensure(&services, &key_file).await?;
            runtimes::ensure(&services).await?;
            let returned = base.store.job_recover(base.clock.now()).await?;
            if returned > 0 {
                tracing::info!(jobs = returned, "jobs of the last life are queued again");
            }
            Ok::<_, Error>(())
        })?;
        tasks.spawn(dispatch::run(base.clone(), dispatching(config)));
        tasks.spawn(cancel::run(base.store.clone(), base.sandbox.clone(), tasks.clone()));
        tasks.spawn(purge::run(base.clone()));
        tasks.spawn(reap::run(base.clone()));
        let schedules = services.schedules.clone();
        tasks.spawn(ticks::run(base.clone(), Wake::Schedule, move |now| {
            let schedules = schedules.clone();
            async move { schedules.tick(now).await }
        }));
        let webhooks = services.webhooks.clone();
        tasks.spawn(ticks::run(base.clone(), Wake::Webhooks, move |now| {
            let webhooks = webhooks.clone();
            async move { webhooks.tick(now).await }
        }));
        let plans = services.plans.clone();
        tasks.spawn(turns::run(base.clone(), move |begun| {
            let plans = plans.clone();
            async move { plans.go_on(begun).await }
        }));
        tasks.spawn(upkeep(telemetry.clone(), tasks.clone()));
        tasks.spawn(meter::run(base.clone()));
        let http = listen(config, &services)?;
        let address = http.address();
        tracing::info!(%address, data = %config.data.display(), "ready");
        let grace = config.grace;
        Ok(Self { address, key_file, http, tasks, grace, telemetry, base, _directory: directory, runtime })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the admin's key lies.
    pub(crate) fn key_file(&self) -> &PathBuf {
        &self.key_file
    }

    /// Waits for SIGINT or SIGTERM.
    pub(crate) fn wait_for_signal(&self) -> Result<()> {
        self.runtime.block_on(wait_for_signal())
    }

    /// Stops taking requests, ends those under way, lets running jobs go on for the grace time. What
    /// still runs then is returned by the next start.
    pub(crate) fn stop(self) {
        let Self { http, tasks, grace, telemetry, base, runtime, .. } = self;
        #[expect(clippy::disallowed_methods, reason = "it outlives the tasks that it does not wait for")]
        runtime.spawn(async {
            // Whoever says it twice means it.
            if wait_for_signal().await.is_ok() {
                std::process::exit(130);
            }
        });
        tracing::info!(grace_ms = grace.as_millis() as u64, "stopping");
        runtime.block_on(async {
            // No new claims while the last requests are answered.
            tasks.stop();
            let stopped = async {
                // Nobody listens any more once this returns.
                let _ = tokio::join!(tokio::task::spawn_blocking(|| http.stop()), tasks.ended());
            };
            if tokio::time::timeout(grace, stopped).await.is_err() {
                tracing::warn!("jobs still ran when the grace time was over; the next start returns them");
            }
            // What requests used that ended meanwhile.
            if let Err(error) = meter::tick(&*base.store, &base.meter).await {
                tracing::error!(error = error.chain(), "the last usage could not be written");
            }
        });
        telemetry.stop();
        runtime.shutdown_timeout(Duration::from_secs(1));
    }
}

async fn wait_for_signal() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::internal)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::internal)?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// The services on a directory, without anything that asks them: for benches, which ask one by one. The
/// second part is what holds the directory.
///
/// # Errors
/// If the directory cannot be used.
pub fn services(data: &Path, runtime: &Handle) -> Result<(Services, impl Sized + use<>)> {
    let overrides = Overrides { data: Some(data.to_owned()), ..Overrides::default() };
    let config = Config::load(None, overrides)?;
    let directory = DataDirectory::hold(&config.data)?;
    let telemetry = Arc::new(HostTelemetry::new(None)?);
    let base = base(&config, &directory, Tasks::new(runtime.clone()), telemetry)?;
    Ok((Services::new(base), directory))
}

/// Tidies up metrics until the tasks are stopped.
async fn upkeep(telemetry: Arc<HostTelemetry>, tasks: Tasks) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(UPKEEP_INTERVAL) => telemetry.upkeep(),
            () = tasks.stopping() => return,
        }
    }
}

fn base(
    config: &Config,
    directory: &DataDirectory,
    tasks: Tasks,
    telemetry: Arc<HostTelemetry>,
) -> Result<Arc<Base>> {
    let inference = Inference::start(config.inference.clone()).map_err(Error::internal)?;
    let engine = Engine::new(&skep_engine::Config {
        threads: config.threads,
        instances: config.instances,
        cache: Some(directory.join("compiled")),
        compiler: Compiler::Child(config.compiler.clone()),
        files: Filesystem::Scratch {
            directory: directory.join("scratch"),
            disk_bytes_max: config.scratch_disk_bytes_max,
        },
        egress_blocks: config.egress_blocks.clone(),
        inference: Some(inference),
        clock_resolution: config.clock_resolution,
    })
    .map_err(|error| Error::invalid(error.to_string()).caused_by(error))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let files = |name: &str, end| FileArtifacts::open(&directory.join(name), end).map_err(Error::internal);
    let (artifacts, model_files) =
        (Arc::new(files("artifacts", "wasm")?), Arc::new(files("models", "onnx")?));
    let store = Arc::new(SqliteStore::open(&directory.join("skep.db"))?);
    let secret = Secret::ensure(&directory.join("jwt.key"))?;
    let credentials = HostCredentials::new(secret, Issuers::open(config.issuers.clone())?);
    let credentials = Arc::new(credentials);
    let expressions = Arc::new(EngineExpressions::new(engine.clone()));
    let sandbox = EngineSandbox::new(
        engine,
        artifacts.clone(),
        clock.clone(),
        credentials.clone(),
        ModelShelf::new(store.clone(), model_files.clone()),
        config.builds.clone(),
    );
    let sandbox = Arc::new(sandbox);
    Ok(Arc::new(Base {
        store,
        http_guest: sandbox.clone(),
        sandbox,
        artifacts,
        model_files: ModelFiles::new(model_files),
        credentials,
        expressions,
        post: Arc::new(HttpPost::new(config.egress_blocks.clone())),
        wording: Arc::new(skep_api::Words),
        telemetry,
        clock,
        ids: Ids::default(),
        prices: config.prices.clone(),
        images: config.images.clone(),
        limits: config.limits.clone(),
        tasks,
        signals: Signals::new(config.limits.streams_max),
        cpu_nanos: AtomicU64::new(0),
        meter: Meter::default(),
        revision: Revision::default(),
    }))
}

fn dispatching(config: &Config) -> dispatch::Config {
    dispatch::Config {
        threads: u32::try_from(config.threads).unwrap_or(u32::MAX),
        window: config.instances,
        // No account may fill the pool: another's first job finds a place.
        account_running_max: (config.instances / 2).max(1),
    }
}

fn listen(config: &Config, services: &Services) -> Result<Front> {
    let cannot =
        |error: std::io::Error| Error::conflict(format!("cannot listen on {}: {error}", config.listen));
    let listener = TcpListener::bind(config.listen).map_err(cannot)?;
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    Front::start(listener, services, workers).map_err(cannot)
}
