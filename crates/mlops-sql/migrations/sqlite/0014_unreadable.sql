CREATE TABLE IF NOT EXISTS etl_unreadable (
  pipeline_key BLOB NOT NULL,
  object_id BLOB NOT NULL,
  pipeline TEXT NOT NULL,
  partition_id TEXT NOT NULL,
  object_key TEXT NOT NULL,
  reason TEXT NOT NULL,
  remedy TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  next_attempt_at TEXT NOT NULL,
  ignored_at TEXT NULL,
  ignored_by TEXT NULL,
  ignored_reason TEXT NULL,
  PRIMARY KEY (pipeline_key, object_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS etl_audit (
  pipeline TEXT NOT NULL,
  shard TEXT NOT NULL,
  audited_at TEXT NOT NULL,
  PRIMARY KEY (pipeline, shard)
) WITHOUT ROWID;
