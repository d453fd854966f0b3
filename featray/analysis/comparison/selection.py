"""Selection: the rows that a side of a comparison means, such as `quickstart`, a run id, or `host=a,gpu="RTX 3090"`.

Terms are joined by commas. A term without `=` names a sweep, whose last run is meant, or a run. A filter names a column
or what people call it; a GPU is found by part of its name, a version by its head (`torch=2.11`), anything by a pattern.
Rows of the calibration are meant only where they are named.
"""

import difflib
import fnmatch
import shlex
from collections.abc import Callable, Iterable, Sequence

from featray import errors
from featray.analysis.comparison.calibration import CALIBRATION
from featray.core import row
from featray.core.identity import begun_at
from featray.core.row import Row

COLUMNS = {
    "host": ("hostname", "host_id"),
    "gpu": ("gpu_name", "gpu_uuid"),
    "batch": ("batch_size",),
    "workers": ("num_workers",),
    "run": ("run_id",),
    "cell": ("cell_id",),
    "target": ("target_id",),
    "commit": ("pyfeat_commit",),
    "py-feat": ("pyfeat",),
}
"""What people call a column, where that is not its name."""

PLAIN = tuple(column.name for column in row.columns() if column.type in (str, int, float, bool))
VERSIONS = frozenset({"torch", "torchvision", "torchcodec", "cuda", "pyfeat", "python", "driver", "featray", "ffmpeg"})
PARTIAL = frozenset({"gpu_name"})


def select(rows: Sequence[Row], expression: str) -> list[Row]:
    """Pick the rows that an expression means.

    Args:
        rows: Of the whole store.
        expression: Names and filters, joined by commas.

    Raises:
        BadInput: it is not an expression, or a filter names no column.
        NothingMatches: nothing is left; the message names the term that left nothing and what there is.
    """
    terms = _terms(expression)
    kept = [each for each in rows if each.sweep != CALIBRATION or any(CALIBRATION in term for term in terms)]
    for term in terms:
        name, is_filter, value = (part.strip() for part in term.partition("="))
        found = _filtered(kept, name, value) if is_filter else _named(kept, name)
        if not found:
            why = _none_has(kept, name, value) if is_filter else _none_is_called(kept, name)
            raise errors.NothingMatches(f"{expression}: {why}")
        kept = found
    return kept


def find_name(expression: str) -> str | None:
    """Find the run or sweep that an expression names, if it does: every row that it means is of that one.

    Raises:
        BadInput: it is not an expression.
    """
    return next((term for term in _terms(expression) if "=" not in term), None)


def _terms(expression: str) -> list[str]:
    lexer = shlex.shlex(expression, posix=True, punctuation_chars=False)
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = ",", True, ""
    try:
        terms = [term.strip() for term in lexer]
    except ValueError as wrong:
        raise errors.BadInput(
            f"{expression}: not a selection: {wrong}; expected such as 'host=a,gpu=\"RTX 3090\"'"
        ) from None
    if not any(terms):
        raise errors.BadInput("an empty selection; expected a sweep, a run id, or filters such as host=a")
    return [term for term in terms if term]


def _named(rows: Sequence[Row], name: str) -> list[Row]:
    """Pick a run, or the last run of a sweep; an imported report is both."""
    of_run = [each for each in rows if each.run_id == name]
    if of_run:
        return of_run
    of_sweep = [each for each in rows if each.sweep == name]
    if not of_sweep:
        return []
    last = max(of_sweep, key=lambda each: (begun_at(each.run_id) or each.started_at, each.run_id)).run_id
    return [each for each in of_sweep if each.run_id == last]


def _filtered(rows: Iterable[Row], name: str, value: str) -> list[Row]:
    columns = COLUMNS.get(name, (name,))
    unknown = [column for column in columns if column not in PLAIN]
    if unknown:
        raise errors.BadInput(f"{name}={value}: no such filter{errors.suggest(name, [*COLUMNS, *PLAIN])}")
    tests = [(column, _test(column, value)) for column in columns]
    return [each for each in rows if any(test(getattr(each, column)) for column, test in tests)]


def _test(column: str, value: str) -> Callable[[object], bool]:
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


COMMIT_MIN = 4  # characters by which git itself knows a commit

SHOWN = 12  # names that a message lists


def _none_is_called(rows: Sequence[Row], name: str) -> str:
    if not rows:
        return "the store is empty; measure something with `featray submit`, or `featray import` a report"
    known = sorted({each.sweep for each in rows}) + sorted({each.run_id for each in rows}, reverse=True)
    return f"no sweep or run is called '{name}'{_suggestion(name, known)}"


def _none_has(rows: Sequence[Row], name: str, value: str) -> str:
    stored = {getattr(each, column) for each in rows for column in COLUMNS.get(name, (name,))}
    return f"no row has {name}={value}{_suggestion(value, sorted(map(str, stored - {None})))}"


def _suggestion(name: str, known: Iterable[str]) -> str:
    """List what there is, the nearest first where it is more than fits."""
    names = list(dict.fromkeys(known))
    listed = [*difflib.get_close_matches(name, names, n=1), *names][:SHOWN] if len(names) > SHOWN else names
    more = f" ({len(names)} in all)" if len(names) > SHOWN else ""
    return errors.suggest(name, dict.fromkeys(listed)) + more
