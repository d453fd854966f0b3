"""Looking after a store: a full check of every file, and the removal of a run."""

import dataclasses
import os
from typing import Any

import pyarrow.compute as pc

from featray.core import identity
from featray.core import row as rows
from featray.errors import NothingMatches, StoreError, suggest
from featray.store import compaction, reading, scanning, schema, small_files, summary, writing
from featray.store import stored_files as places
from featray.store.stored_files import Place, StoredFile, StoreProblem


@dataclasses.dataclass(frozen=True, kw_only=True)
class Checkup:
    """What a full reading of a store found.

    `duplicates` are rows that lie in several files, which readers count once and compaction merges; `unfinished` are
    what killed writers left, which readers never see.
    """

    files: int
    rows: int
    duplicates: int
    size_b: int
    unfinished: tuple[str, ...]
    problems: tuple[StoreProblem, ...]


def check(results: str | os.PathLike[str]) -> Checkup:
    """Read every file whole, with its checksums, and build every row.

    Raises:
        StoreError: the store cannot be reached.
    """
    place = places.at(results)
    files, problems = places.listing(place)
    held, distinct, usable = 0, set(), 0
    for file in files:
        try:
            problem = scanning.examine(place, file)
        except FileNotFoundError:  # compacted meanwhile
            continue
        if problem is not None:
            problems.append(problem)
            continue
        usable += 1
        names, wrong = _keys(place, file)
        held += len(names)
        distinct.update(names)
        problems += wrong
    return Checkup(
        files=usable,
        rows=len(distinct),
        duplicates=held - len(distinct),
        size_b=sum(file.size_b for file in files),
        unfinished=tuple(places.unfinished(place)),
        problems=tuple(dict.fromkeys(problems)),
    )


def _keys(place: Place, file: StoredFile) -> tuple[list[tuple[Any, ...]], list[StoreProblem]]:
    names, problems = [], []
    found, unusable = scanning.scan_files(place, [file], schema.reading_schema().names)
    for record in schema.records(found.drop_columns([scanning.FILE])):
        try:
            names.append(rows.from_mapping(schema.migrate(record)).key())
        except ValueError as wrong:
            problems.append(StoreProblem(file.name, f"holds a row that cannot be read: {wrong}"))
    return names, [*unusable, *problems]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Removal:
    """What a removal takes away: rows, files that go whole, files that are rewritten without the rows."""

    run_id: str
    rows: int
    deleted: tuple[str, ...]
    rewritten: tuple[str, ...]
    archived: tuple[str, ...]  # archives that hold rows of the run; they stay


def removal(results: str | os.PathLike[str], run_id: str) -> Removal:
    """Tell what removing a run would take away; nothing is changed.

    Rows of the run in a newer schema go too: what a row belongs to is the same in every schema.

    Raises:
        NothingMatches: there is no such run.
        StoreError: the store cannot be reached.
    """
    # Of anybody: a file counts as the run's alone only when no row in it, of whatever schema, is another's.
    found = scanning.scan(places.at(results), list(schema.KEY), of_anybody=True).table
    of_run = _of_run(found, run_id)
    gone = found.filter(of_run)
    if gone.num_rows == 0:
        known = [run.run_id for run in summary.runs(results)[0]]
        raise NothingMatches(f"no run {run_id!r}{suggest(run_id, known)}")
    holding = set(gone.column(scanning.FILE).to_pylist())
    mixed = holding & set(found.filter(pc.invert(of_run)).column(scanning.FILE).to_pylist())
    place = places.at(results)
    archived = {path for path in holding if StoredFile(path, 0).is_archive}

    def names(paths: set[str]) -> tuple[str, ...]:
        return tuple(sorted(scanning.relative(place, path) for path in paths))

    removable = gone.filter(pc.invert(pc.is_in(gone.column(scanning.FILE), value_set=scanning.texts(archived))))
    return Removal(
        run_id=run_id,
        rows=reading.distinct(removable, every_attempt=True).num_rows,
        deleted=names(holding - mixed - archived),
        rewritten=names(mixed - archived),
        archived=names(archived),
    )


def remove(results: str | os.PathLike[str], run_id: str) -> Removal:
    """Remove a run's rows for good; archives stay.

    A file that also holds other runs is first written anew without the run, then deleted. A compaction or a submit of
    the same run at the same moment can bring rows back: look with `runs` and remove again. Rows that still wait in a
    host's spool do not come back: that the run was removed is written down first.

    Raises:
        NothingMatches: there is no such run.
        StoreError: the store cannot be read or written; rows of other runs are not lost.
    """
    planned = removal(results, run_id)
    place = places.at(results)
    _write_down(place, run_id)
    try:
        for name in planned.rewritten:
            _rewrite(place, name, run_id)
    except StoreError:  # nothing has gone
        places.unlink(place, _mark(run_id))
        raise
    for name in (*planned.rewritten, *planned.deleted):
        places.unlink(place, name)
    return planned


def _write_down(place: Place, run_id: str) -> None:
    try:
        places.publish(place, _mark(run_id), lambda stream: stream.write(run_id.encode(errors="replace")))
    except StoreError:
        if not places.exists(place, _mark(run_id)):  # else it was removed before, or is by somebody else
            raise


def is_removed(results: str | os.PathLike[str], run_id: str) -> bool:
    """Tell whether a run was removed from this store.

    Raises:
        StoreError: the store cannot be reached.
    """
    return places.exists(places.at(results), _mark(run_id))


def _mark(run_id: str) -> str:
    return f"_removed-{identity.digest({'run_id': run_id})}"


def _of_run(found: Any, run_id: str) -> Any:
    """Mark a run's rows; a row without a version is not featray's, whatever its other columns say."""
    return pc.and_(
        pc.fill_null(pc.equal(found.column("run_id"), run_id), False), found.column("schema_version").is_valid()
    )


def _rewrite(place: Place, name: str, run_id: str) -> None:
    try:
        found, sources = compaction.whole(place, name), compaction.sources(place, name)
    except FileNotFoundError:  # compacted meanwhile: its rows lie in another file now
        return
    except small_files.UNREADABLE as damage:
        problem = small_files.damaged(StoredFile(name, 0), damage)
        raise StoreError(f"{place.text}: {problem}; it holds other runs too, and nothing was removed") from damage
    kept = found.filter(pc.invert(_of_run(found, run_id)))
    # What it was made of and may still lie there holds nothing but these rows and the run's.
    places.publish(
        place, places.new_name(places.COMPACTED), lambda stream: writing.write(kept, stream, sources=sources)
    )
