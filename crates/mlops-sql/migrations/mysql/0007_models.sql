-- Models that were made, and how good each was on rows that it was not fitted to.
CREATE TABLE IF NOT EXISTS model_metadata (
  model_uid VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  training_timestamp DATETIME(6) NOT NULL,
  accepted BOOLEAN NOT NULL,
  reasons TEXT NOT NULL,
  learner VARCHAR(64) NOT NULL,
  recipe JSON NOT NULL,
  source TEXT NOT NULL,
  rows_training BIGINT NOT NULL,
  data_sha256 CHAR(64) CHARACTER SET ascii NOT NULL,
  PRIMARY KEY (model_uid),
  KEY model_metadata_by_time (training_timestamp)
);
CREATE TABLE IF NOT EXISTS model_score (
  model_uid VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  metric VARCHAR(64) CHARACTER SET ascii NOT NULL,
  value DOUBLE NOT NULL,
  PRIMARY KEY (model_uid, metric)
);
