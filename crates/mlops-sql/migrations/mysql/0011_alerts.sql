-- Where each alert stands, by rule and group: ok, pending, firing, recovering, or unknown while it has no value to judge by.
CREATE TABLE IF NOT EXISTS alert_state (
  rule VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  alert_group VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL DEFAULT '',
  state VARCHAR(32) CHARACTER SET ascii NOT NULL,
  severity VARCHAR(32) CHARACTER SET ascii NOT NULL,
  since DATETIME(6) NOT NULL,
  value DOUBLE NULL,
  worst DOUBLE NULL,
  recent VARCHAR(64) CHARACTER SET ascii NOT NULL,
  fired_at DATETIME(6) NULL,
  notified_at DATETIME(6) NULL,
  no_data_since DATETIME(6) NULL,
  why TEXT NOT NULL,
  evaluated_at DATETIME(6) NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (rule, alert_group)
);
-- Every message, written before it is sent: sending, sent, failed or muted; one row a recipient.
CREATE TABLE IF NOT EXISTS alert_outbox (
  message_uid VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  created_at DATETIME(6) NOT NULL,
  run_uid VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  rule VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  alert_group VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL DEFAULT '',
  transition VARCHAR(32) CHARACTER SET ascii NOT NULL,
  channel VARCHAR(32) CHARACTER SET ascii NOT NULL,
  severity VARCHAR(32) CHARACTER SET ascii NOT NULL,
  recipient VARCHAR(320) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  subject TEXT NOT NULL,
  content JSON NOT NULL,
  status VARCHAR(32) CHARACTER SET ascii NOT NULL,
  claimed_by VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NULL,
  claimed_at DATETIME(6) NULL,
  attempts BIGINT NOT NULL DEFAULT 0,
  sent_at DATETIME(6) NULL,
  provider_uid VARCHAR(255) NULL,
  why TEXT NOT NULL,
  PRIMARY KEY (message_uid),
  KEY alert_outbox_by_time (created_at),
  KEY alert_outbox_by_status (channel, status)
);
-- Its row is locked while texts are counted, so that overlapping runs keep to the day's limit.
CREATE TABLE IF NOT EXISTS alert_gate (id TINYINT NOT NULL PRIMARY KEY);
INSERT IGNORE INTO alert_gate (id) VALUES (1);
