use std::net::{IpAddr, SocketAddr};

use hyper::HeaderMap;
use hyper::header::HeaderName;
use ipnet::IpNet;

/// A proxy that signs people in, and says so by a header.
#[derive(Debug, Clone)]
pub struct Proxy {
    header: HeaderName,
    networks: Vec<IpNet>,
}

impl Proxy {
    /// A proxy of these networks; `None` where `header` is no name of a header.
    pub fn new(header: &str, networks: Vec<IpNet>) -> Option<Self> {
        Some(Self { header: HeaderName::from_bytes(header.as_bytes()).ok()?, networks })
    }

    /// Returns whether a request is from the proxy and has an authenticated user.
    pub fn admits(&self, peer: SocketAddr, headers: &HeaderMap) -> bool {
        let peer = peer.ip().to_canonical();
        let is_proxy =
            self.networks.iter().any(|network: &IpNet| network.contains::<&IpAddr>(&peer));
        is_proxy && headers.get(&self.header).is_some_and(|person| !person.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    const HEADER: &str = "x-amzn-oidc-identity";

    fn admits(peer: &str, person: Option<&'static str>) -> bool {
        let networks = ["10.0.0.0/16", "10.9.0.0/24"].map(|network| network.parse().unwrap());
        let proxy = Proxy::new(HEADER, networks.to_vec()).unwrap();
        let person = person
            .map(|person| (HeaderName::from_static(HEADER), HeaderValue::from_static(person)));
        proxy.admits(peer.parse().unwrap(), &HeaderMap::from_iter(person))
    }

    #[test]
    fn a_proxys_header_counts_from_the_proxy_only() {
        assert!(admits("10.0.3.4:1", Some("ann")) && admits("10.9.0.4:1", Some("ann")));
        assert!(
            admits("[::ffff:10.0.3.4]:1", Some("ann")),
            "the same address, as a socket for both families tells it"
        );
        assert!(!admits("10.1.0.1:1", Some("ann")) && !admits("[::1]:1", Some("ann")));
    }

    #[test]
    fn somebody_who_is_not_signed_in_has_no_name() {
        assert!(!admits("10.0.3.4:1", None) && !admits("10.0.3.4:1", Some("")));
    }

    #[test]
    fn a_header_has_a_name_without_spaces() {
        assert!(Proxy::new("x oidc", Vec::new()).is_none());
    }
}
