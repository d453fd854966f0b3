"""Removal: taking the rows of a run out of the store for good.

Flow: `plan_removal` -> `Removal` -> `remove`; the runner asks `is_removed` before it stores rows that a host kept; an
import of a removed run -> `restore`.
Archives stay. The kept outputs of a run go with its rows. Rows of other runs are never lost, even if a removal stops
halfway.
"""

import contextlib
import dataclasses
import os
from typing import Any

import pyarrow.compute as pc

from featray.core import identity
from featray.errors import NothingMatches, StoreError, suggest
from featray.store import compaction, outputs, reading, removed_runs, scanning, schema, stored_files, summary, writing
from featray.store.location import Location, locate
from featray.store.problems import report_change, report_damage
from featray.store.scanning import file_names, scan
from featray.store.schema import FILE_COLUMN
from featray.store.small_files import READ_ERRORS


@dataclasses.dataclass(frozen=True, kw_only=True)
class Removal:
    """What a removal takes away: rows, files that go whole, files that are rewritten without the rows."""

    run_id: str
    rows: int
    deleted: tuple[str, ...]
    rewritten: tuple[str, ...]
    archived: tuple[str, ...]  # archives that hold rows of the run; they stay


def plan_removal(results: str | os.PathLike[str], run_id: str) -> Removal:
    """Say what removing a run would take away; nothing is changed.

    Rows of the run in a newer schema go too: the run of a row is the same in every schema.

    Raises:
        NothingMatches: there is no such run.
        StoreError: the store cannot be reached.
    """
    location = locate(results)
    # All rows, of whatever schema: a file goes whole only when each of its rows is of the run.
    table = scan(location, list(schema.KEY), keep_unusable=True).table
    is_of_run = _mark_run(table, run_id)
    run_table = table.filter(is_of_run)
    if run_table.num_rows == 0:
        known = [run.run_id for run in summary.runs(results)[0]]
        raise NothingMatches(f"no run {run_id!r}{suggest(run_id, known)}")
    names = file_names(location, run_table)
    shared = names & file_names(location, table.filter(pc.invert(is_of_run)))
    archived = {name for name in names if stored_files.is_archive(name)}
    archive_paths = schema.to_string_array({path for path in _paths(run_table) if stored_files.is_archive(path)})
    removable = run_table.filter(pc.invert(pc.is_in(run_table.column(FILE_COLUMN), value_set=archive_paths)))
    return Removal(
        run_id=run_id,
        rows=reading.distinct(removable, every_attempt=True).num_rows,
        deleted=tuple(sorted(names - shared - archived)),
        rewritten=tuple(sorted(shared - archived)),
        archived=tuple(sorted(archived)),
    )


def _paths(table: Any) -> list[str]:
    paths: list[str] = pc.unique(table.column(FILE_COLUMN)).to_pylist()
    return paths


def _mark_run(table: Any, run_id: str) -> Any:
    """Mark a run's rows; a row without a version is not featray's, even if its other columns fit."""
    return pc.and_(
        pc.fill_null(pc.equal(table.column("run_id"), run_id), False), table.column("schema_version").is_valid()
    )


def remove(results: str | os.PathLike[str], run_id: str) -> Removal:
    """Remove a run's rows for good; archives stay.

    A file that also holds other runs is first written anew without the run, then deleted. No row comes back: the store
    keeps a mark, by which rows do not count that a compaction or a submit of the same run writes at this moment, and a
    note, by which rows that still wait in a host's spool are not stored.

    Raises:
        NothingMatches: there is no such run.
        StoreError: the store cannot be read or written; rows of other runs are not lost.
    """
    planned = plan_removal(results, run_id)
    location = locate(results)
    for name in planned.rewritten:  # on an error nothing was deleted
        _rewrite(location, name, run_id)
    _write_note(location, run_id)
    removed_runs.mark(location, run_id)
    for name in (*planned.rewritten, *planned.deleted):
        stored_files.delete(location, name)
    if not planned.archived:
        outputs.delete_run(results, run_id)
    return planned


def restore(results: str | os.PathLike[str], run_id: str) -> None:
    """Let rows of a run count that are stored after this, as before it is imported again; what is left of it goes.

    Raises:
        StoreError: the store cannot be read or written.
    """
    location = locate(results)
    if removed_runs.is_marked(location, run_id):
        with contextlib.suppress(NothingMatches):  # nothing is left
            remove(results, run_id)
        removed_runs.unmark(location, run_id)


def is_removed(results: str | os.PathLike[str], run_id: str) -> bool:
    """Return True for a run that was removed from this store.

    Raises:
        StoreError: the store cannot be reached.
    """
    return stored_files.exists(locate(results), _note(run_id))


def _write_note(location: Location, run_id: str) -> None:
    name = _note(run_id)
    try:
        stored_files.publish(location, name, lambda stream: stream.write(run_id.encode(errors="replace")))
    except StoreError:
        if not stored_files.exists(location, name):  # an earlier removal, or one of another process, has written it
            raise


def _note(run_id: str) -> str:
    return f"_removed-{identity.digest({'run_id': run_id})}"


def _rewrite(location: Location, name: str, run_id: str) -> None:
    """Write a file's rows of other runs into a new file."""
    try:
        table, sources = compaction.read_file(location, name), compaction.read_sources(location, name)
        problem = report_change(name) if scanning.has_changed(location, name) else None
    except FileNotFoundError:  # a compaction has merged it into another file
        return
    except READ_ERRORS as error:
        problem = report_damage(name, error)
    if problem is not None:
        raise StoreError(f"{location.name}: {problem}; it holds other runs too, and nothing was removed")
    others = table.filter(pc.invert(_mark_run(table, run_id)))
    # Its sources that were not deleted hold nothing but these rows and the run's, so the new file replaces them too.
    new_name = stored_files.make_name(stored_files.COMPACTED)
    stored_files.publish(
        location, new_name, lambda stream: writing.write(others, stream, sources=sources), is_unique=True
    )
