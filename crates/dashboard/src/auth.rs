//! Who may look.

use std::net::{IpAddr, SocketAddr};

use anyhow::Result;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ipnet::IpNet;
use mlops_job::UsageError;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::args::ServeArgs;

/// Whom the page is served to.
#[derive(Debug, Clone)]
pub(crate) enum Auth {
    /// Who is on this machine.
    ThisMachine,
    /// Who knows one of these values of `Authorization`, of which the digests are kept.
    Secrets { digests: Vec<[u8; 32]>, asks_for_password: bool },
    /// Whom a proxy of these networks has signed in.
    Proxy { header: HeaderName, networks: Vec<IpNet> },
}

impl Auth {
    /// What the arguments say.
    ///
    /// # Errors
    ///
    /// [`UsageError`] for an address that others can reach without a word about who may look, and for settings that do not go together.
    pub(crate) fn new(args: &ServeArgs) -> Result<Self> {
        let mut secrets = Vec::new();
        if let Some(token) = &args.bearer_token {
            secrets.push(format!("Bearer {}", token.expose()));
        }
        if let Some(pair) = &args.basic_auth {
            if !pair.expose().contains(':') {
                return Err(UsageError::new("--basic-auth (DASHBOARD_BASIC_AUTH) must be USER:PASSWORD").into());
            }
            secrets.push(format!("Basic {}", BASE64_STANDARD.encode(pair.expose())));
        }
        if let Some(name) = &args.proxy_header {
            if !secrets.is_empty() {
                let message =
                    "--proxy-header leaves it to a proxy who may look; leave out --bearer-token and --basic-auth";
                return Err(UsageError::new(message).into());
            }
            let header = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| UsageError::new(format!("--proxy-header: `{name}` is no name of a header")))?;
            return Ok(Self::Proxy { header, networks: args.proxy_network.clone() });
        }
        if secrets.is_empty() {
            return match args.listen.ip().is_loopback() {
                true => Ok(Self::ThisMachine),
                false => {
                    let message = format!(
                        "others can reach --listen {}, and anybody could look; say who may by --bearer-token, --basic-auth or \
                         --proxy-header, or listen at 127.0.0.1",
                        args.listen
                    );
                    Err(UsageError::new(message).into())
                }
            };
        }
        let digests = secrets.iter().map(|secret| digest(secret.as_bytes())).collect();
        Ok(Self::Secrets { digests, asks_for_password: args.basic_auth.is_some() })
    }

    /// Whether a request of this address with these headers is answered.
    pub(crate) fn admits(&self, peer: SocketAddr, headers: &HeaderMap) -> bool {
        match self {
            // Another site's page may send a reader's browser here by a name that it made point to this machine.
            Self::ThisMachine => headers.get("host").is_none_or(|host| is_this_machine(host.to_str().unwrap_or(""))),
            Self::Secrets { digests, .. } => headers.get(AUTHORIZATION).is_some_and(|given| {
                let given = digest(given.as_bytes());
                // Every digest is compared to its end, whatever the others said.
                digests.iter().fold(0, |found, known| found | known.ct_eq(&given).unwrap_u8()) == 1
            }),
            Self::Proxy { header, networks } => {
                let peer = peer.ip().to_canonical();
                let is_proxy = networks.iter().any(|network: &IpNet| network.contains::<&IpAddr>(&peer));
                is_proxy && headers.get(header).is_some_and(|person| !person.is_empty())
            }
        }
    }

    /// What a browser is told to ask for.
    pub(crate) fn challenge(&self) -> Option<&'static str> {
        match self {
            Self::Secrets { asks_for_password: true, .. } => Some("Basic realm=\"dashboard\", charset=\"UTF-8\""),
            Self::Secrets { asks_for_password: false, .. } => Some("Bearer"),
            Self::ThisMachine | Self::Proxy { .. } => None,
        }
    }
}

/// Of equal length whatever was given, so that a comparison does not tell how long the secret is.
fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or(""),
    };
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use clap::Parser;

    use super::*;
    use crate::Args;

    fn auth(arguments: &[&str]) -> Result<Auth> {
        let arguments = ["dashboard"].iter().chain(arguments);
        Auth::new(&Args::try_parse_from(arguments).unwrap().serve)
    }

    fn admits(auth: &Auth, peer: &str, header: Option<(&'static str, &str)>) -> bool {
        let mut headers = HeaderMap::new();
        if let Some((name, value)) = header {
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        }
        auth.admits(peer.parse().unwrap(), &headers)
    }

    #[test]
    fn an_address_that_others_reach_needs_a_word_about_who_may_look() {
        for address in ["0.0.0.0:80", "[::]:80", "10.1.2.3:80"] {
            let error = auth(&["--listen", address]).unwrap_err().to_string();
            assert!(error.contains("--bearer-token"), "{address}: {error}");
            assert!(auth(&["--listen", address, "--bearer-token", "long enough"]).is_ok(), "{address}");
        }
        assert!(auth(&["--listen", "[::1]:80"]).is_ok());
    }

    #[test]
    fn a_secret_is_shown_nowhere_and_not_too_short() {
        let args = Args::try_parse_from(["dashboard", "--bearer-token", "s3cret-token"]).unwrap();
        assert!(!format!("{args:?}").contains("s3cret"), "{args:?}");
        assert!(Args::try_parse_from(["dashboard", "--bearer-token", "short"]).is_err());
        assert!(auth(&["--basic-auth", "no colon at all"]).is_err());
    }

    #[test]
    fn a_token_or_a_password_is_needed_whole() {
        let auth = auth(&["--bearer-token", "s3cret-token", "--basic-auth", "ann:s3cret"]).unwrap();
        let given = |value: &str| admits(&auth, "10.0.0.9:1", Some(("authorization", value)));
        assert!(given("Bearer s3cret-token") && given("Basic YW5uOnMzY3JldA=="));
        for wrong in ["Bearer s3cret-toke", "Bearer s3cret-tokens", "s3cret-token", "Basic YW5uOnM=", ""] {
            assert!(!given(wrong), "{wrong}");
        }
        assert!(!admits(&auth, "127.0.0.1:1", None));
    }

    #[test]
    fn a_proxys_header_counts_from_the_proxy_only() {
        let header = ["--proxy-header", "x-amzn-oidc-identity", "--proxy-network", "10.0.0.0/16,10.9.0.0/24"];
        let auth = auth(&[&["--listen", "0.0.0.0:80"], header.as_slice()].concat()).unwrap();
        let ann = Some(("x-amzn-oidc-identity", "ann"));
        assert!(admits(&auth, "10.0.3.4:1", ann) && admits(&auth, "10.9.0.4:1", ann));
        assert!(admits(&auth, "[::ffff:10.0.3.4]:1", ann), "the same address, as a socket for both families tells it");
        assert!(!admits(&auth, "10.1.0.1:1", ann) && !admits(&auth, "10.0.3.4:1", None));
        assert!(!admits(&auth, "10.0.3.4:1", Some(("x-amzn-oidc-identity", ""))));
    }

    #[test]
    fn a_name_that_others_made_point_here_is_refused() {
        let auth = auth(&[]).unwrap();
        for host in ["localhost:8050", "127.0.0.1", "[::1]:8050"] {
            assert!(admits(&auth, "127.0.0.1:1", Some(("host", host))), "{host}");
        }
        for host in ["evil.example:8050", "127.0.0.1.evil.example", "[::2]"] {
            assert!(!admits(&auth, "127.0.0.1:1", Some(("host", host))), "{host}");
        }
    }
}
