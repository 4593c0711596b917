use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use ring::hmac;
use ring::rand::SystemRandom;
use tokio::sync::Semaphore;

use super::WebConfigError;

/// Who may read, and by which password.
///
/// A hash is made to be slow, so a password that was right once is remembered: as a keyed hash over the
/// user, the password and the hash it was right for. The key is of this process and of this
/// configuration, so that nobody can make two inputs that look alike, and a new configuration forgets.
/// Passwords that are wrong are not remembered: each costs a computation, of which few run at a time.
pub(crate) struct Users {
    hashes: BTreeMap<String, String>,
    /// Stands for the hash of a user who is not there, so that it takes as long to refuse him.
    nobody: String,
    key: hmac::Key,
    known: Mutex<HashSet<[u8; 32]>>,
    computing: Semaphore,
}

/// Computations of hashes at a time.
const AT_A_TIME: usize = 2;
/// Right passwords that are remembered.
const KNOWN: usize = 1000;

impl Users {
    pub(crate) fn new(path: &Path, hashes: BTreeMap<String, String>) -> Result<Self, WebConfigError> {
        for (user, hash) in &hashes {
            bcrypt::HashParts::from_str(hash).map_err(|_| {
                WebConfigError::new(
                    path,
                    format!("the password of {user:?} is not a bcrypt hash: make one with `htpasswd -nBC 10 {user}`"),
                )
            })?;
        }
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .map_err(|_| WebConfigError::new(path, "the system has no random numbers"))?;
        let nobody = hashes.values().next().cloned().unwrap_or_default();
        Ok(Self { hashes, nobody, key, known: Mutex::default(), computing: Semaphore::new(AT_A_TIME) })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Whether the headers of a request name a user and his password, or none are asked for.
    pub(crate) async fn admit(self: &Arc<Self>, headers: &HeaderMap) -> bool {
        if self.hashes.is_empty() {
            return true;
        }
        let Some((user, password)) = credentials(headers) else { return false };
        let hash = self.hashes.get(&user);
        let tag = self.tag(&user, &password, hash.map_or("", |hash| hash));
        if hash.is_some() && self.known().contains(&tag) {
            return true;
        }
        let Ok(_turn) = self.computing.acquire().await else { return false };
        let (known_user, hash) = (hash.is_some(), hash.unwrap_or(&self.nobody).clone());
        let verify = move || bcrypt::verify(&password, &hash).unwrap_or(false);
        let right = tokio::task::spawn_blocking(verify).await.unwrap_or(false) && known_user;
        if right {
            let mut known = self.known();
            if known.len() >= KNOWN {
                known.clear();
            }
            known.insert(tag);
        }
        right
    }

    fn tag(&self, user: &str, password: &[u8], hash: &str) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.key);
        for part in [user.as_bytes(), password, hash.as_bytes()] {
            // With its length before it, or else two triples could read the same.
            context.update(&(part.len() as u64).to_le_bytes());
            context.update(part);
        }
        let mut tag = [0; 32];
        tag.copy_from_slice(context.sign().as_ref());
        tag
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashSet<[u8; 32]>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// User and password of the header `Authorization`, if it is there once and readable.
fn credentials(headers: &HeaderMap) -> Option<(String, Vec<u8>)> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = base64::engine::general_purpose::STANDARD.decode(encoded.trim()).ok()?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    let user = std::str::from_utf8(&decoded[..colon]).ok()?.to_owned();
    Some((user, decoded[colon + 1..].to_vec()))
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users").field("names", &self.hashes.keys()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_of_one_user_one_password_and_one_hash() {
        let hash = bcrypt::hash("x", 4).unwrap();
        let users = Users::new(Path::new("web.yml"), [("ab".to_owned(), hash)].into()).unwrap();
        let tag = users.tag("ab", b"c", "hash");
        assert_eq!(tag, users.tag("ab", b"c", "hash"));
        for other in [
            users.tag("a", b"bc", "hash"),
            users.tag("abc", b"", "hash"),
            users.tag("ab", b"chash", ""),
            users.tag("ab", b"c", "hasx"),
            users.tag("ab", b"x", "hash"),
        ] {
            assert_ne!(tag, other);
        }
        let others = Users::new(Path::new("web.yml"), users.hashes.clone()).unwrap();
        assert_ne!(tag, others.tag("ab", b"c", "hash"), "each configuration has a key of its own");
    }
}
