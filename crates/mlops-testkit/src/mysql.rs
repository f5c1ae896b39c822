use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection, MySqlConnection};

use crate::server::{self, Server};

/// A MySQL server whose user may create databases.
#[derive(Debug)]
pub struct MySqlServer {
    /// The address without a database.
    url: String,
    _server: Option<Server>,
}

/// The server of this process: the one that `MLOPS_TEST_MYSQL_URL` names, else the shared one.
pub fn mysql() -> &'static MySqlServer {
    static SERVER: OnceLock<MySqlServer> = OnceLock::new();
    SERVER.get_or_init(|| {
        #[expect(clippy::disallowed_methods, reason = "tests have no arguments")]
        if let Ok(url) = std::env::var("MLOPS_TEST_MYSQL_URL") {
            return MySqlServer { url: url.trim_end_matches('/').to_owned(), _server: None };
        }
        let server = server::shared("mysql");
        MySqlServer {
            url: format!("mysql://test:test@127.0.0.1:{}", server.port),
            _server: Some(server),
        }
    })
}

impl MySqlServer {
    /// The address of a new, empty database.
    pub async fn database(&self) -> String {
        new_database(&self.url).await
    }
}

/// The address of a new, empty database of the server at `url`.
pub(crate) async fn new_database(url: &str) -> String {
    static DATABASES: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}_{}", std::process::id(), DATABASES.fetch_add(1, Ordering::Relaxed));
    let mut connection = MySqlConnection::connect(url).await.unwrap();
    let version: String =
        sqlx::query_scalar("SELECT VERSION()").fetch_one(&mut connection).await.unwrap();
    assert!(!version.contains("MariaDB"), "the tests need MySQL, this is {version}");
    for statement in [format!("DROP DATABASE IF EXISTS {name}"), format!("CREATE DATABASE {name}")]
    {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    }
    format!("{url}/{name}")
}
