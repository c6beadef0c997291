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
INSERT INTO "experiments" VALUES(0,'Default','/data/mlruns/0','active',1795651341958,1795651341958,'default');
INSERT INTO "experiments" VALUES(1,'tuning','/data/mlartifacts/tuning','active',1795651341980,1795651341980,'default');
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
INSERT INTO "metrics" VALUES('loss',1.0,1700000000000,'a82612e50dc94d25b48fbbc35107d847',0,0);
INSERT INTO "metrics" VALUES('loss',0.5,1700000000001,'a82612e50dc94d25b48fbbc35107d847',1,0);
INSERT INTO "metrics" VALUES('loss',3.33333333333333314829e-01,1700000000002,'a82612e50dc94d25b48fbbc35107d847',2,0);
INSERT INTO "metrics" VALUES('loss',0.25,1700000000003,'a82612e50dc94d25b48fbbc35107d847',3,0);
INSERT INTO "metrics" VALUES('loss',0.2,1700000000004,'a82612e50dc94d25b48fbbc35107d847',4,0);
INSERT INTO "metrics" VALUES('odd',0.0,1700000000000,'a82612e50dc94d25b48fbbc35107d847',0,1);
INSERT INTO "metrics" VALUES('odd',1.79769313486231562234e+308,1700000000000,'a82612e50dc94d25b48fbbc35107d847',1,0);
INSERT INTO "metrics" VALUES('odd',-1.79769313486231562234e+308,1700000000000,'a82612e50dc94d25b48fbbc35107d847',2,0);
INSERT INTO "metrics" VALUES('loss',1.0,1700000000000,'951810e354bc48f0bb02faf52f10d3eb',0,0);
INSERT INTO "metrics" VALUES('loss',0.5,1700000000001,'951810e354bc48f0bb02faf52f10d3eb',1,0);
INSERT INTO "metrics" VALUES('loss',3.33333333333333314829e-01,1700000000002,'951810e354bc48f0bb02faf52f10d3eb',2,0);
INSERT INTO "metrics" VALUES('loss',0.25,1700000000003,'951810e354bc48f0bb02faf52f10d3eb',3,0);
INSERT INTO "metrics" VALUES('loss',0.2,1700000000004,'951810e354bc48f0bb02faf52f10d3eb',4,0);
INSERT INTO "metrics" VALUES('odd',0.0,1700000000000,'951810e354bc48f0bb02faf52f10d3eb',0,1);
INSERT INTO "metrics" VALUES('odd',1.79769313486231562234e+308,1700000000000,'951810e354bc48f0bb02faf52f10d3eb',1,0);
INSERT INTO "metrics" VALUES('odd',-1.79769313486231562234e+308,1700000000000,'951810e354bc48f0bb02faf52f10d3eb',2,0);
INSERT INTO "metrics" VALUES('loss',1.0,1700000000000,'62ef2bb1d91c4df1ae67448930bc461c',0,0);
INSERT INTO "metrics" VALUES('loss',0.5,1700000000001,'62ef2bb1d91c4df1ae67448930bc461c',1,0);
INSERT INTO "metrics" VALUES('loss',3.33333333333333314829e-01,1700000000002,'62ef2bb1d91c4df1ae67448930bc461c',2,0);
INSERT INTO "metrics" VALUES('loss',0.25,1700000000003,'62ef2bb1d91c4df1ae67448930bc461c',3,0);
INSERT INTO "metrics" VALUES('loss',0.2,1700000000004,'62ef2bb1d91c4df1ae67448930bc461c',4,0);
INSERT INTO "metrics" VALUES('odd',0.0,1700000000000,'62ef2bb1d91c4df1ae67448930bc461c',0,1);
INSERT INTO "metrics" VALUES('odd',1.79769313486231562234e+308,1700000000000,'62ef2bb1d91c4df1ae67448930bc461c',1,0);
INSERT INTO "metrics" VALUES('odd',-1.79769313486231562234e+308,1700000000000,'62ef2bb1d91c4df1ae67448930bc461c',2,0);
CREATE TABLE "params" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000) NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT param_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "params" VALUES('lr','0.0','a82612e50dc94d25b48fbbc35107d847');
INSERT INTO "params" VALUES('name','xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx','a82612e50dc94d25b48fbbc35107d847');
INSERT INTO "params" VALUES('empty','','a82612e50dc94d25b48fbbc35107d847');
INSERT INTO "params" VALUES('lr','0.1','951810e354bc48f0bb02faf52f10d3eb');
INSERT INTO "params" VALUES('name','xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx','951810e354bc48f0bb02faf52f10d3eb');
INSERT INTO "params" VALUES('empty','','951810e354bc48f0bb02faf52f10d3eb');
INSERT INTO "params" VALUES('lr','0.2','62ef2bb1d91c4df1ae67448930bc461c');
INSERT INTO "params" VALUES('name','xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx','62ef2bb1d91c4df1ae67448930bc461c');
INSERT INTO "params" VALUES('empty','','62ef2bb1d91c4df1ae67448930bc461c');
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
	CONSTRAINT runs_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT source_type CHECK (source_type IN ('NOTEBOOK', 'JOB', 'LOCAL', 'UNKNOWN', 'PROJECT')), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CHECK (status IN ('SCHEDULED', 'FAILED', 'FINISHED', 'RUNNING', 'KILLED'))
);
INSERT INTO "runs" VALUES('a82612e50dc94d25b48fbbc35107d847','run 0','UNKNOWN','','','root','FINISHED',1795651342599,1795651342879,'','active','/data/mlartifacts/tuning/a82612e50dc94d25b48fbbc35107d847/artifacts',1,NULL);
INSERT INTO "runs" VALUES('951810e354bc48f0bb02faf52f10d3eb','run 1','UNKNOWN','','','root','FAILED',1795651342903,1795651343226,'','active','/data/mlartifacts/tuning/951810e354bc48f0bb02faf52f10d3eb/artifacts',1,NULL);
INSERT INTO "runs" VALUES('62ef2bb1d91c4df1ae67448930bc461c','run 2','UNKNOWN','','','root','FINISHED',1795651343146,1795651343209,'','deleted','/data/mlartifacts/tuning/62ef2bb1d91c4df1ae67448930bc461c/artifacts',1,1795651343248);
CREATE TABLE "tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT tag_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "tags" VALUES('mlflow.user','root','a82612e50dc94d25b48fbbc35107d847');
INSERT INTO "tags" VALUES('mlflow.source.name','make_mlflow_db.py','a82612e50dc94d25b48fbbc35107d847');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','a82612e50dc94d25b48fbbc35107d847');
INSERT INTO "tags" VALUES('team','é','a82612e50dc94d25b48fbbc35107d847');
INSERT INTO "tags" VALUES('n','0','a82612e50dc94d25b48fbbc35107d847');
INSERT INTO "tags" VALUES('mlflow.runName','run 0','a82612e50dc94d25b48fbbc35107d847');
INSERT INTO "tags" VALUES('mlflow.user','root','951810e354bc48f0bb02faf52f10d3eb');
INSERT INTO "tags" VALUES('mlflow.source.name','make_mlflow_db.py','951810e354bc48f0bb02faf52f10d3eb');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','951810e354bc48f0bb02faf52f10d3eb');
INSERT INTO "tags" VALUES('team','é','951810e354bc48f0bb02faf52f10d3eb');
INSERT INTO "tags" VALUES('n','1','951810e354bc48f0bb02faf52f10d3eb');
INSERT INTO "tags" VALUES('mlflow.runName','run 1','951810e354bc48f0bb02faf52f10d3eb');
INSERT INTO "tags" VALUES('mlflow.user','root','62ef2bb1d91c4df1ae67448930bc461c');
INSERT INTO "tags" VALUES('mlflow.source.name','make_mlflow_db.py','62ef2bb1d91c4df1ae67448930bc461c');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','62ef2bb1d91c4df1ae67448930bc461c');
INSERT INTO "tags" VALUES('team','é','62ef2bb1d91c4df1ae67448930bc461c');
INSERT INTO "tags" VALUES('n','2','62ef2bb1d91c4df1ae67448930bc461c');
INSERT INTO "tags" VALUES('mlflow.runName','run 2','62ef2bb1d91c4df1ae67448930bc461c');
