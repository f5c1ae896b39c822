/// Why an address cannot be read. Says nothing of the password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Another scheme, or none.
    #[error(
        "the database address has neither the form mysql://USER:PASSWORD@HOST:PORT/DATABASE nor sqlite://PATH"
    )]
    Scheme,
    /// A character that ends the login.
    #[error(
        "the login of the database address holds one of the characters / ? #; write it as %2F, %3F or %23 in mysql://USER:PASSWORD@HOST/DATABASE"
    )]
    Character,
    /// A part that is not as the form asks for.
    #[error(
        "the database address cannot be read ({0}); write mysql://USER:PASSWORD@HOST:PORT/DATABASE, with characters such as : / ? # @ % of a password percent-encoded"
    )]
    Form(String),
    /// A query key that is not known.
    #[error("the database address has the unknown option `{key}`; known are {known}")]
    Option {
        /// The key.
        key: String,
        /// The known ones.
        known: String,
    },
    /// A value that an option does not have.
    #[error("the option `{key}` of the database address is not one of {allowed}")]
    Value {
        /// The option.
        key: &'static str,
        /// Its values.
        allowed: &'static str,
    },
}
