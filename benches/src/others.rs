//! Servers of others, as `.ci/tools` gets them.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A running server, killed when it is dropped.
pub struct Other {
    /// `127.0.0.1:…`
    pub address: String,
    process: Child,
    _directory: TempDir,
}

impl Other {
    /// `wasmtime serve` with a component of the guests, if it could be had.
    pub fn wasmtime(component: &Path) -> Option<Self> {
        let package = std::fs::read_dir(tool("wasmtime/lib")?).ok()?.flatten().next()?.path();
        let program = package.join("site-packages/wasmtime_cli/wasmtime");
        let address = free_address();
        let mut command = Command::new(program.exists().then_some(program)?);
        command.args(["serve", "-S", "cli", "-W", "component-model-async", "-S", "p3", "--addr", &address]);
        Some(Self::start(command.arg(component), address, tempfile::tempdir().expect("a directory")))
    }

    /// `workerd` with a script that says hello, if it could be had.
    pub fn workerd() -> Option<Self> {
        let program = tool("workerd/node_modules/@cloudflare/workerd-linux-64/bin/workerd")?;
        let (address, directory) = (free_address(), tempfile::tempdir().expect("a directory"));
        let script = "export default { fetch() { return new Response('hello\\n'); } };";
        let configuration = format!(
            "using Workerd = import \"/workerd/workerd.capnp\";\n\
             const config :Workerd.Config = (services = [(name = \"main\", worker = .hello)],\n\
             sockets = [(name = \"http\", address = \"{address}\", http = (), service = \"main\")]);\n\
             const hello :Workerd.Worker = (modules = [(name = \"hello\", esModule = \"{script}\")],\n\
             compatibilityDate = \"2026-01-01\");\n",
            script = script.replace('\\', "\\\\")
        );
        let file = directory.path().join("hello.capnp");
        std::fs::write(&file, configuration).expect("it is written");
        Some(Self::start(Command::new(program).arg("serve").arg(file), address, directory))
    }

    fn start(command: &mut Command, address: String, directory: TempDir) -> Self {
        let mut process = command.stderr(Stdio::piped()).spawn().expect("it starts");
        let began = Instant::now();
        while std::net::TcpStream::connect(&address).is_err() {
            if let Some(status) = process.try_wait().expect("it is ours") {
                let said =
                    BufReader::new(process.stderr.take().expect("piped")).lines().map_while(Result::ok);
                panic!("it ended with {status}: {}", said.collect::<Vec<_>>().join("\n"));
            }
            assert!(began.elapsed() < Duration::from_secs(60), "it does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { address, process, _directory: directory }
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}

/// What `.ci/tools` has put into the cache.
fn tool(path: &str) -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    Some(cache.join("skep/tools").join(path)).filter(|tool| tool.exists())
}
