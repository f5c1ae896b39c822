-- What became of the customers. Written by those who know; a customer may have several, one after another.
CREATE TABLE IF NOT EXISTS client_outcomes (
  client_id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  outcome_timestamp DATETIME(6) NOT NULL,
  outcome VARCHAR(255) NOT NULL,
  PRIMARY KEY (client_id, outcome_timestamp)
);
-- What a customer is worth over the years, in the money of the business.
CREATE TABLE IF NOT EXISTS client_ltv (
  client_id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  ltv DOUBLE NOT NULL,
  PRIMARY KEY (client_id)
);
-- Each time that another model became model.pkl.
CREATE TABLE IF NOT EXISTS model_release (
  released_at DATETIME(6) NOT NULL,
  model_uid VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  replaced_model_uid VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NULL,
  action VARCHAR(32) CHARACTER SET ascii NOT NULL,
  request_uid VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NULL,
  PRIMARY KEY (released_at, model_uid)
);
-- What came of a wish for a new model.
ALTER TABLE retrain_request
  ADD COLUMN settled_at DATETIME(6) NULL,
  ADD COLUMN model_uid VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NULL;
