-- Several models in one installation: whose a row is. What earlier releases wrote is of the model `default`.
-- Each statement rebuilds a table while others read and write it. The column is hidden in model_logs, so that applications
-- go on to insert three values.
ALTER TABLE model_logs
  ADD COLUMN model_name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'default' /*!80023 INVISIBLE */,
  DROP PRIMARY KEY,
  ADD PRIMARY KEY (model_name, uid),
  DROP KEY model_logs_by_time,
  ADD KEY model_logs_of_model_by_time (model_name, logging_timestamp),
  ALGORITHM=INPLACE, LOCK=NONE;
-- A key has at most 3072 bytes.
ALTER TABLE data_shift
  MODIFY COLUMN run_uid VARCHAR(240) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  ADD COLUMN model_name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'default',
  DROP PRIMARY KEY,
  ADD PRIMARY KEY (model_name, run_uid, segment, feature),
  DROP KEY data_shift_by_time,
  ADD KEY data_shift_of_model_by_time (model_name, run_timestamp);
ALTER TABLE concept_shift
  ADD COLUMN model_name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'default',
  DROP PRIMARY KEY,
  ADD PRIMARY KEY (model_name, run_uid, metric_used, feature),
  DROP KEY concept_shift_by_time,
  ADD KEY concept_shift_of_model_by_time (model_name, run_timestamp);
ALTER TABLE performance
  ADD COLUMN model_name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'default',
  DROP PRIMARY KEY,
  ADD PRIMARY KEY (model_name, run_uid, kind, period_from),
  DROP KEY performance_by_time,
  ADD KEY performance_of_model_by_time (model_name, run_timestamp),
  DROP KEY performance_by_period,
  ADD KEY performance_of_model_by_period (model_name, kind, period_from, run_timestamp);
ALTER TABLE business_impact
  ADD COLUMN model_name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'default',
  DROP PRIMARY KEY,
  ADD PRIMARY KEY (model_name, run_uid, period_from),
  DROP KEY business_impact_by_time,
  ADD KEY business_impact_of_model_by_time (model_name, run_timestamp),
  DROP KEY business_impact_by_period,
  ADD KEY business_impact_of_model_by_period (model_name, period_from, run_timestamp);
ALTER TABLE retrain_request
  ADD COLUMN model_name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'default',
  DROP PRIMARY KEY,
  ADD PRIMARY KEY (model_name, request_uid),
  DROP KEY retrain_request_by_time,
  ADD KEY retrain_request_of_model_by_time (model_name, requested_at);
ALTER TABLE model_metadata
  ADD COLUMN model_name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'default',
  DROP PRIMARY KEY,
  ADD PRIMARY KEY (model_name, model_uid),
  DROP KEY model_metadata_by_time,
  ADD KEY model_metadata_of_model_by_time (model_name, training_timestamp);
ALTER TABLE model_score
  ADD COLUMN model_name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'default',
  DROP PRIMARY KEY,
  ADD PRIMARY KEY (model_name, model_uid, metric);
ALTER TABLE model_release
  ADD COLUMN model_name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'default',
  DROP PRIMARY KEY,
  ADD PRIMARY KEY (model_name, released_at, model_uid);
ALTER TABLE alert_state
  ADD COLUMN model_name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'default',
  DROP PRIMARY KEY,
  ADD PRIMARY KEY (model_name, rule, alert_group);
ALTER TABLE alert_outbox
  ADD COLUMN model_name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'default',
  DROP PRIMARY KEY,
  ADD PRIMARY KEY (model_name, message_uid),
  DROP KEY alert_outbox_by_time,
  ADD KEY alert_outbox_of_model_by_time (model_name, created_at);
ALTER TABLE log_rollup
  ADD COLUMN model_name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'default',
  DROP PRIMARY KEY,
  ADD PRIMARY KEY (model_name, logged_hour, model_uid, arm);
ALTER TABLE log_rollup_state
  ADD COLUMN model_name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'default',
  DROP PRIMARY KEY,
  ADD PRIMARY KEY (model_name, id);
-- Outcomes and lifetime values may be views, or tables that others made. These are of all models.
SET @table_of_ours = (SELECT COUNT(*) FROM information_schema.table_constraints WHERE table_schema = DATABASE()
  AND table_name = 'client_outcomes' AND constraint_type = 'PRIMARY KEY');
SET @change = IF(@table_of_ours = 1, 'ALTER TABLE client_outcomes ADD COLUMN model_name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT ''default'' /*!80023 INVISIBLE */, DROP PRIMARY KEY, ADD PRIMARY KEY (model_name, client_id, outcome_timestamp)', 'DO 0');
PREPARE change_table FROM @change;
EXECUTE change_table;
DEALLOCATE PREPARE change_table;
SET @table_of_ours = (SELECT COUNT(*) FROM information_schema.table_constraints WHERE table_schema = DATABASE()
  AND table_name = 'client_ltv' AND constraint_type = 'PRIMARY KEY');
SET @change = IF(@table_of_ours = 1, 'ALTER TABLE client_ltv ADD COLUMN model_name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT ''default'' /*!80023 INVISIBLE */, DROP PRIMARY KEY, ADD PRIMARY KEY (model_name, client_id)', 'DO 0');
PREPARE change_table FROM @change;
EXECUTE change_table;
DEALLOCATE PREPARE change_table;
