-- Rows of datasets keep all that an evaluation can use.
ALTER TABLE data.dataset_rows ADD COLUMN outputs JSON;
ALTER TABLE data.dataset_rows ADD COLUMN retrieved_ids JSON;
ALTER TABLE data.dataset_rows ADD COLUMN relevant_ids JSON;
ALTER TABLE data.dataset_rows ADD COLUMN place BIGINT;
