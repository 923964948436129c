//! The first start's key: complete on disk before anything accepts it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use skep_domain::model::account::KEY_DIGITS;
use skep_domain::service::Services;
use skep_domain::{Error, Result};

/// Makes the admin account and its key, if there is no account yet.
pub(super) async fn ensure(services: &Services, path: &Path) -> Result<()> {
    if !services.auth.is_first_start().await? {
        return Ok(());
    }
    // A start that was cut short has left a key that nothing knows yet: take that.
    let key = match fs::read_to_string(path) {
        Ok(key) if key.len() == KEY_DIGITS => key,
        _ => create(path).map_err(Error::internal)?,
    };
    services.auth.create_admin(&key).await
}

fn create(path: &Path) -> io::Result<String> {
    let mut bytes = [0; KEY_DIGITS / 2];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let key = hex::encode(bytes);
    let temporary = path.with_extension("tmp");
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(key.as_bytes())?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    if let Some(directory) = path.parent() {
        File::open(directory)?.sync_all()?;
    }
    Ok(key)
}
