-- What was brought in from other programs and has no table of its own, such as registered models.
CREATE TABLE data.imported_records (
  program VARCHAR, kind VARCHAR, name VARCHAR, data JSON, imported_ns BIGINT
);
