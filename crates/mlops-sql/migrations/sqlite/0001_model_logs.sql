CREATE TABLE IF NOT EXISTS model_logs (
  uid TEXT NOT NULL PRIMARY KEY,
  logging_timestamp TEXT NOT NULL,
  input_output_payloads TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS model_logs_by_time ON model_logs (logging_timestamp);
