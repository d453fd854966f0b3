"""Removed runs: marks by which the rows of a removed run do not count, wherever they still lie.

Flow: `removal` -> `mark`; `scanning`, `checkup`, `compaction` -> `list_marks` -> `drop_rows`; an import -> `unmark`.
A compaction may have read a run's rows before the run was removed, and write them into its new file afterwards. No lock
keeps the two apart, least of all in a bucket. So readers leave out the rows of marked runs, and the next compaction
does not copy them. A mark is one file, there or not at any moment. Rows in archives count all the same.
"""

import dataclasses
from typing import Any

import pyarrow.compute as pc
from pyarrow import fs

from featray.core import identity
from featray.errors import StoreError
from featray.store import schema, stored_files
from featray.store.location import Location, explain_errors
from featray.store.schema import FILE_COLUMN

FOLDER = "_removed"  # within the folder of rows; pyarrow, and so pandas, skips it

Marks = frozenset[str]
"""Names of the marked runs, as `_name` makes them."""


def mark(location: Location, run_id: str) -> None:
    """Mark a run as removed: from now on its rows do not count.

    Raises:
        StoreError: the store cannot be written.
    """
    place, name = _folder(location), _name(run_id)
    try:
        stored_files.publish(place, name, lambda stream: stream.write(run_id.encode(errors="replace")))
    except StoreError:
        if not stored_files.exists(place, name):  # an earlier removal, or one of another process, has written it
            raise


def unmark(location: Location, run_id: str) -> None:
    """Take a run's mark away: its rows count again.

    Raises:
        StoreError: the store cannot be written.
    """
    stored_files.delete(_folder(location), _name(run_id))


def is_marked(location: Location, run_id: str) -> bool:
    """Return True for a run whose rows do not count.

    Raises:
        StoreError: the store cannot be read.
    """
    return stored_files.exists(_folder(location), _name(run_id))


def list_marks(location: Location) -> Marks:
    """List the marks of a store.

    Raises:
        StoreError: the store cannot be read.
    """
    place = _folder(location)
    with explain_errors(place, "list"):
        infos = place.filesystem.get_file_info(fs.FileSelector(place.folder, allow_not_found=True))
    return frozenset(info.base_name for info in infos)


def drop_rows(table: Any, marks: Marks) -> Any:
    """Drop the rows of marked runs, but for those in archives.

    Args:
        table: With the column `run_id`; archives are known by `FILE_COLUMN`.
        marks: Of the store.
    """
    gone = [run_id for run_id in _list_runs(table) if _name(run_id) in marks] if marks else []
    if not gone:
        return table
    is_gone = pc.is_in(table.column("run_id"), value_set=schema.to_string_array(gone))
    if FILE_COLUMN in table.schema.names:
        archives = [path for path in pc.unique(table.column(FILE_COLUMN)).to_pylist() if stored_files.is_archive(path)]
        is_archived = pc.is_in(table.column(FILE_COLUMN), value_set=schema.to_string_array(archives))
        is_gone = pc.and_(is_gone, pc.invert(is_archived))
    return table.filter(pc.invert(is_gone))


def _list_runs(table: Any) -> list[str]:
    return [run_id for run_id in pc.unique(table.column("run_id")).to_pylist() if run_id is not None]


def _folder(location: Location) -> Location:
    return dataclasses.replace(location, folder=location.path(FOLDER), name=f"{location.name}/{FOLDER}")


def _name(run_id: str) -> str:
    return identity.digest({"run_id": run_id})
