-- The views of a file at rest: what `genaiops.sql` shows when nothing waits in the journal.
-- A reader replaces those whose rows are still in the journal (store/live.py).
CREATE OR REPLACE VIEW spans AS
SELECT
  trace_id, span_id, parent_span_id, name, span_type, status, status_message, start_ns, end_ns,
  (end_ns - start_ns) / 1e6 AS duration_ms,
  service, experiment, run_id, session_id, user_id, operation, provider, request_model,
  response_model, response_id, finish_reasons, input_tokens, output_tokens, cache_read_tokens,
  cache_write_tokens, reasoning_tokens, cost_usd, ttft_ms, prompt_name, prompt_version, inputs,
  outputs, attributes, events, links
FROM data.spans;

CREATE OR REPLACE VIEW traces AS
SELECT
  trace_id, name, status, start_ns, end_ns, (end_ns - start_ns) / 1e6 AS duration_ms, n_spans,
  n_errors, input_tokens, output_tokens, cost_usd, models, session_id, user_id, experiment,
  run_id, tags, metadata, inputs_preview, outputs_preview
FROM data.traces;

CREATE OR REPLACE VIEW experiments AS
SELECT experiment_id, name, coalesce(state, 'active') AS state, created_ns FROM data.experiments;

CREATE OR REPLACE VIEW experiment_tags AS
SELECT experiment_id, key, value FROM data.experiment_tags WHERE value IS NOT NULL;

CREATE OR REPLACE VIEW runs AS
SELECT
  run_id, experiment_id, name, status, start_ns, end_ns, parent_run_id, user, source, description,
  coalesce(lifecycle, 'active') AS lifecycle, artifact_uri
FROM data.runs;

CREATE OR REPLACE VIEW params AS SELECT run_id, key, value FROM data.params;

CREATE OR REPLACE VIEW run_tags AS
SELECT run_id, key, value FROM data.run_tags WHERE value IS NOT NULL;

CREATE OR REPLACE VIEW metrics AS SELECT run_id, key, value, step, ts_ns FROM data.metrics;

CREATE OR REPLACE VIEW metrics_latest AS
SELECT run_id, key, value, step, ts_ns, min, max, n FROM data.metrics_latest;

CREATE OR REPLACE VIEW assessments AS
SELECT
  assessment_id, trace_id, span_id, run_id, name, kind, value, number, rationale, source_type,
  source_id, judge_trace_id, cost_usd, error, created_ns, superseded_by
FROM data.assessments;

CREATE OR REPLACE VIEW eval_rows AS
SELECT
  run_id, row_id, repeat, trace_id, judge, value, number, label, rationale, error, attempts,
  cached, cost_usd, duration_ms
FROM data.eval_rows;

CREATE OR REPLACE VIEW answers AS
SELECT key, kind, response, usage, created_ns FROM data.answers;

CREATE OR REPLACE VIEW prompts AS SELECT name, kind, tags, created_ns FROM data.prompts;

CREATE OR REPLACE VIEW prompt_versions AS
SELECT
  name, version, template, syntax, model_config, response_format, tools, tags, message, author,
  created_ns, hash, variable_types
FROM data.prompt_versions;

CREATE OR REPLACE VIEW prompt_aliases AS
SELECT name, alias, version, weight FROM data.prompt_aliases;

CREATE OR REPLACE VIEW prompt_alias_history AS
SELECT name, alias, version, weight, moved_ns, author, reason FROM data.prompt_alias_history;

CREATE OR REPLACE VIEW datasets AS
SELECT name, version, digest, n_rows, created_ns FROM data.datasets;

CREATE OR REPLACE VIEW dataset_rows AS
SELECT
  name, version, row_id, inputs, expected, contexts, tags, trace_id, outputs, retrieved_ids,
  relevant_ids, place
FROM data.dataset_rows;

CREATE OR REPLACE VIEW review_queues AS
SELECT name, filter, judge, created_ns FROM data.review_queues;

CREATE OR REPLACE VIEW review_items AS
SELECT queue, trace_id, row_id, state, assignee FROM data.review_items;

CREATE OR REPLACE VIEW gateway_keys AS
SELECT
  name, prefix, models, budget_usd, budget_every, spent_usd, rpm, tpm, concurrent, created_ns,
  expires_ns, revoked_ns
FROM data.gateway_keys;

CREATE OR REPLACE VIEW server_keys AS
SELECT name, prefix, role, created_ns, revoked_ns FROM data.server_keys;

CREATE OR REPLACE VIEW imported_records AS
SELECT program, kind, name, data, imported_ns FROM data.imported_records;
