use std::fs::File;
use std::os::unix::fs::symlink;
use std::process::Child;
use std::time::Instant;

use sqlx::{Connection, MySqlConnection};
use tempfile::TempDir;

use crate::mysql::new_database;
use crate::server;

/// A MySQL server of one test, which may kill it and start it again. It ends with its owner, or
/// soon after the process.
///
/// It comes from the same installation as the shared server, whatever `MLOPS_TEST_MYSQL_URL` says.
#[derive(Debug)]
pub struct PrivateMySql {
    home: TempDir,
    port: u16,
    /// `None` while it is down.
    keeper: Option<Child>,
    _use: File,
}

impl PrivateMySql {
    /// A server with data of its own.
    pub async fn new() -> Self {
        let install = server::installed("mysql");
        let home =
            tempfile::Builder::new().prefix("mysql-").tempdir_in(server::testkit_folder()).unwrap();
        symlink(install, home.path().join("install")).unwrap();
        let in_use = server::use_of(home.path());
        let mut server = Self { home, port: server::free_port(), keeper: None, _use: in_use };
        server.start().await;
        server
    }

    /// The address without a database.
    pub fn url(&self) -> String {
        format!("mysql://test:test@127.0.0.1:{}", self.port)
    }

    /// The address of a new, empty database.
    pub async fn database(&self) -> String {
        new_database(&self.url()).await
    }

    /// Ends it as a crash would. What it has committed is there when it starts again.
    pub fn kill(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            server::kill(&mut keeper, self.port);
        }
    }

    /// Starts it again after [`kill`](Self::kill), with its data and at its address; returns when
    /// it answers.
    pub async fn start(&mut self) {
        assert!(self.keeper.is_none(), "it runs");
        let url = self.url();
        let keeper = self.keeper.insert(server::keep("mysql", self.home.path(), self.port));
        let since = Instant::now();
        while !answers(&url).await {
            server::check_starting("mysql", self.home.path(), keeper, since);
            tokio::time::sleep(server::PAUSE).await;
        }
    }
}

impl Drop for PrivateMySql {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn answers(url: &str) -> bool {
    match MySqlConnection::connect(url).await {
        Ok(mut connection) => connection.ping().await.is_ok(),
        Err(_) => false,
    }
}
