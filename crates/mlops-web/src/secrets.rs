use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderValue};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Secrets that callers bring in `authorization`, as digests; no secret stays in memory.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    bearer: Option<[u8; 32]>,
    basic: Option<[u8; 32]>,
}

impl Secrets {
    /// A bearer token, and `USER:PASSWORD` for basic authentication.
    pub fn new(token: Option<&str>, basic: Option<&str>) -> Self {
        Self {
            bearer: token.map(|token| digest(token.as_bytes())),
            basic: basic.map(|basic| digest(STANDARD.encode(basic).as_bytes())),
        }
    }

    /// Whether there are any.
    pub fn are_set(&self) -> bool {
        self.bearer.is_some() || self.basic.is_some()
    }

    /// Whether the caller brings one of them, whole.
    pub fn admit(&self, headers: &HeaderMap) -> bool {
        let Some(given) = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes) else {
            return false;
        };
        let Some(end) = given.iter().position(|byte| *byte == b' ') else { return false };
        let (scheme, secret) = (&given[..end], given[end..].trim_ascii());
        let wanted = match () {
            () if scheme.eq_ignore_ascii_case(b"bearer") => self.bearer,
            () if scheme.eq_ignore_ascii_case(b"basic") => self.basic,
            () => None,
        };
        wanted.is_some_and(|wanted| wanted.ct_eq(&digest(secret)).into())
    }

    /// Returns the header `www-authenticate` for a client without credentials: Basic if a password is
    /// set, because browsers support it, else Bearer.
    pub fn challenge(&self, realm: &str) -> HeaderValue {
        let challenge = match self.basic {
            Some(_) => format!("Basic realm=\"{realm}\", charset=\"UTF-8\""),
            None => format!("Bearer realm=\"{realm}\""),
        };
        HeaderValue::try_from(challenge).unwrap_or(HeaderValue::from_static("Bearer"))
    }
}

/// Returns a digest of constant length, so that the time of a comparison does not reveal the length
/// of the secret.
fn digest(secret: &[u8]) -> [u8; 32] {
    Sha256::digest(secret).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn a_token_or_a_password_is_needed_whole() {
        let secrets = Secrets::new(Some("s3cret-token"), Some("ann:s3cret"));
        for right in [
            "Bearer s3cret-token",
            "bearer  s3cret-token ",
            "Basic YW5uOnMzY3JldA==",
            "BASIC YW5uOnMzY3JldA==",
        ] {
            assert!(secrets.admit(&given(right)), "{right}");
        }
        for wrong in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer s3cret-toke",
            "Bearer s3cret-tokens",
            "s3cret-token",
            "Basic s3cret-token",
            "Bearer YW5uOnMzY3JldA==",
            "Basic YW5uOnM=",
        ] {
            assert!(!secrets.admit(&given(wrong)), "{wrong}");
        }
        assert!(!secrets.admit(&HeaderMap::new()));
    }

    #[test]
    fn without_secrets_nobody_brings_one() {
        let secrets = Secrets::default();
        assert!(
            !secrets.are_set()
                && !secrets.admit(&given("Bearer "))
                && !secrets.admit(&given("Basic Og=="))
        );
    }

    #[test]
    fn a_browser_is_told_to_ask_for_a_password_where_there_is_one() {
        let challenge = |token, basic| {
            Secrets::new(token, basic).challenge("score").to_str().unwrap().to_owned()
        };
        assert_eq!(challenge(Some("s3cret-token"), None), "Bearer realm=\"score\"");
        assert_eq!(
            challenge(Some("s3cret-token"), Some("a:b")),
            "Basic realm=\"score\", charset=\"UTF-8\""
        );
    }

    #[test]
    fn a_secret_is_shown_nowhere() {
        let shown = format!("{:?}", Secrets::new(Some("s3cret-token"), Some("ann:s3cret")));
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
