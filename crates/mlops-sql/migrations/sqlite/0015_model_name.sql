-- Several models in one installation: whose a row is. What earlier releases wrote is of the model `default`. SQLite cannot change
-- a primary key, so that each table is copied.
CREATE TABLE model_logs_of_models (
  uid TEXT NOT NULL,
  logging_timestamp TEXT NOT NULL,
  input_output_payloads TEXT NOT NULL,
  model_name TEXT NOT NULL DEFAULT 'default',
  PRIMARY KEY (model_name, uid)
);
INSERT INTO model_logs_of_models (uid, logging_timestamp, input_output_payloads)
  SELECT uid, logging_timestamp, input_output_payloads FROM model_logs;
DROP TABLE model_logs;
ALTER TABLE model_logs_of_models RENAME TO model_logs;
CREATE INDEX model_logs_of_model_by_time ON model_logs (model_name, logging_timestamp);
CREATE TABLE data_shift_of_models (
  model_name TEXT NOT NULL DEFAULT 'default',
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
  picture TEXT NULL,
  PRIMARY KEY (model_name, run_uid, segment, feature)
);
INSERT INTO data_shift_of_models (run_uid, segment, feature, model_uid, run_timestamp, window_from, window_to, kind,
  test, statistic, p_value, p_value_adjusted, cutoff, effect, effect_name, missing_reference, missing_production,
  n_reference, n_production, verdict, why, shift_occurred, state, picture)
  SELECT run_uid, segment, feature, model_uid, run_timestamp, window_from, window_to, kind, test, statistic, p_value,
  p_value_adjusted, cutoff, effect, effect_name, missing_reference, missing_production, n_reference, n_production,
  verdict, why, shift_occurred, state, picture FROM data_shift;
DROP TABLE data_shift;
ALTER TABLE data_shift_of_models RENAME TO data_shift;
CREATE INDEX data_shift_of_model_by_time ON data_shift (model_name, run_timestamp);
CREATE TABLE concept_shift_of_models (
  model_name TEXT NOT NULL DEFAULT 'default',
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
  PRIMARY KEY (model_name, run_uid, metric_used, feature)
);
INSERT INTO concept_shift_of_models (run_uid, metric_used, feature, model_uid, run_timestamp, window_from, window_to,
  scoring_threshold, model_score, score_low, score_high, p_value, p_value_adjusted, n_reference, n_production, verdict,
  why, shift_occurred)
  SELECT run_uid, metric_used, feature, model_uid, run_timestamp, window_from, window_to, scoring_threshold,
  model_score, score_low, score_high, p_value, p_value_adjusted, n_reference, n_production, verdict, why, shift_occurred
  FROM concept_shift;
DROP TABLE concept_shift;
ALTER TABLE concept_shift_of_models RENAME TO concept_shift;
CREATE INDEX concept_shift_of_model_by_time ON concept_shift (model_name, run_timestamp);
CREATE TABLE performance_of_models (
  model_name TEXT NOT NULL DEFAULT 'default',
  run_uid TEXT NOT NULL,
  kind TEXT NOT NULL,
  period_from TEXT NOT NULL,
  period_to TEXT NOT NULL,
  model_uid TEXT NULL,
  run_timestamp TEXT NOT NULL,
  n INTEGER NOT NULL,
  positives INTEGER NULL,
  base_rate REAL NOT NULL,
  mean_prediction REAL NULL,
  roc_auc REAL NULL,
  roc_auc_low REAL NULL,
  roc_auc_high REAL NULL,
  log_loss REAL NOT NULL,
  brier REAL NOT NULL,
  ece REAL NULL,
  high_risk_precision REAL NULL,
  high_risk_recall REAL NULL,
  details TEXT NOT NULL,
  verdict TEXT NOT NULL,
  why TEXT NOT NULL,
  is_decisive INTEGER NOT NULL,
  PRIMARY KEY (model_name, run_uid, kind, period_from)
);
INSERT INTO performance_of_models (run_uid, kind, period_from, period_to, model_uid, run_timestamp, n, positives,
  base_rate, mean_prediction, roc_auc, roc_auc_low, roc_auc_high, log_loss, brier, ece, high_risk_precision,
  high_risk_recall, details, verdict, why, is_decisive)
  SELECT run_uid, kind, period_from, period_to, model_uid, run_timestamp, n, positives, base_rate, mean_prediction,
  roc_auc, roc_auc_low, roc_auc_high, log_loss, brier, ece, high_risk_precision, high_risk_recall, details, verdict,
  why, is_decisive FROM performance;
DROP TABLE performance;
ALTER TABLE performance_of_models RENAME TO performance;
CREATE INDEX performance_of_model_by_time ON performance (model_name, run_timestamp);
CREATE INDEX performance_of_model_by_period ON performance (model_name, kind, period_from, run_timestamp);
CREATE TABLE business_impact_of_models (
  model_name TEXT NOT NULL DEFAULT 'default',
  run_uid TEXT NOT NULL,
  period_from TEXT NOT NULL,
  period_to TEXT NOT NULL,
  run_timestamp TEXT NOT NULL,
  model_clients INTEGER NOT NULL,
  model_left INTEGER NOT NULL,
  heuristic_clients INTEGER NOT NULL,
  heuristic_left INTEGER NOT NULL,
  benefit REAL NULL,
  benefit_low REAL NULL,
  benefit_high REAL NULL,
  clients_saved REAL NULL,
  clients_saved_low REAL NULL,
  clients_saved_high REAL NULL,
  money_saved REAL NULL,
  money_saved_low REAL NULL,
  money_saved_high REAL NULL,
  cumulated_clients REAL NULL,
  cumulated_clients_low REAL NULL,
  cumulated_clients_high REAL NULL,
  cumulated_money REAL NULL,
  cumulated_money_low REAL NULL,
  cumulated_money_high REAL NULL,
  verdict TEXT NOT NULL,
  why TEXT NOT NULL,
  PRIMARY KEY (model_name, run_uid, period_from)
);
INSERT INTO business_impact_of_models (run_uid, period_from, period_to, run_timestamp, model_clients, model_left,
  heuristic_clients, heuristic_left, benefit, benefit_low, benefit_high, clients_saved, clients_saved_low,
  clients_saved_high, money_saved, money_saved_low, money_saved_high, cumulated_clients, cumulated_clients_low,
  cumulated_clients_high, cumulated_money, cumulated_money_low, cumulated_money_high, verdict, why)
  SELECT run_uid, period_from, period_to, run_timestamp, model_clients, model_left, heuristic_clients, heuristic_left,
  benefit, benefit_low, benefit_high, clients_saved, clients_saved_low, clients_saved_high, money_saved,
  money_saved_low, money_saved_high, cumulated_clients, cumulated_clients_low, cumulated_clients_high, cumulated_money,
  cumulated_money_low, cumulated_money_high, verdict, why FROM business_impact;
DROP TABLE business_impact;
ALTER TABLE business_impact_of_models RENAME TO business_impact;
CREATE INDEX business_impact_of_model_by_time ON business_impact (model_name, run_timestamp);
CREATE INDEX business_impact_of_model_by_period ON business_impact (model_name, period_from, run_timestamp);
CREATE TABLE retrain_request_of_models (
  model_name TEXT NOT NULL DEFAULT 'default',
  request_uid TEXT NOT NULL,
  requested_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')),
  job TEXT NOT NULL DEFAULT 'a person',
  reason TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'pending',
  batch_job_id TEXT NULL,
  settled_at TEXT NULL,
  model_uid TEXT NULL,
  PRIMARY KEY (model_name, request_uid)
);
INSERT INTO retrain_request_of_models (request_uid, requested_at, job, reason, status, batch_job_id, settled_at,
  model_uid)
  SELECT request_uid, requested_at, job, reason, status, batch_job_id, settled_at, model_uid FROM retrain_request;
DROP TABLE retrain_request;
ALTER TABLE retrain_request_of_models RENAME TO retrain_request;
CREATE INDEX retrain_request_of_model_by_time ON retrain_request (model_name, requested_at);
CREATE TABLE model_metadata_of_models (
  model_name TEXT NOT NULL DEFAULT 'default',
  model_uid TEXT NOT NULL,
  training_timestamp TEXT NOT NULL,
  accepted INTEGER NOT NULL,
  reasons TEXT NOT NULL,
  learner TEXT NOT NULL,
  recipe TEXT NOT NULL,
  source TEXT NOT NULL,
  rows_training INTEGER NOT NULL,
  data_sha256 TEXT NOT NULL,
  PRIMARY KEY (model_name, model_uid)
);
INSERT INTO model_metadata_of_models (model_uid, training_timestamp, accepted, reasons, learner, recipe, source,
  rows_training, data_sha256)
  SELECT model_uid, training_timestamp, accepted, reasons, learner, recipe, source, rows_training, data_sha256 FROM
  model_metadata;
DROP TABLE model_metadata;
ALTER TABLE model_metadata_of_models RENAME TO model_metadata;
CREATE INDEX model_metadata_of_model_by_time ON model_metadata (model_name, training_timestamp);
CREATE TABLE model_score_of_models (
  model_name TEXT NOT NULL DEFAULT 'default',
  model_uid TEXT NOT NULL,
  metric TEXT NOT NULL,
  value REAL NOT NULL,
  PRIMARY KEY (model_name, model_uid, metric)
);
INSERT INTO model_score_of_models (model_uid, metric, value)
  SELECT model_uid, metric, value FROM model_score;
DROP TABLE model_score;
ALTER TABLE model_score_of_models RENAME TO model_score;
CREATE TABLE model_release_of_models (
  model_name TEXT NOT NULL DEFAULT 'default',
  released_at TEXT NOT NULL,
  model_uid TEXT NOT NULL,
  replaced_model_uid TEXT NULL,
  action TEXT NOT NULL,
  request_uid TEXT NULL,
  PRIMARY KEY (model_name, released_at, model_uid)
);
INSERT INTO model_release_of_models (released_at, model_uid, replaced_model_uid, action, request_uid)
  SELECT released_at, model_uid, replaced_model_uid, action, request_uid FROM model_release;
DROP TABLE model_release;
ALTER TABLE model_release_of_models RENAME TO model_release;
CREATE TABLE client_outcomes_of_models (
  client_id TEXT NOT NULL,
  outcome_timestamp TEXT NOT NULL,
  outcome TEXT NOT NULL,
  model_name TEXT NOT NULL DEFAULT 'default',
  PRIMARY KEY (model_name, client_id, outcome_timestamp)
);
INSERT INTO client_outcomes_of_models (client_id, outcome_timestamp, outcome)
  SELECT client_id, outcome_timestamp, outcome FROM client_outcomes;
DROP TABLE client_outcomes;
ALTER TABLE client_outcomes_of_models RENAME TO client_outcomes;
CREATE TABLE client_ltv_of_models (
  client_id TEXT NOT NULL,
  ltv REAL NOT NULL,
  model_name TEXT NOT NULL DEFAULT 'default',
  PRIMARY KEY (model_name, client_id)
);
INSERT INTO client_ltv_of_models (client_id, ltv)
  SELECT client_id, ltv FROM client_ltv;
DROP TABLE client_ltv;
ALTER TABLE client_ltv_of_models RENAME TO client_ltv;
CREATE TABLE alert_state_of_models (
  model_name TEXT NOT NULL DEFAULT 'default',
  rule TEXT NOT NULL,
  alert_group TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL,
  severity TEXT NOT NULL,
  since TEXT NOT NULL,
  value REAL NULL,
  worst REAL NULL,
  recent TEXT NOT NULL,
  fired_at TEXT NULL,
  notified_at TEXT NULL,
  no_data_since TEXT NULL,
  why TEXT NOT NULL,
  evaluated_at TEXT NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (model_name, rule, alert_group)
);
INSERT INTO alert_state_of_models (rule, alert_group, state, severity, since, value, worst, recent, fired_at,
  notified_at, no_data_since, why, evaluated_at, version)
  SELECT rule, alert_group, state, severity, since, value, worst, recent, fired_at, notified_at, no_data_since, why,
  evaluated_at, version FROM alert_state;
DROP TABLE alert_state;
ALTER TABLE alert_state_of_models RENAME TO alert_state;
CREATE TABLE alert_outbox_of_models (
  model_name TEXT NOT NULL DEFAULT 'default',
  message_uid TEXT NOT NULL,
  created_at TEXT NOT NULL,
  run_uid TEXT NOT NULL,
  rule TEXT NOT NULL,
  alert_group TEXT NOT NULL DEFAULT '',
  transition TEXT NOT NULL,
  channel TEXT NOT NULL,
  severity TEXT NOT NULL,
  recipient TEXT NOT NULL,
  subject TEXT NOT NULL,
  content TEXT NOT NULL,
  status TEXT NOT NULL,
  claimed_by TEXT NULL,
  claimed_at TEXT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  sent_at TEXT NULL,
  provider_uid TEXT NULL,
  why TEXT NOT NULL,
  PRIMARY KEY (model_name, message_uid)
);
INSERT INTO alert_outbox_of_models (message_uid, created_at, run_uid, rule, alert_group, transition, channel,
  severity, recipient, subject, content, status, claimed_by, claimed_at, attempts, sent_at, provider_uid, why)
  SELECT message_uid, created_at, run_uid, rule, alert_group, transition, channel, severity, recipient, subject,
  content, status, claimed_by, claimed_at, attempts, sent_at, provider_uid, why FROM alert_outbox;
DROP TABLE alert_outbox;
ALTER TABLE alert_outbox_of_models RENAME TO alert_outbox;
CREATE INDEX alert_outbox_of_model_by_time ON alert_outbox (model_name, created_at);
CREATE INDEX alert_outbox_by_status ON alert_outbox (channel, status);
CREATE TABLE log_rollup_of_models (
  model_name TEXT NOT NULL DEFAULT 'default',
  logged_hour TEXT NOT NULL,
  model_uid TEXT NOT NULL,
  arm TEXT NOT NULL,
  requests INTEGER NOT NULL,
  predictions INTEGER NOT NULL,
  prediction_sum REAL NOT NULL,
  prediction_squares REAL NOT NULL,
  high_risk INTEGER NOT NULL,
  PRIMARY KEY (model_name, logged_hour, model_uid, arm)
) WITHOUT ROWID;
INSERT INTO log_rollup_of_models (logged_hour, model_uid, arm, requests, predictions, prediction_sum,
  prediction_squares, high_risk)
  SELECT logged_hour, model_uid, arm, requests, predictions, prediction_sum, prediction_squares, high_risk FROM
  log_rollup;
DROP TABLE log_rollup;
ALTER TABLE log_rollup_of_models RENAME TO log_rollup;
CREATE TABLE log_rollup_state_of_models (
  model_name TEXT NOT NULL DEFAULT 'default',
  id INTEGER NOT NULL,
  refreshed_at TEXT NOT NULL,
  audited_at TEXT NULL,
  PRIMARY KEY (model_name, id)
);
INSERT INTO log_rollup_state_of_models (id, refreshed_at, audited_at)
  SELECT id, refreshed_at, audited_at FROM log_rollup_state;
DROP TABLE log_rollup_state;
ALTER TABLE log_rollup_state_of_models RENAME TO log_rollup_state;
