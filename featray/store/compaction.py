"""Compaction: many small files become one, while others write and read.

Flow: `stored_files.list_files` -> `_Batch` -> `writing.write` -> `stored_files.publish`, then `delete`.
The new file is on disk, whole, before the first old one is deleted, and readers count a row that lies in both once. So
a kill at any moment loses no row and doubles none. The footer of the new file names the files that were merged, and the
next compaction deletes those that are still there. Two compactions at once only do some work twice: each deletes only
files whose rows are in a finished file.
"""

import dataclasses
import os
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from featray.core.row import SCHEMA_VERSION
from featray.core.status import Status
from featray.store import footers, reading, schema, stored_files, writing
from featray.store.location import Location, locate
from featray.store.problems import StoreProblem
from featray.store.scanning import examine, file_names, scan
from featray.store.small_files import BATCH_FILES, READ_ERRORS
from featray.store.stored_files import StoredFile, open_file

CHUNK_ROWS = 50_000  # read into memory at once, and the size above which a file is left as it is: about 200 MB


@dataclasses.dataclass(frozen=True, kw_only=True)
class Compacted:
    """What a compaction did."""

    files_before: int
    files_after: int
    rows: int
    duplicates: int = 0  # rows that were there twice, with one status
    cleared: int = 0  # files that an earlier compaction had merged; it was killed before it deleted them
    problems: tuple[StoreProblem, ...] = ()


def compact(results: str | os.PathLike[str], run_id: str | None = None) -> Compacted:
    """Merge the store's files into few, rows of one key into one, sorted so that filters skip most of them.

    Archives (`history-*`), files that cannot be read whole and files of a newer schema stay as they are.

    Args:
        results: Folder or URI.
        run_id: Only merge files that hold rows of this run and of no other.

    Raises:
        StoreError: the store cannot be read or written; no row is lost.
    """
    location = locate(results)
    files, problems = stored_files.list_files(location)
    files = [file for file in files if not stored_files.is_archive(file.name)]
    if run_id is not None:
        files = _files_of_run(location, files, run_id)
    stored_files.delete_abandoned(location)
    cleared = _clear_leftovers(location, files)
    batch = _Batch(location)
    for file in files:
        if file.name in cleared:
            continue
        table = _read_mergeable(location, file, problems)
        if table is None or table.num_rows >= CHUNK_ROWS:
            continue
        batch.add(file.name, table)
        if batch.rows >= CHUNK_ROWS:
            batch.merge()
    batch.merge()
    return Compacted(
        files_before=batch.replaced,
        files_after=batch.written,
        rows=batch.merged,
        duplicates=batch.duplicates,
        cleared=len(cleared),
        problems=tuple(problems),
    )


def _files_of_run(location: Location, files: Sequence[StoredFile], run_id: str) -> list[StoredFile]:
    """Choose the files that hold rows of a run and of no other."""
    table = scan(location, ["run_id"]).table
    is_of_run = pc.fill_null(pc.equal(table.column("run_id"), run_id), False)
    names = file_names(location, table.filter(is_of_run)) - file_names(location, table.filter(pc.invert(is_of_run)))
    return [file for file in files if file.name in names]


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

    def __init__(self, location: Location) -> None:
        self.location = location
        self.names: list[str] = []
        self.tables: list[Any] = []  # of one file each
        self.joined_tables: list[Any] = []  # of many files each
        self.columns = schema.SCHEMA
        self.replaced = self.written = self.merged = self.duplicates = 0

    @property
    def rows(self) -> int:
        return sum(table.num_rows for table in (*self.joined_tables, *self.tables))

    def add(self, name: str, table: Any) -> None:
        """Add a file, unless it gives another type to a column that only newer featrays know."""
        known = _with_known_types(table)
        try:
            self.columns = pa.unify_schemas([self.columns, known.schema], promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            return
        self.names.append(name)
        self.tables.append(known)
        if len(self.tables) >= BATCH_FILES:
            self.joined_tables, self.tables = [*self.joined_tables, _join(self.tables).combine_chunks()], []

    def merge(self) -> None:
        """Write the files as one and delete them; a single one stays as it is."""
        if len(self.names) > 1:
            table = _join([*self.joined_tables, *self.tables])
            table = table.select([name for name in self.columns.names if name in table.schema.names])
            self.duplicates += _count_duplicates(table)
            table = reading.distinct(table, every_attempt=True)
            table = table.sort_by([("sweep", "ascending"), *((name, "ascending") for name in reading.ORDER)])
            new_name = stored_files.make_name(stored_files.COMPACTED)
            stored_files.publish(
                self.location, new_name, lambda stream: writing.write(table, stream, sources=self.names)
            )
            for name in self.names:
                stored_files.delete(self.location, name)
            self.replaced, self.written = self.replaced + len(self.names), self.written + 1
            self.merged += table.num_rows
        self.names, self.tables, self.joined_tables, self.columns = [], [], [], schema.SCHEMA


def _count_duplicates(table: Any) -> int:
    """Count rows that are there twice, with one key and one status.

    A row that the driver wrote for a lost host has another status than the host's own row, and is no duplicate.
    Cancelled rows do not count: an attempt may be cancelled again and again.
    """
    keys = table.select([*schema.KEY, "status"])
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


def _read_mergeable(location: Location, file: StoredFile, problems: list[StoreProblem]) -> Any | None:
    """Read a file with every column that it has; None when it must stay as it is.

    Args:
        location: The store.
        file: Which file.
        problems: A problem of the file is appended here.
    """
    try:
        problem = examine(location, file)
        if problem is not None:
            problems.append(problem)
            return None
        table = read_file(location, file.name)
    except FileNotFoundError:  # another compaction was here first
        return None
    if table.num_rows and pc.max(table.column("schema_version")).as_py() > SCHEMA_VERSION:
        return None
    return table


def read_file(location: Location, name: str) -> Any:
    """Read a file that has been examined, with every column that it has.

    Raises:
        FileNotFoundError: it is gone.
    """
    with open_file(location, name) as stream:
        return pq.read_table(stream, page_checksum_verification=True).replace_schema_metadata(None)
