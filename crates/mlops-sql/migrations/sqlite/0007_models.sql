-- Models that were made, and how good each was on rows that it was not fitted to.
CREATE TABLE IF NOT EXISTS model_metadata (
  model_uid TEXT NOT NULL PRIMARY KEY,
  training_timestamp TEXT NOT NULL,
  accepted INTEGER NOT NULL,
  reasons TEXT NOT NULL,
  learner TEXT NOT NULL,
  recipe TEXT NOT NULL,
  source TEXT NOT NULL,
  rows_training INTEGER NOT NULL,
  data_sha256 TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS model_metadata_by_time ON model_metadata (training_timestamp);
CREATE TABLE IF NOT EXISTS model_score (
  model_uid TEXT NOT NULL,
  metric TEXT NOT NULL,
  value REAL NOT NULL,
  PRIMARY KEY (model_uid, metric)
);
