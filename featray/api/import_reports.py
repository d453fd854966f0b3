"""`featray.import_reports`: py-feat's own reports into the store, all files or none."""

import dataclasses
import os
from pathlib import Path

from featray import store
from featray.api.named import PathLike
from featray.core.row import Row
from featray.errors import ImportFileError, NothingMatches
from featray.interchange import report_files


@dataclasses.dataclass(frozen=True, kw_only=True)
class Imported:
    """What an import came to: rows that are new, rows that the store had already, and what is odd about the files."""

    added: int
    known: int
    runs: tuple[str, ...]
    warnings: tuple[str, ...]


def import_reports(*files: PathLike, results: str = "results", archive: str | None = None) -> Imported:
    """Store the rows of reports in one step: all of them or, if one file is wrong, none.

    Args:
        files: py-feat's markdown, JSON version 1 or throughput.csv.
        results: Folder or URI of the store.
        archive: Write them as this archive, which compaction and rm leave alone.

    Raises:
        ImportFileError: a file cannot be read, or says something else than the store of the same run.
        StoreError: the store cannot be read or written.
    """
    found = [report_files.read(Path(file)) for file in files]
    given = [row for each in found for row in each.rows]
    paths = {id(row): file for file, each in zip(files, found, strict=True) for row in each.rows}
    runs = tuple(dict.fromkeys(row.run_id for row in given))
    known = {row.key(): row for run_id in runs for row in store.read(results, run_id=run_id, every_attempt=True).rows}
    new: list[Row] = []
    for row in given:
        stored = known.setdefault(row.key(), row)
        if stored is row:
            new.append(row)
        elif (stored.timed_s, stored.started_at) != (row.timed_s, row.started_at):
            raise ImportFileError(f"{paths[id(row)]}: {_conflict(row, stored)}; {_remedy(results, row.run_id)}")
    if new:
        store.append(results, new, archive=archive)
    warnings = tuple(warning for each in found for warning in each.warnings)
    return Imported(added=len(new), known=len(given) - len(new), runs=runs, warnings=warnings)


def _conflict(row: Row, stored: Row) -> str:
    cell = f"{row.detector} {row.input} {row.device} b={row.batch_size}"
    return (
        f"{cell}: {row.timed_s} s on {row.started_at}, but run {row.run_id!r} of the store holds "
        f"{stored.timed_s} s on {stored.started_at}"
    )


def _remedy(results: str | os.PathLike[str], run_id: str) -> str:
    """Say how to import a file whose run the store, or another file of the same import, has otherwise."""
    keep_both = "rename the file to keep both"
    try:
        found = store.removal(results, run_id)
    except NothingMatches:
        return f"{keep_both}, or import one of them"
    if not found.archived:
        return f"{keep_both}, or `featray store rm {run_id}` first"
    archives = ", ".join(f"{store.shown(results)}/rows/{name}" for name in found.archived)
    also = f", after `featray store rm {run_id}`" if found.rows else ""
    return (
        f"{keep_both}, or delete {archives} by hand{also}: `featray store rm` leaves archives alone, and every run in "
        "them goes"
    )
