//! The first start's key: complete on disk before anything accepts it.

use std::fs;
use std::path::Path;

use skep_domain::model::account::Key;
use skep_domain::service::Services;
use skep_domain::{Error, Result};

use crate::credentials::{random_key, write_durably};

/// Makes the admin account and its key, if there is no account yet.
pub(super) async fn ensure(services: &Services, path: &Path) -> Result<()> {
    if !services.auth.is_first_start().await? {
        return Ok(());
    }
    // A start that was cut short has left a key that nothing knows yet: take that.
    let key = match fs::read_to_string(path) {
        Ok(key) if Key::is_one(&key) => key,
        _ => {
            let key = random_key().map_err(Error::internal)?;
            write_durably(path, key.as_bytes()).map_err(Error::internal)?;
            key
        }
    };
    services.auth.create_admin(&key).await
}
