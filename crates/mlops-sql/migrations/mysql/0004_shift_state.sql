-- What is the matter with a feature, beside its verdict.
ALTER TABLE data_shift ADD COLUMN state VARCHAR(32) CHARACTER SET ascii NOT NULL DEFAULT 'ok';
