-- A run may look at parts of the rows too, and knows the model whose training data it compared with.
ALTER TABLE data_shift
  ADD COLUMN segment VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL DEFAULT '',
  ADD COLUMN model_uid VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NULL,
  DROP PRIMARY KEY,
  ADD PRIMARY KEY (run_uid, segment, feature);
