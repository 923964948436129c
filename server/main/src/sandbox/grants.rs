//! What a function is granted, in the engine's words.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use skep_domain::model::id::AccountId;
use skep_domain::model::settings::Settings;
use skep_domain::port::credentials::Credentials;
use skep_domain::{Error, Result};
use skep_engine::{EgressRule, Grants, Secret};

use super::models::ModelShelf;

/// Reads what a function is granted, without its secrets' values.
pub(super) fn check(settings: &Settings) -> Result<()> {
    rules("settings.grants.egress", &settings.grants.egress)?;
    for (name, secret) in &settings.secrets {
        rules(&format!("settings.secrets.{name}.hosts"), &secret.hosts)?;
    }
    Ok(())
}

/// Reads what a function of this account is granted.
pub(super) async fn read(
    settings: &Settings,
    account: AccountId,
    credentials: &dyn Credentials,
    shelf: &ModelShelf,
) -> Result<Grants> {
    let secrets = settings.secrets.iter().map(|(name, secret)| {
        let sealed = secret.sealed.as_deref().unwrap_or_default();
        let opened = credentials.open(&STANDARD.decode(sealed).map_err(Error::internal)?)?;
        let value = opened.strip_prefix(&account.to_bytes()[..]);
        let value = value.ok_or_else(|| Error::internal("a secret was sealed for another account"))?;
        let value = String::from_utf8(value.to_vec()).map_err(Error::internal)?;
        let hosts = rules(&format!("settings.secrets.{name}.hosts"), &secret.hosts)?;
        Ok(Secret { name: name.clone(), value, hosts })
    });
    let secrets = secrets.collect::<Result<_>>()?;
    let egress = rules("settings.grants.egress", &settings.grants.egress)?;
    let models = shelf.granted(account, &settings.grants.models).await?;
    Ok(Grants { egress, secrets, models, network: false })
}

fn rules(field: &str, texts: &[String]) -> Result<Vec<EgressRule>> {
    let rule = |text: &String| {
        EgressRule::from_str(text).map_err(|why| Error::invalid(format!("{field}: {why}")).field(field))
    };
    texts.iter().map(rule).collect()
}
