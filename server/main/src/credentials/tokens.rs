//! Tokens (JWT, RFC 7519): this server's own, and those of other issuers. The issuer that a token names
//! fixes the algorithm and the key; what the token's header says of its algorithm must agree.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use skep_domain::model::account::unauthenticated;
use skep_domain::model::id::Sha256;
use skep_domain::model::scope::Scopes;
use skep_domain::model::time::Millis;
use skep_domain::model::token::{Claims, Subject};
use skep_domain::{Error, Result};

use super::issuers::Issuers;
use super::secret::Secret;

/// What this server calls itself, as issuer and as audience.
const OWN: &str = "skep";
/// Tokens that are known at once; one more empties the memory.
const KNOWN_MAX: usize = 4096;
/// How far the clocks of other issuers may be off, in seconds.
const LEEWAY_SECONDS: u64 = 30;

pub(super) struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    issuers: Issuers,
    /// Tokens whose signature is known to be right, by their hash.
    known: Mutex<HashMap<Sha256, Known>>,
}

#[derive(Clone)]
struct Known {
    claims: Claims,
    /// The issuer, and which reading of its keys; none for this server's own.
    issuer: Option<(String, u64)>,
}

/// The claims on the wire.
#[derive(Serialize, Deserialize)]
struct Wire {
    iss: String,
    sub: String,
    aud: Audience,
    exp: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<u64>,
    #[serde(default)]
    iat: Option<u64>,
    #[serde(default)]
    scope: String,
    /// The key that a token of this server was given for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// What the password's hash began with that it was given for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pwd: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn has(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Many(many) => many.iter().any(|one| one == name),
        }
    }
}

impl Tokens {
    pub(super) fn new(secret: &Secret, issuers: Issuers) -> Self {
        Self {
            encoding: EncodingKey::from_secret(secret.signing()),
            decoding: DecodingKey::from_secret(secret.signing()),
            issuers,
            known: Mutex::default(),
        }
    }

    pub(super) fn issue(&self, claims: &Claims) -> Result<String> {
        let seconds = |at: Millis| at.0 / 1000;
        let wire = Wire {
            iss: OWN.to_owned(),
            sub: match &claims.subject {
                Subject::Id(id) => id.to_string(),
                Subject::Name(name) => name.clone(),
            },
            aud: Audience::One(OWN.to_owned()),
            exp: seconds(claims.expires_at),
            nbf: None,
            iat: Some(seconds(claims.not_before)),
            scope: claims.scopes.names().join(" "),
            key: claims.key.map(|key| key.to_string()),
            pwd: claims.password.clone(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &wire, &self.encoding).map_err(Error::internal)
    }

    pub(super) fn verify(&self, token: &str) -> Result<Claims> {
        let hash = Sha256::of(token.as_bytes());
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&hash).cloned();
        let still = |known: &Known| match &known.issuer {
            None => true,
            Some((name, generation)) => self.issuers.is_current(name, *generation),
        };
        if let Some(known) = known.filter(still) {
            return Ok(known.claims);
        }
        // Why not, is not for whoever sent it.
        let verified = self.verify_new(token).ok_or_else(unauthenticated)?;
        let claims = verified.claims.clone();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(hash, verified);
        Ok(claims)
    }

    fn verify_new(&self, token: &str) -> Option<Known> {
        let issuer = issuer_of(token)?;
        if issuer == OWN {
            let wire = decode(token, &self.decoding, Algorithm::HS256)?;
            let claims = claims(&wire, OWN, 0)?;
            return Some(Known { claims, issuer: None });
        }
        let header = jsonwebtoken::decode_header(token).ok()?;
        let (issuer, key, generation) = self.issuers.find(&issuer, header.kid.as_deref())?;
        let wire = decode(token, &key, issuer.algorithm)?;
        let mut claims = claims(&wire, &issuer.audience, LEEWAY_SECONDS)?;
        claims.scopes = claims.scopes.and(issuer.scopes);
        // Only this server's tokens speak for its keys.
        claims.key = None;
        claims.password = None;
        Some(Known { claims, issuer: Some((issuer.name.clone(), generation)) })
    }
}

/// What a token says of its issuer: not to be believed before the signature is checked.
fn issuer_of(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Issued {
        iss: String,
    }
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice::<Issued>(&payload).ok().map(|issued| issued.iss)
}

/// Checks form, algorithm and signature. Times are for [`claims`], which is told what is asked of them.
fn decode(token: &str, key: &DecodingKey, algorithm: Algorithm) -> Option<Wire> {
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    jsonwebtoken::decode::<Wire>(token, key, &validation).ok().map(|token| token.claims)
}

fn claims(wire: &Wire, audience: &str, leeway: u64) -> Option<Claims> {
    if !wire.aud.has(audience) || wire.sub.is_empty() {
        return None;
    }
    let millis = |seconds: u64| Millis(seconds.saturating_mul(1000));
    let subject = wire.sub.parse().map_or_else(|_| Subject::Name(wire.sub.clone()), Subject::Id);
    let begin = wire.nbf.into_iter().chain(wire.iat).max().unwrap_or(0);
    Some(Claims {
        subject,
        scopes: Scopes::known(wire.scope.split(' ')),
        not_before: millis(begin.saturating_sub(leeway)),
        expires_at: millis(wire.exp.saturating_add(leeway)),
        key: wire.key.as_deref().and_then(|key| key.parse().ok()),
        password: wire.pwd.clone(),
    })
}

#[cfg(test)]
mod tests;
