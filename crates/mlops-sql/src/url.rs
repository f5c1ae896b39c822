use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

/// The address of a database, with its password. Shows everything but the password.
///
/// Any text is taken; one that is no address is refused by [`crate::Database::connect`], in words without the text.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The whole address, for the driver.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the database is a file of this machine.
    pub fn is_local(&self) -> bool {
        self.0.starts_with("sqlite:")
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
        let Some((scheme, rest)) = self.0.split_once("://") else { return f.write_str("a database without a scheme") };
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
