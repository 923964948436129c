//! Which server to ask, and with which key: flag > environment > profile > what a server left here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;

use super::client::Client;
use super::failure::Failure;
use super::output::Output;

/// What every command that asks a server takes.
#[derive(Args)]
pub(super) struct Connection {
    /// The server [default: that of the profile, or http://127.0.0.1:7070]
    #[arg(long, global = true, env = "SKEP_URL", value_name = "URL", help_heading = "Server")]
    url: Option<String>,
    /// The key or token [default: that of the profile, or what is in ./skep-data/admin.key]
    #[arg(
        long,
        env = "SKEP_TOKEN",
        global = true,
        hide_env_values = true,
        value_name = "KEY",
        help_heading = "Server"
    )]
    token: Option<String>,
    /// A profile of the configuration file
    #[arg(long, global = true, env = "SKEP_PROFILE", value_name = "NAME", help_heading = "Server")]
    profile: Option<String>,
    /// Print JSON instead of tables
    #[arg(long, global = true, help_heading = "Server")]
    pub(super) json: bool,
}

/// A command that asks a server: what it takes itself, and which server.
#[derive(Args)]
pub(super) struct Remote<A: Args> {
    #[command(flatten)]
    pub(super) own: A,
    #[command(flatten)]
    pub(super) connection: Connection,
}

/// The configuration file of the command line, `~/.config/skep/config.toml`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    /// The profile that is used where none is named.
    default: Option<String>,
    profiles: BTreeMap<String, Profile>,
}

/// A server and a key for it.
#[derive(Default, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Profile {
    url: Option<String>,
    token: Option<String>,
    /// A file that has the token.
    token_file: Option<PathBuf>,
}

/// Where a server listens if nobody says.
const URL: &str = "http://127.0.0.1:7070";

impl Connection {
    pub(super) fn output(&self) -> Output {
        Output { json: self.json }
    }

    /// The client for the server that is meant.
    pub(super) fn client(&self) -> Result<Client, Failure> {
        let profile = self.profile()?;
        // A profile's token is for the profile's server, and for no other that is named beside it.
        let own = self.url.is_none() || self.url == profile.url;
        let url = self.url.clone().or(profile.url).unwrap_or_else(|| URL.to_owned());
        let of_file = |path: PathBuf| {
            std::fs::read_to_string(&path).map_err(|error| {
                Failure::Usage(format!("the profile's token_file {}: {error}", path.display()))
            })
        };
        let token =
            match (self.token.clone(), profile.token.filter(|_| own), profile.token_file.filter(|_| own)) {
                (Some(token), _, _) | (None, Some(token), _) => Some(token),
                (None, None, Some(path)) => Some(of_file(path)?),
                (None, None, None) => None,
            };
        Client::new(&url, token, self.output())
    }

    fn profile(&self) -> Result<Profile, Failure> {
        let Some(path) = path() else { return Ok(Profile::default()) };
        let file = match std::fs::read_to_string(&path) {
            Ok(text) => toml::from_str::<File>(&text).map_err(|error| {
                Failure::Usage(format!("{}: {}", path.display(), error.to_string().trim_end()))
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => File::default(),
            Err(error) => return Err(super::failure::file(&path)(error)),
        };
        let Some(name) = self.profile.as_ref().or(file.default.as_ref()) else {
            return Ok(Profile::default());
        };
        file.profiles.get(name).cloned().ok_or_else(|| {
            let names: Vec<&str> = file.profiles.keys().map(String::as_str).collect();
            let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            Failure::Usage(format!("there is no profile \"{name}\" in {}; there are {there}", path.display()))
        })
    }
}

/// `$SKEP_CLI_CONFIG`, or `skep/config.toml` where configuration lies (the XDG base directories).
fn path() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || named("HOME").map(|home| home.join(".config"));
    let beside = || named("XDG_CONFIG_HOME").or_else(home).map(|folder| folder.join("skep/config.toml"));
    named("SKEP_CLI_CONFIG").or_else(beside)
}
