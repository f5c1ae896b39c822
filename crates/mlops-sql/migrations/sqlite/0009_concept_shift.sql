-- What each run of concept-shift found: the classifier (roc_auc), the scores (recalibration), and each feature (interaction).
CREATE TABLE IF NOT EXISTS concept_shift (
  run_uid TEXT NOT NULL,
  metric_used TEXT NOT NULL,
  feature TEXT NOT NULL DEFAULT '',
  model_uid TEXT NULL,
  run_timestamp TEXT NOT NULL,
  window_from TEXT NULL,
  window_to TEXT NULL,
  scoring_threshold REAL NOT NULL,
  model_score REAL NOT NULL,
  score_low REAL NULL,
  score_high REAL NULL,
  p_value REAL NULL,
  p_value_adjusted REAL NULL,
  n_reference INTEGER NOT NULL,
  n_production INTEGER NOT NULL,
  verdict TEXT NOT NULL,
  why TEXT NOT NULL,
  shift_occurred INTEGER NOT NULL,
  PRIMARY KEY (run_uid, metric_used, feature)
);
CREATE INDEX IF NOT EXISTS concept_shift_by_time ON concept_shift (run_timestamp);
