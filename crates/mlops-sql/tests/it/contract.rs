//! The suites of the ports, over both databases.

use mlops_sql::Database;
use mlops_testkit::mysql;

pub(crate) async fn in_mysql() -> (Database, String) {
    let url = mysql().database().await;
    let database = Database::connect(&url.parse().unwrap()).await.unwrap();
    database.create_tables().await.unwrap();
    (database, url)
}

pub(crate) async fn in_sqlite() -> (Database, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/new/mlops.db", folder.path().display());
    (Database::connect(&url.parse().unwrap()).await.unwrap(), folder)
}

mod sqlite_logs {
    mlops_testkit::log_store_contract!(super::in_sqlite);
}

mod sqlite_etl {
    mlops_testkit::etl_store_contract!(super::in_sqlite);
}

mod sqlite_models {
    mlops_testkit::model_store_contract!(super::in_sqlite);
}

mod mysql_models {
    mlops_testkit::model_store_contract!(super::in_mysql);
}

mod sqlite_retrain {
    mlops_testkit::retrain_store_contract!(super::in_sqlite);
}

mod mysql_retrain {
    mlops_testkit::retrain_store_contract!(super::in_mysql);
}

mod mysql_logs {
    mlops_testkit::log_store_contract!(super::in_mysql);
}

mod mysql_etl {
    mlops_testkit::etl_store_contract!(super::in_mysql);
}

mod sqlite_alerts {
    mlops_testkit::alert_store_contract!(super::in_sqlite);
}

mod sqlite_metrics {
    mlops_testkit::metric_store_contract!(super::in_sqlite);
}

mod mysql_alerts {
    mlops_testkit::alert_store_contract!(super::in_mysql);
}

mod mysql_metrics {
    mlops_testkit::metric_store_contract!(super::in_mysql);
}
