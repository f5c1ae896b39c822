-- What each run of concept-shift found: the classifier (roc_auc), the scores (recalibration), and each feature (interaction).
CREATE TABLE IF NOT EXISTS concept_shift (
  run_uid VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  metric_used VARCHAR(64) CHARACTER SET ascii NOT NULL,
  feature VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL DEFAULT '',
  model_uid VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NULL,
  run_timestamp DATETIME(6) NOT NULL,
  window_from DATETIME(6) NULL,
  window_to DATETIME(6) NULL,
  scoring_threshold DOUBLE NOT NULL,
  model_score DOUBLE NOT NULL,
  score_low DOUBLE NULL,
  score_high DOUBLE NULL,
  p_value DOUBLE NULL,
  p_value_adjusted DOUBLE NULL,
  n_reference BIGINT NOT NULL,
  n_production BIGINT NOT NULL,
  verdict VARCHAR(32) CHARACTER SET ascii NOT NULL,
  why TEXT NOT NULL,
  shift_occurred BOOLEAN NOT NULL,
  PRIMARY KEY (run_uid, metric_used, feature),
  KEY concept_shift_by_time (run_timestamp)
);
