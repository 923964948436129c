//! The native API from the client's side.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use ureq::http::Response;
use ureq::{Agent, Body, RequestBuilder};

use super::failure::Failure;
use super::output::Output;

/// A server and a key for it.
pub(super) struct Client {
    agent: Agent,
    url: String,
    authorization: String,
    output: Output,
}

/// Where a server that was started here leaves its key.
const KEY_FILE: &str = "skep-data/admin.key";
/// How long an answer may take: longer than any call is waited for.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(25 * 60 * 60);
/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of an answer at most.
const ANSWER_BYTES_MAX: u64 = 256 << 20;

/// A text as it stands in a query.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

impl Client {
    pub(super) fn new(url: &str, token: Option<String>, output: Output) -> Result<Self, Failure> {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(Failure::Usage(format!("\"{url}\" is no URL: it begins with http:// or https://")));
        }
        let token = token.filter(|token| !token.trim().is_empty());
        // The key that a server left here is for a server that is here.
        let is_here =
            ["http://127.", "http://localhost", "http://[::1]"].iter().any(|start| url.starts_with(start));
        let left = || std::fs::read_to_string(KEY_FILE).ok().filter(|_| is_here);
        let token = token.or_else(left).ok_or_else(|| {
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
        Ok(Self { agent, url, authorization: format!("Bearer {token}"), output })
    }

    pub(super) fn get(&self, path: &str) -> Result<Value, Failure> {
        let _waiting = self.output.waiting();
        self.data(self.authorized(self.agent.get(self.to(path))).call())
    }

    /// Every item of a list, page by page.
    pub(super) fn get_all(&self, path: &str) -> Result<Value, Failure> {
        let (mut items, mut next) = (Vec::new(), String::new());
        let mark = if path.contains('?') { '&' } else { '?' };
        loop {
            let mut page = self.get(&format!("{path}{mark}limit=100{next}"))?;
            if let Some(more) = page["items"].as_array_mut() {
                items.append(more);
            }
            match page["lastEvaluatedKey"].as_str() {
                Some(key) => {
                    next = format!("&lastEvaluatedKey={}", encoded(key));
                }
                None => return Ok(json!(items)),
            }
        }
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let _waiting = self.output.waiting();
        self.data(self.authorized(self.agent.post(self.to(path))).send_json(body))
    }

    pub(super) fn patch(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let _waiting = self.output.waiting();
        self.data(self.authorized(self.agent.patch(self.to(path))).send_json(body))
    }

    pub(super) fn put(&self, path: &str, media_type: &str, bytes: &[u8]) -> Result<Value, Failure> {
        let _waiting = self.output.waiting();
        let request = self.authorized(self.agent.put(self.to(path)));
        self.data(request.content_type(media_type).send(bytes))
    }

    pub(super) fn delete(&self, path: &str) -> Result<Value, Failure> {
        let _waiting = self.output.waiting();
        self.data(self.authorized(self.agent.delete(self.to(path))).call())
    }

    /// A body that is not JSON.
    pub(super) fn get_bytes(&self, path: &str) -> Result<Vec<u8>, Failure> {
        let mut answer = self.succeeded(self.authorized(self.agent.get(self.to(path))).call())?;
        let read = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
        read.map_err(|error| self.unreachable(&error))
    }

    /// A body line by line, as it comes.
    pub(super) fn lines(
        &self,
        path: &str,
    ) -> Result<impl Iterator<Item = Result<String, Failure>> + use<>, Failure> {
        self.lines_of(self.authorized(self.agent.get(self.to(path))))
    }

    /// The lines of a stream of events, after the last one that was seen.
    pub(super) fn events(
        &self,
        path: &str,
        last: Option<&str>,
    ) -> Result<impl Iterator<Item = Result<String, Failure>> + use<>, Failure> {
        let mut request = self.authorized(self.agent.get(self.to(path)));
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        self.lines_of(request)
    }

    fn lines_of(
        &self,
        request: RequestBuilder<ureq::typestate::WithoutBody>,
    ) -> Result<impl Iterator<Item = Result<String, Failure>> + use<>, Failure> {
        let answer = self.succeeded(request.call())?;
        let lines = BufReader::new(answer.into_body().into_reader()).lines();
        let broke = |error: std::io::Error| Failure::Unreachable(format!("the answer broke off: {error}"));
        Ok(lines.map(move |line| line.map_err(broke)))
    }

    fn authorized<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
        request.header("Authorization", &self.authorization)
    }

    /// An answer whose body is still to be read, unless it is a refusal.
    fn succeeded(&self, answer: Result<Response<Body>, ureq::Error>) -> Result<Response<Body>, Failure> {
        match answer {
            Ok(answer) if answer.status().is_success() => Ok(answer),
            refused => match self.data(refused) {
                Ok(_) => Err(Failure::Unreachable("the answer makes no sense".into())),
                Err(failure) => Err(failure),
            },
        }
    }

    /// What may not stand in a URL is encoded, so that it is the server that says what is wrong with a name.
    fn to(&self, path: &str) -> String {
        let encoded = |byte: u8| match byte {
            b'!'..=b'~' if !b"\"<>\\^`{|}#".contains(&byte) => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        };
        format!("{}{}", self.url, path.bytes().map(encoded).collect::<String>())
    }

    fn data(&self, answer: Result<Response<Body>, ureq::Error>) -> Result<Value, Failure> {
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
