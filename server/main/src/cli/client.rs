//! The native API from the client's side.

use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::http::Response;

use super::failure::Failure;

/// A server and a key for it.
pub(super) struct Client {
    agent: Agent,
    url: String,
    authorization: String,
}

/// Where a server that was started here leaves its key.
const KEY_FILE: &str = "skep-data/admin.key";
/// How long an answer may take: longer than any call is waited for.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(25 * 60 * 60);
/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of an answer at most.
const ANSWER_BYTES_MAX: u64 = 256 << 20;

impl Client {
    pub(super) fn new(url: &str, token: Option<String>) -> Result<Self, Failure> {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(Failure::Usage(format!("\"{url}\" is no URL: it begins with http:// or https://")));
        }
        let token = token.filter(|token| !token.trim().is_empty());
        let token = token.or_else(|| std::fs::read_to_string(KEY_FILE).ok()).ok_or_else(|| {
            Failure::Usage(format!("no key: set SKEP_TOKEN, pass --token, or start where ./{KEY_FILE} is"))
        })?;
        let token = token.trim();
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Failure::Usage("the key has characters that no key has (see --token)".into()));
        }
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(ANSWER_TIMEOUT))
            .build()
            .into();
        let url = url.trim_end_matches('/').to_owned();
        Ok(Self { agent, url, authorization: format!("Bearer {token}") })
    }

    pub(super) fn get(&self, path: &str) -> Result<Value, Failure> {
        self.data(self.agent.get(self.to(path)).header("Authorization", &self.authorization).call())
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let request = self.agent.post(self.to(path)).header("Authorization", &self.authorization);
        self.data(request.send_json(body))
    }

    pub(super) fn put(&self, path: &str, bytes: &[u8]) -> Result<Value, Failure> {
        let request = self.agent.put(self.to(path)).header("Authorization", &self.authorization);
        self.data(request.content_type("application/wasm").send(bytes))
    }

    /// A body that is not JSON.
    pub(super) fn get_bytes(&self, path: &str) -> Result<Vec<u8>, Failure> {
        let answer = self.agent.get(self.to(path)).header("Authorization", &self.authorization).call();
        let mut answer = answer.map_err(|error| self.unreachable(&error))?;
        if !answer.status().is_success() {
            return self.data(Ok(answer)).map(|_| Vec::new());
        }
        let read = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
        read.map_err(|error| self.unreachable(&error))
    }

    fn to(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    fn data(&self, answer: Result<Response<ureq::Body>, ureq::Error>) -> Result<Value, Failure> {
        let mut answer = answer.map_err(|error| self.unreachable(&error))?;
        let status = answer.status();
        let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_json::<Value>();
        let mut body = body.map_err(|_| {
            Failure::Unreachable(format!("{} answers {status}, but not as a skep server does", self.url))
        })?;
        if status.is_success() {
            return Ok(body["data"].take());
        }
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let mut message = text("message").unwrap_or_else(|| status.to_string());
        if status.as_u16() == 401 {
            message.push_str(" (see --token)");
        }
        Err(Failure::Refused { code: text("code").unwrap_or_else(|| "UNAUTHENTICATED".into()), message })
    }

    fn unreachable(&self, error: &ureq::Error) -> Failure {
        Failure::Unreachable(format!("no answer from {}: {error}; is it running? (skep serve)", self.url))
    }
}
