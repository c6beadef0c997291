-- Tables live in the schema `data`; the names that users see are the views of views.sql.
CREATE SCHEMA IF NOT EXISTS data;

CREATE TABLE data.spans (
  trace_id VARCHAR NOT NULL,
  span_id VARCHAR NOT NULL,
  parent_span_id VARCHAR,
  name VARCHAR,
  span_type VARCHAR,
  status VARCHAR,
  status_message VARCHAR,
  start_ns BIGINT,
  end_ns BIGINT,
  service VARCHAR,
  experiment VARCHAR,
  run_id VARCHAR,
  session_id VARCHAR,
  user_id VARCHAR,
  operation VARCHAR,
  provider VARCHAR,
  request_model VARCHAR,
  response_model VARCHAR,
  response_id VARCHAR,
  finish_reasons VARCHAR[],
  input_tokens BIGINT,
  output_tokens BIGINT,
  cache_read_tokens BIGINT,
  cache_write_tokens BIGINT,
  reasoning_tokens BIGINT,
  cost_usd DOUBLE,
  ttft_ms DOUBLE,
  prompt_name VARCHAR,
  prompt_version INTEGER,
  inputs VARCHAR,
  outputs VARCHAR,
  attributes VARIANT,
  events VARIANT,
  links VARIANT,
  trace_name VARCHAR,
  tags JSON,
  metadata JSON,
  proc VARCHAR
);

-- Spans that were begun and not ended: the same columns.
CREATE TABLE data.open_spans AS FROM data.spans LIMIT 0;

CREATE TABLE data.traces (
  trace_id VARCHAR NOT NULL,
  name VARCHAR,
  status VARCHAR,
  start_ns BIGINT,
  end_ns BIGINT,
  n_spans BIGINT,
  n_errors BIGINT,
  input_tokens BIGINT,
  output_tokens BIGINT,
  cost_usd DOUBLE,
  models VARCHAR[],
  session_id VARCHAR,
  user_id VARCHAR,
  experiment VARCHAR,
  run_id VARCHAR,
  tags JSON,
  metadata JSON,
  inputs_preview VARCHAR,
  outputs_preview VARCHAR
);

CREATE TABLE data.experiments (
  experiment_id VARCHAR NOT NULL, name VARCHAR, state VARCHAR, created_ns BIGINT
);
CREATE TABLE data.runs (
  run_id VARCHAR NOT NULL,
  experiment_id VARCHAR,
  name VARCHAR,
  status VARCHAR,
  start_ns BIGINT,
  end_ns BIGINT,
  parent_run_id VARCHAR,
  user VARCHAR,
  source JSON,
  description VARCHAR,
  proc VARCHAR,
  updated_ns BIGINT
);
CREATE TABLE data.params (run_id VARCHAR, key VARCHAR, value JSON, ts_ns BIGINT);
CREATE TABLE data.run_tags (run_id VARCHAR, key VARCHAR, value VARCHAR, ts_ns BIGINT);
CREATE TABLE data.metrics (run_id VARCHAR, key VARCHAR, value DOUBLE, step BIGINT, ts_ns BIGINT);
CREATE TABLE data.metrics_latest (
  run_id VARCHAR,
  key VARCHAR,
  value DOUBLE,
  step BIGINT,
  ts_ns BIGINT,
  min DOUBLE,
  max DOUBLE,
  n BIGINT
);
CREATE TABLE data.assessments (
  assessment_id VARCHAR NOT NULL,
  trace_id VARCHAR,
  span_id VARCHAR,
  run_id VARCHAR,
  name VARCHAR,
  kind VARCHAR,
  value JSON,
  number DOUBLE,
  rationale VARCHAR,
  source_type VARCHAR,
  source_id VARCHAR,
  judge_trace_id VARCHAR,
  cost_usd DOUBLE,
  error VARCHAR,
  created_ns BIGINT,
  superseded_by VARCHAR
);
CREATE TABLE data.eval_rows (
  run_id VARCHAR,
  row_id VARCHAR,
  repeat BIGINT,
  trace_id VARCHAR,
  judge VARCHAR,
  value JSON,
  number DOUBLE,
  label VARCHAR,
  rationale VARCHAR,
  error VARCHAR,
  attempts BIGINT,
  cached BOOLEAN,
  cost_usd DOUBLE,
  duration_ms DOUBLE,
  ts_ns BIGINT
);
CREATE TABLE data.answers (
  key VARCHAR NOT NULL, kind VARCHAR, response JSON, usage JSON, created_ns BIGINT
);

CREATE TABLE data.prompts (
  name VARCHAR PRIMARY KEY, kind VARCHAR, tags JSON, created_ns BIGINT
);
CREATE TABLE data.prompt_versions (
  name VARCHAR,
  version INTEGER,
  template JSON,
  syntax VARCHAR,
  model_config JSON,
  response_format JSON,
  tools JSON,
  tags JSON,
  message VARCHAR,
  author VARCHAR,
  created_ns BIGINT,
  hash VARCHAR,
  PRIMARY KEY (name, version)
);
CREATE TABLE data.prompt_aliases (
  name VARCHAR, alias VARCHAR, version INTEGER, weight DOUBLE, PRIMARY KEY (name, alias, version)
);
CREATE TABLE data.prompt_alias_history (
  name VARCHAR,
  alias VARCHAR,
  version INTEGER,
  weight DOUBLE,
  moved_ns BIGINT,
  author VARCHAR,
  reason VARCHAR
);

CREATE TABLE data.datasets (
  name VARCHAR, version INTEGER, digest VARCHAR, n_rows BIGINT, created_ns BIGINT,
  PRIMARY KEY (name, version)
);
CREATE TABLE data.dataset_rows (
  name VARCHAR,
  version INTEGER,
  row_id VARCHAR,
  inputs JSON,
  expected JSON,
  contexts JSON,
  tags JSON,
  trace_id VARCHAR
);
CREATE TABLE data.review_queues (name VARCHAR, filter VARCHAR, judge VARCHAR, created_ns BIGINT);
CREATE TABLE data.review_items (
  queue VARCHAR, trace_id VARCHAR, row_id VARCHAR, state VARCHAR, assignee VARCHAR
);
CREATE TABLE data.gateway_keys (
  name VARCHAR PRIMARY KEY,
  key_hash VARCHAR,
  prefix VARCHAR,
  models VARCHAR[],
  budget_usd DOUBLE,
  budget_every VARCHAR,
  spent_usd DOUBLE,
  rpm BIGINT,
  tpm BIGINT,
  concurrent BIGINT,
  created_ns BIGINT,
  expires_ns BIGINT,
  revoked_ns BIGINT
);
CREATE TABLE data.server_keys (
  name VARCHAR PRIMARY KEY,
  key_hash VARCHAR,
  prefix VARCHAR,
  role VARCHAR,
  created_ns BIGINT,
  revoked_ns BIGINT
);

-- Segments whose rows are in this file: the ledger that makes compaction exactly-once.
CREATE TABLE data.segments (
  name VARCHAR PRIMARY KEY, rows BIGINT, bad BIGINT, bytes BIGINT, done_ns BIGINT
);
