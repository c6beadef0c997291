-- What the variables of a prompt version may be, as a JSON schema.
ALTER TABLE data.prompt_versions ADD COLUMN variable_types JSON;
