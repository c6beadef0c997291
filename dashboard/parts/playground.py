"""The playground: a version, or an edit of it, sent to a model in process; kept as a trace."""

import asyncio
import json
import time
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, TypeVar, cast

import streamlit as st

import genaiops
from dashboard.parts.cells import Chip
from dashboard.parts.jobs import Job, job_panel, start
from dashboard.parts.messages import conversation
from dashboard.parts.prompt_editor import Parts, edit
from dashboard.parts.text import count, literal, ms, one_line, tokens, usd
from dashboard.parts.urls import link, param, set_params
from dashboard.parts.views import chat, note, section, value
from genaiops.errors import GenaiopsError, NotFoundError, PromptError
from genaiops.model import semconv
from genaiops.model.prompt import PromptVersion
from genaiops.model.span import SpanRecord
from genaiops.query import gateway, traces

__all__ = ["OFFLINE", "new_prompt", "playground"]

Json = Any  # any JSON value
T = TypeVar("T")
OFFLINE = "offline/extractive"
_KEY = "playground"
_DAYS = 30
_REFUSED = "genaiops.not saved"
_MOST_VARIABLES = 40
_FIRST = "Answer the question from the context, in one sentence.\n\nContext:\n{{context}}\n\nQuestion: {{question}}"


def playground(version: PromptVersion) -> None:
    """Fields of the version to edit, values of its variables, and what a model answered."""
    parts = Parts(
        template=version.template, model_config=version.model_config,
        response_format=version.response_format, tools=version.tools, syntax=version.syntax,
        variable_types=version.variable_types,
    )  # fmt: skip
    _two_sides(version.name, parts, version)


def new_prompt() -> None:
    """The same for a prompt that is not registered yet, perhaps with the messages of a call."""
    call = _call(param("trace"), param("span"))
    asked = None if call is None else _messages_of(call)
    name = st.text_input(
        "Name", key="new name", placeholder="folder/name", max_chars=500, width=420
    )
    kinds = ("Text", "Chat")
    kind = st.segmented_control("Kind", kinds, default="Chat" if asked else "Text", required=True,
                                key="new kind", label_visibility="collapsed")  # fmt: skip
    messages = asked or [
        {"role": "system", "content": "Answer from the context, in one sentence."},
        {"role": "user", "content": "Context:\n{{context}}\n\nQuestion: {{question}}"},
    ]
    parts = Parts(template=_FIRST if kind == "Text" else messages)
    _two_sides((name or "").strip(), parts, None)


def _two_sides(name: str, parts: Parts, version: PromptVersion | None) -> None:
    at = f"{name}/{version.version}" if version else f"new {parts.template.__class__.__name__}"
    left, right = st.columns([1.15, 1], gap="medium")
    trouble, edited, prompt = "", parts, None
    with left:
        try:
            edited = edit(parts, key=at)
            prompt = genaiops.draft_prompt(name or "new", edited.template, **edited.arguments())
        except GenaiopsError as error:
            trouble = str(error)
        changed = prompt is not None and (version is None or edited != parts)
        if changed:
            _save(name, edited, version)
    with right:
        if trouble:
            section("The prompt cannot be used", note=trouble, key="draft trouble")
            return
        assert prompt is not None  # noqa: S101  no trouble, so there is one
        _run(name or "new", prompt, version, changed=changed, key=at)
        job_panel(_KEY)
        _result(version)


def _run(name: str, prompt: Any, version: PromptVersion | None, *, changed: bool, key: str) -> None:
    """Values for the variables, the model, and the button that asks it."""
    given = _given_values()
    values: dict[str, str] = {}
    variables = prompt.variables[:_MOST_VARIABLES]
    for variable in variables:
        values[variable] = st.text_area(
            literal(variable, 60), given.get(variable, ""), key=f"{key} value {variable}", height=80
        ) or ""  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom"):
        known = _models(prompt.model_config)
        model = st.selectbox("Model", known, key=f"{key} model", accept_new_options=True)
        asked = st.button("Run", key="run it", type="primary", icon=":material/play_arrow:")
    if not asked:
        return
    source = (
        prompt if changed or version is None else genaiops.load_prompt(f"{name}/{version.version}")
    )
    try:
        request = source.to_openai(**_as_messages(values, source.template))
    except PromptError as error:
        section("Not sent", note=str(error), key="not sent")
        return
    request["model"] = str(model or OFFLINE).strip()
    told = f"{name} v{version.version}" if version and not changed else f"{name} (edited)"
    job = Job(title=f"Asking {request['model']}", total=1)
    start(_KEY, job, lambda job: _answer(job, told, values, request))


def _as_messages(values: Mapping[str, str], template: Json) -> dict[str, Json]:
    """The values; those of placeholders are JSON, a list of messages. Raises PromptError."""
    messages = cast("Sequence[Mapping[str, Json]]", () if isinstance(template, str) else template)
    places = {
        str(item["content"]).strip("{} ") for item in messages if item.get("role") == "placeholder"
    }
    found: dict[str, Json] = dict(values)
    for name in places & set(found):
        try:
            found[name] = json.loads(values[name] or "[]")
        except (ValueError, RecursionError) as error:
            raise PromptError(f"{name!r} takes messages, and this is no JSON ({error})") from None
    return found


def _answer(job: Job, told: str, values: Mapping[str, str], request: dict[str, Json]) -> str:
    """Asks the model; the call is a trace. Returns: What came out, as a sentence."""

    async def ask() -> str:
        with genaiops.start_span("playground", span_type="chain") as span:
            genaiops.update_current_trace(name="playground", tags={"playground": told})
            job.where = link("trace", {"id": span.trace_id})
            span.set_inputs({"prompt": told, "variables": dict(values), "model": request["model"]})
            answer = await genaiops.gateway.acomplete(**request)
            span.set_outputs(answer.text)
            return answer.text

    began = time.monotonic()
    said = asyncio.run(_unless_stopped(job, ask()))
    job.done = 1
    took = ms((time.monotonic() - began) * 1_000)
    return f"Cancelled after {took}" if said is None else f"Answered in {took}"


async def _unless_stopped(job: Job, work: Awaitable[T]) -> T | None:
    """The result of the work; None when the job was cancelled, which stops it at once."""
    task = asyncio.ensure_future(work)
    while not task.done():
        await asyncio.wait({task}, timeout=0.1)
        if job.stop.is_set():
            task.cancel()
    return None if task.cancelled() else task.result()


def _result(version: PromptVersion | None) -> None:
    """The answer of the trace that the URL or the last job names."""
    job: Job | None = st.session_state.get(f"job {_KEY}")
    if job is not None and not job.ended:
        return
    if job is not None and job.where:
        made = job.where.partition("id=")[2]
        if made != param("result") and not st.session_state.get(f"seen {made}"):
            st.session_state[f"seen {made}"] = True
            set_params({"result": made})
    if not param("result"):
        note("The answer appears here, and is kept as a trace.", key="no answer")
        return
    call = _call(param("result"), "")
    if call is None:
        note("This trace holds no call of a model.", key="no call")
        return
    _show_answer(call, version)


def _show_answer(call: SpanRecord, version: PromptVersion | None) -> None:
    chips = [
        Chip(value=one_line(call.request_model, 60) or "unknown model"),
        Chip(label="took", value=ms(call.duration_ms)),
        Chip(label="tokens", value=tokens(call.input_tokens, call.output_tokens)),
        Chip(label="cost", value=usd(call.cost_usd)),
    ]
    asked = conversation(call.inputs, None)
    answer = conversation(call.inputs, call.outputs)[len(asked) :]
    text = "\n".join(str(part["text"]) for item in answer for part in item["parts"])
    if version is not None and version.response_format and text:
        chips.append(_fits(version, text))
    chips.append(Chip(value="open the trace", tone="blue", go=link("trace", {"id": call.trace_id})))
    section("Answer", chips=chips, key="answer head")
    if call.status == "error":
        note(call.status_message or "The call failed.", key="answer failed")
    elif answer:
        chat(answer, key="answer")
    else:
        value(call.outputs, title="Answer", key="answer value")


def _fits(version: PromptVersion, text: str) -> Chip:
    try:
        genaiops.load_prompt(f"{version.name}/{version.version}").parse(text)
    except GenaiopsError as error:
        return Chip(value="breaks the response format", tone="red", hint=one_line(str(error), 600))
    return Chip(value="fits the response format", tone="green")


def _save(name: str, edited: Parts, version: PromptVersion | None) -> None:
    """Registers what stands in the fields."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("What changed", key="commit message", max_chars=2_000,
                                placeholder="for whoever reads the history")  # fmt: skip
        label = "Register" if version is None else "Save as a new version"
        st.button(label, key="save it", disabled=not name, on_click=_register, args=(name, edited))
    refused = st.session_state.pop(_REFUSED, "")
    if refused:
        section("Not saved", note=refused, key="not saved")


def _register(name: str, edited: Parts) -> None:
    """Stores the fields as the next version, then shows what it changed."""
    message = str(st.session_state.get("commit message") or "")
    try:
        made = genaiops.register_prompt(
            name, edited.template, commit_message=message or None, **edited.arguments()
        )
    except GenaiopsError as error:
        st.session_state[_REFUSED] = str(error)
        return
    st.session_state["view"] = "Diff"
    gone = dict.fromkeys(("vs", "result", "trace", "span", "new"), "")
    set_params({"name": made.name, "v": str(made.version), **gone})


def _call(trace_id: str, span_id: str) -> SpanRecord | None:
    """The model's call of a trace: the named one, else the last."""
    if not trace_id:
        return None
    try:
        spans = traces.get(trace_id).spans
    except NotFoundError:
        return None
    named = next((span for span in spans if span.span_id == span_id), None)
    calls = [span for span in spans if span.span_type == "llm"]
    return named or (calls[-1] if calls else None)


def _messages_of(call: SpanRecord) -> list[Mapping[str, Json]] | None:
    """The messages that a call was made with, as text; None when it has none."""
    found = [
        {"role": str(item["role"]), "content": "\n".join(str(p["text"]) for p in item["parts"])}
        for item in conversation(call.inputs, None)
    ]
    return list(found) or None


def _given_values() -> dict[str, str]:
    """Values that the trace of the URL was formatted with."""
    call = _call(param("trace"), param("span"))
    prefix = semconv.PROMPT_VARIABLE_PREFIX
    attributes: Mapping[str, Json] = {} if call is None else call.attributes
    return {
        name.removeprefix(prefix): str(content)
        for name, content in attributes.items()
        if name.startswith(prefix)
    }


def _models(config: Mapping[str, Json] | None) -> list[str]:
    """Models to choose from: that of the URL, the version's own, those called lately."""
    ready = genaiops.gateway.available_providers()
    wanted = str((config or {}).get("model") or "")
    seen = [name for name in _called() if name.partition("/")[0] in ready]
    own = [name for name in seen if wanted and name.endswith(f"/{wanted}")]
    if wanted.partition("/")[0] in ready and "/" in wanted:
        own.insert(0, wanted)
    elif wanted and not own and "openai" in ready:
        own = [f"openai/{wanted}"]
    asked = [param("model")] if param("model") else []
    return list(dict.fromkeys([*asked, *own, *seen[:20], OFFLINE]))


@st.cache_data(ttl=120, max_entries=4, show_spinner=False)
def _called() -> list[str]:
    since_ns = time.time_ns() - _DAYS * 86_400 * 10**9
    return [target.name for target in gateway.targets(since_ns=since_ns) if count(target.calls)]
