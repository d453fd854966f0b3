"""Kept logs: what detached submits have printed, kept beside their rows, since Ray's own logs go with its cluster.

Flow: the driver of a detached submit -> `own_path` -> `cli.output_streams` writes each line there; `featray status ID`
-> `keep`, for a store that shares no disk with the head; `featray logs` -> `find`, where the cluster is gone.
A run has one log, also where several submits measured it, one after the other. For a store in the cloud the log is in
featray's cache of the head.
"""

import os
import re
import shlex
from pathlib import Path

from featray.errors import StoreError
from featray.measurement import weights
from featray.running import claims

FOLDER = "logs"  # in a store's folder, beside `rows` and `reports`

SHOWN = 5  # logs that a message names

_ID = re.compile(r"[\w-][\w.-]{0,199}")
"""Of a run or of a job. Nothing else may become the name of a file."""

_SUBMIT_NUMBER = re.compile(r"-\d{1,4}$")
"""End of the name of a job that goes on with a run, after the id of the run."""


def folder(results: str) -> Path:
    """Give the folder of the logs of a store."""
    return weights.featray_cache() / FOLDER if "://" in results else Path(results) / FOLDER


def own_path(results: str) -> Path | None:
    """Make the folder for the log of this process, and give the log's path; None unless it is a detached submit.

    Raises:
        StoreError: the folder cannot be made.
    """
    run_id = os.environ.get(claims.RUN_VARIABLE, "")
    if not _ID.fullmatch(run_id):
        return None
    place = folder(results)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        raise StoreError(f"{place}: cannot be written ({wrong.strerror})") from wrong
    return place / f"{run_id}.log"


def keep(results: str, run_id: str, log: str) -> None:
    """Keep the log of a submit that has ended, unless the store has one of its run.

    Raises:
        StoreError: it cannot be written.
    """
    path = folder(results) / f"{run_id}.log"
    if not _ID.fullmatch(run_id) or path.exists() or not log:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(log, encoding="utf-8")
    except OSError as wrong:
        raise StoreError(f"{path}: cannot be written ({wrong.strerror})") from wrong


def read(path: Path) -> str:
    """Read a kept log.

    Raises:
        StoreError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as wrong:
        raise StoreError(f"{path}: cannot be read ({wrong.strerror})") from wrong


def describe(results: str, job: str | None = None) -> str | None:
    """Say which logs a store keeps of submits whose cluster is gone; None where it has none.

    Args:
        results: The store.
        job: Only of this submit, by the id of its run or of its job.
    """
    paths = [path for path in [find(results, job)] if path] if job is not None else _list(results)
    if not paths:
        return None
    names = [path.stem for path in paths[:SHOWN]]
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    command = ["featray", "logs", names[0], *(["--results", results] if results != "results" else [])]
    what = "its log is kept" if job is not None else f"logs are kept of {', '.join(names)}{more}"
    return f"{what}: `{shlex.join(command)}`"


def _list(results: str) -> list[Path]:
    """List the logs of a store, the latest first."""
    return sorted(folder(results).glob("*.log"), key=lambda path: path.stat().st_mtime, reverse=True)


def find(results: str, id_: str) -> Path | None:
    """Find the kept log of a run, by its id or by that of one of its jobs: in a store, or in this machine's cache."""
    if not _ID.fullmatch(id_):
        return None
    names = dict.fromkeys([id_, _SUBMIT_NUMBER.sub("", id_)])
    places = dict.fromkeys([folder(results), weights.featray_cache() / FOLDER])
    paths = [place / f"{name}.log" for place in places for name in names]
    return next((path for path in paths if path.is_file()), None)
