use std::path::PathBuf;

use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use serde_json::{Value, json};
use skep_domain::Code;
use skep_domain::model::id::{Ids, KeyId};
use skep_domain::model::scope::Scope;

use super::super::issuers::Issuer;
use super::*;

const NOW: Millis = Millis(1_800_000_000_000);

/// Private keys of issuers that only these tests know.
fn rsa_key() -> EncodingKey {
    let text: String = include_str!("rsa-key-of-the-test.b64").split_whitespace().collect();
    EncodingKey::from_rsa_der(&STANDARD.decode(text).expect("base64"))
}

fn ec_key() -> EncodingKey {
    let head = "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420";
    EncodingKey::from_ec_der(&[hex::decode(head).expect("hex"), vec![7; 32]].concat())
}

fn ed_key(seed: u8) -> EncodingKey {
    let head = "302e020100300506032b657004220420";
    EncodingKey::from_ed_der(&[hex::decode(head).expect("hex"), vec![seed; 32]].concat())
}

fn jwk(key: &EncodingKey, algorithm: Algorithm, id: &str) -> Jwk {
    let mut jwk = Jwk::from_encoding_key(key, algorithm).expect("a public key");
    jwk.common.key_id = Some(id.to_owned());
    jwk
}

struct World {
    tokens: Tokens,
    directory: tempfile::TempDir,
}

impl World {
    /// A server that takes tokens of three issuers, each with its own algorithm.
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let mut issuers = Vec::new();
        for (name, algorithm, key) in [
            ("https://rsa", Algorithm::RS256, rsa_key()),
            ("https://ec", Algorithm::ES256, ec_key()),
            ("https://ed", Algorithm::EdDSA, ed_key(7)),
        ] {
            let jwks = directory.path().join(format!("{algorithm:?}.json"));
            write(&jwks, &[jwk(&key, algorithm, "one")]);
            let scopes = Scopes::tenant();
            issuers.push(Issuer { name: name.into(), audience: "skep-test".into(), algorithm, jwks, scopes });
        }
        let secret = Secret::new(&[3; 32]);
        Self { tokens: Tokens::new(&secret, Issuers::open(issuers).expect("three files")), directory }
    }

    fn jwks(&self, algorithm: Algorithm) -> PathBuf {
        self.directory.path().join(format!("{algorithm:?}.json"))
    }

    fn code(&self, token: &str) -> Option<Code> {
        self.tokens.verify(token).err().map(|error| error.code())
    }
}

fn write(path: &std::path::Path, keys: &[Jwk]) {
    let set = JwkSet { keys: keys.to_vec() };
    std::fs::write(path, serde_json::to_string(&set).expect("JSON")).expect("it is written");
}

fn claims_of(issuer: &str) -> Value {
    let seconds = NOW.0 / 1000;
    json!({"iss": issuer, "aud": "skep-test", "sub": "alice", "exp": seconds + 600, "iat": seconds,
        "scope": "runs:read admin openid"})
}

fn sign(algorithm: Algorithm, key: &EncodingKey, claims: &Value) -> String {
    let mut header = Header::new(algorithm);
    header.kid = Some("one".into());
    jsonwebtoken::encode(&header, claims, key).expect("it is signed")
}

#[test]
fn a_token_of_this_server_is_known_again() {
    let world = World::new();
    let ids = Ids::default();
    let key: KeyId = ids.next(NOW);
    let claims = Claims {
        subject: Subject::Id(ids.next(NOW)),
        scopes: [Scope::RunsRead, Scope::Admin].into_iter().collect(),
        not_before: NOW,
        expires_at: NOW.plus(60_000),
        key: Some(key),
        password: None,
    };
    let token = world.tokens.issue(&claims).expect("it is signed");
    for _ in 0..2 {
        assert_eq!(world.tokens.verify(&token).expect("its own"), claims);
    }
    assert!(
        claims.is_valid(NOW) && !claims.is_valid(NOW.plus(60_000)) && !claims.is_valid(Millis(NOW.0 - 1))
    );
    let other = Tokens::new(&Secret::new(&[4; 32]), Issuers::default());
    assert_eq!(other.verify(&token).err().map(|error| error.code()), Some(Code::Unauthenticated));
}

#[test]
fn tokens_of_other_issuers_are_taken_with_what_the_issuer_may() {
    let world = World::new();
    for (issuer, algorithm, key) in [
        ("https://rsa", Algorithm::RS256, rsa_key()),
        ("https://ec", Algorithm::ES256, ec_key()),
        ("https://ed", Algorithm::EdDSA, ed_key(7)),
    ] {
        let token = sign(algorithm, &key, &claims_of(issuer));
        let claims = world.tokens.verify(&token).expect(issuer);
        assert_eq!(claims.subject, Subject::Name("alice".into()));
        assert_eq!(claims.scopes.names(), ["runs:read"], "admin is not the issuer's to give");
        assert!(claims.key.is_none());
    }
}

#[test]
fn the_algorithm_is_the_issuers_not_the_tokens() {
    let world = World::new();
    // Signed with what anybody knows, the public key, as if it were a shared secret.
    let public = std::fs::read(world.jwks(Algorithm::RS256)).expect("a file");
    let modulus = serde_json::from_slice::<Value>(&public).expect("JSON")["keys"][0]["n"].clone();
    for secret in [public, modulus.as_str().expect("a modulus").as_bytes().to_vec(), Vec::new()] {
        let key = EncodingKey::from_secret(&secret);
        for issuer in ["https://rsa", "https://ec", "https://ed", "skep"] {
            let token = sign(Algorithm::HS256, &key, &claims_of(issuer));
            assert_eq!(world.code(&token), Some(Code::Unauthenticated), "{issuer}");
        }
    }
    // Another issuer's key and algorithm, which are right in themselves.
    let token = sign(Algorithm::EdDSA, &ed_key(7), &claims_of("https://rsa"));
    assert_eq!(world.code(&token), Some(Code::Unauthenticated));
    let token = sign(Algorithm::RS256, &rsa_key(), &claims_of("skep"));
    assert_eq!(world.code(&token), Some(Code::Unauthenticated));
}

#[test]
fn unsigned_and_changed_tokens_are_refused() {
    let world = World::new();
    let claims = claims_of("https://ed");
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    for algorithm in ["none", "None", "NONE", "HS256", "EdDSA"] {
        let head = part(&json!({"alg": algorithm, "typ": "JWT", "kid": "one"}));
        for signature in ["", "AAAA"] {
            let token = format!("{head}.{}.{signature}", part(&claims));
            assert_eq!(world.code(&token), Some(Code::Unauthenticated), "{algorithm}");
        }
    }
    let token = sign(Algorithm::EdDSA, &ed_key(7), &claims);
    let parts: Vec<&str> = token.split('.').collect();
    let mut more = claims.clone();
    more["scope"] = json!("runs:write");
    for changed in [
        format!("{}.{}.{}", parts[0], part(&more), parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}", parts[0], parts[1]),
        format!("{token}.{}", parts[2]),
        format!(" {token}"),
        "..".into(),
        "a.b.c".into(),
        String::new(),
    ] {
        assert_eq!(world.code(&changed), Some(Code::Unauthenticated), "{changed}");
    }
}

#[test]
fn foreign_tokens_are_refused() {
    let world = World::new();
    let stranger = sign(Algorithm::EdDSA, &ed_key(8), &claims_of("https://ed"));
    assert_eq!(world.code(&stranger), Some(Code::Unauthenticated), "another's key");
    for (name, value) in [
        ("iss", json!("https://elsewhere")),
        ("aud", json!("another-service")),
        ("aud", json!(["a", "b"])),
        ("sub", json!("")),
        ("sub", Value::Null),
        ("exp", Value::Null),
        ("aud", Value::Null),
    ] {
        let mut claims = claims_of("https://ed");
        match value {
            Value::Null => drop(claims.as_object_mut().expect("an object").remove(name)),
            value => claims[name] = value,
        }
        let token = sign(Algorithm::EdDSA, &ed_key(7), &claims);
        assert_eq!(world.code(&token), Some(Code::Unauthenticated), "{name}");
    }
    let mut claims = claims_of("https://ed");
    claims["aud"] = json!(["another-service", "skep-test"]);
    assert!(world.tokens.verify(&sign(Algorithm::EdDSA, &ed_key(7), &claims)).is_ok());
}

#[test]
fn times_are_kept_with_a_leeway_for_other_clocks() {
    let world = World::new();
    let seconds = NOW.0 / 1000;
    let valid = |name: &str, at: u64| {
        let mut claims = claims_of("https://ed");
        claims[name] = json!(at);
        let token = sign(Algorithm::EdDSA, &ed_key(7), &claims);
        world.tokens.verify(&token).expect("it is signed well").is_valid(NOW)
    };
    assert!(valid("exp", seconds - 29) && !valid("exp", seconds - 31), "expired");
    assert!(valid("nbf", seconds + 29) && !valid("nbf", seconds + 31), "not yet");
    assert!(valid("iat", seconds + 29) && !valid("iat", seconds + 31), "of the future");
    assert!(valid("exp", u64::MAX));
}

#[test]
fn keys_are_read_again_when_their_file_changes() {
    let world = World::new();
    let (old, new) = (
        sign(Algorithm::EdDSA, &ed_key(7), &claims_of("https://ed")),
        sign(Algorithm::EdDSA, &ed_key(9), &claims_of("https://ed")),
    );
    assert!(world.tokens.verify(&old).is_ok());
    assert_eq!(world.code(&new), Some(Code::Unauthenticated));
    let jwks = world.jwks(Algorithm::EdDSA);
    // A file in the middle of being written changes nothing.
    std::fs::write(&jwks, "{\"keys\": [").expect("it is written");
    wait_until(|| world.tokens.verify(&old).is_ok());
    write(&jwks, &[jwk(&ed_key(9), Algorithm::EdDSA, "one"), jwk(&ed_key(10), Algorithm::EdDSA, "two")]);
    wait_until(|| world.tokens.verify(&new).is_ok());
    assert_eq!(world.code(&old), Some(Code::Unauthenticated), "although it was known");
}

/// The file is looked at now and then only.
fn wait_until(is_so: impl Fn() -> bool) {
    let began = std::time::Instant::now();
    while !is_so() {
        assert!(began.elapsed().as_secs() < 20, "it never is");
        std::thread::yield_now();
    }
}

#[test]
fn keys_that_are_for_something_else_are_left_out() {
    let directory = tempfile::tempdir().expect("a directory");
    let open = |algorithm: Algorithm, keys: &[Jwk]| {
        let jwks = directory.path().join("jwks.json");
        write(&jwks, keys);
        let (name, audience) = ("https://a".to_owned(), "b".to_owned());
        Issuers::open(vec![Issuer { name, audience, algorithm, jwks, scopes: Scopes::tenant() }]).map(drop)
    };
    let ec = jwk(&ec_key(), Algorithm::ES256, "one");
    assert!(open(Algorithm::ES256, std::slice::from_ref(&ec)).is_ok());
    assert!(open(Algorithm::RS256, std::slice::from_ref(&ec)).is_err());
    let mut encrypting = ec.clone();
    encrypting.common.public_key_use = Some(jsonwebtoken::jwk::PublicKeyUse::Encryption);
    assert!(open(Algorithm::ES256, &[encrypting]).is_err());
    let secret = Jwk::from_encoding_key(&EncodingKey::from_secret(b"s"), Algorithm::HS256).expect("a key");
    assert!(open(Algorithm::ES256, &[secret]).is_err());
    assert!(open(Algorithm::ES256, &[]).is_err());
}
