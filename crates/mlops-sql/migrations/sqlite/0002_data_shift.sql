CREATE TABLE IF NOT EXISTS data_shift (
  run_uid TEXT NOT NULL,
  feature TEXT NOT NULL,
  run_timestamp TEXT NOT NULL,
  window_from TEXT NULL,
  window_to TEXT NULL,
  kind TEXT NOT NULL,
  test TEXT NOT NULL,
  statistic REAL NULL,
  p_value REAL NULL,
  p_value_adjusted REAL NULL,
  cutoff REAL NOT NULL,
  effect REAL NULL,
  effect_name TEXT NOT NULL,
  missing_reference REAL NOT NULL,
  missing_production REAL NOT NULL,
  n_reference INTEGER NOT NULL,
  n_production INTEGER NOT NULL,
  verdict TEXT NOT NULL,
  why TEXT NOT NULL,
  shift_occurred INTEGER NOT NULL,
  PRIMARY KEY (run_uid, feature)
);
CREATE INDEX IF NOT EXISTS data_shift_by_time ON data_shift (run_timestamp);
