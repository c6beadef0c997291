"""Libraries recorded through OpenInference, with a stand-in for one library and its instrumentation."""

import logging
import re
import sys
import tomllib
from pathlib import Path

import pytest

import genaiops
from genaiops.tracing.autolog import further

ROOT = Path(__file__).parents[3]

INSTRUMENTOR = '''
import litellm

class LiteLLMInstrumentor:
    """As OpenInference's: replaces a function, and makes spans with the provider it is given."""

    original = None

    def instrument(self, *, tracer_provider, config=None):
        tracer = tracer_provider.get_tracer("openinference.instrumentation.litellm")
        original = LiteLLMInstrumentor.original = litellm.completion

        def completion(model, messages):
            attributes = {
                "openinference.span.kind": "LLM", "llm.model_name": model,
                "llm.token_count.prompt": 3, "llm.token_count.completion": 2,
            }
            if config is None:
                attributes["input.value"] = messages[0]["content"]
            with tracer.start_as_current_span("completion", attributes=attributes):
                return original(model, messages)

        litellm.completion = completion

    def uninstrument(self):
        litellm.completion = LiteLLMInstrumentor.original
'''
LIBRARY = """
def completion(model, messages):
    return "Hello"
"""
SHARED = """
class TraceConfig:
    def __init__(self, *, hide_inputs, hide_outputs):
        assert hide_inputs and hide_outputs
"""
ASK = [{"role": "user", "content": "Hi"}]


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def site(tmp_path, monkeypatch):
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    further.autolog(disable=True)
    for name in ("litellm", "standin", "openinference", "openinference.instrumentation"):
        sys.modules.pop(name, None)


@pytest.fixture
def litellm(site):
    about = "openinference_instrumentation_litellm-0.1.0.dist-info"
    write(site, {
        "litellm.py": LIBRARY,
        "standin.py": INSTRUMENTOR,
        "openinference/instrumentation/__init__.py": SHARED,
        f"{about}/METADATA": "Metadata-Version: 2.1\nName: openinference-instrumentation-litellm\nVersion: 0.1.0\n",
        f"{about}/entry_points.txt": "[openinference_instrumentor]\nlitellm = standin:LiteLLMInstrumentor\n",
    })  # fmt: skip
    import litellm

    return litellm


def test_its_spans_nest_under_ours_with_their_columns_and_off_restores_the_function(litellm, spans):
    before = litellm.completion
    genaiops.autolog()
    genaiops.autolog()

    with genaiops.start_span("app") as app:
        assert litellm.completion("gpt-x", ASK) == "Hello"

    _, span = spans(
        "name, span_type, request_model, input_tokens, output_tokens, parent_span_id, attributes"
    )
    assert (span["name"], span["span_type"], span["request_model"]) == (
        "completion",
        "llm",
        "gpt-x",
    )
    assert (span["input_tokens"], span["output_tokens"]) == (3, 2)
    assert span["parent_span_id"] == app.span_id
    assert span["attributes"]["input.value"] == "Hi"
    genaiops.autolog(disable=True)
    assert litellm.completion is before


def test_contents_stay_out_where_they_may_not_be_recorded(litellm, spans):
    genaiops.configure(capture="off")
    further.autolog("litellm")

    litellm.completion("gpt-x", ASK)

    (span,) = spans("input_tokens, inputs, attributes")
    assert (span["input_tokens"], span["inputs"]) == (3, None)
    assert "Hi" not in str(span["attributes"])


def test_what_is_missing_is_a_hint_of_one_line_for_who_asked(site, caplog):
    with caplog.at_level(logging.INFO):
        further.autolog("haystack")
        write(site, {"haystack.py": LIBRARY})
        further.autolog("haystack")
        further.autolog()

    assert [record.getMessage() for record in caplog.records] == [
        "genaiops: haystack is not installed, so there is nothing to record",
        "genaiops: to record haystack: pip install openinference-instrumentation-haystack",
    ]


def test_every_extra_of_an_instrumentation_is_of_a_library_that_is_known():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    prefix = "openinference-instrumentation-"

    extras = {
        extra: [re.split(r"[>=]", one)[0] for one in wanted]
        for extra, wanted in project["optional-dependencies"].items()
        if any(one.startswith(prefix) for one in wanted)
    }

    assert extras == {extra: [prefix + extra] for extra in extras}
    assert {"litellm", "llama-index", "mcp"} <= set(extras)
    assert {extra.replace("-", "_") for extra in extras} <= set(further.LIBRARIES)


def test_an_instrumentation_that_does_not_start_leaves_the_library_alone(litellm, site, caplog):
    write(site, {"standin.py": "class LiteLLMInstrumentor:\n    pass\n"})

    further.autolog("litellm")

    assert "openinference-instrumentation-litellm did not start" in caplog.text
    assert litellm.completion("gpt-x", ASK) == "Hello"


def test_a_name_that_is_not_known_is_refused():
    with pytest.raises(genaiops.ConfigError, match="does not know 'nothing'"):
        further.autolog("nothing")
