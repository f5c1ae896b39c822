-- A run may look at parts of the rows too, and knows the model whose training data it compared with.
CREATE TABLE data_shift_with_segments (
  run_uid TEXT NOT NULL,
  segment TEXT NOT NULL DEFAULT '',
  feature TEXT NOT NULL,
  model_uid TEXT NULL,
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
  state TEXT NOT NULL DEFAULT 'ok',
  PRIMARY KEY (run_uid, segment, feature)
);
INSERT INTO data_shift_with_segments
  (run_uid, feature, run_timestamp, window_from, window_to, kind, test, statistic, p_value, p_value_adjusted, cutoff, effect,
   effect_name, missing_reference, missing_production, n_reference, n_production, verdict, why, shift_occurred, state)
  SELECT run_uid, feature, run_timestamp, window_from, window_to, kind, test, statistic, p_value, p_value_adjusted, cutoff, effect,
   effect_name, missing_reference, missing_production, n_reference, n_production, verdict, why, shift_occurred, state
  FROM data_shift;
DROP TABLE data_shift;
ALTER TABLE data_shift_with_segments RENAME TO data_shift;
CREATE INDEX data_shift_by_time ON data_shift (run_timestamp);
