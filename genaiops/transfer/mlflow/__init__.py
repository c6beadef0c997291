"""MLflow's database, folders and servers, read without mlflow."""

from genaiops.transfer.mlflow.bringing import import_mlflow

__all__ = ["import_mlflow"]
