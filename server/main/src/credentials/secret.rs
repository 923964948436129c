//! The server's own secret, `DATA/jwt.key`: what tokens are signed with and what is sealed under.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use chacha20poly1305::aead::{Aead, Generate, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use skep_domain::{Error, Result};

const BYTES: usize = 32;
const NONCE_BYTES: usize = 12;

/// 32 random bytes, and what is derived from them for each use.
pub(crate) struct Secret {
    signing: [u8; BYTES],
    cipher: ChaCha20Poly1305,
}

impl Secret {
    /// Reads the secret, or makes it at the first start.
    pub(crate) fn ensure(path: &Path) -> Result<Self> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut bytes = vec![0; BYTES];
                getrandom::fill(&mut bytes).map_err(Error::internal)?;
                write_durably(path, &bytes).map_err(Error::internal)?;
                bytes
            }
            Err(error) => return Err(Error::invalid("jwt.key cannot be read").caused_by(error)),
        };
        let bytes = <[u8; BYTES]>::try_from(bytes).map_err(|bytes| {
            let message = format!("jwt.key has {} bytes instead of {BYTES}; remove it to have a new one made: all tokens end then", bytes.len());
            Error::invalid(message)
        })?;
        Ok(Self::new(&bytes))
    }

    pub(crate) fn new(bytes: &[u8; BYTES]) -> Self {
        let derive = |purpose: &[u8]| -> [u8; BYTES] {
            let mut mac = Hmac::<Sha256>::new_from_slice(bytes).expect("any length will do for a key");
            mac.update(purpose);
            mac.finalize().into_bytes().into()
        };
        let cipher = ChaCha20Poly1305::new(&derive(b"skep seals").into());
        Self { signing: derive(b"skep tokens"), cipher }
    }

    /// What tokens are signed with.
    pub(super) fn signing(&self) -> &[u8] {
        &self.signing
    }

    pub(super) fn seal(&self, bytes: &[u8]) -> Result<Vec<u8>> {
        let nonce = Nonce::try_generate().map_err(|_| Error::internal("no randomness for a seal"))?;
        let sealed = self.cipher.encrypt(&nonce, bytes).map_err(|_| Error::internal("a seal failed"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    pub(super) fn open(&self, sealed: &[u8]) -> Result<Vec<u8>> {
        let broken = || Error::internal("what was sealed cannot be opened: jwt.key is another now");
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES).ok_or_else(broken)?;
        let nonce = Nonce::try_from(nonce).map_err(|_| broken())?;
        self.cipher.decrypt(&nonce, sealed).map_err(|_| broken())
    }
}

/// Writes a file of the owner's alone, whole and to the disk before it has its name.
pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_only_here_and_unchanged() {
        let (here, there) = (Secret::new(&[1; BYTES]), Secret::new(&[2; BYTES]));
        let sealed = here.seal(b"a key").expect("it is sealed");
        assert_eq!(here.open(&sealed).expect("it opens"), b"a key");
        assert!(there.open(&sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(here.open(&changed).is_err(), "byte {at}");
        }
        assert!(here.open(&[]).is_err());
    }
}
