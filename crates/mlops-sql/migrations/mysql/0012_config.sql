-- Settings of the application that scores requests, one table for production and one for staging. It reads them again each hour.
CREATE TABLE IF NOT EXISTS prod_config (
  name VARCHAR(64) CHARACTER SET ascii NOT NULL,
  value TEXT NOT NULL,
  updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  PRIMARY KEY (name)
);
CREATE TABLE IF NOT EXISTS stage_config (
  name VARCHAR(64) CHARACTER SET ascii NOT NULL,
  value TEXT NOT NULL,
  updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  PRIMARY KEY (name)
);
