"""Chosen runs: the runs that a caller names, and their baseline: for `report` and `suggest`.

Flow: names, store -> `choose`, `find_baseline` -> rows -> `analysis`, `rendering`.
"""

import dataclasses
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from featray import store
from featray.analysis import comparison
from featray.core.files import is_yaml
from featray.core.row import Row
from featray.errors import FeatrayError, NothingMatches, StoreError, suggest
from featray.store import Reading, RunSummary, StoreProblem

NAME_LENGTH = 120  # characters of a file's name: most file systems allow 255 bytes


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChosenRuns:
    """The rows of the chosen runs, and the name of their report."""

    name: str
    run_ids: tuple[str, ...]
    rows: tuple[Row, ...]
    problems: tuple[str, ...]


def choose(results: str, names: Sequence[str]) -> ChosenRuns:
    """Read the rows of runs, by default of the run that measured last; of a replay only where there is no other run.

    Args:
        results: Store.
        names: Sweeps (their latest run counts), run ids, or sweep files.

    Raises:
        NothingMatches: there is no such sweep or run, or the store is empty; the message lists what exists.
        StoreError: the store cannot be read.
    """
    return _read(results, find_ids(results, names) or (_latest_run(results),))


def find_ids(results: str, names: Sequence[str]) -> tuple[str, ...]:
    """Find the ids of the named runs, each once; raises as `choose`."""
    return tuple(dict.fromkeys(_run_id(results, name) for name in names))


def choose_run(results: str, run_id: str) -> ChosenRuns:
    """Read the rows of one run, by its id alone: a sweep may have the name of another one's run.

    Raises:
        StoreError: the store cannot be read.
    """
    return _read(results, (run_id,))


def _read(results: str, run_ids: tuple[str, ...]) -> ChosenRuns:
    readings = [read_run(results, run_id, one_summary=True) for run_id in run_ids]
    return ChosenRuns(
        name=report_name(run_ids),
        run_ids=run_ids,
        rows=tuple(row for reading in readings for row in reading.rows),
        problems=tuple(dict.fromkeys(str(problem) for reading in readings for problem in reading.problems)),
    )


def read_run(results: str, run_id: str, *, one_summary: bool = False) -> Reading:
    """Read the rows of a run that the store holds.

    Raises:
        StoreError: none of its rows can be read.
    """
    reading = store.read(results, run_id=run_id, one_summary=one_summary)
    if not reading.rows:
        raise store.explain_no_rows(results, reading.problems, f"run {run_id!r}")
    return reading


def explain_unreadable(results: str, name: str, problems: Sequence[StoreProblem]) -> FeatrayError | None:
    """Make the error of a sweep or run that the store holds, of which no row can be read; None for any other name.

    Its columns are damaged in part: those that name the runs can be read.
    """
    runs = store.runs(results)[0] if problems else []
    kinds = [kind for kind, names in (("run", _run_ids(runs)), ("sweep", _sweeps(runs))) if name in names]
    return store.explain_no_rows(results, problems, f"{kinds[0]} {name!r}") if kinds else None


def _run_ids(runs: Iterable[RunSummary]) -> set[str]:
    return {run.run_id for run in runs}


def _sweeps(runs: Iterable[RunSummary]) -> set[str]:
    return {run.sweep for run in runs}


def _latest_run(results: str) -> str:
    """Find the run that measured last; a calibration only where there is nothing else."""
    run_id = store.latest_run(results, other_than=comparison.CALIBRATION) or store.latest_run(results)
    if run_id is None:
        _, problems = store.runs(results)
        raise store.explain_no_rows(results, problems)
    return run_id


def _run_id(results: str, name: str) -> str:
    sweep = Path(name).stem if is_yaml(name) else name
    run_id = store.latest_run(results, sweep)
    if run_id is not None:
        return run_id
    runs, problems = store.runs(results)
    if name in _run_ids(runs):
        return name
    if not runs:
        raise store.explain_no_rows(results, problems)
    names = dict.fromkeys([*(run.sweep for run in runs), *(run.run_id for run in runs)])
    raise NothingMatches(
        f"{store.display_name(results)}: holds no sweep or run {name!r}{suggest(name, names)}"
        f"{store.format_problems(problems)}"
    )


def find_baseline(results: str, chosen: ChosenRuns, name: str | None) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """Read the baseline of a report: the one of this name, else the one that the sweep names.

    Returns:
        Its rows, none without a baseline; and what the user should know about it.

    Raises:
        NothingMatches: there is no sweep or run of this name.
        StoreError: none of the rows of this name can be read.
    """
    of_sweep = next((row.baseline for row in chosen.rows if row.baseline), None)
    wanted = name if name is not None else of_sweep
    if wanted is None:
        return (), ()
    try:
        baseline = choose(results, [wanted])
    except (NothingMatches, StoreError) as wrong:
        if name is not None:
            raise
        return (), (f"no comparison: {wrong}",)
    if set(baseline.run_ids) & set(chosen.run_ids):
        return (), (f"no comparison: {wanted} is itself the run that is reported",) if name is not None else ()
    return baseline.rows, baseline.problems


def report_name(run_ids: Sequence[str]) -> str:
    """Name a report's file after its runs; characters that a file name cannot have become underscores."""
    whole = "+".join(re.sub(r"[^\w.+-]", "_", run_id).lstrip(".-") or "run" for run_id in run_ids)
    return whole if len(whole) <= NAME_LENGTH else f"{whole[: NAME_LENGTH - 4]}-etc"
