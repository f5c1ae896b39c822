-- The ETL's books. A pipeline is what one job loads from one place.
CREATE TABLE IF NOT EXISTS etl_partition (
  partition_key BINARY(16) NOT NULL,
  pipeline VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  partition_id VARCHAR(1024) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  sealed BOOLEAN NOT NULL DEFAULT FALSE,
  fence BIGINT NOT NULL DEFAULT 0,
  owner VARCHAR(255) NULL,
  listed_objects BIGINT NULL,
  listed_bytes BIGINT NULL,
  listed_digest BINARY(16) NULL,
  objects BIGINT NOT NULL DEFAULT 0,
  records BIGINT NOT NULL DEFAULT 0,
  bad BIGINT NOT NULL DEFAULT 0,
  bytes BIGINT NOT NULL DEFAULT 0,
  newest_logging_timestamp DATETIME(6) NULL,
  updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  PRIMARY KEY (partition_key),
  KEY etl_partition_by_state (pipeline, sealed)
);
-- The objects loaded from partitions that are not sealed.
CREATE TABLE IF NOT EXISTS etl_ledger (
  partition_key BINARY(16) NOT NULL,
  object_id BINARY(16) NOT NULL,
  PRIMARY KEY (partition_key, object_id)
);
CREATE TABLE IF NOT EXISTS etl_watermark (
  pipeline VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  watermark DATETIME(6) NULL,
  watermark_partition VARCHAR(1024) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NULL,
  newest_logging_timestamp DATETIME(6) NULL,
  lag_seconds DOUBLE NULL,
  objects BIGINT NOT NULL,
  records BIGINT NOT NULL,
  bad BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  past_folders BIGINT NOT NULL,
  past_folders_digest BINARY(16) NOT NULL,
  audited_at DATETIME(6) NULL,
  updated_at DATETIME(6) NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (pipeline)
);
CREATE TABLE IF NOT EXISTS etl_lease (
  name VARCHAR(300) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  owner VARCHAR(255) NOT NULL,
  beat BIGINT NOT NULL,
  duration_ms BIGINT NOT NULL,
  PRIMARY KEY (name)
);
