-- What was logged, hour by hour, so that a page over millions of requests need not read them. `dashboard refresh` keeps it.
CREATE TABLE IF NOT EXISTS log_rollup (
  logged_hour TEXT NOT NULL,
  model_uid TEXT NOT NULL,
  arm TEXT NOT NULL,
  requests INTEGER NOT NULL,
  predictions INTEGER NOT NULL,
  prediction_sum REAL NOT NULL,
  prediction_squares REAL NOT NULL,
  high_risk INTEGER NOT NULL,
  PRIMARY KEY (logged_hour, model_uid, arm)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log_rollup_state (
  id INTEGER NOT NULL PRIMARY KEY,
  refreshed_at TEXT NOT NULL,
  audited_at TEXT NULL
);
-- Where the values of a feature lie, in the reference and in production, as JSON for a plot.
ALTER TABLE data_shift ADD COLUMN picture TEXT NULL;
-- The newest finding of each period.
CREATE INDEX IF NOT EXISTS performance_by_period ON performance (kind, period_from, run_timestamp);
CREATE INDEX IF NOT EXISTS business_impact_by_period ON business_impact (period_from, run_timestamp);
