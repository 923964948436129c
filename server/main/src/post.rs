//! Sends what webhooks tell, over HTTP. Addresses that only the server can reach are not dialled: the address that is
//! checked is the one that is dialled, and redirects are not followed.

use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use skep_domain::port::post::{Letter, Post};
use skep_engine::Block;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

/// How long a request may take, with its answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of an answer's head.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// Whoever sends.
pub(crate) struct HttpPost {
    agent: ureq::Agent,
}

impl HttpPost {
    /// One that may also send to addresses that the operator adds to those of the whole world.
    pub(crate) fn new(added: Vec<Block>) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .max_response_header_size(HEAD_BYTES_MAX)
            .max_idle_connections(0)
            .user_agent(concat!("skep/", env!("CARGO_PKG_VERSION")))
            // What the environment says of proxies is meant for other programs.
            .proxy(None)
            .build();
        let resolver = Checked { names: DefaultResolver::default(), added };
        Self { agent: ureq::Agent::with_parts(config, DefaultConnector::default(), resolver) }
    }
}

#[async_trait]
impl Post for HttpPost {
    async fn send(&self, letter: Letter) -> Result<u16, String> {
        let agent = self.agent.clone();
        let sent = tokio::task::spawn_blocking(move || send(&agent, letter));
        sent.await.unwrap_or_else(|_| Err("it could not be sent".to_owned()))
    }
}

fn send(agent: &ureq::Agent, letter: Letter) -> Result<u16, String> {
    let signed = letter.key.as_ref().map(|key| signature(key, &letter));
    let mut request = agent.post(&letter.url).header("content-type", "application/json; charset=utf-8");
    for (name, value) in &letter.headers {
        request = request.header(name, value);
    }
    request = request
        .header("webhook-id", letter.id.to_string())
        .header("webhook-timestamp", letter.at_seconds.to_string());
    if let Some(signed) = signed {
        request = request.header("webhook-signature", signed);
    }
    match request.send(letter.body) {
        Ok(answer) => Ok(answer.status().as_u16()),
        Err(ureq::Error::Timeout(_)) => Err(format!("there was no answer in {} s", TIMEOUT.as_secs())),
        Err(ureq::Error::HostNotFound) => Err("the name of the host is not known".to_owned()),
        Err(ureq::Error::BadUri(_)) => Err("the URL cannot be read".to_owned()),
        Err(ureq::Error::Io(error)) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            Err("the address is none that the whole world can reach, nor in egress.allow".to_owned())
        }
        Err(ureq::Error::Io(error)) => Err(format!("no connection: {}", error.kind())),
        Err(ureq::Error::Tls(_) | ureq::Error::Rustls(_)) => Err("TLS could not be agreed on".to_owned()),
        Err(_) => Err("the answer could not be read".to_owned()),
    }
}

/// The signature of the Standard Webhooks: HMAC-SHA256 over the id, the time and the body.
fn signature(key: &[u8], letter: &Letter) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length will do for a key");
    mac.update(format!("{}.{}.{}", letter.id, letter.at_seconds, letter.body).as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// Finds the addresses of names, but for those that may not be dialled.
#[derive(Debug)]
struct Checked {
    names: DefaultResolver,
    added: Vec<Block>,
}

impl Resolver for Checked {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.names.resolve(uri, config, timeout)?;
        let mut allowed = self.empty();
        for address in found.iter().filter(|address| Block::is_allowed(address.ip(), &self.added)) {
            allowed.push(*address);
        }
        match allowed.is_empty() {
            true => Err(ureq::Error::Io(std::io::ErrorKind::PermissionDenied.into())),
            false => Ok(allowed),
        }
    }
}
