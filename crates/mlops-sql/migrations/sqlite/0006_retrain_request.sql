-- Wishes for a new model. A person may insert one; the monitors then wait for what comes of it.
CREATE TABLE IF NOT EXISTS retrain_request (
  request_uid TEXT NOT NULL PRIMARY KEY,
  requested_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')),
  job TEXT NOT NULL DEFAULT 'a person',
  reason TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'pending',
  batch_job_id TEXT NULL
);
CREATE INDEX IF NOT EXISTS retrain_request_by_time ON retrain_request (requested_at);
