"""Scores of the last day with their intervals, beside those of the day before."""

from dashboard.parts.cells import Column, Row
from dashboard.parts.text import count, counted, one_line, percent, score
from dashboard.parts.views import section, table
from genaiops.query.pass_rates import PassRate, pass_rates

__all__ = ["passing"]

_COLUMNS = (
    Column(key="name", label="Judge"),
    Column(key="rate", label="Score", kind="score", width="34%",
           hint="per cent of yes, or the mean; the line is the 95 % interval"),
    Column(key="n", label="Verdicts", kind="num", width="84px"),
    Column(key="before", label="Day before", kind="num", width="96px"),
)  # fmt: skip


def passing(since_ns: int, until_ns: int) -> None:
    """The section."""
    section("Scores of these 24 hours", key="passing head")
    table(
        _COLUMNS,
        [_row(rate) for rate in pass_rates(since_ns=since_ns, until_ns=until_ns)],
        key="passing",
        page="traces",
        empty="Nothing was judged.",
    )


def _row(rate: PassRate) -> Row:
    failed = f", {counted(rate.n_failed, 'judgement')} failed" if rate.n_failed else ""
    said = percent if rate.is_share else score
    yes = " yes" if rate.is_share else ""
    hint = f"{said(rate.low)} to {said(rate.high)} of {count(rate.n)}{failed}"
    name = rate.name.replace("`", "")
    return Row(
        id=rate.name,
        cells={
            "name": one_line(rate.name, 80),
            "rate": {
                "text": f"{said(rate.estimate)}{yes} ({said(rate.low)} – {said(rate.high)})",
                "low": rate.low,
                "high": rate.high,
                "at": rate.estimate,
                "hint": hint,
            },
            "n": count(rate.n),
            "before": said(rate.before),
        },
        params={"q": f"feedback.`{name}` IS NOT NULL", "time": "24 h"},
    )
