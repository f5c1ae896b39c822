-- Wishes for a new model. A person may insert one; the monitors then wait for what comes of it.
CREATE TABLE IF NOT EXISTS retrain_request (
  request_uid VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  requested_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
  job VARCHAR(255) NOT NULL DEFAULT 'a person',
  reason TEXT NOT NULL,
  status VARCHAR(32) CHARACTER SET ascii NOT NULL DEFAULT 'pending',
  batch_job_id VARCHAR(255) NULL,
  PRIMARY KEY (request_uid),
  KEY retrain_request_by_time (requested_at)
);
-- Its row is locked while a request is made, so that one at a time is.
CREATE TABLE IF NOT EXISTS retrain_gate (id TINYINT NOT NULL PRIMARY KEY);
INSERT IGNORE INTO retrain_gate (id) VALUES (1);
