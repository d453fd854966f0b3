"""Checkup: a full reading of every file of a store.

Flow: `stored_files.list_files` -> `scanning.examine` -> `reading.build_rows` -> `Checkup`.
"""

import dataclasses
import os
from collections.abc import Callable, Sequence
from typing import Any

from featray.core.row_texts import TAIL
from featray.store import reading, removed_runs, scanning, schema
from featray.store.location import Location, locate
from featray.store.problems import BadRow, StoreProblem, report_bad_rows, report_long_texts
from featray.store.removed_runs import Marks
from featray.store.stored_files import StoredFile, list_files, list_unfinished


@dataclasses.dataclass(frozen=True, kw_only=True)
class Checkup:
    """What a full reading of a store found.

    `duplicates` are rows that lie there several times, which readers count once and compaction merges. `conflicts` are
    rows with the key of another one and other times: readers use one of them. `unfinished` are files that killed
    writers left, which readers never see.
    """

    files: int
    rows: int
    duplicates: int
    conflicts: int
    size_b: int
    unfinished: tuple[str, ...]
    problems: tuple[StoreProblem, ...]


def check(results: str | os.PathLike[str], *, note: Callable[[int, int], None] = lambda *_: None) -> Checkup:
    """Read every file whole, with its checksums, and build every row.

    Args:
        results: Folder or URI.
        note: Called before each file with the number of files read so far, and of all.

    Raises:
        StoreError: the store cannot be reached.
    """
    location = locate(results)
    files, problems = list_files(location)
    marks = removed_runs.list_marks(location)
    found: list[_KeyAndTimes] = []
    usable = 0
    for number, file in enumerate(files):
        note(number, len(files))
        try:
            of_file, file_problems = _read_keys(location, file, marks)
        except FileNotFoundError:  # a compaction has merged it into another file
            continue
        usable += of_file is not None
        found += of_file or []
        problems += file_problems
    rows, conflicts = len({key for key, _ in found}), _count_conflicts(found)
    return Checkup(
        files=usable,
        rows=rows,
        duplicates=len(found) - rows - conflicts,
        conflicts=conflicts,
        size_b=sum(file.size_b for file in files),
        unfinished=tuple(list_unfinished(location)),
        problems=tuple(dict.fromkeys(problems)),
    )


_KeyAndTimes = tuple[tuple[Any, ...], tuple[float, ...]]


def _count_conflicts(found: Sequence[_KeyAndTimes]) -> int:
    """Count the rows that were measured beside another one of their key; a row of a lost host has no times."""
    times: dict[tuple[Any, ...], set[tuple[float, ...]]] = {}
    for key, timed_s in found:
        if timed_s:
            times.setdefault(key, set()).add(timed_s)
    return sum(len(of_key) - 1 for of_key in times.values())


def _read_keys(
    location: Location, file: StoredFile, marks: Marks
) -> tuple[list[_KeyAndTimes] | None, list[StoreProblem]]:
    """Read the keys and times of a file's rows, but for those of removed runs; None for a file that cannot be used."""
    problem = scanning.examine(location, file)
    if problem is not None and problem != report_long_texts(file.name, TAIL):
        return None, [problem]
    scanned = scanning.scan_files(location, [file], schema.reading_schema().names)
    keys: list[_KeyAndTimes] = []
    bad_rows: list[BadRow] = []
    for built in reading.build_rows(reading.named_records(location, removed_runs.drop_rows(scanned.table, marks))):
        if isinstance(built, BadRow):
            bad_rows.append(built)
        else:
            keys.append((built.key(), tuple(built.timed_s or ())))
    return keys, [*scanned.problems, *report_bad_rows(bad_rows)]
