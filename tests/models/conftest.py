from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import genaiops


@pytest.fixture(scope="session")
def iris() -> tuple[Any, Any]:
    """Four columns of numbers as a data frame, and three classes."""
    return load_iris(return_X_y=True, as_frame=True)


@pytest.fixture(scope="session")
def classifier(iris) -> LogisticRegression:
    return LogisticRegression(max_iter=500).fit(*iris)


@pytest.fixture
def logged() -> Callable[..., Any]:
    """Logs a model to a run of its own; what `log_model` says."""

    def log(model: Any, name: str = "model", **options: Any) -> Any:
        with genaiops.start_run():
            return genaiops.log_model(model, name, **options)

    return log


@pytest.fixture
def downloaded(logged, tmp_path) -> Callable[..., Path]:
    """The folder of a model, outside of the store."""

    def download(model: Any, **options: Any) -> Path:
        return genaiops.download_artifacts(logged(model, **options).model_uri, tmp_path / "copy")

    return download


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).resolve().parents[2]
