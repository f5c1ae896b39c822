-- A uid is compared by its bytes: utf8mb4_0900_bin neither folds case nor pads with blanks.
CREATE TABLE IF NOT EXISTS model_logs (
  uid VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  logging_timestamp DATETIME(6) NOT NULL,
  input_output_payloads JSON NOT NULL,
  PRIMARY KEY (uid),
  KEY model_logs_by_time (logging_timestamp)
);
