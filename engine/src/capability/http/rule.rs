//! A grant to send requests: a method, a scheme, a host, a port, and where the path must begin.

use std::str::FromStr;

use http::{Method, Uri};

/// One line of an allow list, as `GET,POST https://api.example.com:8443/v1/`. Without methods any will do;
/// without a port the scheme's; without a path any. `*.example.com` is every host below it, `*` every host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EgressRule {
    /// None where any will do.
    methods: Vec<Method>,
    is_https: bool,
    host: Host,
    port: u16,
    path: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Any,
    /// With the dot before it.
    Below(String),
    Is(String),
}

/// Where a request goes, read off its URI once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Destination {
    pub(super) is_https: bool,
    /// In lower case; an address of IPv6 without its brackets.
    pub(super) host: String,
    pub(super) port: u16,
    path: String,
}

/// Bytes of a rule.
const RULE_BYTES_MAX: usize = 500;

impl FromStr for EgressRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let shown: String = text.chars().take(80).collect();
        let fault = |why: &str| {
            format!("\"{shown}\" is no grant: {why}; write it as GET,POST https://host:port/path")
        };
        if text.len() > RULE_BYTES_MAX {
            return Err(fault("it is too long"));
        }
        let (methods, url) = text.rsplit_once(' ').unwrap_or(("", text));
        let methods = methods.split(',').filter(|method| !method.is_empty()).map(|method| {
            let is_method = method.bytes().all(|byte| byte.is_ascii_uppercase());
            is_method.then(|| Method::from_bytes(method.as_bytes()).ok()).flatten()
        });
        let methods =
            methods.collect::<Option<Vec<_>>>().ok_or_else(|| fault("a method is not in capitals"))?;
        let (scheme, rest) = url.split_once("://").ok_or_else(|| fault("it has no scheme"))?;
        let is_https = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err(fault("the scheme is not http or https")),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, name): (fn(String) -> Host, String) = match authority.strip_prefix('*') {
            None => (Host::Is, authority.to_owned()),
            Some(rest) if rest.starts_with('.') => {
                (|name| Host::Below(format!(".{name}")), rest[1..].to_owned())
            }
            Some(rest) if rest.is_empty() || rest.starts_with(':') => (|_| Host::Any, format!("any{rest}")),
            Some(_) => return Err(fault("* stands for whole names")),
        };
        let uri: Uri = format!("{scheme}://{name}/").parse().map_err(|_| fault("the host is none"))?;
        let destination = Destination::of(&uri).ok_or_else(|| fault("the host is none"))?;
        if path.contains(['?', '#', '%', '\\']) || has_dots(path) {
            return Err(fault("the path has more than plain segments"));
        }
        let path = if path.is_empty() { "/" } else { path };
        Ok(Self {
            methods,
            is_https,
            port: destination.port,
            host: host(destination.host),
            path: path.to_owned(),
        })
    }
}

impl EgressRule {
    /// Whether a request may go there.
    pub(super) fn allows(&self, method: &Method, to: &Destination) -> bool {
        (self.methods.is_empty() || self.methods.contains(method))
            && self.is_https == to.is_https
            && self.port == to.port
            && match &self.host {
                Host::Any => true,
                Host::Below(end) => to.host.ends_with(end.as_str()) && to.host.len() > end.len(),
                Host::Is(host) => to.host == *host,
            }
            && self.allows_path(&to.path)
    }

    /// `/v1` is `/v1` and what is below it, not `/v10`.
    fn allows_path(&self, path: &str) -> bool {
        if self.path == "/" {
            return true;
        }
        // A server may take these for a way up, or for a slash.
        let lower = path.to_ascii_lowercase();
        if has_dots(path) || ["%2e", "%2f", "%5c", "\\", "//"].iter().any(|odd| lower.contains(odd)) {
            return false;
        }
        let rest = path.strip_prefix(self.path.as_str());
        rest.is_some_and(|rest| self.path.ends_with('/') || rest.is_empty() || rest.starts_with('/'))
    }
}

fn has_dots(path: &str) -> bool {
    path.split('/').any(|segment| matches!(segment, "." | ".."))
}

impl Destination {
    /// Reads a URI; nothing for one that names no host, or a user.
    pub(super) fn of(uri: &Uri) -> Option<Self> {
        let is_https = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = uri.authority()?;
        if authority.as_str().contains('@') {
            return None;
        }
        let host = authority.host();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':');
        if host.is_empty() || !host.bytes().all(fits) {
            return None;
        }
        // A port that is none must not be taken for the usual one.
        let port = match authority.port_u16() {
            Some(port) => port,
            None if authority.as_str().ends_with(authority.host()) => {
                if is_https {
                    443
                } else {
                    80
                }
            }
            None => return None,
        };
        Some(Self { is_https, host, port, path: uri.path().to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(rule: &str, method: &str, uri: &str) -> bool {
        let rule: EgressRule = rule.parse().expect("a rule");
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let to = uri.parse().ok().and_then(|uri| Destination::of(&uri));
        to.is_some_and(|to| rule.allows(&method, &to))
    }

    #[test]
    fn a_rule_is_host_port_method_and_path() {
        for (rule, method, uri) in [
            ("https://api.example.com", "GET", "https://api.example.com/"),
            ("https://api.example.com", "PATCH", "https://API.Example.com.:443/a?b"),
            ("GET,POST https://api.example.com/v1", "POST", "https://api.example.com/v1/x"),
            ("https://api.example.com/v1", "GET", "https://api.example.com/v1?x=/../"),
            ("https://api.example.com/v1/", "GET", "https://api.example.com/v1/"),
            ("http://*.example.com:8080", "GET", "http://a.b.example.com:8080/"),
            ("https://*", "GET", "https://anything.test/"),
            ("https://*:8443", "GET", "https://anything.test:8443/"),
            ("http://[::1]:80", "GET", "http://[::1]/"),
        ] {
            assert!(allows(rule, method, uri), "{rule}: {method} {uri}");
        }
        for (rule, method, uri) in [
            ("https://api.example.com", "GET", "http://api.example.com/"),
            ("https://api.example.com", "GET", "https://api.example.com:8443/"),
            ("https://api.example.com", "GET", "https://api.example.com.evil.test/"),
            ("https://api.example.com", "GET", "https://user@api.example.com/"),
            ("https://api.example.com", "GET", "https://api.example.com:99999/"),
            ("https://api.example.com", "GET", "https://api.example.com:/"),
            ("GET https://api.example.com", "POST", "https://api.example.com/"),
            ("https://api.example.com/v1", "GET", "https://api.example.com/v10"),
            ("https://api.example.com/v1", "GET", "https://api.example.com/V1"),
            ("https://api.example.com/v1", "GET", "https://api.example.com/v1/../v2"),
            ("https://api.example.com/v1", "GET", "https://api.example.com/v1/%2e%2e/v2"),
            ("https://api.example.com/v1", "GET", "https://api.example.com/v1/..%2fv2"),
            ("https://api.example.com/v1", "GET", "https://api.example.com//v1"),
            ("https://*.example.com", "GET", "https://example.com/"),
            ("https://*.example.com", "GET", "https://notexample.com/"),
            ("https://*", "GET", "http://anything.test/"),
        ] {
            assert!(!allows(rule, method, uri), "{rule}: {method} {uri}");
        }
    }

    #[test]
    fn what_is_no_rule_says_why() {
        for bad in [
            "",
            "api.example.com",
            "ftp://a",
            "https://",
            "https://a b",
            "https://*a.test",
            "https://a*.test",
            "get https://a",
            "https://a/..",
            "https://a/x?y",
            "https://a/%2e",
            "https://u@a",
            "https://a:99999",
            "https://ü.test",
            "https://a:",
            &format!("https://{}", "a".repeat(600)),
        ] {
            assert!(bad.parse::<EgressRule>().is_err(), "{bad}");
        }
    }
}
