import pytest

import genaiops
from genaiops.tracing import diagnostics

LIBRARIES = ("sklearn", "pytorch", "keras", "xgboost", "lightgbm", "transformers")


@pytest.fixture
def recorded():
    """Switches the recording of libraries on; off again afterwards, and nothing went wrong."""
    before = diagnostics.internal_errors()

    def switch(*libraries, **options):
        for library in libraries:
            getattr(genaiops, library).autolog(**options)

    yield switch
    for library in LIBRARIES:
        getattr(genaiops, library).autolog(disable=True)
    assert diagnostics.internal_errors() == before


@pytest.fixture
def runs():
    """Every run of the store, the earliest first."""

    def read():
        found = genaiops.search_runs(search_all_experiments=True, output_format="list")
        whole = [genaiops.get_run(run.info.run_id) for run in found]
        return sorted(whole, key=lambda run: run.info.start_ns)

    return read


@pytest.fixture
def history():
    """Steps and values of a metric of a run."""

    def read(run, key):
        return [(p.step, p.value) for p in genaiops.get_metric_history(run.info.run_id, key)]

    return read
