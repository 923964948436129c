//! Other issuers whose tokens are taken: their public keys lie in a JWKS file, which is read again when it
//! changes.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use skep_domain::model::scope::Scopes;
use skep_domain::{Error, Result};

/// An issuer, as it is configured.
#[derive(Debug, Clone)]
pub(crate) struct Issuer {
    /// What its tokens' `iss` is.
    pub(crate) name: String,
    /// What of their `aud` must be.
    pub(crate) audience: String,
    /// The one algorithm that it signs with.
    pub(crate) algorithm: Algorithm,
    /// Its public keys.
    pub(crate) jwks: PathBuf,
    /// What its tokens may do at most.
    pub(crate) scopes: Scopes,
}

/// How often a file is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// Bytes of a JWKS file at most.
const JWKS_BYTES_MAX: u64 = 1 << 20;

/// Other issuers and their keys.
#[derive(Default)]
pub(crate) struct Issuers {
    issuers: Vec<(Issuer, Mutex<Keys>)>,
}

struct Keys {
    keys: Vec<(Option<String>, DecodingKey)>,
    stamp: Option<Stamp>,
    looked_at: Instant,
    /// Counts the readings: what was found under an older one is not believed.
    generation: u64,
}

/// What changes when a file is written anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: SystemTime,
    bytes: u64,
}

impl Issuers {
    /// Reads every issuer's keys.
    ///
    /// # Errors
    /// Which file cannot be used, and why.
    pub(crate) fn open(issuers: Vec<Issuer>) -> Result<Self> {
        let open = |issuer: Issuer| {
            let stamp = stamp(&issuer);
            let keys = read(&issuer)?;
            let keys = Keys { keys, stamp, looked_at: Instant::now(), generation: 0 };
            Ok((issuer, Mutex::new(keys)))
        };
        Ok(Self { issuers: issuers.into_iter().map(open).collect::<Result<_>>()? })
    }

    /// The issuer with this name, its key with this id, and how often its keys were read.
    pub(super) fn find(&self, name: &str, key_id: Option<&str>) -> Option<(&Issuer, DecodingKey, u64)> {
        let (issuer, keys) = self.issuers.iter().find(|(issuer, _)| issuer.name == name)?;
        let keys = fresh(issuer, keys);
        let key = match key_id {
            Some(id) => keys.keys.iter().find(|(known, _)| known.as_deref() == Some(id)),
            // Without an id there must be no choice.
            None => keys.keys.first().filter(|_| keys.keys.len() == 1),
        };
        key.map(|(_, key)| (issuer, key.clone(), keys.generation))
    }

    /// Whether nothing was read anew since.
    pub(super) fn is_current(&self, name: &str, generation: u64) -> bool {
        let found = self.issuers.iter().find(|(issuer, _)| issuer.name == name);
        found.is_some_and(|(issuer, keys)| fresh(issuer, keys).generation == generation)
    }
}

/// The keys, read again if their file has changed. A file that cannot be used changes nothing.
fn fresh<'a>(issuer: &Issuer, keys: &'a Mutex<Keys>) -> MutexGuard<'a, Keys> {
    let mut keys = keys.lock().unwrap_or_else(PoisonError::into_inner);
    if keys.looked_at.elapsed() < LOOK_INTERVAL {
        return keys;
    }
    keys.looked_at = Instant::now();
    let stamp = stamp(issuer);
    if stamp != keys.stamp {
        keys.stamp = stamp;
        match read(issuer) {
            Ok(read) => {
                tracing::info!(issuer = issuer.name, keys = read.len(), "the issuer's keys were read again");
                (keys.keys, keys.generation) = (read, keys.generation + 1);
            }
            Err(error) => {
                tracing::error!(issuer = issuer.name, error = error.chain(), "its old keys stay in use");
            }
        }
    }
    keys
}

fn stamp(issuer: &Issuer) -> Option<Stamp> {
    let file = std::fs::metadata(&issuer.jwks).ok()?;
    Some(Stamp { modified: file.modified().ok()?, bytes: file.len() })
}

fn read(issuer: &Issuer) -> Result<Vec<(Option<String>, DecodingKey)>> {
    let unusable = |why: String| {
        let file = issuer.jwks.display();
        Error::invalid(format!("the keys of issuer {} in {file} cannot be used: {why}", issuer.name))
    };
    let bytes = std::fs::metadata(&issuer.jwks).map_err(|error| unusable(error.to_string()))?.len();
    if bytes > JWKS_BYTES_MAX {
        return Err(unusable(format!("they have more than {JWKS_BYTES_MAX} bytes")));
    }
    let text = std::fs::read_to_string(&issuer.jwks).map_err(|error| unusable(error.to_string()))?;
    let set: JwkSet = serde_json::from_str(&text).map_err(|error| unusable(error.to_string()))?;
    let usable = set.keys.iter().filter(|key| fits(key, issuer.algorithm));
    let decoded = usable.map(|key| {
        let decoded = DecodingKey::from_jwk(key).map_err(|error| unusable(error.to_string()))?;
        Ok((key.common.key_id.clone(), decoded))
    });
    let keys: Vec<_> = decoded.collect::<Result<_>>()?;
    if keys.is_empty() {
        return Err(unusable(format!("none of them is for {:?}", issuer.algorithm)));
    }
    Ok(keys)
}

/// Whether a key is a public key for signatures of this very algorithm.
fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    let kind = match (&key.algorithm, algorithm) {
        (AlgorithmParameters::RSA(_), Algorithm::RS256) => true,
        (AlgorithmParameters::EllipticCurve(curve), Algorithm::ES256) => curve.curve == EllipticCurve::P256,
        (AlgorithmParameters::OctetKeyPair(pair), Algorithm::EdDSA) => pair.curve == EllipticCurve::Ed25519,
        _ => false,
    };
    let common = &key.common;
    let for_signatures = common.public_key_use.as_ref().is_none_or(|used| *used == PublicKeyUse::Signature);
    let named = common.key_algorithm.map(|known| known.to_string());
    kind && for_signatures && named.is_none_or(|named| named == format!("{algorithm:?}"))
}
