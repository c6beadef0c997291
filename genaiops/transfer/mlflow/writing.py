"""Our runs as an `mlruns` folder; its YAML is written as JSON, which is YAML too."""

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from genaiops.store import Reader
from genaiops.transfer.tally import Tally

__all__ = ["write_mlruns"]

_MS = 1_000_000
_KEY = re.compile(r"[/\w.\- :]+")
_STATUSES = {"RUNNING": 1, "FINISHED": 3, "FAILED": 4, "KILLED": 5, "INTERRUPTED": 5}
_EXPERIMENT_ID = re.compile(r"[a-zA-Z0-9][\w-]{0,63}")


def write_mlruns(reader: Reader, folder: Path, tally: Tally) -> dict[str, Path]:
    """Writes experiments and runs; where the files of each run go, by its id."""
    root = folder / "mlruns"
    homes = _write_experiments(reader, root, tally)
    rows = reader.query(
        "SELECT * FROM runs WHERE experiment_id IS NOT NULL ORDER BY start_ns, run_id"
    ).dicts()
    places: dict[str, Path] = {}
    for row in rows:
        home = homes.get(row["experiment_id"])
        if home is None:
            tally.problem(f"run {row['run_id']!r} stays out: its experiment is not there")
            continue
        place = home / row["run_id"]
        _write_run(reader, row, place, tally)
        places[row["run_id"]] = place / "artifacts"
        tally.add("runs")
        tally.tell("runs", len(rows))
    return places


def _write_experiments(reader: Reader, root: Path, tally: Tally) -> dict[str, Path]:
    tags: dict[str, dict[str, str]] = {}
    for experiment_id, key, value in reader.query("SELECT * FROM experiment_tags").rows:
        tags.setdefault(experiment_id, {})[key] = value
    homes: dict[str, Path] = {}
    taken: set[str] = set()
    for row in reader.query("SELECT * FROM experiments ORDER BY created_ns, name").dicts():
        own = tags.get(row["experiment_id"], {})
        number = "0" if row["name"] == "Default" else own.pop("mlflow.experimentId", "")
        if not _EXPERIMENT_ID.fullmatch(number) or number in taken:
            number = row["experiment_id"]
        taken.add(number)
        deleted = row["state"] == "deleted"
        home = (root / ".trash" if deleted else root) / number
        _write_table(
            home,
            {
                "artifact_location": (root / number).absolute().as_uri(),
                "creation_time": (row["created_ns"] or 0) // _MS,
                "experiment_id": number,
                "last_update_time": (row["created_ns"] or 0) // _MS,
                "lifecycle_stage": "deleted" if deleted else "active",
                "name": row["name"],
            },
        )
        _write_values(home / "tags", own, f"experiment {row['name']!r}", tally)
        homes[row["experiment_id"]] = home
        tally.add("experiments")
    (root / ".trash").mkdir(parents=True, exist_ok=True)
    return homes


def _write_run(reader: Reader, row: Mapping[str, Any], place: Path, tally: Tally) -> None:
    run_id, who = row["run_id"], f"run {row['run_id']!r}"
    _write_table(
        place,
        {
            "artifact_uri": (place / "artifacts").absolute().as_uri(),
            "end_time": None if row["end_ns"] is None else row["end_ns"] // _MS,
            "entry_point_name": "",
            "experiment_id": place.parent.name,
            "lifecycle_stage": row["lifecycle"],
            "run_id": run_id,
            "run_name": row["name"] or "",
            "source_name": "",
            "source_type": 4,
            "source_version": "",
            "start_time": (row["start_ns"] or 0) // _MS,
            "status": _STATUSES.get(row["status"], 1),
            "tags": [],
            "user_id": row["user"] or "",
        },
    )
    (place / "artifacts").mkdir()
    source: dict[str, Any] = row["source"] or {}
    told = {
        "mlflow.runName": row["name"],
        "mlflow.user": row["user"],
        "mlflow.parentRunId": row["parent_run_id"],
        "mlflow.note.content": row["description"],
        "mlflow.source.name": source.get("command"),
        "mlflow.source.git.commit": source.get("git_commit"),
    }
    tags = {key: value for key, value in told.items() if value}
    tags |= dict(reader.query("SELECT key, value FROM run_tags WHERE run_id = ?", [run_id]).rows)
    params = reader.query("SELECT key, value FROM params WHERE run_id = ?", [run_id]).rows
    texts = {key: value if isinstance(value, str) else str(value) for key, value in params}
    tally.add("tags", _write_values(place / "tags", tags, who, tally))
    tally.add("params", _write_values(place / "params", texts, who, tally))
    points: dict[str, list[str]] = {}
    for key, value, step, ts_ns in reader.query(
        "SELECT key, value, step, ts_ns FROM metrics WHERE run_id = ? ORDER BY key, step, ts_ns",
        [run_id],
    ).rows:
        points.setdefault(key, []).append(f"{ts_ns // _MS} {value!r} {step}\n")
    curves = {key: "".join(lines) for key, lines in points.items()}
    _write_values(place / "metrics", curves, who, tally)
    tally.add("metrics", sum(map(len, points.values())))


def _write_values(folder: Path, values: Mapping[str, str], who: str, tally: Tally) -> int:
    """A file for each key; how many. Keys that MLflow has no file for are said."""
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for key, value in _writable(folder, values, who, tally):
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value, "utf-8", errors="replace", newline="")
        written += 1
    return written


def _writable(
    folder: Path, values: Mapping[str, str], who: str, tally: Tally
) -> Iterator[tuple[str, str]]:
    above = {"/".join(key.split("/")[:at]) for key in values for at in range(1, key.count("/") + 1)}
    for key, value in values.items():
        plain = _KEY.fullmatch(key) and posixpath.normpath(key) == key
        if plain and key not in above and key[0] not in "/." and len(key.encode()) <= 250:
            yield key, value
        else:
            tally.problem(f"{who}: {key[:80]!r} of its {folder.name} is no name that MLflow takes")


def _write_table(folder: Path, table: Mapping[str, Any]) -> None:
    folder.mkdir(parents=True)
    (folder / "meta.yaml").write_text(json.dumps(dict(table), indent=2) + "\n", "utf-8")
