-- Runs and experiments can be deleted and restored, experiments renamed and tagged; files of runs can lie elsewhere.
ALTER TABLE data.runs ADD COLUMN lifecycle VARCHAR;
ALTER TABLE data.runs ADD COLUMN artifact_uri VARCHAR;
ALTER TABLE data.experiments ADD COLUMN named_ns BIGINT;
ALTER TABLE data.experiments ADD COLUMN state_ns BIGINT;
UPDATE data.experiments SET named_ns = created_ns;
CREATE TABLE data.experiment_tags (experiment_id VARCHAR, key VARCHAR, value VARCHAR, ts_ns BIGINT);
