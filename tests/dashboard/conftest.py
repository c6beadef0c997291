"""Pages run by Streamlit's own test runner, and what their components were given."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from streamlit.testing.v1 import AppTest

import genaiops
from tests.dashboard import seed

ROOT = Path(__file__).resolve().parents[2]
Shown = Callable[..., "Screen"]


class Screen:
    """A page that was run."""

    def __init__(self, app: AppTest) -> None:
        self.app = app
        self.all = _components(app)
        self.data = dict(self.all)

    def param(self, name: str) -> str:
        """A parameter of the URL, as the page left it."""
        found: Any = self.app.query_params[name]
        return str(cast("list[str]", found)[0] if isinstance(found, list) else found)

    @property
    def texts(self) -> str:
        """Everything that the components were given, as one text."""
        return json.dumps([data for _, data in self.all], ensure_ascii=False)


def _components(app: AppTest) -> list[tuple[str, Any]]:
    """Name of the component and its data, in order of the page."""
    found: list[tuple[str, Any]] = []
    for element in app.get("bidi_component"):
        proto: Any = element.proto
        found.append((proto.component_name, json.loads(proto.json) if proto.json else None))
    return found


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a bit of everything."""
    folder = tmp_path_factory.mktemp("filled") / "store"
    seed.fill(folder, traces=120)
    return folder


@pytest.fixture
def shown() -> Shown:
    """Runs a page of the dashboard over a store, with parameters in the URL."""

    def run(file: str, store: Path, /, **params: str | list[str]) -> Screen:
        genaiops.configure(tracking_uri=str(store))
        app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=30).run()
        app.switch_page(f"screens/{file}.py")
        app.query_params.update(params)
        return Screen(app.run())

    return run
