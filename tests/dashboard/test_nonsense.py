"""Values that nobody means to log: every page stays a page."""

import math
from pathlib import Path
from typing import Any

import pytest

import genaiops
from genaiops.query import runs
from genaiops.store import current_store
from genaiops.store.events import encode
from tests.dashboard.conftest import Shown
from tests.dashboard.seed import prompt, run, use

LONG = "long name " * 10_000
HOSTILE = (
    '=1+1<script>alert(1)</script>"><img src=x onerror=alert(1)>[a](javascript:alert(1)) $$x$$ '
)
FAR = "\u202eright to left\u202c \u05e2\u05d1\u05e8\u05d9\u05ea"
NOW = 1_790_000_000 * 10**9


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs and prompts full of nonsense."""
    folder = tmp_path_factory.mktemp("odd") / "store"
    store = use(folder)
    values: list[tuple[str, str, dict[str, Any]]] = [
        ("a" * 32, LONG, {LONG: LONG, "x": 1}),
        ("b" * 32, HOSTILE, {HOSTILE: HOSTILE, "x": "text"}),
        ("c" * 32, "", {"": "", FAR: FAR, "x": None, "deep": {"a": [1, {"b": None}]}}),
        ("d" * 32, "\0\n\t", {"x": 10**400}),
    ]
    for number, (run_id, name, params) in enumerate(values):
        run(store, run_id, name, LONG if number == 0 else HOSTILE, NOW + number, params)
        points = (math.nan, math.inf, -math.inf, 1e308, -1e308, 0.0)
        for key in ("odd", LONG, HOSTILE):
            for step, point in enumerate(points):
                store.append("events", encode("metric", run_id=run_id, key=key, value=point, step=step * 10**15, ts_ns=NOW + step))  # fmt: skip
    run(store, "e" * 32, "nothing logged", "empty", NOW, {})
    million = "word " * 200_000
    prompt(
        store, "large", (f"{million}{{{{a}}}}", f"{million[::-1]}{{{{a}}}}"), NOW, {"production": 1}
    )
    prompt(store, HOSTILE.strip(), (HOSTILE, FAR, ""), NOW, {HOSTILE.strip(): 2})
    prompt(store, LONG.strip(), (LONG,), NOW, {})
    prompt(store, "odd/messages", ([{"role": "user"}, {"content": [1, None, {}]}, {}],), NOW, {})
    return folder


RUNS = ",".join(letter * 32 for letter in "abcde")


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"filter": HOSTILE},
        {"cols": f"param {HOSTILE},metric odd,nobody", "sort": "metrics.odd DESC"},
        {"sort": HOSTILE},
        {"after": "zz", "exp": "nobody"},
        *({"run": letter * 32} for letter in "bce"),
        {"run": "a" * 32, "curves": "odd", "log": "true", "smooth": "0.9", "axis": "Time"},
        {"run": "a" * 32, "view": "Source"},
        *({"cmp": RUNS, "view": view} for view in ("Parameters", "Metrics", "Curves", "Parallel", "Scatter")),
        {"cmp": RUNS, "view": "Parallel", "axes": "param x,metric odd"},
        {"cmp": RUNS, "view": "Scatter", "x": "param x", "y": "metric odd", "c": "metric odd"},
        {"cmp": "a" * 32 + ",nobody"},
        {"cmp": ",,,"},
        {"run": HOSTILE, "view": "nothing", "smooth": "NaN"},
    ],
)  # fmt: skip
def test_runs_of_nonsense_are_a_page(params: dict[str, str], shown: Shown, odd: Path) -> None:
    assert not shown("runs", odd, **params).app.exception


@pytest.mark.parametrize(
    ("name", "view"),
    [
        ("large", "Diff"), ("large", "Playground"), (LONG.strip(), "Text"), ("odd/messages", "Text"),
        ("odd/messages", "Playground"),
        *((HOSTILE.strip(), view) for view in ("Diff", "All versions", "Aliases", "Playground")),
    ],
)  # fmt: skip
def test_prompts_of_nonsense_are_a_page(name: str, view: str, shown: Shown, odd: Path) -> None:
    assert not shown("prompts", odd, name=name, view=view).app.exception


@pytest.mark.parametrize(
    "params",
    [
        {"folder": HOSTILE, "q": LONG}, {"new": "1"}, {"trace": LONG},
        {"name": "large", "v": "-1", "vs": "x"}, {"name": "large", "view": "Playground", "result": "nobody"},
        {"name": "large", "view": "Playground", "trace": HOSTILE, "span": HOSTILE, "model": LONG},
    ],
)  # fmt: skip
def test_urls_of_nonsense_are_a_page(params: dict[str, str], shown: Shown, odd: Path) -> None:
    assert not shown("prompts", odd, **params).app.exception


def test_a_file_that_is_gone_is_a_sentence(shown: Shown, tmp_path: Path) -> None:
    genaiops.configure(tracking_uri=str(tmp_path / "store"))
    with genaiops.start_run("r"):
        genaiops.log_text("text", "a.txt")
    for file in (tmp_path / "store" / "artifacts").rglob("*"):
        if file.is_file():
            file.unlink()
    run_id = runs.search().items[0].run_id

    screen = shown("runs", tmp_path / "store", run=run_id, view="Files", file="a.txt")

    assert not screen.app.exception
    assert current_store().uri
