//! Authentication of the page's readers.

use std::net::SocketAddr;

use anyhow::Result;
use axum::http::{HeaderMap, HeaderValue};
use mlops_job::UsageError;
use mlops_web::{Proxy, Secrets, is_for_this_machine};

use crate::args::ServeArgs;

/// The clients that may read the page.
#[derive(Debug, Clone)]
pub(crate) enum Auth {
    /// Clients on this machine.
    ThisMachine,
    /// Clients that send a bearer token or a password.
    Secrets(Secrets),
    /// Clients that a proxy has authenticated.
    Proxy(Proxy),
}

impl Auth {
    /// Reads the policy from the arguments.
    ///
    /// # Errors
    ///
    /// [`UsageError`] for a public address without authentication, and for conflicting settings.
    pub(crate) fn new(args: &ServeArgs) -> Result<Self> {
        let token = args.bearer_token.as_ref().map(|token| token.expose());
        let basic = args.basic_auth.as_ref().map(|pair| pair.expose());
        if basic.is_some_and(|pair| !pair.contains(':')) {
            return Err(UsageError::new(
                "--basic-auth (DASHBOARD_BASIC_AUTH) must be USER:PASSWORD",
            )
            .into());
        }
        let secrets = Secrets::new(token, basic);
        if let Some(name) = &args.proxy_header {
            if secrets.are_set() {
                let message = "--proxy-header leaves authentication to a proxy; leave out --bearer-token and --basic-auth";
                return Err(UsageError::new(message).into());
            }
            let proxy = Proxy::new(name, args.proxy_network.clone());
            let proxy = proxy.ok_or_else(|| {
                UsageError::new(format!("--proxy-header: `{name}` is not a valid header name"))
            })?;
            return Ok(Self::Proxy(proxy));
        }
        match secrets.are_set() {
            true => Ok(Self::Secrets(secrets)),
            false if args.listen.ip().is_loopback() => Ok(Self::ThisMachine),
            false => {
                let message = format!(
                    "--listen {} is reachable from other machines without authentication; set --bearer-token, --basic-auth or \
                     --proxy-header, or listen at 127.0.0.1",
                    args.listen
                );
                Err(UsageError::new(message).into())
            }
        }
    }

    /// Whether a request of this address with these headers is answered.
    pub(crate) fn admits(&self, peer: SocketAddr, headers: &HeaderMap) -> bool {
        match self {
            Self::ThisMachine => is_for_this_machine(headers),
            Self::Secrets(secrets) => secrets.admit(headers),
            Self::Proxy(proxy) => proxy.admits(peer, headers),
        }
    }

    /// Returns the header that tells a browser which credentials to ask for.
    pub(crate) fn challenge(&self) -> Option<HeaderValue> {
        match self {
            Self::Secrets(secrets) => Some(secrets.challenge("dashboard")),
            Self::ThisMachine | Self::Proxy(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::Args;

    fn auth(arguments: &[&str]) -> Result<Auth> {
        let arguments = ["dashboard"].iter().chain(arguments);
        Auth::new(&Args::try_parse_from(arguments).unwrap().serve)
    }

    #[test]
    fn an_address_that_others_reach_needs_a_word_about_who_may_look() {
        for address in ["0.0.0.0:80", "[::]:80", "10.1.2.3:80"] {
            let error = auth(&["--listen", address]).unwrap_err().to_string();
            assert!(error.contains("--bearer-token"), "{address}: {error}");
            assert!(
                auth(&["--listen", address, "--bearer-token", "long enough"]).is_ok(),
                "{address}"
            );
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
    fn a_proxy_and_secrets_do_not_go_together() {
        let proxy = ["--proxy-header", "x-amzn-oidc-identity", "--proxy-network", "10.0.0.0/16"];
        assert!(matches!(auth(&proxy).unwrap(), Auth::Proxy(_)));
        assert!(auth(&[proxy.as_slice(), &["--basic-auth", "ann:s3cret"]].concat()).is_err());
        assert!(auth(&["--proxy-header", "x oidc", "--proxy-network", "10.0.0.0/16"]).is_err());
    }
}
