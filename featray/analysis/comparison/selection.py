"""Selection: the rows that an expression selects, such as `quickstart`, a run id, or `host=a,gpu="RTX 3090"`.

Terms are joined by commas. A term without `=` names a run, or a sweep, which means its last run. A filter names a
column; a GPU is found by part of its name, a version by its beginning (`torch=2.11`), anything by a pattern. All GPUs
of a host at the same time are `targets=all`, or `gpu="2 GPUs"` as reports name them. Rows of the calibration are
selected only if they are named.
"""

import difflib
import fnmatch
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence

from featray import errors
from featray.analysis.comparison.calibration import CALIBRATION
from featray.core import host_names, identity
from featray.core.cell import ALL, ONE
from featray.core.identity import read_run_start
from featray.core.row import Row, columns

COLUMNS = {
    "host": ("hostname", "host_id"),
    "gpu": ("gpu_name", "gpu_uuid", "gpus"),
    "batch": ("batch_size",),
    "workers": ("num_workers",),
    "run": ("run_id",),
    "cell": ("cell_id",),
    "target": ("target_id",),
    "commit": ("pyfeat_commit",),
    "py-feat": ("pyfeat",),
}
"""Other names of columns."""

DERIVED: Mapping[str, Callable[[Row], object]] = {
    "gpus": lambda row: f"{len(row.gpus)} GPUs" if row.gpus else None,
    "processes": lambda row: row.processes or 1,
    "targets": lambda row: ALL if _is_whole(row) else ONE,
}
"""What is not a column of its own, or is null where it has its usual value."""

PLAIN = tuple(column.name for column in columns() if column.type in (str, int, float, bool))
VERSIONS = frozenset({"torch", "torchvision", "torchcodec", "cuda", "pyfeat", "python", "driver", "featray", "ffmpeg"})
PARTIAL = frozenset({"gpu_name"})
COMMIT_MIN = 4  # characters by which git itself knows a commit
SHOWN = 12  # names that a message lists


def select(rows: Sequence[Row], expression: str) -> list[Row]:
    """Select rows by an expression.

    Args:
        rows: Of the whole store.
        expression: Names and filters, joined by commas.

    Raises:
        BadInput: it is not an expression, or a filter names no column.
        NothingMatches: nothing is left; the message names the term that left nothing, and what exists.
    """
    terms = _terms(expression)
    names_calibration = any(CALIBRATION in term for term in terms)
    selected = [row for row in rows if row.sweep != CALIBRATION or names_calibration]
    for term in terms:
        name, is_filter, value = (part.strip() for part in term.partition("="))
        matching = _filter(selected, name, value) if is_filter else _of_name(selected, name)
        if not matching:
            why = _no_such_value(selected, name, value) if is_filter else _no_such_name(selected, name)
            raise errors.NothingMatches(f"{expression}: {why}")
        selected = matching
    return selected


def find_name(expression: str) -> str | None:
    """Find the run or sweep that an expression names, if it names one: all selected rows then belong to it.

    Raises:
        BadInput: it is not an expression.
    """
    return next((term for term in _terms(expression) if "=" not in term), None)


def _terms(expression: str) -> list[str]:
    lexer = shlex.shlex(expression, posix=True, punctuation_chars=False)
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = ",", True, ""
    try:
        terms = [term.strip() for term in lexer]
    except ValueError as error:
        raise errors.BadInput(
            f"{expression}: not a selection: {error}; expected for example 'host=a,gpu=\"RTX 3090\"'"
        ) from None
    if not any(terms):
        raise errors.BadInput("the selection is empty; expected a sweep, a run id, or filters such as host=a")
    return [term for term in terms if term]


def _of_name(rows: Sequence[Row], name: str) -> list[Row]:
    """Select a run, or the last run of a sweep, a replay only where there is no other; an imported report is both."""
    of_run = [row for row in rows if row.run_id == name]
    if of_run:
        return of_run
    of_sweep = [row for row in rows if row.sweep == name]
    if not of_sweep:
        return []
    replays = {row.run_id for row in of_sweep if row.is_replayed}
    measured = [row for row in of_sweep if row.run_id not in replays]
    last = max(measured or of_sweep, key=lambda row: (read_run_start(row.run_id) or row.started_at, row.run_id)).run_id
    return [row for row in of_sweep if row.run_id == last]


def _filter(rows: Iterable[Row], name: str, value: str) -> list[Row]:
    names = COLUMNS.get(name, (name,))
    if any(column not in PLAIN and column not in DERIVED for column in names):
        known = dict.fromkeys([*COLUMNS, *DERIVED, *PLAIN])
        raise errors.BadInput(f"{name}={value}: no such filter{errors.suggest(name, known)}")
    tests = [(column, _test(column, value)) for column in names]
    if "host_id" in names:
        tests.append(("host_id", _test("host_id", host_names.id_of(value))))  # the text that gave a host its id
    return [row for row in rows if any(test(_read(row, column)) for column, test in tests)]


def _read(row: Row, column: str) -> object:
    return DERIVED[column](row) if column in DERIVED else getattr(row, column)


def _is_whole(row: Row) -> bool:
    """Return True for all GPUs of a host at the same time, also where it has one and refused the cell."""
    asked = identity.canonical({"targets": ALL}).strip("{}")  # as a canonical cell has it
    return row.target_id.startswith(identity.WHOLE) or asked in (row.asked or "")


def _test(column: str, value: str) -> Callable[[object], bool]:
    """Make the test of one column for a value or pattern, in any case."""
    wanted = value.casefold()

    def holds(stored: object) -> bool:
        if stored is None:
            return wanted in ("", "none", "null")
        text = str(stored).casefold()
        if text == wanted or fnmatch.fnmatchcase(text, wanted):
            return True
        if column in VERSIONS and text.startswith(wanted) and wanted:
            return text[len(wanted)] in ".+ "
        if column == "pyfeat_commit":
            return len(wanted) >= COMMIT_MIN and (text.startswith(wanted) or wanted.startswith(text))
        return column in PARTIAL and bool(wanted) and wanted in text

    return holds


def _no_such_name(rows: Sequence[Row], name: str) -> str:
    if not rows:
        return "the store is empty; measure something with `featray submit`, or `featray import` a report"
    names = sorted({row.sweep for row in rows}) + sorted({row.run_id for row in rows}, reverse=True)
    return f"no sweep or run is called '{name}'{_suggestion(name, names)}"


def _no_such_value(rows: Sequence[Row], name: str, value: str) -> str:
    stored = {_read(row, column) for row in rows for column in COLUMNS.get(name, (name,))}
    return f"no row has {name}={value}{_suggestion(value, sorted(map(str, stored - {None})))}"


def _suggestion(name: str, existing: Iterable[str]) -> str:
    """List what exists; if it is too much, the nearest first."""
    names = list(dict.fromkeys(existing))
    listed = [*difflib.get_close_matches(name, names, n=1), *names][:SHOWN] if len(names) > SHOWN else names
    more = f" ({len(names)} in all)" if len(names) > SHOWN else ""
    return errors.suggest(name, dict.fromkeys(listed)) + more
