-- What is the matter with a feature, beside its verdict.
ALTER TABLE data_shift ADD COLUMN state TEXT NOT NULL DEFAULT 'ok';
