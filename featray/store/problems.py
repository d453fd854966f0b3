"""Problems: what is wrong with a file of the store or with some of its rows, and what to do about it.

Flow: `stored_files`, `small_files` and `scanning` find problems; every reader returns them beside its rows.
Pure: a problem is a value. It names the file as `stored_files.list_files` does.
"""

import dataclasses
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from featray.core import row_values
from featray.core.argument_names import argument
from featray.core.row import SCHEMA_VERSION
from featray.errors import NothingMatches, StoreError
from featray.store import store_names

_REASON_LENGTH = 200  # characters of a library's own message; Arrow's can fill a screen


@dataclasses.dataclass(frozen=True)
class StoreProblem:
    """A file of the store, or some of its rows, that cannot be used, and why."""

    file: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


class StoreWarning(UserWarning):
    """A file of the store, or some of its rows, cannot be used; the message names the file and the reason."""


def format_problems(problems: Iterable[StoreProblem]) -> str:
    """Write problems as lines that end an error message: a file that cannot be read may hold what was asked for."""
    return "".join(f"\n  left out: {problem}" for problem in dict.fromkeys(problems))


def explain_no_rows(
    results: str, problems: Iterable[StoreProblem], of: str | None = None
) -> NothingMatches | StoreError:
    """Make the error of a store that gives no row: it is empty, or none of its rows can be read.

    Args:
        results: The store.
        problems: Of its files.
        of: What rows were asked for, such as `run 'a'`, where the store is known to hold them.
    """
    shown, found = store_names.display_name(results), list(problems)
    of_what = "" if of is None else f" of {of}"
    if not found and of is not None:
        return NothingMatches(f"{shown}: holds no rows{of_what}: they were removed just now")
    if not found:
        return NothingMatches(f"{shown}: holds no rows; {_how_to_start()}")
    check = shlex.join(["featray", "store", "check", "--results", shown])
    return StoreError(
        f"{shown}: holds no row{of_what} that can be read; `{check}` checks every file{format_problems(found)}"
    )


def explain_absence(results: str) -> NothingMatches:
    """Make the error of a store that is not there."""
    return NothingMatches(f"{store_names.display_name(results)}: there is no such store; {_how_to_start()}")


def explain_part(results: str, folder: str, part: str) -> NothingMatches:
    """Make the error of what lies within a store and was named in its place.

    Args:
        results: What was named.
        folder: The store's folder.
        part: Path from there to what was named.
    """
    shown = store_names.display_name(results)
    named = shown.rstrip("/").removesuffix(f"/{part}")
    whole = named if named != shown.rstrip("/") else folder
    return NothingMatches(f"{shown}: is a part of the store {whole}; use {argument('results', whole)}")


def explain_layout(results: str) -> NothingMatches:
    """Make the error of a folder whose parquet files do not lie where those of a store do."""
    shown = store_names.display_name(results)
    return NothingMatches(
        f"{shown}: is no store: it holds parquet files, but no folder `rows`; move the files of a store to "
        f"{shown.rstrip('/')}/rows, or name another store with {argument('results')}"
    )


def _how_to_start() -> str:
    return (
        "submit a sweep, such as `featray submit quickstart`, import a report of py-feat, "
        f"or name another store with {argument('results')}"
    )


def report_stranger(name: str) -> StoreProblem:
    """Report a file that is no parquet file by its name."""
    return StoreProblem(name, "not a parquet file; move it out of the store")


def report_broken_link(name: str, target: Path) -> StoreProblem:
    """Report a link to what is not there."""
    return StoreProblem(name, f"{explain_broken_link(target)}; mount its disk, or delete the link")


def explain_broken_link(target: Path) -> str:
    """Say where a link leads in vain."""
    return f"a link to {target}, which is not there"


def report_empty(name: str) -> StoreProblem:
    """Report a file of no bytes."""
    return StoreProblem(name, "empty; delete it")


def report_damage(name: str, error: BaseException) -> StoreProblem:
    """Report a file that is not parquet, or no longer."""
    return StoreProblem(name, f"damaged or not parquet ({_first_line(error)}); move it out of the store")


def report_change(name: str) -> StoreProblem:
    """Report a file that is not, byte for byte, as featray wrote it."""
    return StoreProblem(name, "damaged (its checksum does not fit); move it out of the store")


def report_bomb(name: str) -> StoreProblem:
    """Report a small file that would take gigabytes of memory."""
    return StoreProblem(name, "holds far more than featray writes into so small a file; move it out of the store")


def report_long_texts(name: str, column: str) -> StoreProblem:
    """Report a small file in which one column would take gigabytes of memory; its rows are read without it."""
    return StoreProblem(name, f"column {column} holds far too long texts; its rows are read without them")


def report_misfit(name: str, error: BaseException) -> StoreProblem:
    """Report a parquet file whose columns have other types than those of rows."""
    return StoreProblem(name, f"cannot be read as rows ({_first_line(error)}); move it out of the store")


def report_foreign(name: str) -> StoreProblem:
    """Report a parquet file that featray did not write."""
    return StoreProblem(name, "not a table of featray's rows; move it out of the store")


def report_newer(name: str) -> StoreProblem:
    """Report a file with rows of a schema that this featray does not know."""
    return StoreProblem(name, f"holds rows of a newer schema than {SCHEMA_VERSION}; update featray to use them")


@dataclasses.dataclass(frozen=True)
class BadRow:
    """A row that lacks a column which every row needs, holds what cannot be, or has no migration."""

    file: str
    name: str  # its run and cell
    error: str

    @property
    def cause(self) -> tuple[str, str]:
        """Name the file and the rule that the row breaks, without the value that it has instead."""
        return self.file, self.error.partition(", got ")[0]


def bad_row(file: str, error: object, record: Mapping[str, Any]) -> BadRow:
    """Name a row that cannot be used."""
    keys = [f"{key.removesuffix('_id')} {row_values.shown(record.get(key))}" for key in ("run_id", "cell_id")]
    return BadRow(file, ", ".join(keys), str(error))


def report_bad_rows(rows: Iterable[BadRow]) -> list[StoreProblem]:
    """Report rows that cannot be used: once for each file and cause, by the first of them."""
    by_cause: dict[tuple[str, str], list[BadRow]] = {}
    for row in rows:
        by_cause.setdefault(row.cause, []).append(row)
    return [_report_alike(alike) for alike in by_cause.values()]


def _report_alike(rows: Sequence[BadRow]) -> StoreProblem:
    first = rows[0]
    if len(rows) == 1:
        return StoreProblem(first.file, f"holds a row that cannot be read ({first.name}): {first.error}")
    reason = f"holds {len(rows)} rows that cannot be read (the first: {first.name}): {first.error}"
    return StoreProblem(first.file, reason)


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0][:_REASON_LENGTH]
