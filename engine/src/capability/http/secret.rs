//! Secrets that a guest uses without knowing them: in its environment it has a placeholder, and what that
//! stands for is put into the headers of requests on their way out, to the hosts that it is meant for.

use std::fmt;

use http::{HeaderMap, HeaderValue, Method};

use super::rule::{Destination, EgressRule};

/// A secret, and where it may go.
#[derive(Clone)]
pub struct Secret {
    /// The environment variable that has the placeholder.
    pub name: String,
    /// What is sent in its place.
    pub value: String,
    /// Where it may be sent.
    pub hosts: Vec<EgressRule>,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("name", &self.name).field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

/// Bytes of a header's value once secrets are in it.
const VALUE_BYTES_MAX: usize = 32 << 10;

/// The secrets of one instance, with their placeholders, which no other instance has.
#[derive(Default)]
pub(crate) struct Secrets(Vec<(String, Secret)>);

impl Secrets {
    pub(crate) fn new(secrets: &[Secret]) -> Self {
        let with_placeholder = |secret: &Secret| {
            let mut random = [0; 16];
            // Without it placeholders are still placeholders: a guest that guesses one has it anyway.
            let _ = getrandom::fill(&mut random);
            let random = u128::from_ne_bytes(random);
            (format!("skep-secret-{random:032x}"), secret.clone())
        };
        Self(secrets.iter().map(with_placeholder).collect())
    }

    /// The environment variables: name and placeholder.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(placeholder, secret)| (secret.name.as_str(), placeholder.as_str()))
    }

    /// Puts secrets in the place of their placeholders. Says no where one is not meant for the host, and
    /// where what comes out is no header.
    pub(super) fn put_in(&self, headers: &mut HeaderMap, method: &Method, to: &Destination) -> bool {
        headers.values_mut().all(|value| {
            self.0.iter().all(|(placeholder, secret)| {
                let Some(text) = value.to_str().ok().filter(|text| text.contains(placeholder)) else {
                    return true;
                };
                if !secret.hosts.iter().any(|rule| rule.allows(method, to)) {
                    return false;
                }
                let count = text.matches(placeholder.as_str()).count();
                if count * secret.value.len() + text.len() > VALUE_BYTES_MAX {
                    return false;
                }
                let Ok(mut whole) = HeaderValue::from_str(&text.replace(placeholder, &secret.value)) else {
                    return false;
                };
                whole.set_sensitive(true);
                *value = whole;
                true
            })
        })
    }
}
