"""Runs: parameters, metrics and tags of experiments, under MLflow's names."""

from genaiops.runs.active import (
    ActiveRun,
    active_run,
    end_run,
    last_active_run,
    start_run,
)
from genaiops.runs.artifacts import (
    FileInfo,
    download_artifacts,
    list_artifacts,
    load_text,
    log_artifact,
    log_artifacts,
    log_dict,
    log_figure,
    log_image,
    log_text,
    read_artifact,
)
from genaiops.runs.client import Client
from genaiops.runs.code import log_code
from genaiops.runs.datasets import Dataset, add_to_dataset, create_dataset, get_dataset
from genaiops.runs.experiments import (
    create_experiment,
    delete_experiment,
    get_experiment,
    get_experiment_by_name,
    rename_experiment,
    restore_experiment,
    set_experiment,
    set_experiment_tag,
)
from genaiops.runs.lifecycle import delete_run, restore_run
from genaiops.runs.log import log_metric, log_metrics, log_param, log_params, set_tag, set_tags
from genaiops.runs.read import get_metric_history, get_run
from genaiops.runs.reviews import (
    add_to_review_queue,
    create_review_queue,
    log_review,
    skip_review,
)
from genaiops.runs.search import search_experiments, search_runs
from genaiops.runs.tables import log_input, log_table

__all__ = [
    "ActiveRun",
    "Client",
    "Dataset",
    "FileInfo",
    "active_run",
    "add_to_dataset",
    "add_to_review_queue",
    "create_dataset",
    "create_experiment",
    "create_review_queue",
    "delete_experiment",
    "delete_run",
    "download_artifacts",
    "end_run",
    "get_dataset",
    "get_experiment",
    "get_experiment_by_name",
    "get_metric_history",
    "get_run",
    "last_active_run",
    "list_artifacts",
    "load_text",
    "log_artifact",
    "log_artifacts",
    "log_code",
    "log_dict",
    "log_figure",
    "log_image",
    "log_input",
    "log_metric",
    "log_metrics",
    "log_param",
    "log_params",
    "log_review",
    "log_table",
    "log_text",
    "read_artifact",
    "rename_experiment",
    "restore_experiment",
    "restore_run",
    "search_experiments",
    "search_runs",
    "set_experiment",
    "set_experiment_tag",
    "set_tag",
    "set_tags",
    "skip_review",
    "start_run",
]
