"""Compaction: many small files become one, while others write and read.

The new file is on disk, whole, before the first old one is deleted, and readers count a row that lies in both once. So
whatever dies at whatever moment, no row is lost or counted twice. Its footer names the files that it was made of, and
the next compaction deletes what of them is still there. Two compactions at once only do some work twice: each
deletes nothing but what a finished file holds.
"""

import dataclasses
import os
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from featray.core import row as rows
from featray.core.status import Status
from featray.store import footers, reading, scanning, schema, small_files, writing
from featray.store import stored_files as places
from featray.store.stored_files import Place, StoredFile, StoreProblem

CHUNK_ROWS = 50_000  # read into memory at once, and the size above which a file is left as it is: about 200 MB


@dataclasses.dataclass(frozen=True, kw_only=True)
class Compacted:
    """What a compaction did. `cleared` are files that an earlier one had merged and was killed before deleting."""

    files_before: int
    files_after: int
    rows: int
    duplicates: int = 0  # rows that were there twice, with one status
    cleared: int = 0
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
    place = places.at(results)
    files, problems = places.listing(place)
    files = [file for file in files if not file.is_archive]
    if run_id is not None:
        files = _of_run(place, files, run_id)
    places.sweep_up(place)
    cleared = _finish(place, files)
    batch = _Batch(place)
    for file in files:
        if file.name in cleared:
            continue
        found = _untouched_or_whole(place, file, problems)
        if found is None or found.num_rows >= CHUNK_ROWS:
            continue
        batch.add(file.name, found)
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


def _finish(place: Place, files: Sequence[StoredFile]) -> set[str]:
    """Delete what killed compactions left: files that another one was made of, once that one was read whole.

    Returns:
        The names of the files that are gone.
    """
    there, gone = {file.name for file in files}, set[str]()
    for file in files:
        if not places.is_compacted(file.name) or file.name in gone:
            continue
        try:
            left = [name for name in sources(place, file.name) if name in there - gone]
            if left and scanning.examine(place, file) is None:
                gone.update(name for name in left if places.unlink(place, name))
        except FileNotFoundError:  # another compaction was here first
            continue
    return gone


def sources(place: Place, name: str) -> list[str]:
    """Name the files that a compacted one was made of, as far as it says so.

    Raises:
        FileNotFoundError: it has gone meanwhile.
    """
    try:
        with places.opened(place, name) as stream:
            return footers.sources(pq.read_metadata(stream).metadata)
    except FileNotFoundError:
        raise
    except small_files.UNREADABLE:
        return []


class _Batch:
    """Files read so far that become one."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.names: list[str] = []
        self.loose: list[Any] = []  # tables of single files
        self.pieces: list[Any] = []  # tables of many
        self.columns = schema.SCHEMA
        self.replaced = self.written = self.merged = self.duplicates = 0

    @property
    def rows(self) -> int:
        return sum(table.num_rows for table in (*self.pieces, *self.loose))

    def add(self, name: str, table: Any) -> None:
        """Take a file in, unless a column that only newer featrays know has another type in it than in the others."""
        try:
            self.columns = pa.unify_schemas([self.columns, _as_known(table).schema], promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            return
        self.names.append(name)
        self.loose.append(_as_known(table))
        if len(self.loose) >= small_files.TOGETHER:
            self.pieces, self.loose = [*self.pieces, _joined(self.loose).combine_chunks()], []

    def merge(self) -> None:
        """Write the files as one and delete them; a single one stays as it is."""
        if len(self.names) > 1:
            whole = _joined([*self.pieces, *self.loose])
            whole = whole.select([name for name in self.columns.names if name in whole.schema.names])
            # A row may stand beside one that the driver wrote when it did not hear the host, and an attempt may be
            # cancelled again and again: those are no duplicates.
            told = whole.select([*schema.KEY, "status"])
            told = told.filter(pc.fill_null(pc.not_equal(told.column("status"), Status.CANCELLED.value), True))
            self.duplicates += told.num_rows - told.group_by([*schema.KEY, "status"]).aggregate([]).num_rows
            whole = reading.distinct(whole, every_attempt=True)
            whole = whole.sort_by([("sweep", "ascending"), *((name, "ascending") for name in reading.ORDER)])
            name = places.new_name(places.COMPACTED)
            places.publish(self.place, name, lambda stream: writing.write(whole, stream, sources=self.names))
            for source in self.names:
                places.unlink(self.place, source)
            self.replaced, self.written = self.replaced + len(self.names), self.written + 1
            self.merged += whole.num_rows
        self.names, self.loose, self.pieces, self.columns = [], [], [], schema.SCHEMA


def _joined(tables: Sequence[Any]) -> Any:
    return pa.concat_tables(tables, promote_options="permissive")


def _as_known(table: Any) -> Any:
    """Give the known columns today's types; `examine` has shown that they fit."""
    return table.cast(pa.schema([_known_field(field) for field in table.schema]))


def _known_field(field: Any) -> Any:
    return schema.SCHEMA.field(field.name) if field.name in schema.SCHEMA.names else field


def _of_run(place: Place, files: Sequence[StoredFile], run_id: str) -> list[StoredFile]:
    found = scanning.scan(place, ["run_id"]).table
    runs_by_file: dict[str, set[str]] = {}
    for path, run in zip(found.column(scanning.FILE).to_pylist(), found.column("run_id").to_pylist(), strict=True):
        runs_by_file.setdefault(path, set()).add(run)
    alone = {path for path, held in runs_by_file.items() if held == {run_id}}
    return [file for file in files if any(path.endswith(place.path(file.name)) for path in alone)]


def _untouched_or_whole(place: Place, file: StoredFile, problems: list[StoreProblem]) -> Any | None:
    """Read a file with every column that it has; None when it is not to be touched."""
    try:
        problem = scanning.examine(place, file)
        if problem is not None:
            problems.append(problem)
            return None
        found = whole(place, file.name)
    except FileNotFoundError:  # another compaction was here first
        return None
    if found.num_rows and pc.max(found.column("schema_version")).as_py() > rows.SCHEMA_VERSION:
        return None
    return found


def whole(place: Place, name: str) -> Any:
    """Read a file that has been examined, with every column that it has.

    Raises:
        FileNotFoundError: it has gone meanwhile.
    """
    with places.opened(place, name) as stream:
        return pq.read_table(stream, page_checksum_verification=True).replace_schema_metadata(None)
