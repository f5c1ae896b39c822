-- What became of the customers. Written by those who know; a customer may have several, one after another.
CREATE TABLE IF NOT EXISTS client_outcomes (
  client_id TEXT NOT NULL,
  outcome_timestamp TEXT NOT NULL,
  outcome TEXT NOT NULL,
  PRIMARY KEY (client_id, outcome_timestamp)
);
-- What a customer is worth over the years, in the money of the business.
CREATE TABLE IF NOT EXISTS client_ltv (
  client_id TEXT NOT NULL PRIMARY KEY,
  ltv REAL NOT NULL
);
-- Each time that another model became model.pkl.
CREATE TABLE IF NOT EXISTS model_release (
  released_at TEXT NOT NULL,
  model_uid TEXT NOT NULL,
  replaced_model_uid TEXT NULL,
  action TEXT NOT NULL,
  request_uid TEXT NULL,
  PRIMARY KEY (released_at, model_uid)
);
-- What came of a wish for a new model.
ALTER TABLE retrain_request ADD COLUMN settled_at TEXT NULL;
ALTER TABLE retrain_request ADD COLUMN model_uid TEXT NULL;
