-- What was logged, hour by hour, so that a page over millions of requests need not read them. `dashboard refresh` keeps it.
CREATE TABLE IF NOT EXISTS log_rollup (
  logged_hour DATETIME(6) NOT NULL,
  model_uid VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  arm VARCHAR(32) CHARACTER SET ascii NOT NULL,
  requests BIGINT NOT NULL,
  predictions BIGINT NOT NULL,
  prediction_sum DOUBLE NOT NULL,
  prediction_squares DOUBLE NOT NULL,
  high_risk BIGINT NOT NULL,
  PRIMARY KEY (logged_hour, model_uid, arm)
);
CREATE TABLE IF NOT EXISTS log_rollup_state (
  id TINYINT NOT NULL PRIMARY KEY,
  refreshed_at DATETIME(6) NOT NULL,
  audited_at DATETIME(6) NULL
);
-- Where the values of a feature lie, in the reference and in production, as JSON for a plot.
ALTER TABLE data_shift ADD COLUMN picture JSON NULL;
-- The newest finding of each period.
ALTER TABLE performance ADD KEY performance_by_period (kind, period_from, run_timestamp);
ALTER TABLE business_impact ADD KEY business_impact_by_period (period_from, run_timestamp);
