"""Checkup: a full reading of every file of a store.

Flow: `stored_files.list_files` -> `scanning.examine` -> `reading.build_rows` -> `Checkup`.
"""

import dataclasses
import os
from collections.abc import Callable
from typing import Any

from featray.store import reading, scanning, schema
from featray.store.location import Location, locate
from featray.store.problems import StoreProblem
from featray.store.stored_files import StoredFile, list_files, list_unfinished


@dataclasses.dataclass(frozen=True, kw_only=True)
class Checkup:
    """What a full reading of a store found.

    `duplicates` are rows that lie in several files, which readers count once and compaction merges; `unfinished` are
    files that killed writers left, which readers never see.
    """

    files: int
    rows: int
    duplicates: int
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
    keys: list[tuple[Any, ...]] = []
    usable = 0
    for number, file in enumerate(files):
        note(number, len(files))
        try:
            file_keys, file_problems = _read_keys(location, file)
        except FileNotFoundError:  # a compaction has merged it into another file
            continue
        usable += file_keys is not None
        keys += file_keys or []
        problems += file_problems
    return Checkup(
        files=usable,
        rows=len(set(keys)),
        duplicates=len(keys) - len(set(keys)),
        size_b=sum(file.size_b for file in files),
        unfinished=tuple(list_unfinished(location)),
        problems=tuple(dict.fromkeys(problems)),
    )


def _read_keys(location: Location, file: StoredFile) -> tuple[list[tuple[Any, ...]] | None, list[StoreProblem]]:
    """Read the keys of a file's rows; None for a file that cannot be used."""
    problem = scanning.examine(location, file)
    if problem is not None:
        return None, [problem]
    scanned = scanning.scan_files(location, [file], schema.reading_schema().names)
    keys, problems = [], list(scanned.problems)
    for built in reading.build_rows(reading.named_records(location, scanned.table)):
        if isinstance(built, StoreProblem):
            problems.append(built)
        else:
            keys.append(built.key())
    return keys, problems
