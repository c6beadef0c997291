"""Candidates of a search and folds of a cross-validation as child runs."""

import csv
import io
import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

from genaiops.runs.active import begin_detached
from genaiops.runs.experiments import current_experiment, experiment_id_of
from genaiops.runs.journal import write
from genaiops.runs.lines import metric_line, param_lines
from genaiops.store import events
from genaiops.training.session import Session, bounded

__all__ = ["record_folds", "record_search"]


def record_search(session: Session, search: Any, most: int | None) -> None:
    """The best parameters and score, every result as a file, and the candidates as child runs.

    Args:
        session: Of the search.
        search: A fitted search of scikit-learn.
        most: So many of the candidates, the best first; None is all.
    """
    results: Mapping[str, Any] = search.cv_results_
    candidates: list[Mapping[str, Any]] = list(results["params"])
    session.log.file("cv_results.csv", _csv(results).encode(errors="replace"))
    best = getattr(search, "best_params_", None)
    if best is not None:
        session.log.params({f"best_{key}": value for key, value in best.items()})
    if hasattr(search, "best_score_"):
        session.log.metrics({"best_cv_score": search.best_score_})
    session.log.metrics({"candidates": len(candidates)})
    searches_too = hasattr(search.estimator, "estimator") and hasattr(search.estimator, "refit")
    base = search.estimator.get_params(deep=not searches_too)
    chosen = _best_first(results, len(candidates))[:most]
    name = type(search.estimator).__name__
    columns = _numeric(results, len(candidates))
    session.log.tags({"genaiops.autolog.children": f"{len(chosen)} of {len(candidates)}"})
    for at in chosen:
        _child(
            session,
            f"{name} {at}",
            _with(base, candidates[at]),
            {key: values[at] for key, values in columns.items()},
        )


def record_folds(session: Session, results: Mapping[str, Any]) -> None:
    """Means and deviations over the folds, and every fold as a child run."""
    folds = len(results["fit_time"])
    columns = _numeric(results, folds)
    for key, values in columns.items():
        numbers = [float(value) for value in values]
        mean = sum(numbers) / len(numbers)
        deviation = (sum((number - mean) ** 2 for number in numbers) / len(numbers)) ** 0.5
        session.log.metrics({f"mean_{key}": mean, f"std_{key}": deviation})
    for fold in range(folds):
        row = {key: values[fold] for key, values in columns.items()}
        _child(session, f"fold {fold}", {"fold": fold}, row)


def _with(base: Mapping[str, Any], candidate: Mapping[str, Any]) -> dict[str, Any]:
    """The estimator's parameters as the candidate changes them, those of exchanged parts too."""
    found = dict(base)
    for key, value in candidate.items():
        if hasattr(value, "get_params"):
            found = {name: old for name, old in found.items() if not name.startswith(f"{key}__")}
            found |= {f"{key}__{name}": old for name, old in value.get_params(deep=True).items()}
    return found | dict(candidate)


def _best_first(results: Mapping[str, Any], count: int) -> list[int]:
    """Places of the candidates by their rank, of the first metric where there are several."""
    rank = next((key for key in results if key.startswith("rank_test_")), None)
    if rank is None:
        return list(range(count))
    return sorted(range(count), key=lambda at: int(results[rank][at]))


def _numeric(results: Mapping[str, Any], count: int) -> dict[str, Any]:
    """Columns of numbers, one a candidate."""
    return {
        key: values
        for key, values in results.items()
        if not key.startswith("param_")
        and getattr(getattr(values, "dtype", None), "kind", "") in "iufb"
        and getattr(values, "shape", ()) == (count,)
    }


def _child(
    session: Session, name: str, params: Mapping[str, Any], metrics: Mapping[str, Any]
) -> None:
    """A run that was over before it was written: its times are of the writing."""
    parent = session.log.run_id
    if parent is None:
        return
    experiment = current_experiment()
    now = time.time_ns()
    info = begin_detached(
        experiment,
        experiment_id_of(experiment),
        name,
        now,
        parent_run_id=parent,
        tags={"genaiops.autolog": session.library},
    )
    plain = {key: bounded(value) for key, value in params.items()}
    write(
        *param_lines(info.run_id, plain, {}),
        *(metric_line(info.run_id, key, value, 0, now) for key, value in metrics.items()),
        events.encode(
            "run", run_id=info.run_id, data={"status": "FINISHED", "end_ns": time.time_ns()}
        ),
    )


def _csv(results: Mapping[str, Any]) -> str:
    into = io.StringIO()
    writer = csv.writer(into)
    writer.writerow(results)
    columns: Iterable[Any] = results.values()
    writer.writerows([_cell(value) for value in row] for row in zip(*columns, strict=False))
    return into.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        return json.dumps(value, default=str)
    return "" if str(value) == "--" else bounded(value)  # numpy's mask: no such parameter
