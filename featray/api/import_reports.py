"""`featray.import_reports`: py-feat's own reports into the store, all files or none."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

from featray import store
from featray.api.arguments import PathLike
from featray.api.results import Result
from featray.core import wording
from featray.core.row import Row
from featray.errors import ImportFileError, NothingMatches
from featray.interchange import report_files
from featray.interchange.imported_rows import ParsedReport
from featray.rendering.notebook.summary import Summary, make_table


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class Imported(Result):
    """The result of an import."""

    added: int  # rows that are new
    known: int  # rows that the store had already
    runs: tuple[str, ...]
    warnings: tuple[str, ...]  # about the files

    def summarize(self) -> Summary:
        """Show the runs; the frame has a row per run."""
        title = f"{wording.count(self.added, 'row')} imported, {self.known} known before"
        table = make_table("Runs", ("run",), [[run] for run in self.runs])
        return Summary(
            title=title, tables=(table,), remarks=self.warnings, records=[{"run_id": run} for run in self.runs]
        )


def import_reports(*files: PathLike, results: str = "results", archive: str | None = None) -> Imported:
    """Store the rows of py-feat's reports in one step: all of them or, if one file is wrong, none.

    Args:
        files: py-feat's markdown, JSON version 1 or throughput.csv; each becomes a run that is named after the file.
        results: Store: a folder or URI.
        archive: Write the rows as an archive of this name, which `featray store compact` and `rm` leave alone.

    Returns:
        How many rows are new, and warnings about the files.

    Raises:
        ImportFileError: files cannot be read, each named on a line; or one contradicts the store's rows of the
            same run.
        StoreError: the store cannot be read or written.
    """
    reports = _read(files)
    imported = [row for report in reports for row in report.rows]
    paths = {id(row): file for file, report in zip(files, reports, strict=True) for row in report.rows}
    runs = tuple(dict.fromkeys(row.run_id for row in imported))
    stored = {row.key(): row for run_id in runs for row in store.read(results, run_id=run_id, every_attempt=True).rows}
    added: list[Row] = []
    for row in imported:
        first = stored.setdefault(row.key(), row)
        if first is row:
            added.append(row)
        elif (first.timed_s, first.started_at) != (row.timed_s, row.started_at):
            raise ImportFileError(f"{paths[id(row)]}: {_conflict(row, first)}; {_remedy(results, row.run_id)}")
    if added:
        store.append(results, added, archive=archive)
    warnings = tuple(warning for report in reports for warning in report.warnings)
    return Imported(added=len(added), known=len(imported) - len(added), runs=runs, warnings=warnings)


def _read(files: Sequence[PathLike]) -> list[ParsedReport]:
    """Read every file, and name all that are wrong at once."""
    reports, errors = [], []
    for file in files:
        try:
            reports.append(report_files.read(Path(file)))
        except ImportFileError as error:
            errors.append(str(error))
    if errors:
        raise ImportFileError("\n".join(errors))
    return reports


def _conflict(row: Row, stored: Row) -> str:
    cell = f"{row.detector} {row.input} {row.device} b={row.batch_size}"
    return (
        f"{cell}: {row.timed_s} s on {row.started_at}, but run {row.run_id!r} of the store holds "
        f"{stored.timed_s} s on {stored.started_at}"
    )


def _remedy(results: str | os.PathLike[str], run_id: str) -> str:
    """Say how to import a file whose run the store, or another file of the same import, has with other figures."""
    keep_both = "rename the file to keep both"
    try:
        removal = store.plan_removal(results, run_id)
    except NothingMatches:
        return f"{keep_both}, or import one of them"
    if not removal.archived:
        return f"{keep_both}, or `featray store rm {run_id}` first"
    archives = ", ".join(f"{store.display_name(results)}/rows/{name}" for name in removal.archived)
    first = f", after `featray store rm {run_id}`" if removal.rows else ""
    return (
        f"{keep_both}, or delete the archive {archives} yourself{first}: `featray store rm` keeps archives. Every run "
        "in the archive goes with it"
    )
