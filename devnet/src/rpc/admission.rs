//! Which requests the devnet admits: the accounts are unlocked, so any web page could send transactions from them.
//!
//! Lives here: the one rule for HTTP and WebSocket: the host that a request is addressed to must be known, and the web page that
//! it comes from must be allowed. Not here: limits on connections (`connections`).

use std::net::IpAddr;

use hyper::http::uri::Authority;
use hyper::{HeaderMap, Uri, header};

use crate::config::Config;
use crate::rpc::server::ServerError;

/// The rule, derived from the settings.
pub(super) struct Admission {
    /// Hosts in lower case, with a port only if one port is meant; `None` for all.
    hosts: Option<Vec<String>>,
    /// Origins as browsers write them; `None` for all.
    origins: Option<Vec<String>>,
}

/// Why a request is refused, and the flag that would allow it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum Stranger {
    #[error("the request names no host")]
    NoHost,
    #[error("the host {0:?} is not allowed: start with --allow-host {0} to accept requests to it")]
    Host(String),
    #[error(
        "web pages of {0:?} may not send requests: start with --allow-origin {0} to allow them"
    )]
    Origin(String),
}

impl Admission {
    /// The rule that the settings define.
    ///
    /// # Errors
    /// If an allowed host is not a host, or an allowed origin not an origin.
    pub(super) fn new(config: &Config) -> Result<Self, ServerError> {
        let mut hosts = vec!["localhost".to_owned(), "127.0.0.1".into(), "[::1]".into()];
        if !config.host.is_unspecified() {
            hosts.push(match config.host {
                IpAddr::V4(host) => host.to_string(),
                IpAddr::V6(host) => format!("[{host}]"),
            });
        }
        for host in &config.allow_host {
            let is_host = host == "*" || host.parse::<Authority>().is_ok_and(|it| it == *host);
            if !is_host || host.contains('@') {
                return Err(ServerError::Host(host.clone()));
            }
            hosts.push(host.to_ascii_lowercase());
        }
        let mut origins = Vec::new();
        for origin in &config.allow_origin {
            origins.push(as_origin(origin).ok_or_else(|| ServerError::Origin(origin.clone()))?);
        }
        let all = |list: Vec<String>| (!list.iter().any(|item| item == "*")).then_some(list);
        Ok(Self {
            hosts: all(hosts),
            origins: all(origins),
        })
    }

    /// The origins that may send requests; `None` for all.
    pub(super) fn origins(&self) -> Option<&[String]> {
        self.origins.as_deref()
    }

    /// Checks whether to admit a request.
    ///
    /// # Errors
    /// If it is addressed to an unknown host, or comes from a page that is not allowed.
    pub(super) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Stranger> {
        if let Some(hosts) = &self.hosts {
            let host = headers.get(header::HOST);
            let named = host.and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
            let named = uri.authority().cloned().or(named);
            let named = named.ok_or(Stranger::NoHost)?;
            let host = named.host().to_ascii_lowercase();
            let with_port = named.as_str().to_ascii_lowercase();
            if !hosts
                .iter()
                .any(|known| *known == host || *known == with_port)
            {
                return Err(Stranger::Host(host));
            }
        }
        if let Some(origins) = &self.origins {
            for origin in headers.get_all(header::ORIGIN) {
                let origin = String::from_utf8_lossy(origin.as_bytes()).into_owned();
                if may_be_pages(&origin) && !origins.contains(&origin.to_ascii_lowercase()) {
                    return Err(Stranger::Origin(origin));
                }
            }
        }
        Ok(())
    }
}

/// Whether a browser can have written this, for which an origin is `null` or has a scheme. A program that writes its own name there, as
/// Titanoboa does, could as well write nothing.
fn may_be_pages(origin: &str) -> bool {
    origin.is_empty() || origin.eq_ignore_ascii_case("null") || origin.contains(':')
}

/// An origin as browsers write it: scheme and host, in lower case, without a path or the scheme's default port.
fn as_origin(text: &str) -> Option<String> {
    let text = text.strip_suffix('/').unwrap_or(text).to_ascii_lowercase();
    if text == "*" || text == "null" {
        return Some(text);
    }
    let (scheme, rest) = text.split_once("://")?;
    let authority: Authority = rest.parse().ok()?;
    let usual = match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    if rest.contains('@') || authority.as_str() != rest || scheme.is_empty() {
        return None;
    }
    Some(match authority.port_u16() {
        Some(port) if Some(port) == usual => format!("{scheme}://{}", authority.host()),
        _ => text.clone(),
    })
}

#[cfg(test)]
mod tests {
    use hyper::http::HeaderValue;

    use super::*;

    fn admission(hosts: &[&str], origins: &[&str]) -> Admission {
        let owned = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect();
        Admission::new(&Config {
            allow_host: owned(hosts),
            allow_origin: owned(origins),
            ..Config::default()
        })
        .unwrap()
    }

    fn check(admission: &Admission, host: &str, origin: Option<&str>, expected: &str) {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_str(host).unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
        }
        let got = admission.check(&Uri::from_static("/"), &headers);
        let got = got.map_or_else(|stranger| stranger.to_string(), |()| String::new());
        assert_eq!(got, expected, "{host} {origin:?}");
    }

    #[test]
    fn hosts_have_to_be_known() {
        let usual = admission(&[], &[]);
        for host in ["localhost", "LOCALHOST:1", "127.0.0.1:8547", "[::1]:8547"] {
            check(&usual, host, None, "");
        }
        let refused = "the host \"evil.example\" is not allowed: start with --allow-host evil.example to accept requests to it";
        check(&usual, "evil.example:8547", None, refused);
        check(
            &usual,
            "localhost.evil.example",
            None,
            "the host \"localhost.evil.example\" is not allowed: start with --allow-host localhost.evil.example to \
             accept requests to it",
        );
        let more = admission(&["Devnet.test", "other.test:80"], &[]);
        check(&more, "devnet.test:80", None, "");
        check(&more, "other.test:80", None, "");
        check(
            &more,
            "other.test:81",
            None,
            "the host \"other.test\" is not allowed: start with --allow-host other.test to accept requests to it",
        );
        check(&admission(&["*"], &[]), "evil.example", None, "");
    }

    #[test]
    fn origins_have_to_be_allowed() {
        let page = "https://page.example";
        let refused = |origin: &str| {
            format!(
                "web pages of {origin:?} may not send requests: start with --allow-origin {origin} to allow them"
            )
        };
        for origin in [page, "null", "http://localhost:3000", ""] {
            check(
                &admission(&[], &[]),
                "localhost",
                Some(origin),
                &refused(origin),
            );
        }
        check(&admission(&[], &[]), "localhost", Some("Titanoboa"), "");
        let one = admission(&[], &["https://page.example:443/"]);
        check(&one, "localhost", Some(page), "");
        check(&one, "localhost", None, "");
        for other in [
            "http://page.example",
            "https://page.example:8443",
            "https://page.example.evil.example",
            "null",
        ] {
            check(&one, "localhost", Some(other), &refused(other));
        }
        check(&admission(&[], &["*"]), "localhost", Some("null"), "");
    }

    #[test]
    fn what_is_no_host_or_origin_is_refused() {
        for (hosts, origins) in [
            (vec!["a b".to_owned()], vec![]),
            (vec!["http://localhost".to_owned()], vec![]),
            (vec![], vec!["page.example".to_owned()]),
            (vec![], vec!["https://page.example/path".to_owned()]),
        ] {
            let config = Config {
                allow_host: hosts,
                allow_origin: origins,
                ..Config::default()
            };
            assert!(Admission::new(&config).is_err(), "{config:?}");
        }
    }
}
