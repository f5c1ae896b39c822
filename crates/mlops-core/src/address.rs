//! Addresses of databases. They carry secrets, and show none.

mod error;
mod mysql;

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

pub use error::AddressError;
pub use mysql::{MySqlAddress, MySqlOption, Tls};

/// The address of a database, read once. Shows everything but the password.
///
/// Any text is accepted, since an argument that is refused would be printed with its password. An
/// address that cannot be read is refused by [`DatabaseUrl::address`], in words without the text.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    text: String,
    address: Result<Address, AddressError>,
    statement_timeout: Option<Duration>,
}

/// The kind of a database address.
#[derive(Clone, PartialEq, Eq)]
pub enum Address {
    /// A database of a MySQL server.
    MySql(MySqlAddress),
    /// A SQLite file, by its whole address.
    Sqlite(String),
}

impl DatabaseUrl {
    /// Returns the whole text with the password, for a program that takes it as its argument.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Returns what the address names.
    ///
    /// # Errors
    ///
    /// Why the address cannot be read.
    pub fn address(&self) -> Result<&Address, &AddressError> {
        self.address.as_ref()
    }

    /// Returns the address with a password, if it has a user and no password; else it stays.
    #[must_use]
    pub fn with_password(&self, password: &Password) -> Self {
        let mut with = self.clone();
        if let Ok(Address::MySql(mysql)) = &mut with.address
            && mysql.password.is_none()
            && !mysql.user.is_empty()
        {
            mysql.password = Some(password.0.clone());
            with.text = mysql::text_with_password(&self.text, &password.0);
        }
        with
    }

    /// Returns the address with a limit for each statement, in place of the adapter's own.
    #[must_use]
    pub fn with_statement_timeout(mut self, limit: Duration) -> Self {
        self.statement_timeout = Some(limit);
        self
    }

    /// Returns the limit for each statement, if one was set.
    pub fn statement_timeout(&self) -> Option<Duration> {
        self.statement_timeout
    }

    /// Whether the database is a file of this machine.
    pub fn is_local(&self) -> bool {
        matches!(self.address, Ok(Address::Sqlite(_)))
    }
}

impl FromStr for DatabaseUrl {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let address = match text.split_once(':') {
            Some(("mysql", _)) => text.parse().map(Address::MySql),
            Some(("sqlite", _)) => Ok(Address::Sqlite(text.to_owned())),
            _ => Err(AddressError::Scheme),
        };
        Ok(Self { text: text.to_owned(), address, statement_timeout: None })
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Ok(Address::MySql(mysql)) => fmt::Display::fmt(mysql, f),
            Ok(Address::Sqlite(text)) => f.write_str(text.split('?').next().unwrap_or_default()),
            Err(_) => f.write_str("an invalid database address"),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A password that is given apart from its address. Shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

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
