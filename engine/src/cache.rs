//! Compiled code on disk: by the component's hash and the engine's fingerprint, with a MAC.
//!
//! Compiled code is machine code that will be run, so a file counts only if its MAC verifies under
//! a key that only this user can read. Anything else is compiled again.

use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use crate::error::Error;

/// A directory of compiled components.
pub(crate) struct Cache {
    directory: PathBuf,
    key: [u8; 32],
    fingerprint: u64,
}

/// Goes up with what is done to components before they are compiled.
const CODE_VERSION: u32 = 2;

impl Cache {
    /// Opens the directory, making it and its key if they are not there.
    pub(crate) fn open(directory: &Path, engine: &wasmtime::Engine) -> Result<Self, Error> {
        let failed = Error::files("opening its cache of compiled code");
        let key = fs::create_dir_all(directory).and_then(|()| key(directory)).map_err(failed)?;
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        CODE_VERSION.hash(&mut hasher);
        Ok(Self { directory: directory.to_owned(), key, fingerprint: hasher.finish() })
    }

    /// The compiled form of a component, if it is here and what it says it is.
    pub(crate) fn load(&self, engine: &wasmtime::Engine, component: &[u8]) -> Option<Component> {
        let path = self.path(component);
        let code = fs::read(&path).ok()?;
        let mac = fs::read(path.with_extension("mac")).ok()?;
        if self.mac(&path, &code).verify_slice(&mac).is_err() {
            tracing::warn!(path = %path.display(), "a compiled component does not verify; compiling it again");
            return None;
        }
        drop(code);
        #[expect(unsafe_code, reason = "the file was written by this engine, as its MAC has just shown")]
        let component = unsafe { Component::deserialize_file(engine, &path) };
        component.inspect_err(|error| tracing::warn!(%error, "a compiled component does not load")).ok()
    }

    /// Keeps machine code. A failure costs time later, nothing else.
    pub(crate) fn save(&self, component: &[u8], code: &[u8]) {
        let path = self.path(component);
        let mac = self.mac(&path, code).finalize().into_bytes();
        // The code first: a MAC without its code says nothing, code without its MAC is not read.
        let saved =
            write_atomically(&path, code).and_then(|()| write_atomically(&path.with_extension("mac"), &mac));
        if let Err(error) = saved {
            tracing::warn!(%error, "a compiled component could not be kept");
        }
    }

    fn path(&self, component: &[u8]) -> PathBuf {
        let hash = Sha256::digest(component);
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        self.directory.join(format!("{hash}-{:016x}.cwasm", self.fingerprint))
    }

    /// The MAC covers the name too, so that one component's code cannot stand in for another's.
    fn mac(&self, path: &Path, code: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("a MAC takes a key of any length");
        mac.update(path.file_name().map_or(&[][..], |name| name.as_encoded_bytes()));
        mac.update(code);
        mac
    }
}

fn key(directory: &Path) -> io::Result<[u8; 32]> {
    let path = directory.join("mac.key");
    let mut key = [0; 32];
    match File::open(&path).and_then(|mut file| file.read_exact(&mut key)) {
        Ok(()) => return Ok(key),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        // A key that was cut short is worth nothing: what was made under it is made again.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
        Err(error) => return Err(error),
    }
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    write_atomically(&path, &key)?;
    Ok(key)
}

/// Writes a file that only this user can read, whole or not at all.
fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary =
        path.with_extension(format!("tmp-{}-{:?}", std::process::id(), std::thread::current().id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(bytes).and_then(|()| fs::rename(&temporary, path)).inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })
}
