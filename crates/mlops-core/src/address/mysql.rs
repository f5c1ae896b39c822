use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::error::AddressError;

/// The port of MySQL.
const PORT: u16 = 3306;

/// A database of a MySQL server.
#[derive(Clone, PartialEq, Eq)]
pub struct MySqlAddress {
    /// The server's name or IP address, without brackets.
    pub host: String,
    /// The server's port.
    pub port: u16,
    /// The user; empty if the address has none.
    pub user: String,
    /// The password as the user has it, not percent-encoded.
    pub password: Option<String>,
    /// The database.
    pub database: Option<String>,
    /// The demand for TLS; `None` if the address does not say.
    pub tls: Option<Tls>,
    /// Further options, in the order of the address.
    pub options: Vec<(MySqlOption, String)>,
}

/// A demand for TLS, as MySQL's own clients have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// No TLS.
    Disabled,
    /// TLS if the server has it.
    Preferred,
    /// TLS, whatever the server's certificate.
    Required,
    /// TLS, with a certificate of a known authority.
    VerifyCa,
    /// TLS, with a certificate of a known authority for this host.
    VerifyIdentity,
}

/// An option of the address, beside `ssl-mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MySqlOption {
    /// A file with the certificates of authorities.
    SslCa,
    /// A file with the client's certificate.
    SslCert,
    /// A file with the client's key.
    SslKey,
    /// A Unix socket.
    Socket,
    /// The character set.
    Charset,
    /// The collation.
    Collation,
    /// The number of statements that a connection keeps prepared.
    StatementCacheCapacity,
}

impl MySqlOption {
    /// The names of all options.
    pub const NAMES: [&str; 8] = [
        "ssl-mode",
        "ssl-ca",
        "ssl-cert",
        "ssl-key",
        "socket",
        "charset",
        "collation",
        "statement-cache-capacity",
    ];

    fn of_key(key: &str) -> Option<Self> {
        Some(match key {
            "ssl-ca" | "sslca" => Self::SslCa,
            "ssl-cert" | "sslcert" => Self::SslCert,
            "ssl-key" | "sslkey" => Self::SslKey,
            "socket" => Self::Socket,
            "charset" => Self::Charset,
            "collation" => Self::Collation,
            "statement-cache-capacity" => Self::StatementCacheCapacity,
            _ => return None,
        })
    }
}

impl FromStr for Tls {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Ok(match text.to_ascii_uppercase().replace('-', "_").as_str() {
            "DISABLED" => Self::Disabled,
            "PREFERRED" => Self::Preferred,
            "REQUIRED" => Self::Required,
            "VERIFY_CA" => Self::VerifyCa,
            "VERIFY_IDENTITY" => Self::VerifyIdentity,
            _ => {
                let allowed = "DISABLED, PREFERRED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY";
                return Err(AddressError::Value { key: "ssl-mode", allowed });
            }
        })
    }
}

impl FromStr for MySqlAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let rest = text.strip_prefix("mysql://").ok_or(AddressError::Scheme)?;
        let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        // The login reaches to the last `@`, which a raw character of a password has cut off.
        if !rest[..authority_end].contains('@') && rest[authority_end..].contains('@') {
            return Err(AddressError::Character);
        }
        let url = Url::parse(text).map_err(|error| AddressError::Form(error.to_string()))?;
        if url.fragment().is_some() {
            return Err(AddressError::Character);
        }
        let decoded = |what: &str, text: &str| {
            let text = percent_decode_str(text).decode_utf8();
            text.map(String::from).map_err(|_| AddressError::Form(format!("{what} is not UTF-8")))
        };
        let host = match url.host() {
            Some(Host::Ipv6(address)) => address.to_string(),
            Some(host) => decoded("the host", &host.to_string())?,
            None => return Err(AddressError::Form("there is no host".to_owned())),
        };
        let database = url.path().trim_matches('/');
        if database.contains('/') {
            return Err(AddressError::Form("the database is followed by a path".to_owned()));
        }
        let mut address = Self {
            host,
            port: url.port().unwrap_or(PORT),
            user: decoded("the user", url.username())?,
            password: url.password().map(|text| decoded("the password", text)).transpose()?,
            database: Some(decoded("the database", database)?).filter(|name| !name.is_empty()),
            tls: None,
            options: Vec::new(),
        };
        for (key, value) in url.query_pairs() {
            match MySqlOption::of_key(&key) {
                Some(option) => address.options.push((option, value.into_owned())),
                None if key == "ssl-mode" || key == "sslmode" => address.tls = Some(value.parse()?),
                None => {
                    let known = MySqlOption::NAMES.join(", ");
                    return Err(AddressError::Option { key: key.into_owned(), known });
                }
            }
        }
        Ok(address)
    }
}

/// Returns the text of an address that was read, with another password.
pub(super) fn text_with_password(text: &str, password: &str) -> String {
    let with = Url::parse(text).ok().and_then(|mut url| {
        url.set_password(Some(password)).ok()?;
        Some(url.into())
    });
    with.unwrap_or_else(|| text.to_owned())
}

impl fmt::Display for MySqlAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = if self.user.is_empty() { String::new() } else { format!("{}@", self.user) };
        let is_ipv6 = self.host.contains(':');
        let host = if is_ipv6 { format!("[{}]", self.host) } else { self.host.clone() };
        let port = if self.port == PORT { String::new() } else { format!(":{}", self.port) };
        let database = self.database.as_deref().unwrap_or_default();
        write!(f, "mysql://{user}{host}{port}/{database}")
    }
}
