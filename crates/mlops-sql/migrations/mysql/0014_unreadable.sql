-- Objects that the ETL could not read. It tries them again.
CREATE TABLE IF NOT EXISTS etl_unreadable (
  pipeline_key BINARY(16) NOT NULL,
  object_id BINARY(16) NOT NULL,
  pipeline VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  partition_id VARCHAR(1100) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  object_key TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  reason TEXT NOT NULL,
  remedy TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  next_attempt_at DATETIME(6) NOT NULL,
  ignored_at DATETIME(6) NULL,
  ignored_by VARCHAR(512) NULL,
  ignored_reason TEXT NULL,
  PRIMARY KEY (pipeline_key, object_id)
);
-- When each part of a pipeline last compared its sealed partitions with the listing.
CREATE TABLE IF NOT EXISTS etl_audit (
  pipeline VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  shard VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  audited_at DATETIME(6) NOT NULL,
  PRIMARY KEY (pipeline, shard)
);
