"""`featray.import_reports`: py-feat's own reports into the store, all files or none.

Flow: files -> `report_files.read`, or `read_bundle` for a bundle -> rows -> `store.append` -> `Imported`.
"""

import dataclasses
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from featray import store
from featray.api import read_bundle
from featray.api.results import Result
from featray.core import wording
from featray.core.argument_names import argument, flag
from featray.core.files import PathLike, hash_file
from featray.core.row import Row, RowKey
from featray.errors import BadInput, ImportFileError, NothingMatches
from featray.interchange import bundle, report_files
from featray.interchange.anonymous_rows import hidden_key, hidden_place
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


def import_reports(
    *files: PathLike, results: str = "results", archive: str | None = None, sha256: str | None = None
) -> Imported:
    """Store the rows of py-feat's reports in one step: all of them or, if one file is wrong, none.

    Args:
        files: py-feat's markdown, JSON version 1 or throughput.csv; each becomes a run that is named after the file. Or
            bundles that `featray.export("bundle")` wrote: their rows stay measured rows of the same runs.
        results: Store: a folder or URI.
        archive: Write the rows as an archive of this name, which `featray store compact` and `rm` leave alone.
        sha256: Digest that the only file must have, as its sender gave it.

    Returns:
        How many rows are new, and warnings about the files.

    Raises:
        ImportFileError: files cannot be read, each named on a line; or one contradicts the store's rows of the
            same run.
        StoreError: the store cannot be read or written.
    """
    if sha256 is not None:
        _check_digest(files, sha256)
    reports = _read(files)
    imported = [row for report in reports for row in report.rows]
    paths = {id(row): file for file, report in zip(files, reports, strict=True) for row in report.rows}
    runs = tuple(dict.fromkeys(row.run_id for row in imported))
    stored = _read_stored(results, runs)
    added: list[Row] = []
    for row in imported:
        first = stored.setdefault(hidden_key(row), row)
        if first is row:
            added.append(row)
        elif (first.timed_s, first.started_at) != (row.timed_s, row.started_at):
            raise ImportFileError(f"{paths[id(row)]}: {_conflict(row, first)}; {_remedy(results, row.run_id)}")
    renamed = [row for row in imported if _is_renamed(row, stored[hidden_key(row)])]
    if (split := _find_split(added, stored.values())) is not None:
        raise ImportFileError(f"{paths[id(split)]}: {_split(results, split.run_id)}")
    if added:
        for run_id in runs if archive is None else ():
            store.restore(results, run_id)
        store.append(results, added, archive=archive)
    for report in reports:
        _keep_outputs(results, report, stored)
    warnings = [warning for report in reports for warning in report.warnings]
    if renamed:
        warnings.append(
            f"{wording.count(len(renamed), 'row')} are there already under another name of their machine, because one "
            f"bundle was made with {flag('anonymous')}; they count once, and the name that came first stays"
        )
    return Imported(added=len(added), known=len(imported) - len(added), runs=runs, warnings=tuple(warnings))


def _read_stored(results: str, runs: Sequence[str]) -> dict[RowKey, Row]:
    """Read every attempt of runs, by keys that are the same where names are hidden."""
    readings = (store.read(results, run_id=run_id, every_attempt=True) for run_id in runs)
    return {hidden_key(row): row for reading in readings for row in reading.rows}


def _is_renamed(row: Row, first: Row) -> bool:
    return (row.target_id, row.host_id) != (first.target_id, first.host_id)


def _find_split(added: Sequence[Row], every: Iterable[Row]) -> Row | None:
    """Find a new row of a run whose machine has another name in other rows: it would become two machines."""
    names: dict[tuple[str, str], set[tuple[str, str | None]]] = {}
    for row in every:
        names.setdefault((row.run_id, hidden_place(row)), set()).add((row.target_id, row.host_id))
    return next((row for row in added if len(names[row.run_id, hidden_place(row)]) > 1), None)


def _split(results: str, run_id: str) -> str:
    return (
        f"a part of run {run_id!r} is there under another name of its machine, because one bundle was made with "
        f"{flag('anonymous')}; import both with or both without it, or {_removal(results, run_id)}"
    )


def _read(files: Sequence[PathLike]) -> list[ParsedReport]:
    """Read every file, and name all that are wrong at once."""
    reports, errors = [], []
    for file in files:
        try:
            reports.append(_read_file(Path(file)))
        except ImportFileError as error:
            errors.append(str(error))
    if errors:
        raise ImportFileError("\n".join(errors))
    return reports


def _check_digest(files: Sequence[PathLike], sha256: str) -> None:
    if len(files) != 1:
        raise BadInput(f"{argument('sha256')} is the digest of one file; import the others by themselves")
    try:
        found = hash_file(Path(files[0]))
    except OSError as wrong:
        raise ImportFileError(f"{files[0]}: cannot be read: {wrong.strerror or wrong}; check the path") from wrong
    if found != sha256.strip().lower().removeprefix("sha256:"):
        raise ImportFileError(
            f"{files[0]}: SHA-256 is {found}, not the one of {argument('sha256')}; ask its sender for the original"
        )


def _keep_outputs(results: str, report: ParsedReport, stored: Mapping[RowKey, Row]) -> None:
    """Keep the outputs that came with rows, under the names of the store; those that are there already stay."""
    by_key = {bundle.output_key(row): stored[hidden_key(row)] for row in report.rows}
    for key, table in report.outputs.items():
        store.outputs.keep(results, by_key[key], table)


def _read_file(path: Path) -> ParsedReport:
    return read_bundle.read(path) if read_bundle.is_bundle(path) else report_files.read(path)


def _conflict(row: Row, stored: Row) -> str:
    cell = f"{row.detector} {row.input} {row.device} b={row.batch_size}"
    return (
        f"{cell}: {row.timed_s} s on {row.started_at}, but run {row.run_id!r} of the store holds "
        f"{stored.timed_s} s on {stored.started_at}"
    )


def _remedy(results: str | os.PathLike[str], run_id: str) -> str:
    """Say how to import a file whose run the store, or another file of the same import, has with other figures."""
    return f"rename the file to keep both, or {_removal(results, run_id)}"


def _removal(results: str | os.PathLike[str], run_id: str) -> str:
    """Say how to take the run out of the store first; where it is in files of this import only, to leave one out."""
    try:
        removal = store.plan_removal(results, run_id)
    except NothingMatches:
        return "import one of them"
    if not removal.archived:
        return f"`featray store rm {run_id}` first"
    archives = ", ".join(f"{store.display_name(results)}/rows/{name}" for name in removal.archived)
    first = f", after `featray store rm {run_id}`" if removal.rows else ""
    return (
        f"delete the archive {archives} yourself{first}: `featray store rm` keeps archives. Every run in the archive "
        "goes with it"
    )
