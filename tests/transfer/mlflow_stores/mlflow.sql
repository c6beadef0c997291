CREATE TABLE "assessments" (
	assessment_id VARCHAR(50) NOT NULL, 
	trace_id VARCHAR(50) NOT NULL, 
	name VARCHAR(250) NOT NULL, 
	assessment_type VARCHAR(20) NOT NULL, 
	value TEXT NOT NULL, 
	error TEXT, 
	created_timestamp BIGINT NOT NULL, 
	last_updated_timestamp BIGINT NOT NULL, 
	source_type VARCHAR(50) NOT NULL, 
	source_id VARCHAR(250), 
	run_id VARCHAR(32), 
	span_id VARCHAR(50), 
	rationale TEXT, 
	overrides VARCHAR(50), 
	valid BOOLEAN NOT NULL, 
	assessment_metadata TEXT, 
	experiment_id INTEGER, 
	trace_timestamp_ms BIGINT, 
	aggregate_value FLOAT, 
	is_numeric_value BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT assessments_pk PRIMARY KEY (assessment_id), 
	CONSTRAINT fk_assessments_trace_id FOREIGN KEY(trace_id) REFERENCES trace_info (request_id) ON DELETE CASCADE
);
INSERT INTO "assessments" VALUES('a-604b25de30ea4ea5b0696b111a4b6754','tr-f2f459911904063ba463759213b78acf','good','feedback','false',NULL,1795680625963,1795680625963,'HUMAN','bob',NULL,NULL,NULL,NULL,0,NULL,1,1795680625094,0.0,0);
INSERT INTO "assessments" VALUES('a-31be8b85021b4609aad191ab87290665','tr-f2f459911904063ba463759213b78acf','good','feedback','true',NULL,1795680626014,1795680626014,'CODE','default',NULL,NULL,'on reflection','a-604b25de30ea4ea5b0696b111a4b6754',1,NULL,1,1795680625094,1.0,0);
INSERT INTO "assessments" VALUES('a-b20d39a04b474189b17ee3487b96ae78','tr-f2f459911904063ba463759213b78acf','right','expectation','{"a": [1]}',NULL,1795680626099,1795680626099,'HUMAN','bob',NULL,NULL,NULL,NULL,1,NULL,1,1795680625094,NULL,0);
CREATE TABLE "datasets" (
	dataset_uuid VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(500) NOT NULL, 
	digest VARCHAR(36) NOT NULL, 
	dataset_source_type VARCHAR(36) NOT NULL, 
	dataset_source TEXT NOT NULL, 
	dataset_schema TEXT, 
	dataset_profile TEXT, 
	CONSTRAINT dataset_pk PRIMARY KEY (experiment_id, name, digest), 
	CONSTRAINT fk_datasets_experiment_id_experiments FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE CASCADE
);
INSERT INTO "datasets" VALUES('5a8916fe66a940dca2dfed3910313935',1,'train','300830b9','code','{"a": 1}','{"s": 1}','{"rows": 2}');
CREATE TABLE "experiment_tags" (
	"key" VARCHAR(250) NOT NULL, 
	value TEXT, 
	experiment_id INTEGER NOT NULL, 
	CONSTRAINT experiment_tag_pk PRIMARY KEY ("key", experiment_id), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id)
);
INSERT INTO "experiment_tags" VALUES('owner','é',1);
CREATE TABLE "experiments" (
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	artifact_location VARCHAR(256), 
	lifecycle_stage VARCHAR(32), 
	creation_time BIGINT, 
	last_update_time BIGINT, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT experiment_pk PRIMARY KEY (experiment_id), 
	CONSTRAINT experiments_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT uq_experiments_workspace_name UNIQUE (workspace, name)
);
INSERT INTO "experiments" VALUES(0,'Default','{ROOT}/db/mlruns/0','active',1795680617652,1795680617652,'default');
INSERT INTO "experiments" VALUES(1,'tuning','{ROOT}/db/mlruns/1','active',1795680617691,1795680617691,'default');
INSERT INTO "experiments" VALUES(2,'abandoned','{ROOT}/db/mlruns/2','deleted',1795680617864,1795680617909,'default');
CREATE TABLE input_tags (
	input_uuid VARCHAR(36) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	value VARCHAR(500) NOT NULL, 
	CONSTRAINT input_tags_pk PRIMARY KEY (input_uuid, name)
);
INSERT INTO "input_tags" VALUES('8f426b4beb824962a16dde481fce983c','mlflow.data.context','training');
CREATE TABLE inputs (
	input_uuid VARCHAR(36) NOT NULL, 
	source_type VARCHAR(36) NOT NULL, 
	source_id VARCHAR(36) NOT NULL, 
	destination_type VARCHAR(36) NOT NULL, 
	destination_id VARCHAR(36) NOT NULL, step BIGINT DEFAULT '0' NOT NULL, 
	CONSTRAINT inputs_pk PRIMARY KEY (source_type, source_id, destination_type, destination_id)
);
INSERT INTO "inputs" VALUES('8f426b4beb824962a16dde481fce983c','DATASET','5a8916fe66a940dca2dfed3910313935','RUN','057d2b1a0dc94fbe9bcd27186c85f0d7',0);
INSERT INTO "inputs" VALUES('7c084c508d014189a56f2716e6a950a7','RUN_OUTPUT','057d2b1a0dc94fbe9bcd27186c85f0d7','MODEL_OUTPUT','m-5f7214e4a258453a8fb1c309432e4c79',0);
CREATE TABLE logged_model_params (
	model_id VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	param_key VARCHAR(255) NOT NULL, 
	param_value TEXT NOT NULL, 
	CONSTRAINT logged_model_params_pk PRIMARY KEY (model_id, param_key), 
	CONSTRAINT fk_logged_model_params_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CONSTRAINT fk_logged_model_params_model_id FOREIGN KEY(model_id) REFERENCES logged_models (model_id) ON DELETE CASCADE
);
INSERT INTO "logged_model_params" VALUES('m-5f7214e4a258453a8fb1c309432e4c79',1,'depth','3');
CREATE TABLE logged_model_tags (
	model_id VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	tag_key VARCHAR(255) NOT NULL, 
	tag_value TEXT NOT NULL, 
	CONSTRAINT logged_model_tags_pk PRIMARY KEY (model_id, tag_key), 
	CONSTRAINT fk_logged_model_tags_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CONSTRAINT fk_logged_model_tags_model_id FOREIGN KEY(model_id) REFERENCES logged_models (model_id) ON DELETE CASCADE
);
CREATE TABLE logged_models (
	model_id VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(500) NOT NULL, 
	artifact_location VARCHAR(1000) NOT NULL, 
	creation_timestamp_ms BIGINT NOT NULL, 
	last_updated_timestamp_ms BIGINT NOT NULL, 
	status INTEGER NOT NULL, 
	lifecycle_stage VARCHAR(32), 
	model_type VARCHAR(500), 
	source_run_id VARCHAR(32), 
	status_message VARCHAR(1000), 
	CONSTRAINT logged_models_pk PRIMARY KEY (model_id), 
	CONSTRAINT logged_models_lifecycle_stage_check CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT fk_logged_models_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE CASCADE
);
INSERT INTO "logged_models" VALUES('m-5f7214e4a258453a8fb1c309432e4c79',1,'model','{ROOT}/db/mlruns/1/models/m-5f7214e4a258453a8fb1c309432e4c79/artifacts',1795680619413,1795680619576,2,'active',NULL,'057d2b1a0dc94fbe9bcd27186c85f0d7',NULL);
CREATE TABLE "metrics" (
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT NOT NULL, 
	timestamp BIGINT NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	step BIGINT DEFAULT '0' NOT NULL, 
	is_nan BOOLEAN DEFAULT '0' NOT NULL, 
	CONSTRAINT metric_pk PRIMARY KEY ("key", timestamp, step, run_uuid, value, is_nan), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid), 
	CHECK (is_nan IN (0, 1))
);
INSERT INTO "metrics" VALUES('loss',1.0,1700000000000,'057d2b1a0dc94fbe9bcd27186c85f0d7',0,0);
INSERT INTO "metrics" VALUES('loss',0.5,1700000000001,'057d2b1a0dc94fbe9bcd27186c85f0d7',1,0);
INSERT INTO "metrics" VALUES('loss',3.33333333333333314829e-01,1700000000002,'057d2b1a0dc94fbe9bcd27186c85f0d7',2,0);
INSERT INTO "metrics" VALUES('loss',0.25,1700000000003,'057d2b1a0dc94fbe9bcd27186c85f0d7',3,0);
INSERT INTO "metrics" VALUES('loss',0.2,1700000000004,'057d2b1a0dc94fbe9bcd27186c85f0d7',4,0);
INSERT INTO "metrics" VALUES('odd/values',0.0,1700000000000,'057d2b1a0dc94fbe9bcd27186c85f0d7',0,1);
INSERT INTO "metrics" VALUES('odd/values',1.79769313486231562234e+308,1700000000000,'057d2b1a0dc94fbe9bcd27186c85f0d7',1,0);
INSERT INTO "metrics" VALUES('odd/values',-1.79769313486231562234e+308,1700000000000,'057d2b1a0dc94fbe9bcd27186c85f0d7',2,0);
INSERT INTO "metrics" VALUES('acc',0.0,1795680619168,'e058fc0bc2b24ceebfccc1eb0a10fba5',0,0);
INSERT INTO "metrics" VALUES('loss',1.0,1700000000000,'f8b2ed364eac4cfba4850e4672d08d9b',0,0);
INSERT INTO "metrics" VALUES('loss',0.5,1700000000001,'f8b2ed364eac4cfba4850e4672d08d9b',1,0);
INSERT INTO "metrics" VALUES('loss',3.33333333333333314829e-01,1700000000002,'f8b2ed364eac4cfba4850e4672d08d9b',2,0);
INSERT INTO "metrics" VALUES('loss',0.25,1700000000003,'f8b2ed364eac4cfba4850e4672d08d9b',3,0);
INSERT INTO "metrics" VALUES('loss',0.2,1700000000004,'f8b2ed364eac4cfba4850e4672d08d9b',4,0);
INSERT INTO "metrics" VALUES('odd/values',0.0,1700000000000,'f8b2ed364eac4cfba4850e4672d08d9b',0,1);
INSERT INTO "metrics" VALUES('odd/values',1.79769313486231562234e+308,1700000000000,'f8b2ed364eac4cfba4850e4672d08d9b',1,0);
INSERT INTO "metrics" VALUES('odd/values',-1.79769313486231562234e+308,1700000000000,'f8b2ed364eac4cfba4850e4672d08d9b',2,0);
INSERT INTO "metrics" VALUES('acc',1.0,1795680621044,'8b599f188b5749e687ccb57f7570cec8',0,0);
INSERT INTO "metrics" VALUES('loss',1.0,1700000000000,'bda7a9885bc647668f407cf530b93d9d',0,0);
INSERT INTO "metrics" VALUES('loss',0.5,1700000000001,'bda7a9885bc647668f407cf530b93d9d',1,0);
INSERT INTO "metrics" VALUES('loss',3.33333333333333314829e-01,1700000000002,'bda7a9885bc647668f407cf530b93d9d',2,0);
INSERT INTO "metrics" VALUES('loss',0.25,1700000000003,'bda7a9885bc647668f407cf530b93d9d',3,0);
INSERT INTO "metrics" VALUES('loss',0.2,1700000000004,'bda7a9885bc647668f407cf530b93d9d',4,0);
INSERT INTO "metrics" VALUES('odd/values',0.0,1700000000000,'bda7a9885bc647668f407cf530b93d9d',0,1);
INSERT INTO "metrics" VALUES('odd/values',1.79769313486231562234e+308,1700000000000,'bda7a9885bc647668f407cf530b93d9d',1,0);
INSERT INTO "metrics" VALUES('odd/values',-1.79769313486231562234e+308,1700000000000,'bda7a9885bc647668f407cf530b93d9d',2,0);
INSERT INTO "metrics" VALUES('acc',2.0,1795680621991,'95f7331f99ae480d80708d42a40a6c9c',0,0);
CREATE TABLE "model_version_tags" (
	"key" VARCHAR(250) NOT NULL, 
	value TEXT, 
	name VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT model_version_tag_pk PRIMARY KEY (workspace, "key", name, version), 
	CONSTRAINT fk_model_version_tags_model_versions FOREIGN KEY(workspace, name, version) REFERENCES model_versions (workspace, name, version) ON UPDATE CASCADE
);
INSERT INTO "model_version_tags" VALUES('t','1','answer',1,'default');
INSERT INTO "model_version_tags" VALUES('mlflow.prompt.is_prompt','true','answer',1,'default');
INSERT INTO "model_version_tags" VALUES('_mlflow_prompt_type','text','answer',1,'default');
INSERT INTO "model_version_tags" VALUES('mlflow.prompt.text','Answer {{question}}','answer',1,'default');
INSERT INTO "model_version_tags" VALUES('mlflow.prompt.is_prompt','true','answer',2,'default');
INSERT INTO "model_version_tags" VALUES('_mlflow_prompt_type','text','answer',2,'default');
INSERT INTO "model_version_tags" VALUES('mlflow.prompt.text','Answer {{ question }} briefly','answer',2,'default');
INSERT INTO "model_version_tags" VALUES('mlflow.prompt.is_prompt','true','answer',3,'default');
INSERT INTO "model_version_tags" VALUES('_mlflow_prompt_type','text','answer',3,'default');
INSERT INTO "model_version_tags" VALUES('mlflow.prompt.text','Answer {{ question }} briefly','answer',3,'default');
INSERT INTO "model_version_tags" VALUES('mlflow.prompt.is_prompt','true','chat',1,'default');
INSERT INTO "model_version_tags" VALUES('_mlflow_prompt_type','chat','chat',1,'default');
INSERT INTO "model_version_tags" VALUES('mlflow.prompt.text','[{"role": "user", "content": "Say {{word}}"}]','chat',1,'default');
INSERT INTO "model_version_tags" VALUES('_mlflow_prompt_response_format','{"type": "object", "properties": {"a": {"type": "string"}}}','chat',1,'default');
INSERT INTO "model_version_tags" VALUES('_mlflow_prompt_model_config','{"model_name": "small", "temperature": 0.1}','chat',1,'default');
INSERT INTO "model_version_tags" VALUES('mlflow.prompt.is_prompt','true','logic',1,'default');
INSERT INTO "model_version_tags" VALUES('_mlflow_prompt_type','text','logic',1,'default');
INSERT INTO "model_version_tags" VALUES('mlflow.prompt.text','{% if q %}Answer {{q}}{% endif %}','logic',1,'default');
CREATE TABLE "model_versions" (
	name VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	creation_time BIGINT, 
	last_updated_time BIGINT, 
	description VARCHAR(5000), 
	user_id VARCHAR(256), 
	current_stage VARCHAR(20), 
	source VARCHAR(500), 
	run_id VARCHAR(32), 
	status VARCHAR(20), 
	status_message VARCHAR(500), 
	run_link VARCHAR(500), 
	storage_location VARCHAR(500), 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT model_version_pk PRIMARY KEY (workspace, name, version), 
	CONSTRAINT fk_model_versions_registered_models FOREIGN KEY(workspace, name) REFERENCES registered_models (workspace, name) ON UPDATE CASCADE
);
INSERT INTO "model_versions" VALUES('classifier',1,1795680619873,1795680619873,NULL,NULL,'None','models:/m-5f7214e4a258453a8fb1c309432e4c79','057d2b1a0dc94fbe9bcd27186c85f0d7','READY',NULL,NULL,'{ROOT}/db/mlruns/1/models/m-5f7214e4a258453a8fb1c309432e4c79/artifacts','default');
INSERT INTO "model_versions" VALUES('answer',1,1795680622392,1795680622392,'first',NULL,'None','dummy-source',NULL,'READY',NULL,NULL,'dummy-source','default');
INSERT INTO "model_versions" VALUES('answer',2,1795680622631,1795680622631,NULL,NULL,'None','dummy-source',NULL,'READY',NULL,NULL,'dummy-source','default');
INSERT INTO "model_versions" VALUES('answer',3,1795680622802,1795680622802,NULL,NULL,'None','dummy-source',NULL,'READY',NULL,NULL,'dummy-source','default');
INSERT INTO "model_versions" VALUES('chat',1,1795680623170,1795680623170,NULL,NULL,'None','dummy-source',NULL,'READY',NULL,NULL,'dummy-source','default');
INSERT INTO "model_versions" VALUES('logic',1,1795680624711,1795680624711,NULL,NULL,'None','dummy-source',NULL,'READY',NULL,NULL,'dummy-source','default');
CREATE TABLE "params" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000) NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT param_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "params" VALUES('lr','0.0','057d2b1a0dc94fbe9bcd27186c85f0d7');
INSERT INTO "params" VALUES('name','xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx','057d2b1a0dc94fbe9bcd27186c85f0d7');
INSERT INTO "params" VALUES('empty','','057d2b1a0dc94fbe9bcd27186c85f0d7');
INSERT INTO "params" VALUES('opt/name','a','057d2b1a0dc94fbe9bcd27186c85f0d7');
INSERT INTO "params" VALUES('lr','0.1','f8b2ed364eac4cfba4850e4672d08d9b');
INSERT INTO "params" VALUES('name','xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx','f8b2ed364eac4cfba4850e4672d08d9b');
INSERT INTO "params" VALUES('empty','','f8b2ed364eac4cfba4850e4672d08d9b');
INSERT INTO "params" VALUES('opt/name','a','f8b2ed364eac4cfba4850e4672d08d9b');
INSERT INTO "params" VALUES('lr','0.2','bda7a9885bc647668f407cf530b93d9d');
INSERT INTO "params" VALUES('name','xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx','bda7a9885bc647668f407cf530b93d9d');
INSERT INTO "params" VALUES('empty','','bda7a9885bc647668f407cf530b93d9d');
INSERT INTO "params" VALUES('opt/name','a','bda7a9885bc647668f407cf530b93d9d');
CREATE TABLE "registered_model_aliases" (
	alias VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT registered_model_alias_pk PRIMARY KEY (workspace, name, alias), 
	CONSTRAINT fk_registered_model_aliases_registered_models FOREIGN KEY(workspace, name) REFERENCES registered_models (workspace, name) ON DELETE CASCADE ON UPDATE CASCADE
);
INSERT INTO "registered_model_aliases" VALUES('champion',1,'classifier','default');
INSERT INTO "registered_model_aliases" VALUES('production',2,'answer','default');
CREATE TABLE "registered_model_tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(5000), 
	name VARCHAR(256) NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT registered_model_tag_pk PRIMARY KEY (workspace, "key", name), 
	CONSTRAINT fk_registered_model_tags_registered_models FOREIGN KEY(workspace, name) REFERENCES registered_models (workspace, name) ON UPDATE CASCADE
);
INSERT INTO "registered_model_tags" VALUES('kind','tree','classifier','default');
INSERT INTO "registered_model_tags" VALUES('mlflow.prompt.is_prompt','true','answer','default');
INSERT INTO "registered_model_tags" VALUES('t','1','answer','default');
INSERT INTO "registered_model_tags" VALUES('_mlflow_experiment_ids',',1,','answer','default');
INSERT INTO "registered_model_tags" VALUES('mlflow.prompt.is_prompt','true','chat','default');
INSERT INTO "registered_model_tags" VALUES('mlflow.prompt.is_prompt','true','logic','default');
INSERT INTO "registered_model_tags" VALUES('_mlflow_experiment_ids',',1,','chat','default');
INSERT INTO "registered_model_tags" VALUES('_mlflow_experiment_ids',',1,','logic','default');
CREATE TABLE "registered_models" (
	name VARCHAR(256) NOT NULL, 
	creation_time BIGINT, 
	last_updated_time BIGINT, 
	description VARCHAR(5000), 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT registered_model_pk PRIMARY KEY (workspace, name)
);
INSERT INTO "registered_models" VALUES('classifier',1795680619763,1795680619873,NULL,'default');
INSERT INTO "registered_models" VALUES('answer',1795680622337,1795680622802,'first','default');
INSERT INTO "registered_models" VALUES('chat',1795680623119,1795680623170,NULL,'default');
INSERT INTO "registered_models" VALUES('logic',1795680624663,1795680624711,NULL,'default');
CREATE TABLE "runs" (
	run_uuid VARCHAR(32) NOT NULL, 
	name VARCHAR(250), 
	source_type VARCHAR(20), 
	source_name VARCHAR(500), 
	entry_point_name VARCHAR(50), 
	user_id VARCHAR(256), 
	status VARCHAR(9), 
	start_time BIGINT, 
	end_time BIGINT, 
	source_version VARCHAR(50), 
	lifecycle_stage VARCHAR(20), 
	artifact_uri VARCHAR(200), 
	experiment_id INTEGER, deleted_time BIGINT, 
	CONSTRAINT run_pk PRIMARY KEY (run_uuid), 
	CONSTRAINT source_type CHECK (source_type IN ('NOTEBOOK', 'JOB', 'LOCAL', 'UNKNOWN', 'PROJECT')), 
	CONSTRAINT runs_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CHECK (status IN ('SCHEDULED', 'FAILED', 'FINISHED', 'RUNNING', 'KILLED'))
);
INSERT INTO "runs" VALUES('057d2b1a0dc94fbe9bcd27186c85f0d7','run 0','UNKNOWN','','','root','FINISHED',1795680618269,1795680625910,'','active','{ROOT}/db/mlruns/1/057d2b1a0dc94fbe9bcd27186c85f0d7/artifacts',1,NULL);
INSERT INTO "runs" VALUES('e058fc0bc2b24ceebfccc1eb0a10fba5','child 0','UNKNOWN','','','root','FINISHED',1795680619090,1795680619240,'','active','{ROOT}/db/mlruns/1/e058fc0bc2b24ceebfccc1eb0a10fba5/artifacts',1,NULL);
INSERT INTO "runs" VALUES('f8b2ed364eac4cfba4850e4672d08d9b','run 1','UNKNOWN','','','root','FAILED',1795680620209,1795680622207,'','active','{ROOT}/db/mlruns/1/f8b2ed364eac4cfba4850e4672d08d9b/artifacts',1,NULL);
INSERT INTO "runs" VALUES('8b599f188b5749e687ccb57f7570cec8','child 1','UNKNOWN','','','root','FINISHED',1795680620984,1795680621098,'','active','{ROOT}/db/mlruns/1/8b599f188b5749e687ccb57f7570cec8/artifacts',1,NULL);
INSERT INTO "runs" VALUES('bda7a9885bc647668f407cf530b93d9d','run 2','UNKNOWN','','','root','FINISHED',1795680621198,1795680622124,'','deleted','{ROOT}/db/mlruns/1/bda7a9885bc647668f407cf530b93d9d/artifacts',1,1795680622262);
INSERT INTO "runs" VALUES('95f7331f99ae480d80708d42a40a6c9c','child 2','UNKNOWN','','','root','FINISHED',1795680621905,1795680622061,'','active','{ROOT}/db/mlruns/1/95f7331f99ae480d80708d42a40a6c9c/artifacts',1,NULL);
CREATE TABLE "spans" (
	trace_id VARCHAR(50) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	span_id VARCHAR(50) NOT NULL, 
	parent_span_id VARCHAR(50), 
	name TEXT, 
	type VARCHAR(500), 
	status VARCHAR(50) NOT NULL, 
	start_time_unix_nano BIGINT NOT NULL, 
	end_time_unix_nano BIGINT, 
	duration_ns BIGINT GENERATED ALWAYS AS (end_time_unix_nano - start_time_unix_nano) STORED, 
	content TEXT NOT NULL, 
	input_cost FLOAT, 
	output_cost FLOAT, 
	total_cost FLOAT, 
	model_name VARCHAR(500), 
	model_provider VARCHAR(500), 
	CONSTRAINT spans_pk PRIMARY KEY (trace_id, span_id), 
	CONSTRAINT fk_spans_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CONSTRAINT fk_spans_trace_id FOREIGN KEY(trace_id) REFERENCES trace_info (request_id) ON DELETE CASCADE
);
INSERT INTO "spans" VALUES('tr-f2f459911904063ba463759213b78acf',1,'c5dd109f1cae87c5','05668bfbbb7edf1c','inner','TOOL','OK',1795680625366012419,1795680625366539616,'{"trace_id": "8vRZkRkEBjukY3WSE7eKzw==", "span_id": "xd0Qnxyuh8U=", "parent_span_id": "BWaL+7t+3xw=", "name": "inner", "start_time_unix_nano": 1795680625366012419, "end_time_unix_nano": 1795680625366539616, "events": [], "status": {"code": "STATUS_CODE_OK", "message": ""}, "attributes": {"mlflow.traceRequestId": "\"tr-f2f459911904063ba463759213b78acf\"", "mlflow.spanType": "\"TOOL\"", "mlflow.spanFunctionName": "\"inner\"", "mlflow.spanInputs": "{\"x\": 1}", "mlflow.spanOutputs": "{\"y\": 2}", "mlflow.spanLogLevel": "20"}, "links": []}',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "spans" VALUES('tr-f2f459911904063ba463759213b78acf',1,'05668bfbbb7edf1c',NULL,'outer','CHAIN','OK',1795680625094675163,1795680625568265274,'{"trace_id": "8vRZkRkEBjukY3WSE7eKzw==", "span_id": "BWaL+7t+3xw=", "parent_span_id": null, "name": "outer", "start_time_unix_nano": 1795680625094675163, "end_time_unix_nano": 1795680625568265274, "events": [], "status": {"code": "STATUS_CODE_OK", "message": ""}, "attributes": {"mlflow.traceRequestId": "\"tr-f2f459911904063ba463759213b78acf\"", "mlflow.spanType": "\"CHAIN\"", "listed": "[1, 2]", "text": "\"v\"", "mlflow.spanFunctionName": "\"outer\"", "mlflow.spanInputs": "{\"x\": 1}", "mlflow.spanOutputs": "{\"y\": 2}", "mlflow.spanLogLevel": "10"}, "links": []}',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "spans" VALUES('tr-c8fa1cdc1dc7eeb248aa9f1b95b76d86',1,'776791c851014b26',NULL,'failing','UNKNOWN','ERROR',1795680626164580191,1795680626178811398,'{"trace_id": "yPoc3B3H7rJIqp8blbdthg==", "span_id": "d2eRyFEBSyY=", "parent_span_id": null, "name": "failing", "start_time_unix_nano": 1795680626164580191, "end_time_unix_nano": 1795680626178811398, "events": [{"name": "exception", "time_unix_nano": 1795680626178578688, "attributes": {"exception.message": "no", "exception.type": "ValueError", "exception.stacktrace": "Traceback (most recent call last):\n  File \"/home/user/venv/lib/python3.11/site-packages/mlflow/tracing/provider.py\", line 306, in with_active_span\n    yield\n  File \"/home/user/venv/lib/python3.11/site-packages/mlflow/tracing/fluent.py\", line 695, in start_span\n    yield mlflow_span\n  File \"/home/user/venv/lib/python3.11/site-packages/mlflow/tracing/fluent.py\", line 335, in _wrapping_logic\n    result = yield  # sync/async function output to be sent here\n             ^^^^^\n  File \"/home/user/venv/lib/python3.11/site-packages/mlflow/tracing/fluent.py\", line 383, in wrapper\n    return wrapping_coro.send(fn(*args, **kwargs))\n                              ^^^^^^^^^^^^^^^^^^^\n  File \"/home/user/genaiops/tests/transfer/scripts/make_mlflow_stores.py\", line 132, in failing\n    raise ValueError(\"no\")\nValueError: no"}}], "status": {"code": "STATUS_CODE_ERROR", "message": "ValueError: no"}, "attributes": {"mlflow.traceRequestId": "\"tr-c8fa1cdc1dc7eeb248aa9f1b95b76d86\"", "mlflow.spanType": "\"UNKNOWN\"", "mlflow.spanFunctionName": "\"failing\"", "mlflow.spanInputs": "{}", "mlflow.spanLogLevel": "40"}, "links": []}',NULL,NULL,NULL,NULL,NULL);
CREATE TABLE "tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT tag_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "tags" VALUES('mlflow.user','root','057d2b1a0dc94fbe9bcd27186c85f0d7');
INSERT INTO "tags" VALUES('mlflow.source.name','tests/transfer/scripts/make_mlflow_stores.py','057d2b1a0dc94fbe9bcd27186c85f0d7');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','057d2b1a0dc94fbe9bcd27186c85f0d7');
INSERT INTO "tags" VALUES('team','é','057d2b1a0dc94fbe9bcd27186c85f0d7');
INSERT INTO "tags" VALUES('n','0','057d2b1a0dc94fbe9bcd27186c85f0d7');
INSERT INTO "tags" VALUES('mlflow.note.content','why','057d2b1a0dc94fbe9bcd27186c85f0d7');
INSERT INTO "tags" VALUES('mlflow.runName','run 0','057d2b1a0dc94fbe9bcd27186c85f0d7');
INSERT INTO "tags" VALUES('mlflow.user','root','e058fc0bc2b24ceebfccc1eb0a10fba5');
INSERT INTO "tags" VALUES('mlflow.source.name','tests/transfer/scripts/make_mlflow_stores.py','e058fc0bc2b24ceebfccc1eb0a10fba5');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','e058fc0bc2b24ceebfccc1eb0a10fba5');
INSERT INTO "tags" VALUES('mlflow.parentRunId','057d2b1a0dc94fbe9bcd27186c85f0d7','e058fc0bc2b24ceebfccc1eb0a10fba5');
INSERT INTO "tags" VALUES('mlflow.runName','child 0','e058fc0bc2b24ceebfccc1eb0a10fba5');
INSERT INTO "tags" VALUES('mlflow.user','root','f8b2ed364eac4cfba4850e4672d08d9b');
INSERT INTO "tags" VALUES('mlflow.source.name','tests/transfer/scripts/make_mlflow_stores.py','f8b2ed364eac4cfba4850e4672d08d9b');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','f8b2ed364eac4cfba4850e4672d08d9b');
INSERT INTO "tags" VALUES('team','é','f8b2ed364eac4cfba4850e4672d08d9b');
INSERT INTO "tags" VALUES('n','1','f8b2ed364eac4cfba4850e4672d08d9b');
INSERT INTO "tags" VALUES('mlflow.note.content','why','f8b2ed364eac4cfba4850e4672d08d9b');
INSERT INTO "tags" VALUES('mlflow.runName','run 1','f8b2ed364eac4cfba4850e4672d08d9b');
INSERT INTO "tags" VALUES('mlflow.user','root','8b599f188b5749e687ccb57f7570cec8');
INSERT INTO "tags" VALUES('mlflow.source.name','tests/transfer/scripts/make_mlflow_stores.py','8b599f188b5749e687ccb57f7570cec8');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','8b599f188b5749e687ccb57f7570cec8');
INSERT INTO "tags" VALUES('mlflow.parentRunId','f8b2ed364eac4cfba4850e4672d08d9b','8b599f188b5749e687ccb57f7570cec8');
INSERT INTO "tags" VALUES('mlflow.runName','child 1','8b599f188b5749e687ccb57f7570cec8');
INSERT INTO "tags" VALUES('mlflow.user','root','bda7a9885bc647668f407cf530b93d9d');
INSERT INTO "tags" VALUES('mlflow.source.name','tests/transfer/scripts/make_mlflow_stores.py','bda7a9885bc647668f407cf530b93d9d');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','bda7a9885bc647668f407cf530b93d9d');
INSERT INTO "tags" VALUES('team','é','bda7a9885bc647668f407cf530b93d9d');
INSERT INTO "tags" VALUES('n','2','bda7a9885bc647668f407cf530b93d9d');
INSERT INTO "tags" VALUES('mlflow.note.content','why','bda7a9885bc647668f407cf530b93d9d');
INSERT INTO "tags" VALUES('mlflow.runName','run 2','bda7a9885bc647668f407cf530b93d9d');
INSERT INTO "tags" VALUES('mlflow.user','root','95f7331f99ae480d80708d42a40a6c9c');
INSERT INTO "tags" VALUES('mlflow.source.name','tests/transfer/scripts/make_mlflow_stores.py','95f7331f99ae480d80708d42a40a6c9c');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','95f7331f99ae480d80708d42a40a6c9c');
INSERT INTO "tags" VALUES('mlflow.parentRunId','bda7a9885bc647668f407cf530b93d9d','95f7331f99ae480d80708d42a40a6c9c');
INSERT INTO "tags" VALUES('mlflow.runName','child 2','95f7331f99ae480d80708d42a40a6c9c');
CREATE TABLE "trace_info" (
	request_id VARCHAR(50) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	timestamp_ms BIGINT NOT NULL, 
	execution_time_ms BIGINT, 
	status VARCHAR(50) NOT NULL, 
	client_request_id VARCHAR(50), 
	request_preview VARCHAR(1000), 
	response_preview VARCHAR(1000), 
	db_payload_generation INTEGER DEFAULT '0' NOT NULL, trace_name VARCHAR(4096), session_id VARCHAR(250), input_tokens BIGINT, output_tokens BIGINT, total_tokens BIGINT, cache_read_input_tokens BIGINT, cache_creation_input_tokens BIGINT, cache_creation_input_tokens_above_1hr BIGINT, input_cost FLOAT, output_cost FLOAT, total_cost FLOAT, 
	CONSTRAINT trace_info_pk PRIMARY KEY (request_id), 
	CONSTRAINT fk_trace_info_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE CASCADE
);
INSERT INTO "trace_info" VALUES('tr-f2f459911904063ba463759213b78acf',1,1795680625094,473,'OK',NULL,'{"x": 1}','{"y": 2}',3,'outer','s1',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "trace_info" VALUES('tr-c8fa1cdc1dc7eeb248aa9f1b95b76d86',1,1795680626164,14,'ERROR',NULL,'{}',NULL,2,'failing',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE "trace_request_metadata" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	request_id VARCHAR(50) NOT NULL, 
	CONSTRAINT trace_request_metadata_pk PRIMARY KEY ("key", request_id), 
	CONSTRAINT fk_trace_request_metadata_request_id FOREIGN KEY(request_id) REFERENCES trace_info (request_id) ON DELETE CASCADE
);
INSERT INTO "trace_request_metadata" VALUES('mlflow.source.git.branch','','tr-f2f459911904063ba463759213b78acf');
INSERT INTO "trace_request_metadata" VALUES('mlflow.source.git.commit','','tr-f2f459911904063ba463759213b78acf');
INSERT INTO "trace_request_metadata" VALUES('mlflow.source.git.repoURL','','tr-f2f459911904063ba463759213b78acf');
INSERT INTO "trace_request_metadata" VALUES('mlflow.source.name','tests/transfer/scripts/make_mlflow_stores.py','tr-f2f459911904063ba463759213b78acf');
INSERT INTO "trace_request_metadata" VALUES('mlflow.source.type','LOCAL','tr-f2f459911904063ba463759213b78acf');
INSERT INTO "trace_request_metadata" VALUES('mlflow.sourceRun','057d2b1a0dc94fbe9bcd27186c85f0d7','tr-f2f459911904063ba463759213b78acf');
INSERT INTO "trace_request_metadata" VALUES('mlflow.trace.infoFinalized','true','tr-f2f459911904063ba463759213b78acf');
INSERT INTO "trace_request_metadata" VALUES('mlflow.trace.sizeBytes','1981','tr-f2f459911904063ba463759213b78acf');
INSERT INTO "trace_request_metadata" VALUES('mlflow.trace.sizeStats','{"total_size_bytes": 1981, "num_spans": 2, "max": 569, "p25": 548, "p50": 555, "p75": 562}','tr-f2f459911904063ba463759213b78acf');
INSERT INTO "trace_request_metadata" VALUES('mlflow.trace.user','u1','tr-f2f459911904063ba463759213b78acf');
INSERT INTO "trace_request_metadata" VALUES('mlflow.traceInputs','{"x": 1}','tr-f2f459911904063ba463759213b78acf');
INSERT INTO "trace_request_metadata" VALUES('mlflow.traceOutputs','{"y": 2}','tr-f2f459911904063ba463759213b78acf');
INSERT INTO "trace_request_metadata" VALUES('mlflow.trace_schema.version','3','tr-f2f459911904063ba463759213b78acf');
INSERT INTO "trace_request_metadata" VALUES('mlflow.user','root','tr-f2f459911904063ba463759213b78acf');
INSERT INTO "trace_request_metadata" VALUES('own','kept','tr-f2f459911904063ba463759213b78acf');
INSERT INTO "trace_request_metadata" VALUES('mlflow.source.git.branch','','tr-c8fa1cdc1dc7eeb248aa9f1b95b76d86');
INSERT INTO "trace_request_metadata" VALUES('mlflow.source.git.commit','','tr-c8fa1cdc1dc7eeb248aa9f1b95b76d86');
INSERT INTO "trace_request_metadata" VALUES('mlflow.source.git.repoURL','','tr-c8fa1cdc1dc7eeb248aa9f1b95b76d86');
INSERT INTO "trace_request_metadata" VALUES('mlflow.source.name','tests/transfer/scripts/make_mlflow_stores.py','tr-c8fa1cdc1dc7eeb248aa9f1b95b76d86');
INSERT INTO "trace_request_metadata" VALUES('mlflow.source.type','LOCAL','tr-c8fa1cdc1dc7eeb248aa9f1b95b76d86');
INSERT INTO "trace_request_metadata" VALUES('mlflow.trace.infoFinalized','true','tr-c8fa1cdc1dc7eeb248aa9f1b95b76d86');
INSERT INTO "trace_request_metadata" VALUES('mlflow.trace.sizeBytes','2142','tr-c8fa1cdc1dc7eeb248aa9f1b95b76d86');
INSERT INTO "trace_request_metadata" VALUES('mlflow.trace.sizeStats','{"total_size_bytes": 2142, "num_spans": 1, "max": 1475, "p25": 1475, "p50": 1475, "p75": 1475}','tr-c8fa1cdc1dc7eeb248aa9f1b95b76d86');
INSERT INTO "trace_request_metadata" VALUES('mlflow.traceInputs','{}','tr-c8fa1cdc1dc7eeb248aa9f1b95b76d86');
INSERT INTO "trace_request_metadata" VALUES('mlflow.traceOutputs','','tr-c8fa1cdc1dc7eeb248aa9f1b95b76d86');
INSERT INTO "trace_request_metadata" VALUES('mlflow.trace_schema.version','3','tr-c8fa1cdc1dc7eeb248aa9f1b95b76d86');
INSERT INTO "trace_request_metadata" VALUES('mlflow.user','root','tr-c8fa1cdc1dc7eeb248aa9f1b95b76d86');
CREATE TABLE "trace_tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	request_id VARCHAR(50) NOT NULL, 
	CONSTRAINT trace_tag_pk PRIMARY KEY ("key", request_id), 
	CONSTRAINT fk_trace_tags_request_id FOREIGN KEY(request_id) REFERENCES trace_info (request_id) ON DELETE CASCADE
);
INSERT INTO "trace_tags" VALUES('mlflow.artifactLocation','{ROOT}/db/mlruns/1/traces/tr-f2f459911904063ba463759213b78acf/artifacts','tr-f2f459911904063ba463759213b78acf');
INSERT INTO "trace_tags" VALUES('mlflow.trace.spansLocation','TRACKING_STORE','tr-f2f459911904063ba463759213b78acf');
INSERT INTO "trace_tags" VALUES('fruit','apple','tr-f2f459911904063ba463759213b78acf');
INSERT INTO "trace_tags" VALUES('mlflow.artifactLocation','{ROOT}/db/mlruns/1/traces/tr-c8fa1cdc1dc7eeb248aa9f1b95b76d86/artifacts','tr-c8fa1cdc1dc7eeb248aa9f1b95b76d86');
INSERT INTO "trace_tags" VALUES('mlflow.trace.spansLocation','TRACKING_STORE','tr-c8fa1cdc1dc7eeb248aa9f1b95b76d86');
