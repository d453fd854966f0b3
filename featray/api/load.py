"""`featray.load`: stored rows as a DataFrame."""

import os
import statistics
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_args, get_origin

from featray import store
from featray.api import given
from featray.core import row
from featray.core.files import PathLike
from featray.errors import BadInput, FeatrayError, NothingMatches, suggest

if TYPE_CHECKING:
    import pandas as pd


def load(
    results: PathLike = "results",
    *,
    sweep: str | None = None,
    run_id: str | None = None,
    columns: str | Sequence[str] | None = None,
    every_attempt: bool = False,
) -> "pd.DataFrame":
    """Read stored rows, each once; of several attempts only the one that counts.

    Args:
        results: Store of rows: a folder or URI.
        sweep: Only rows of this sweep.
        run_id: Only rows of this run.
        columns: Only this column, or these, of those below.
        every_attempt: Also attempts that a later one replaced.

    Returns:
        One row per unit and invocation, in the order of measuring; some columns hold lists or dicts. Units are SI and
        part of the column's name: `_s` seconds, `_b` bytes, `_hz` hertz, `_w` watts, `_j` joules, `_c` degrees Celsius.
        What a host cannot tell is null, never 0. The last columns are computed from the others: `ms_per_frame`, `fps`
        and `ms_per_face`, from the median of `timed_s`.

    Raises:
        NothingMatches: a name in `columns` is no column, or the store has no such sweep or run, or no rows at all; the
            message lists what exists.
        BadInput: `sweep` or `run_id` is not one text, or `columns` names none.
        StoreError: the store cannot be reached.

    Warns:
        StoreWarning: a file or row of the store could not be used; the text names it.
    """
    several = "load each and join the frames with pandas.concat, or leave it out"
    given.check_name("sweep", sweep, several)
    given.check_name("run_id", run_id, several)
    wanted = None if columns is None else given.names("columns", columns)
    if wanted == []:
        raise BadInput(
            f"columns: {columns!r} names no column; name one, such as 'fps', or leave it out for all of them"
        )
    stored, computed = _split(wanted)
    frame, problems = store.load(results, sweep=sweep, run_id=run_id, columns=stored, every_attempt=every_attempt)
    if frame.empty:
        raise _nothing_found(os.fspath(results), sweep, run_id, problems)
    frame = _compute(frame, computed)
    if wanted is not None:
        frame = frame[wanted]
    for problem in problems:
        warnings.warn(str(problem), store.StoreWarning, stacklevel=2)
    return frame


COMPUTED: Mapping[str, tuple[str, str]] = {
    "ms_per_frame": ("frames", "median of timed_s per frame or image, milliseconds"),
    "fps": ("frames", "frames or images per second in the median of timed_s"),
    "ms_per_face": ("faces", "median of timed_s per face that was found, milliseconds"),
}
"""Column that `load` adds -> the column that it counts by, and its documentation."""


def _split(columns: Sequence[str] | None) -> tuple[list[str] | None, list[str]]:
    """Give the columns to read from the store, and those to compute from them."""
    if columns is None:
        return None, list(COMPUTED)
    unknown = [
        name for name in columns if name not in COMPUTED and name not in {column.name for column in row.columns()}
    ]
    if unknown:
        known = [*(column.name for column in row.columns()), *COMPUTED]
        raise NothingMatches(f"no column {unknown[0]!r}{suggest(unknown[0], known)}")
    computed = [name for name in columns if name in COMPUTED]
    needed = ["timed_s", *(COMPUTED[name][0] for name in computed)] if computed else []
    return list(dict.fromkeys([*(name for name in columns if name not in COMPUTED), *needed])), computed


def _compute(frame: "pd.DataFrame", names: Sequence[str]) -> "pd.DataFrame":
    """Add the computed columns; null where a row has no time or no count."""
    if not names:
        return frame
    call_s = frame["timed_s"].map(lambda times: statistics.median(times) if times is not None and len(times) else None)
    added = {}
    for name in names:
        count = frame[COMPUTED[name][0]].astype("Float64").replace(0, None)
        per_s = count / call_s.astype("Float64")
        added[name] = (per_s if name == "fps" else 1000 / per_s).astype("float64")
    return frame.assign(**added)


def _nothing_found(
    results: str, sweep: str | None, run_id: str | None, found: Sequence[store.StoreProblem]
) -> FeatrayError:
    """Make the error that says what a store holds instead of what was asked for, or that it cannot be read.

    Args:
        results: The store.
        sweep: That was asked for.
        run_id: That was asked for.
        found: What could not be read of it.
    """
    runs, problems = store.runs(results)
    problems = (*found, *problems)
    wanted = [f"sweep {sweep!r}"] * (sweep is not None) + [f"run {run_id!r}"] * (run_id is not None)
    if not runs or not wanted:
        return store.explain_no_rows(results, problems)
    if any(sweep in (None, run.sweep) and run_id in (None, run.run_id) for run in runs):
        return store.explain_no_rows(results, problems, " and ".join(wanted))
    names = {run.run_id for run in runs} if run_id is not None else {run.sweep for run in runs}
    hint = suggest(run_id or sweep or "", sorted(names))
    return NothingMatches(
        f"{store.display_name(results)}: holds no rows of {' and '.join(wanted)}{hint}{store.format_problems(problems)}"
    )


def _describe_columns() -> str:
    """List every column with its type and documentation, for `help`."""
    lines = [
        f"{column.name} ({_type_name(column.type)}{' or null' if column.nullable else ''}): {column.doc}"
        for column in row.columns()
    ]
    lines += [f"{name} (float or null): {doc}" for name, (_, doc) in COMPUTED.items()]
    return "".join(f"        {line}\n" for line in lines)


def _type_name(kind: Any) -> str:
    items = get_args(kind)
    if get_origin(kind) is dict:
        return f"{_type_name(items[0])} -> {_type_name(items[1])}"
    return f"list of {_type_name(items[0])}" if items else str(kind.__name__)


load.__doc__ = f"{load.__doc__ or ''}\n    Columns:\n{_describe_columns()}    "
