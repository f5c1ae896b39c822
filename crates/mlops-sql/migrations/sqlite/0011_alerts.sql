-- Where each alert stands, by rule and group: ok, pending, firing, recovering, or unknown while it has no value to judge by.
CREATE TABLE IF NOT EXISTS alert_state (
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
  PRIMARY KEY (rule, alert_group)
);
-- Every message, written before it is sent: sending, sent, failed or muted; one row a recipient.
CREATE TABLE IF NOT EXISTS alert_outbox (
  message_uid TEXT NOT NULL PRIMARY KEY,
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
  why TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS alert_outbox_by_time ON alert_outbox (created_at);
CREATE INDEX IF NOT EXISTS alert_outbox_by_status ON alert_outbox (channel, status);
