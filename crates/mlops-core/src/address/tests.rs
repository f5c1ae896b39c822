use super::*;

fn mysql(text: &str) -> MySqlAddress {
    mysql_of(&text.parse().unwrap())
}

fn mysql_of(url: &DatabaseUrl) -> MySqlAddress {
    match url.address() {
        Ok(Address::MySql(address)) => address.clone(),
        Ok(Address::Sqlite(_)) => panic!("{url} is SQLite"),
        Err(error) => panic!("{}: {error}", url.expose()),
    }
}

fn refused(text: &str) -> String {
    let url: DatabaseUrl = text.parse().unwrap();
    let error = url.address().err().unwrap_or_else(|| panic!("{text} is accepted")).to_string();
    assert!(!error.contains("s3cret"), "{error}");
    assert!(!format!("{url} {url:?}").contains("s3cret"));
    error
}

#[test]
fn a_password_says_nothing_about_tls() {
    for (password, written) in [
        ("sslmode=disable", "sslmode=disable"),
        ("ssl-mode=DISABLED", "ssl-mode=DISABLED"),
        ("a@b:c/d?e#f%", "a%40b%3Ac%2Fd%3Fe%23f%25"),
        ("p@ss:w@rd", "p@ss:w@rd"),
        ("?ssl-mode=DISABLED", "%3Fssl-mode=DISABLED"),
        ("grüße", "grüße"),
    ] {
        let address = mysql(&format!("mysql://etl:{written}@db.internal/mlops"));
        assert_eq!(address.password.as_deref(), Some(password));
        assert_eq!((address.host.as_str(), address.port), ("db.internal", 3306), "{written}");
        assert_eq!(address.tls, None, "{written}");
    }
    let address = mysql("mysql://etl:sslmode=disable@db/ssl-mode=x?ssl-mode=verify-ca");
    assert_eq!(address.database.as_deref(), Some("ssl-mode=x"));
    assert_eq!(address.tls, Some(Tls::VerifyCa));
    assert_eq!(mysql("mysql://etl@db/ssl-mode=DISABLED").tls, None);
}

#[test]
fn hosts_of_every_kind_are_read() {
    for (text, host, port) in [
        ("mysql://etl:s3cret@[2001:db8::1]:3307/mlops", "2001:db8::1", 3307),
        ("mysql://[::1]/mlops", "::1", 3306),
        ("mysql://10.1.2.3/mlops", "10.1.2.3", 3306),
        ("mysql://db.internal:3306/mlops", "db.internal", 3306),
    ] {
        let address = mysql(text);
        assert_eq!((address.host.as_str(), address.port), (host, port), "{text}");
    }
}

#[test]
fn options_are_known_or_refused_by_name() {
    let address = mysql("mysql://db/mlops?sslmode=REQUIRED&ssl-ca=/etc/ca.pem&charset=utf8mb4");
    assert_eq!(address.tls, Some(Tls::Required));
    assert_eq!(
        address.options,
        [
            (MySqlOption::SslCa, "/etc/ca.pem".to_owned()),
            (MySqlOption::Charset, "utf8mb4".to_owned())
        ]
    );
    let error = refused("mysql://db/mlops?password=s3cret");
    assert!(error.contains("`password`") && error.contains("ssl-mode, ssl-ca"), "{error}");
    let error = refused("mysql://etl:s3cret@db/mlops?ssl_mode=REQUIRED");
    assert!(error.contains("`ssl_mode`"), "{error}");
    let error = refused("mysql://etl:s3cret@db/mlops?ssl-mode=s3cret");
    assert!(error.contains("VERIFY_IDENTITY"), "{error}");
}

#[test]
fn raw_characters_of_a_password_are_named_with_their_remedy() {
    for password in ["s3cret#1", "s3cret?1", "s3cret/1", "1#s3cret", "33?s3cret", "1/s3cret"] {
        let error = refused(&format!("mysql://etl:{password}@db.internal/mlops"));
        assert!(error.contains("%2F, %3F or %23"), "{password}: {error}");
    }
    assert!(refused("mysql://etl:s3cret@db/mlops#x").contains("%23"));
    assert!(refused("mysql://etl:s3cret@db:port/mlops").contains("invalid port"));
    assert!(refused("mysql://etl:s3cret@/mlops").contains("host"));
    assert!(refused("mysql://etl:s3cret@db/mlops/more").contains("path"));
    for text in ["s3cret", "postgres://etl:s3cret@db/mlops", "mysql:/etl:s3cret@", ""] {
        assert!(refused(text).contains("mysql://USER:PASSWORD@HOST"), "{text}");
    }
}

#[test]
fn a_password_that_is_given_apart_is_used_where_there_is_none() {
    let check = |text: &str, password: Option<&str>| {
        let url: DatabaseUrl = text.parse().unwrap();
        let apart: Password = "p@:/ä".parse().unwrap();
        assert_eq!(format!("{apart:?}"), "(a password)");
        let with = url.with_password(&apart);
        assert!(mysql(with.expose()) == mysql_of(&with), "{text}: the text says the same");
        assert_eq!(mysql_of(&with).password.as_deref(), password, "{text}");
    };
    check("mysql://jobs@db:3307/mlops", Some("p@:/ä"));
    check("mysql://jobs@db/mlops?charset=a@b", Some("p@:/ä"));
    check("mysql://jobs:own@db/mlops", Some("own"));
    check("mysql://db/mlops", None);
    let file: DatabaseUrl = "sqlite://mlops.db".parse().unwrap();
    assert_eq!(file.with_password(&"p".parse().unwrap()), file);
}

#[test]
fn a_password_is_never_shown() {
    for (text, shown) in [
        ("mysql://etl:s3cret@db.internal:3307/mlops", "mysql://etl@db.internal:3307/mlops"),
        ("mysql://etl:p@ss:w@rd@db/mlops?ssl-mode=REQUIRED", "mysql://etl@db/mlops"),
        ("mysql://etl:s3cret@[::1]/mlops", "mysql://etl@[::1]/mlops"),
        ("sqlite://mlops.db?mode=ro", "sqlite://mlops.db"),
        ("s3cret", "an invalid database address"),
    ] {
        let url: DatabaseUrl = text.parse().unwrap();
        assert_eq!([url.to_string(), format!("{url:?}")], [shown, shown]);
    }
}
