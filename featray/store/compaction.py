"""Compaction: many small files become one, while others write and read.

Flow: `stored_files.list_files` -> `_Batch` -> `writing.write` -> `stored_files.publish`, then `delete`.
The new file is on disk, whole, before the first old one is deleted, and readers count a row that lies in both once. So
a kill at any moment loses no row and doubles none. The footer of the new file names the files that were merged, and the
next compaction deletes those that are still there. Two compactions at once only do some work twice: each deletes only
files whose rows are in a finished file. Rows of a run that was removed are not written again (`removed_runs`).
"""

import dataclasses
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from featray.core.row import SCHEMA_VERSION
from featray.core.status import Status
from featray.store import footers, reading, removed_runs, schema, small_files, stored_files, writing
from featray.store.location import Location, locate
from featray.store.problems import StoreProblem, report_foreign, report_misfit
from featray.store.removed_runs import Marks
from featray.store.scanning import examine
from featray.store.small_files import BATCH_FILES, READ_ERRORS
from featray.store.stored_files import StoredFile, open_file

CHUNK_ROWS = 50_000  # read into memory at once, and the size above which a file is left as it is: about 200 MB
CHUNK_B = 200_000_000  # the same of rows with long texts, which featray 0.1.0 stored


@dataclasses.dataclass(frozen=True, kw_only=True)
class Compacted:
    """What a compaction did."""

    files_before: int
    files_after: int
    rows: int
    duplicates: int = 0  # rows that were there twice, with one status
    cleared: int = 0  # files that an earlier compaction had merged; it was killed before it deleted them
    problems: tuple[StoreProblem, ...] = ()


def compact(
    results: str | os.PathLike[str], run_id: str | None = None, *, note: Callable[[int, int], None] | None = None
) -> Compacted:
    """Merge the store's files into few, rows of one key into one, sorted so that filters skip most of them.

    Archives (`history-*`), files that cannot be read whole and files of a newer schema stay as they are.

    Args:
        results: Folder or URI.
        run_id: Only merge files that hold rows of this run and of no other.
        note: Called now and then with the number of files read so far, and of all.

    Raises:
        StoreError: the store cannot be read or written; no row is lost.
    """
    location = locate(results)
    files, problems = stored_files.list_files(location)
    files = [file for file in files if not stored_files.is_archive(file.name)]
    stored_files.delete_abandoned(location)
    cleared = _clear_leftovers(location, files)
    batch = _Batch(location, problems)
    left = [file for file in files if file.name not in cleared]
    for begin in range(0, len(left), BATCH_FILES):
        batch.read(left[begin : begin + BATCH_FILES], run_id)
        if note is not None:
            note(min(begin + BATCH_FILES, len(left)), len(left))
    batch.merge()
    return Compacted(
        files_before=batch.replaced,
        files_after=len(batch.written),
        rows=batch.merged,
        duplicates=batch.duplicates,
        cleared=len(cleared),
        problems=tuple(problems),
    )


def merge(location: Location, names: Sequence[str]) -> tuple[list[str], int]:
    """Merge these files of the store; what cannot be merged stays as it is, and files that are gone were merged.

    Returns:
        The names of the new files, and the number of rows that were there twice.

    Raises:
        StoreError: the store cannot be read or written; no row is lost.
    """
    batch = _Batch(location, [])
    batch.read(stored_files.find(location, names), None)
    batch.merge()
    return batch.written, batch.duplicates


def _clear_leftovers(location: Location, files: Sequence[StoredFile]) -> set[str]:
    """Delete files that a killed compaction had merged, after reading the whole file that it made of them.

    Returns:
        The names of the files that are gone.
    """
    names, gone = {file.name for file in files}, set[str]()
    for file in files:
        if not stored_files.is_compacted(file.name) or file.name in gone:
            continue
        try:
            leftovers = [name for name in read_sources(location, file.name) if name in names - gone]
            if leftovers and examine(location, file) is None:
                gone.update(name for name in leftovers if stored_files.delete(location, name))
        except FileNotFoundError:  # another compaction was here first
            continue
    return gone


def read_sources(location: Location, name: str) -> list[str]:
    """Read the names of the files that were merged into a compacted one; empty where it does not say.

    Raises:
        FileNotFoundError: it is gone.
    """
    try:
        with open_file(location, name) as stream:
            return footers.read_sources(pq.read_metadata(stream).metadata)
    except FileNotFoundError:
        raise
    except READ_ERRORS:
        return []


class _Batch:
    """Files read so far that become one, and counts of all that were merged before."""

    def __init__(self, location: Location, problems: list[StoreProblem]) -> None:
        """Start empty; what is wrong with a file is appended to `problems`."""
        self.location = location
        self.problems = problems
        self.names: list[str] = []
        self.tables: list[Any] = []  # each of many files with the same columns
        self.rows = self.size_b = 0
        self.columns = schema.SCHEMA
        self.written: list[str] = []
        self.replaced = self.merged = self.duplicates = 0

    def read(self, files: Sequence[StoredFile], run_id: str | None) -> None:
        """Read files, and merge what has been read whenever it is enough for a file.

        Args:
            files: Of the store.
            run_id: Leave files alone that hold rows of other runs.
        """
        group: list[tuple[str, Any]] = []
        rows = size_b = 0
        for name, table in _read_tables(self.location, files, run_id, self.problems):
            if group and not table.schema.equals(group[0][1].schema):
                self._add(group)
                group, rows, size_b = [], 0, 0
            group.append((name, table))
            rows, size_b = rows + table.num_rows, size_b + table.nbytes
            if self.rows + rows >= CHUNK_ROWS or self.size_b + size_b >= CHUNK_B:
                self._add(group)
                group, rows, size_b = [], 0, 0
                self.merge()
        self._add(group)

    def _add(self, group: Sequence[tuple[str, Any]]) -> None:
        """Add files of the same columns. Where one of them cannot be merged, each is added alone."""
        if not group:
            return
        try:
            table = _with_known_types(pa.concat_tables([table for _, table in group]))
            problem = _find_problem(group[0][0], table)
        except READ_ERRORS as error:
            table, problem = None, report_misfit(group[0][0], error)
        is_ours = problem is None and not _is_newer(table)
        if len(group) > 1 and not (is_ours and self._fits(table)):
            for pair in group:
                self._add([pair])
        elif problem is not None:
            self.problems.append(problem)
        elif is_ours and self._fits(table):
            self._take([name for name, _ in group], table)

    def _fits(self, table: Any) -> bool:
        """Return False for a table that gives another type to a column that only newer featrays know."""
        try:
            pa.unify_schemas([self.columns, table.schema], promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            return False
        return True

    def _take(self, names: Sequence[str], table: Any) -> None:
        self.columns = pa.unify_schemas([self.columns, table.schema], promote_options="permissive")
        self.names += names
        self.rows += table.num_rows
        self.size_b += table.nbytes
        self.tables.append(table.combine_chunks())

    def merge(self) -> None:
        """Write the files as one and delete them; a single one stays where each of its rows is needed."""
        if self.names:
            table = _join(self.tables)
            table = table.select([name for name in self.columns.names if name in table.schema.names])
            marks = removed_runs.list_marks(self.location)
            needed = _drop_needless(table, marks)
            if len(self.names) > 1 or needed.num_rows < table.num_rows:
                self.duplicates += _count_duplicates(table)
                self._replace(needed, marks)
        self.names, self.tables, self.columns = [], [], schema.SCHEMA
        self.rows = self.size_b = 0

    def _replace(self, table: Any, marks: Marks) -> None:
        """Write a table as one file and delete those that it came from; write it again if a run is removed meanwhile.

        Args:
            table: The rows of all files, each once, and none of a removed run.
            marks: By which these were dropped.
        """
        table = table.sort_by([("sweep", "ascending"), *((name, "ascending") for name in reading.ORDER)])
        old = list(self.names)
        while True:
            written = [_publish(self.location, table, old)] if table.num_rows else []
            # A run that is removed later than this has its rows in the new file; the next compaction drops them.
            if (later := removed_runs.list_marks(self.location)) == marks:
                break
            old, table, marks = [*old, *written], removed_runs.drop_rows(table, later), later
        small_files.run_together(self.location, lambda name: stored_files.delete(self.location, name), old)
        self.written += written
        self.replaced += len(self.names)
        self.merged += table.num_rows


def _publish(location: Location, table: Any, sources: Sequence[str]) -> str:
    """Write a new file that names those that it was made of; return its name."""
    name = stored_files.make_name(stored_files.COMPACTED)
    stored_files.publish(location, name, lambda stream: writing.write(table, stream, sources=sources), is_unique=True)
    return name


def _count_duplicates(table: Any) -> int:
    """Count rows that are there twice, with one key and one status.

    A row that the driver wrote for a lost host has another status than the host's own row, and is no duplicate.
    Cancelled rows do not count: an attempt may be cancelled again and again.
    """
    keys = table.select([*schema.KEY, "status"]).filter(reading.has_whole_key(table))
    keys = keys.filter(pc.fill_null(pc.not_equal(keys.column("status"), Status.CANCELLED.value), True))
    return int(keys.num_rows - keys.group_by([*schema.KEY, "status"]).aggregate([]).num_rows)


def _join(tables: Sequence[Any]) -> Any:
    return pa.concat_tables(tables, promote_options="permissive")


def _with_known_types(table: Any) -> Any:
    """Give the known columns today's types; `examine` has shown that they fit."""
    known = schema.SCHEMA.names
    return table.cast(
        pa.schema([schema.SCHEMA.field(field.name) if field.name in known else field for field in table.schema])
    )


def _find_problem(name: str, table: Any) -> StoreProblem | None:
    """Say what is wrong with a file's table of today's types, if anything."""
    is_foreign = table.num_rows and pc.any(pc.is_null(table.column("schema_version"))).as_py()
    return report_foreign(name) if is_foreign else None


def _is_newer(table: Any) -> bool:
    return bool(table.num_rows and pc.max(table.column("schema_version")).as_py() > SCHEMA_VERSION)


def _read_tables(
    location: Location, files: Sequence[StoredFile], run_id: str | None, problems: list[StoreProblem]
) -> Iterator[tuple[str, Any]]:
    """Read files that may be merged with every column that they have; small ones in one request each.

    Args:
        location: The store.
        files: Of the store; one that is gone was merged by another compaction.
        run_id: Leave files out that hold rows of other runs.
        problems: The problems of files are appended here.
    """
    small = [file for file in files if file.size_b <= small_files.LIMIT_B]
    whole = small_files.read_whole(location, small, key_values={} if run_id is None else {"run_id": run_id})
    problems += [file_table.problem for file_table in whole if file_table.problem is not None]
    tables = {file_table.file.name: file_table.table for file_table in whole if file_table.problem is None}
    marks = removed_runs.list_marks(location)
    for file in files:
        is_large = file.size_b > small_files.LIMIT_B
        table = _read_large(location, file, run_id, problems) if is_large else tables.get(file.name)
        if table is None or not _is_of_run(table, run_id):
            continue
        is_full = table.num_rows >= CHUNK_ROWS or table.nbytes >= CHUNK_B
        if not is_full or _drop_needless(table, marks).num_rows < table.num_rows:
            yield file.name, table


def _drop_needless(table: Any, marks: Marks) -> Any:
    """Keep each row once, and none of a removed run."""
    if not set(schema.KEY) <= set(table.schema.names):  # a file that lacks a column stays as it is
        return table
    return removed_runs.drop_rows(reading.distinct(table, every_attempt=True), marks)


def _is_of_run(table: Any, run_id: str | None) -> bool:
    """Return True for a table without rows of other runs; without a run, for every table."""
    if run_id is None:
        return True
    return "run_id" in table.schema.names and pc.unique(table.column("run_id")).to_pylist() == [run_id]


def _read_large(location: Location, file: StoredFile, run_id: str | None, problems: list[StoreProblem]) -> Any | None:
    """Read a large file that may be merged; None when it must stay as it is."""
    try:
        if run_id is not None and not _is_of_run(_read_runs(location, file.name), run_id):
            return None
        problem = examine(location, file)
        if problem is not None:
            problems.append(problem)
            return None
        return read_file(location, file.name)
    except FileNotFoundError:  # another compaction was here first
        return None


def _read_runs(location: Location, name: str) -> Any:
    """Read a file's column of runs; an empty table where it cannot be read.

    Raises:
        FileNotFoundError: it is gone.
    """
    try:
        with open_file(location, name) as stream:
            return pq.read_table(stream, columns=["run_id"])
    except FileNotFoundError:
        raise
    except READ_ERRORS:
        return schema.SCHEMA.empty_table()


def read_file(location: Location, name: str) -> Any:
    """Read a file that has been examined, with every column that it has.

    Raises:
        FileNotFoundError: it is gone.
    """
    with open_file(location, name) as stream:
        return pq.read_table(stream, page_checksum_verification=True).replace_schema_metadata(None)
