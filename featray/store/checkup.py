"""Checkup: a full reading of every file of a store.

Flow: `stored_files.list_files` -> `scanning.examine` -> `faults.are_none`, `reading.build_rows` -> `Checkup`.
Rows are built one by one only in pieces that may hold a fault: building takes ten times as long.
"""

import dataclasses
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from featray.core.row import Row
from featray.core.row_texts import TAIL
from featray.store import faults, reading, removed_runs, scanning, schema
from featray.store.location import Location, locate
from featray.store.problems import BadRow, StoreProblem, report_bad_rows, report_long_texts
from featray.store.removed_runs import Marks
from featray.store.stored_files import StoredFile, list_files, list_unfinished

PIECE_ROWS = 4096  # one row with a fault makes so many be built: half a second


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
    """Read every file whole, with its checksums, and check every row.

    Args:
        results: Folder or URI.
        note: Called before each file with the number of files read so far, and of all.

    Raises:
        StoreError: the store cannot be reached.
    """
    location = locate(results)
    files, problems = list_files(location)
    marks = removed_runs.list_marks(location)
    tables = [_NO_KEYS]
    for number, file in enumerate(files):
        note(number, len(files))
        try:
            of_file, file_problems = _read_keys(location, file, marks)
        except FileNotFoundError:  # a compaction has merged it into another file
            continue
        tables += [] if of_file is None else [of_file]
        problems += file_problems
    found = pa.concat_tables(tables)
    rows, conflicts = _count_keys(found)
    return Checkup(
        files=len(tables) - 1,
        rows=rows,
        duplicates=found.num_rows - rows - conflicts,
        conflicts=conflicts,
        size_b=sum(file.size_b for file in files),
        unfinished=tuple(list_unfinished(location)),
        problems=tuple(dict.fromkeys(problems)),
    )


_NO_KEYS = pa.schema([schema.SCHEMA.field(name) for name in (*schema.KEY, "timed_s")]).empty_table()


def _count_keys(found: Any) -> tuple[int, int]:
    """Count the different keys, and the rows that were measured beside another one of their key.

    A row of a lost host has no times.
    """
    numbers = reading.number_keys(found, schema.KEY)
    different, counts = np.unique(numbers, return_counts=True)
    is_repeated = np.isin(numbers, different[counts > 1])
    times: dict[int, set[tuple[float, ...]]] = {}
    repeated = found.column("timed_s").filter(pa.array(is_repeated)).to_pylist()
    for number, timed_s in zip(numbers[is_repeated].tolist(), repeated, strict=True):
        if timed_s:
            times.setdefault(number, set()).add(tuple(timed_s))
    return len(different), sum(len(of_key) - 1 for of_key in times.values())


def _read_keys(location: Location, file: StoredFile, marks: Marks) -> tuple[Any | None, list[StoreProblem]]:
    """Read the keys and times of a file's rows, but for those of removed runs; None for a file that cannot be used."""
    problem = scanning.examine(location, file)
    if problem is not None and problem != report_long_texts(file.name, TAIL):
        return None, [problem]
    scanned = scanning.scan_files(location, [file], schema.reading_schema().names)
    table = removed_runs.drop_rows(scanned.table, marks)
    keys: list[Any] = [_NO_KEYS]
    bad_rows: list[BadRow] = []
    for begin in range(0, table.num_rows, PIECE_ROWS):
        piece = table.slice(begin, PIECE_ROWS)
        if faults.are_none(piece, by_all_columns=True):
            keys.append(_with_attempts(piece.select(_NO_KEYS.schema.names)))
        else:
            of_piece, bad_of_piece = _build_keys(location, piece)
            keys.append(of_piece)
            bad_rows += bad_of_piece
    return pa.concat_tables(keys), [*scanned.problems, *report_bad_rows(bad_rows)]


def _with_attempts(keys: Any) -> Any:
    """Give a row without an attempt the one that readers take it for."""
    index = keys.schema.get_field_index("attempt")
    return keys.set_column(index, keys.schema.field(index), pc.fill_null(keys.column(index), 1))


def _build_keys(location: Location, piece: Any) -> tuple[Any, list[BadRow]]:
    """Build each row, for older schemas and to find out which rows have which fault."""
    rows: list[Row] = []
    bad_rows: list[BadRow] = []
    for built in reading.build_rows(reading.named_records(location, piece)):
        if isinstance(built, BadRow):
            bad_rows.append(built)
        else:
            rows.append(built)
    names = _NO_KEYS.schema.names
    records = [{name: getattr(row, name) for name in names} for row in rows]
    return pa.Table.from_pylist(records, schema=_NO_KEYS.schema), bad_rows
