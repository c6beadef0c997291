"""An evaluation as one HTML file: scores, what got worse, and every row with its verdicts.

Nothing is loaded from anywhere, and every text of a row is escaped. The page works without its
script, which only filters rows and opens those that a link leads to.
"""

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import msgspec

from genaiops.config import settings
from genaiops.errors import EvalError, NotFoundError, StoreError
from genaiops.eval.case import Case, Claim
from genaiops.eval.compare import Change, Comparison
from genaiops.eval.given import is_text, require
from genaiops.eval.score import RowResult, Score, share_of_scale
from genaiops.eval.table import cells, money, number
from genaiops.query import evals
from genaiops.query.evals import EvalRun

__all__ = ["Page", "page", "stored_run", "write_page"]

MOST_ROWS = 5_000
_MOST_CHARS = 20_000
_MOST_LINKS = 20  # to rows that got worse, for each score

_STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:2rem auto;padding:0 1rem;color:#1b1f24}
table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{text-align:left;padding:.35rem .6rem;
border-bottom:1px solid #d8dee4;vertical-align:top}th{font-weight:600}pre{white-space:pre-wrap;
overflow-wrap:anywhere;background:#f6f8fa;padding:.6rem;border-radius:6px;max-height:24rem;overflow:auto}
details{border-bottom:1px solid #d8dee4;padding:.4rem 0}summary{cursor:pointer}code{font-size:.9em}
details:target{outline:2px solid #0969da;outline-offset:2px}.num{white-space:nowrap;
font-variant-numeric:tabular-nums}a{color:#0969da}
.bad{color:#b3261e}.good{color:#1a7f37}.dim{color:#57606a}.chip{display:inline-block;padding:0 .5rem;
margin-right:.4rem;border-radius:1rem;background:#eaeef2}.chip.bad{background:#ffebe9}
.chip.good{background:#dafbe1}input{font:inherit;padding:.3rem .5rem;width:100%;box-sizing:border-box}
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}pre{background:#161b22}
.chip{background:#21262d}.chip.bad{background:#4c1614}.chip.good{background:#12361f}.dim{color:#8b949e}
.bad{color:#ff7b72}.good{color:#56d364}a{color:#4493f8}th,td,details{border-color:#30363d}
input{background:#161b22;color:inherit;border:1px solid #30363d}}
"""
_SCRIPT = """
document.getElementById('find').addEventListener('input',function(){
var words=this.value.toLowerCase();document.querySelectorAll('details').forEach(function(row){
row.hidden=words!==''&&row.textContent.toLowerCase().indexOf(words)<0})})
function show(){var id=location.hash.slice(1);try{id=decodeURIComponent(id)}catch(odd){}
var row=id&&document.getElementById(id);if(row&&row.tagName==='DETAILS'){row.hidden=false;row.open=true;row.scrollIntoView()}}
addEventListener('hashchange',show);show()
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What the page shows.

    Attributes:
        run: The run as it is stored, None where it is not.
        cases: What is known of rows whose results have no case, by row id.
        comparison: With the run that this one is compared with.
        dashboard: Address of a dashboard that the traces are linked to.
    """

    run_id: str
    confidence: float
    scores: Mapping[str, Score]
    rows: Sequence[RowResult]
    notes: Sequence[str]
    cases: Mapping[str, Case]
    run: EvalRun | None = None
    comparison: Comparison | None = None
    dashboard: str | None = None


def page(shown: Page) -> str:
    """The whole file."""
    by_row: dict[str, list[RowResult]] = {}
    for row in shown.rows:
        by_row.setdefault(row.row_id, []).append(row)
    order = sorted(by_row, key=lambda row_id: _badness(by_row[row_id], shown.scores))
    rows = "".join(_row(row_id, by_row[row_id], shown) for row_id in order[:MOST_ROWS])
    more = len(order) - MOST_ROWS
    rest = f"<p class=dim>{more} further rows are not shown.</p>" if more > 0 else ""
    notes = "".join(f"<li>{_text(note)}" for note in shown.notes)
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        f'<meta http-equiv=Content-Security-Policy content="{_POLICY}">'
        "<meta name=viewport content='width=device-width'>"
        f"<title>{_text(_name(shown))} {_text(shown.run_id[:8])}</title><style>{_STYLE}</style>"
        f"<h1>{_text(_name(shown))}</h1><p class=dim>{_when(shown)}{len(by_row)} rows, "
        f"run <code>{_text(shown.run_id)}</code></p>{_scores(shown)}<ul>{notes}</ul>{_comparison(shown.comparison)}"
        "<h2>Rows, the worst first</h2><input id=find placeholder='Show rows with …' "
        f"aria-label='Filter rows'>{rows}{rest}<script>{_SCRIPT}</script></html>\n"
    )


def write_page(path: object, shown: Page) -> Path:
    """Writes the file and gives its path.

    Raises: EvalError for what is no path or no address, and when the file cannot be written.
    """
    named = isinstance(path, Path) or is_text(path)
    require(named, "path", path, "the path of a file")
    address = shown.dashboard
    right = address is None or (is_text(address) and address.startswith(("http://", "https://")))
    require(right, "dashboard", address, "an address such as 'http://127.0.0.1:5000'")
    file = Path(str(path))
    try:
        file.write_text(page(shown), encoding="utf-8", errors="replace")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise EvalError(f"the report cannot be written to {str(path)!r}: {reason}") from error
    return file


def stored_run(run_id: str) -> EvalRun | None:
    """The run in the store, None where it is not there or the store cannot be read."""
    try:
        return None if settings().disabled else evals.get(run_id)
    except (NotFoundError, StoreError):
        return None


def _name(shown: Page) -> str:
    return "Evaluation" if shown.run is None else f"Evaluation of {shown.run.name}"


def _when(shown: Page) -> str:
    if shown.run is None:
        return ""
    began = datetime.fromtimestamp(shown.run.start_ns / 1e9, UTC)
    return f"{began:%Y-%m-%d %H:%M} UTC, "


def _scores(shown: Page) -> str:
    interval = f"{100 * shown.confidence:g}% interval"
    head = ("score", "estimate", interval, "", "rows", "failed", "cost USD", "method")
    lines = [
        _cells(
            _text(score.name),
            number(score.estimate),
            _number(cells(score.low, score.high)),
            _bar(score),
            str(score.n),
            f"<span class=bad>{score.n_failed}</span>" if score.n_failed else "0",
            money(score.cost_usd),
            f"<span class=dim>{_text(score.method)}</span>",
        )
        for score in shown.scores.values()
    ]
    return f"<table><tr>{''.join(f'<th>{_text(name)}' for name in head)}{''.join(lines)}</table>"


def _bar(score: Score) -> str:
    """The interval on the scale of the score, as a small drawing."""
    if score.scale is None or None in (score.estimate, score.low, score.high):
        return ""
    bottom, top = score.scale

    def place(value: float | None) -> float:
        return 120.0 * ((value or 0.0) - bottom) / ((top - bottom) or 1.0)

    low, high, middle = place(score.low), place(score.high), place(score.estimate)
    return (
        "<svg width=120 height=14 role=img aria-hidden=true>"
        "<line x1=0 x2=120 y1=7 y2=7 stroke='#d0d7de' />"
        f"<line x1={low:.1f} x2={high:.1f} y1=7 y2=7 stroke='#0969da' stroke-width=4 />"
        f"<circle cx={middle:.1f} cy=7 r=4 fill='#0969da' /></svg>"
    )


def _comparison(found: Comparison | None) -> str:
    if found is None:
        return ""
    lines = [
        _cells(
            _text(change.name),
            f"{change.estimate:+.3f}",
            _number(cells(change.low, change.high, signed=True)),
            number(change.p_holm),
            _number(f"{change.wins} {change.ties} {change.losses}"),
            f"<b class={'good' if change.verdict == 'better' else 'bad'}>{change.verdict}</b>"
            if change.verdict in ("better", "worse")
            else change.verdict,
            _regressions(change),
        )
        for change in found.values()
    ]
    worse = "rows that got worse, the worst first"
    head = ("score", "difference", "interval", "p", "+ = -", "verdict", worse)
    return (
        f"<h2>Against run <code>{_text(found.other_run_id)}</code></h2><table><tr>"
        f"{''.join(f'<th>{name}' for name in head)}{''.join(lines)}</table>"
    )


def _regressions(change: Change) -> str:
    links = [
        f"<a href='#{quote(row_id, safe='')}'>{_text(row_id)}</a>"
        for row_id in change.regressions[:_MOST_LINKS]
    ]
    more = len(change.regressions) - _MOST_LINKS
    return " ".join([*links, f"<span class=dim>and {more} more</span>" if more > 0 else ""])


def _row(row_id: str, results: Sequence[RowResult], shown: Page) -> str:
    chips = "".join(_chip(result, shown.scores) for result in results)
    case = results[0].case or shown.cases.get(row_id) or Case()
    question = _short(_question(case.inputs))
    fields = (("inputs", case.inputs), ("outputs", case.outputs), ("expected", case.expected))
    parts = [_block(name, _json(value)) for name, value in fields if value is not None]
    contexts = [f"[{n}] {text}" for n, text in enumerate(case.contexts or (), start=1)]
    if contexts:
        parts.append(_block("contexts", "\n\n".join(contexts)))
    parts += [_verdict(result) for result in results]
    parts.append(_trace(results[0].trace_id, shown.dashboard))
    return (
        f"<details id='{_text(row_id)}'><summary>{chips} <code>{_text(row_id)}</code> "
        f"{_text(question)}</summary>{''.join(parts)}</details>"
    )


def _question(inputs: object) -> str:
    """What a row asks, at a glance: the text of its only field, else all of them."""
    if isinstance(inputs, Mapping):
        values = list(cast("Mapping[str, Any]", inputs).values())
        if len(values) == 1 and isinstance(values[0], str):
            return values[0]
    return _json(cast("object", inputs))


def _chip(result: RowResult, scores: Mapping[str, Score]) -> str:
    if result.error is not None:
        return f"<span class='chip bad'>{_text(result.judge)}: failed</span>"
    share = share_of_scale(result, scores.get(result.judge))
    kind = "" if share is None else " good" if share >= 0.75 else " bad" if share <= 0.25 else ""
    return f"<span class='chip{kind}'>{_text(result.judge)}: {_text(_said(result))}</span>"


def _said(result: RowResult) -> str:
    """The verdict: what was said, numbers with three decimals."""
    value = result.value
    return str(value) if isinstance(value, str | bool) else number(result.number)


def _verdict(result: RowResult) -> str:
    verdict = result.verdict
    facts = [f"attempts {verdict.attempts}" if verdict.attempts else ""]
    facts.append("cached" if verdict.cached else "")
    if verdict.probability is not None:
        facts.append(f"probability {verdict.probability:.2f}")
    if verdict.cost_usd is not None and verdict.attempts:
        facts.append(f"{verdict.cost_usd:.6f} USD")
    said = f"<span class=bad>{_text(result.error)}</span>" if result.error else _text(_said(result))
    head = f"<h4>{_text(result.judge)}: {said} <span class=dim>{', '.join(filter(None, facts))}"
    if verdict.claims:
        return f"{head}</span></h4>{_claims(verdict.claims)}"
    return f"{head}</span></h4>{_block('', verdict.rationale) if verdict.rationale else ''}"


def _claims(claims: Iterable[Claim]) -> str:
    lines = [
        _cells(
            "<span class=good>supported</span>"
            if claim.supported
            else "<span class=bad>not supported</span>",
            _text(claim.text),
            f"“{_text(claim.quote)}”"
            + ("" if claim.quote_found or not claim.quote else " <b class=bad>not in contexts</b>"),
            _text(claim.reason),
        )
        for claim in claims
    ]
    return f"<table><tr><th><th>claim<th>evidence<th>reason{''.join(lines)}</table>"


def _trace(trace_id: str | None, dashboard: str | None) -> str:
    if trace_id is None:
        return ""
    if dashboard is None:
        return f"<p class=dim><code>genaiops traces show {_text(trace_id)}</code></p>"
    address = f"{dashboard.rstrip('/')}/trace?id={trace_id}"
    return f"<p><a href='{_text(address)}'>trace {_text(trace_id)}</a></p>"


def _badness(results: Sequence[RowResult], scores: Mapping[str, Score]) -> tuple[float, float]:
    """Failed rows first, then by the lowest number on its scale."""
    shares = [share_of_scale(result, scores.get(result.judge)) for result in results]
    known = [share for share in shares if share is not None]
    failed = any(result.error is not None for result in results)
    return (0.0 if failed else 1.0, min(known, default=1.0))


def _block(name: str, text: str | None) -> str:
    head = f"<div class=dim>{name}</div>" if name else ""
    return f"{head}<pre>{_text(_cut(text or ''))}</pre>"


def _cells(*values: str) -> str:
    return f"<tr>{''.join(f'<td>{value}' for value in values)}"


def _number(text: str) -> str:
    return f"<span class=num>{text}</span>"


def _json(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    try:
        return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    except (TypeError, ValueError):
        return str(value)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 120 else f"{line[:120]}…"


def _cut(text: str) -> str:
    if len(text) <= _MOST_CHARS:
        return text
    return f"{text[:_MOST_CHARS]}\n… ({len(text):,} characters in all)"


def _text(value: object) -> str:
    return html.escape(str(value))
