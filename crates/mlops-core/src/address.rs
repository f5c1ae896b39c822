//! Addresses that carry secrets.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

/// The address of a database, with its password. Shows everything but the password.
///
/// Any text is taken; one that is no address is refused when it is used, in words without the text.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The whole address, for the driver.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The same with a password, for an address that has none; a file's stays as it is.
    #[must_use]
    pub fn with_password(&self, password: &Password) -> Self {
        let Some((scheme, rest)) = self.0.split_once("://") else { return self.clone() };
        let login_end = rest.split_once('?').map_or(rest, |(address, _)| address).rfind('@');
        match login_end {
            Some(end) if !rest[..end].contains(':') => {
                Self(format!("{scheme}://{}:{}{}", &rest[..end], password.encoded(), &rest[end..]))
            }
            _ => self.clone(),
        }
    }

    /// Whether the database is a file of this machine.
    pub fn is_local(&self) -> bool {
        self.0.starts_with("sqlite:")
    }
}

/// A password that came by itself. Shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// As it may stand in an address.
    fn encoded(&self) -> String {
        let encode = |byte: u8| match byte.is_ascii_alphanumeric() {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        };
        self.0.bytes().map(encode).collect()
    }
}

impl FromStr for Password {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(a password)")
    }
}

impl FromStr for DatabaseUrl {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((scheme, rest)) = self.0.split_once("://") else {
            return f.write_str("a database without a scheme");
        };
        let address = rest.split_once('?').map_or(rest, |(address, _)| address);
        // A password may hold an `@`; the host cannot.
        match address.rsplit_once('@') {
            Some((login, host)) => {
                let user = login.split_once(':').map_or(login, |(user, _)| user);
                write!(f, "{scheme}://{user}@{host}")
            }
            None => write!(f, "{scheme}://{address}"),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, shown: &str) {
        let url: DatabaseUrl = text.parse().unwrap();
        assert_eq!(url.to_string(), shown);
        assert_eq!(format!("{url:?}"), shown);
    }

    #[test]
    fn a_password_that_comes_by_itself_is_put_in_where_there_is_none() {
        let check = |url: &str, with: &str| {
            let url: DatabaseUrl = url.parse().unwrap();
            let password: Password = "p@:/ä".parse().unwrap();
            assert_eq!(url.with_password(&password).expose(), with);
            assert_eq!(format!("{password:?}"), "(a password)");
        };
        check("mysql://jobs@db:3306/mlops", "mysql://jobs:p%40%3A%2F%C3%A4@db:3306/mlops");
        check("mysql://jobs@db/mlops?a=b@c", "mysql://jobs:p%40%3A%2F%C3%A4@db/mlops?a=b@c");
        check("mysql://jobs:own@db/mlops", "mysql://jobs:own@db/mlops");
        check("mysql://db/mlops", "mysql://db/mlops");
        check("sqlite://mlops.db", "sqlite://mlops.db");
    }

    #[test]
    fn a_password_is_never_shown() {
        check("mysql://etl:s3cret@db.internal:3306/mlops", "mysql://etl@db.internal:3306/mlops");
        check(
            "mysql://etl:p@ss:w@rd@db.internal/mlops?ssl-mode=REQUIRED",
            "mysql://etl@db.internal/mlops",
        );
        check("mysql://db.internal/mlops?password=s3cret", "mysql://db.internal/mlops");
        check("sqlite://mlops.db", "sqlite://mlops.db");
        check("s3cret", "a database without a scheme");
    }
}
