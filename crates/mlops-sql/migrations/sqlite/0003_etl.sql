CREATE TABLE IF NOT EXISTS etl_partition (
  partition_key BLOB NOT NULL PRIMARY KEY,
  pipeline TEXT NOT NULL,
  partition_id TEXT NOT NULL,
  sealed INTEGER NOT NULL DEFAULT 0,
  fence INTEGER NOT NULL DEFAULT 0,
  owner TEXT NULL,
  listed_objects INTEGER NULL,
  listed_bytes INTEGER NULL,
  listed_digest BLOB NULL,
  objects INTEGER NOT NULL DEFAULT 0,
  records INTEGER NOT NULL DEFAULT 0,
  bad INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  newest_logging_timestamp TEXT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS etl_partition_by_state ON etl_partition (pipeline, sealed);
CREATE TABLE IF NOT EXISTS etl_ledger (
  partition_key BLOB NOT NULL,
  object_id BLOB NOT NULL,
  PRIMARY KEY (partition_key, object_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS etl_watermark (
  pipeline TEXT NOT NULL PRIMARY KEY,
  watermark TEXT NULL,
  watermark_partition TEXT NULL,
  newest_logging_timestamp TEXT NULL,
  lag_seconds REAL NULL,
  objects INTEGER NOT NULL,
  records INTEGER NOT NULL,
  bad INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  past_folders INTEGER NOT NULL,
  past_folders_digest BLOB NOT NULL,
  audited_at TEXT NULL,
  updated_at TEXT NOT NULL,
  version INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS etl_lease (
  name TEXT NOT NULL PRIMARY KEY,
  owner TEXT NOT NULL,
  beat INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL
);
