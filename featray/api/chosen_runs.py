"""The runs that a caller names, and what they are compared with: for `report` and `suggest`."""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from featray import store
from featray.analysis import comparison
from featray.analysis.comparison import Calibration
from featray.core.files import is_yaml
from featray.core.row import Row
from featray.errors import NothingMatches, suggest

NAME_LENGTH = 120  # characters of a file's name: most file systems end at 255 bytes


@dataclasses.dataclass(frozen=True, kw_only=True)
class Chosen:
    """The rows of the runs that were asked for, and the name of their report."""

    name: str
    run_ids: tuple[str, ...]
    rows: tuple[Row, ...]
    problems: tuple[str, ...]


def choose(results: str, names: Sequence[str]) -> Chosen:
    """Read the rows of runs; by default of the run that measured last.

    Args:
        results: Store.
        names: Sweeps (their latest run counts), run ids, or sweep files.

    Raises:
        NothingMatches: a name is none, or the store is empty; the message lists what exists.
        StoreError: the store cannot be read.
    """
    run_ids = tuple(dict.fromkeys(_run_id(results, name) for name in names)) or (_latest(results),)
    readings = [store.read(results, run_id=run_id, one_summary=True) for run_id in run_ids]
    return Chosen(
        name=file_name(run_ids),
        run_ids=run_ids,
        rows=tuple(row for reading in readings for row in reading.rows),
        problems=tuple(dict.fromkeys(str(problem) for reading in readings for problem in reading.problems)),
    )


def _latest(results: str) -> str:
    """Name the run that measured last; a calibration only where there is nothing else."""
    run_id = store.latest_run(results)
    if run_id is None:
        _, problems = store.runs(results)
        left_out = store.left_out(problems)
        raise NothingMatches(
            f"{store.shown(results)}: holds no rows; submit a sweep, or import a report of py-feat{left_out}"
        )
    if run_id == store.latest_run(results, comparison.CALIBRATION):
        others = [run for run in store.runs(results)[0] if run.sweep != comparison.CALIBRATION]
        return max(others, key=lambda run: (run.last_at, run.run_id)).run_id if others else run_id
    return run_id


def _run_id(results: str, name: str) -> str:
    sweep = Path(name).stem if is_yaml(name) else name
    run_id = store.latest_run(results, sweep)
    if run_id is not None:
        return run_id
    if store.read(results, run_id=name).rows:
        return name
    known, problems = store.runs(results)
    names = dict.fromkeys([*(run.sweep for run in known), *(run.run_id for run in known)])
    raise NothingMatches(
        f"{store.shown(results)}: holds no sweep or run {name!r}{suggest(name, names)}{store.left_out(problems)}"
    )


def find_baseline(results: str, chosen: Chosen, asked: str | None) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """Read what a report compares with: what the caller asks for, else what its sweep names.

    Returns:
        Rows, none without a baseline, and what there is to say about it.

    Raises:
        NothingMatches: the caller's baseline does not exist.
    """
    named = next((row.baseline for row in chosen.rows if row.baseline), None)
    name = asked if asked is not None else named
    if name is None:
        return (), ()
    try:
        found = choose(results, [name])
    except NothingMatches as missing:
        if asked is not None:
            raise
        return (), (f"no comparison: {missing}",)
    if set(found.run_ids) & set(chosen.run_ids):
        return (), (f"no comparison: {name} is what is reported",) if asked is not None else ()
    return found.rows, found.problems


def calibrations(results: str) -> dict[str, Calibration]:
    """Read every target's noise floor; empty where none was calibrated."""
    if store.latest_run(results, comparison.CALIBRATION) is None:  # two columns, instead of all to find none
        return {}
    return comparison.calibrations(store.read(results, sweep=comparison.CALIBRATION).rows)


def file_name(run_ids: Sequence[str]) -> str:
    """Name a report's file after its runs; what a file name cannot hold becomes an underscore."""
    whole = "+".join(re.sub(r"[^\w.+-]", "_", run_id).lstrip(".-") or "run" for run_id in run_ids)
    return whole if len(whole) <= NAME_LENGTH else f"{whole[: NAME_LENGTH - 4]}-etc"
