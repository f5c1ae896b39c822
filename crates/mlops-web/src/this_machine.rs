use std::net::IpAddr;

use hyper::HeaderMap;
use hyper::header::HOST;

/// Whether a request names this machine as its host, or names none.
pub fn is_for_this_machine(headers: &HeaderMap) -> bool {
    headers.get(HOST).is_none_or(|host| is_this_machine(host.to_str().unwrap_or_default()))
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn a_name_that_others_made_point_here_is_another() {
        let is_here = |host| {
            is_for_this_machine(&HeaderMap::from_iter([(HOST, HeaderValue::from_static(host))]))
        };
        for host in ["localhost:8050", "127.0.0.1", "127.1.2.3:80", "[::1]:8050"] {
            assert!(is_here(host), "{host}");
        }
        for host in ["evil.example:8050", "127.0.0.1.evil.example", "[::2]", ""] {
            assert!(!is_here(host), "{host}");
        }
        assert!(is_for_this_machine(&HeaderMap::new()));
    }
}
