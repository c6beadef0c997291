import logging

import pytest
from sklearn.datasets import load_iris

import genaiops
from genaiops.tracing import diagnostics


@pytest.fixture(scope="session")
def iris():
    """Four columns of numbers as a data frame, and three classes."""
    return load_iris(return_X_y=True, as_frame=True)


@pytest.fixture
def sklearn_on():
    """scikit-learn is recorded; afterwards it has its own functions again, and nothing went wrong."""
    before = diagnostics.internal_errors()
    genaiops.sklearn.autolog()
    yield genaiops.sklearn.autolog
    genaiops.sklearn.autolog(disable=True)
    assert diagnostics.internal_errors() == before


@pytest.fixture
def trouble(monkeypatch, caplog):
    """Lets something go wrong inside, and gives the warnings of it."""
    monkeypatch.setattr(diagnostics, "_counts", {})
    caplog.set_level(logging.WARNING, logger="genaiops")
    return lambda: [record.getMessage() for record in caplog.records]


@pytest.fixture
def runs():
    """Every run of the store, the earliest first."""

    def read():
        found = genaiops.search_runs(search_all_experiments=True, output_format="list")
        whole = [genaiops.get_run(run.info.run_id) for run in found]
        return sorted(whole, key=lambda run: run.info.start_ns)

    return read
