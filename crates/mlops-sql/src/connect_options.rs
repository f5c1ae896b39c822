use mlops_core::address::{MySqlAddress, MySqlOption, Tls};
use mlops_core::ports::{StoreError, StoreErrorKind};
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};

/// Returns the driver's options. TLS is required, unless the server is this machine or the address
/// says otherwise.
pub(crate) fn options(address: &MySqlAddress) -> Result<MySqlConnectOptions, StoreError> {
    let tls = match address.tls {
        Some(Tls::Disabled) => MySqlSslMode::Disabled,
        Some(Tls::Preferred) => MySqlSslMode::Preferred,
        None if is_this_machine(&address.host) => MySqlSslMode::Preferred,
        None | Some(Tls::Required) => MySqlSslMode::Required,
        Some(Tls::VerifyCa) => MySqlSslMode::VerifyCa,
        Some(Tls::VerifyIdentity) => MySqlSslMode::VerifyIdentity,
    };
    let mut options = MySqlConnectOptions::new()
        .host(&address.host)
        .port(address.port)
        .username(&address.user)
        .ssl_mode(tls);
    if let Some(password) = &address.password {
        options = options.password(password);
    }
    if let Some(database) = &address.database {
        options = options.database(database);
    }
    for (option, value) in &address.options {
        options = match option {
            MySqlOption::SslCa => options.ssl_ca(value),
            MySqlOption::SslCert => options.ssl_client_cert(value),
            MySqlOption::SslKey => options.ssl_client_key(value),
            MySqlOption::Socket => options.socket(value),
            MySqlOption::Charset => options.charset(value),
            MySqlOption::Collation => options.collation(value),
            MySqlOption::StatementCacheCapacity => {
                let capacity = value.parse().map_err(|_| {
                    let message =
                        "statement-cache-capacity of the database address is not a number";
                    StoreError::new(StoreErrorKind::Configuration, message)
                })?;
                options.statement_cache_capacity(capacity)
            }
        };
    }
    Ok(options)
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost"
        || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_the_option_itself_drops_the_demand_for_tls() {
        let mode = |text: &str| options(&text.parse().unwrap()).unwrap().get_ssl_mode();
        let required = |text: &str| matches!(mode(text), MySqlSslMode::Required);
        assert!(required("mysql://etl:sslmode=disable@db.internal/ssl-mode=x"));
        assert!(required("mysql://etl:p%3Fssl-mode=DISABLED@db.internal/mlops"));
        assert!(required("mysql://db.internal/ssl-mode=DISABLED?charset=utf8mb4"));
        assert!(matches!(mode("mysql://db/mlops?ssl-mode=DISABLED"), MySqlSslMode::Disabled));
        assert!(matches!(mode("mysql://[::1]/mlops"), MySqlSslMode::Preferred));
    }

    #[test]
    fn only_this_machine_may_do_without_tls() {
        for host in ["localhost", "127.0.0.1", "127.8.9.1", "::1", "[::1]"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["db.internal", "10.0.0.1", "localhost.example.org", "::2", ""] {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
