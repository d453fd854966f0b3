"""Reading: each row once, by its key; of each invocation the last attempt, unless every attempt is asked for.

Flow: `scanning.scan` -> `distinct` -> `schema.migrate` -> rows, or a pandas frame.
Rows come in the order in which they were measured; an imported report's in the order of its tables.
"""

import dataclasses
import functools
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from featray.core import garbage
from featray.core.row import SCHEMA_VERSION, Row, from_mapping
from featray.core.status import precedence
from featray.errors import NothingMatches, suggest
from featray.store import scanning, schema
from featray.store.conditions import ColumnValue, Condition, make_condition, only_older
from featray.store.faults import FAULT_COLUMN
from featray.store.location import Location, locate
from featray.store.problems import BadRow, StoreProblem, bad_row, report_bad_rows
from featray.store.scanning import scan
from featray.store.schema import FILE_COLUMN

if TYPE_CHECKING:
    import pandas as pd

    from featray.core.stored_unit import StoredUnit

ORDER = ("started_at", "run_id", "invocation", "order_index", "cell_id", "target_id", "attempt")
SUMMARY = "output_summary"
LARGEST = 2**63 - 1  # of the numbers that keys get


@dataclasses.dataclass(frozen=True)
class Reading:
    """Rows in the order in which they were measured, and the files or rows that could not be used."""

    rows: tuple[Row, ...]
    problems: tuple[StoreProblem, ...] = ()


def read(
    results: str | os.PathLike[str],
    *,
    sweep: str | None = None,
    run_id: str | None = None,
    named: str | None = None,
    cell_ids: Collection[str] | None = None,
    where: Mapping[str, ColumnValue] | None = None,
    every_attempt: bool = False,
    one_summary: bool = False,
) -> Reading:
    """Read each row once, also where several files hold it.

    Args:
        results: Folder or URI; one that does not exist holds no rows.
        sweep: Only rows of this sweep.
        run_id: Only rows of this run.
        named: Only rows of the run or the sweep of this name.
        cell_ids: Only rows of these cells.
        where: Column -> the value that it must have; None asks for null.
        every_attempt: Also attempts that a later one replaced.
        one_summary: Keep `output_summary` only on the row of each unit that was measured last; elsewhere it is None.

    Raises:
        StoreError: the store cannot be reached.
    """
    condition = make_condition(sweep=sweep, run_id=run_id, named=named, cell_ids=cell_ids, where=where)
    location, names = locate(results), schema.reading_schema().names
    summaries = _read_last_summaries(location, condition) if one_summary else None
    scanned = scan(location, [name for name in names if summaries is None or name != SUMMARY], condition)
    pa.default_memory_pool().release_unused()  # decoding left 300 MB behind it of 100 000 rows
    rows: list[Row] = []
    bad_rows: list[BadRow] = []
    problems = scanned.problems
    with garbage.paused():
        table = distinct(scanned.table, every_attempt=every_attempt)
        del scanned
        for built in build_rows(_with_summaries(named_records(location, table), summaries)):
            if isinstance(built, BadRow):
                bad_rows.append(built)
            else:
                rows.append(built)
    del table
    pa.default_memory_pool().release_unused()
    rows.sort(key=order_key)
    return Reading(tuple(rows), tuple(dict.fromkeys([*problems, *report_bad_rows(bad_rows)])))


def named_records(location: Location, table: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read a table's rows as records, each with the name of the file that holds it."""
    for record in schema.to_records(table):
        yield scanning.file_name(location, record.pop(FILE_COLUMN)), record


def build_rows(records: Iterable[tuple[str, dict[str, Any]]]) -> Iterator[Row | BadRow]:
    """Build a row of today's schema from each record with its file's name, or name a record that is no row."""
    for name, record in records:
        try:
            yield from_mapping(schema.migrate(record))
        except ValueError as error:
            yield bad_row(name, error, record)


def order_key(row: "Row | StoredUnit") -> tuple[Any, ...]:
    """Sort rows in the order in which they were measured."""
    return (row.started_at, row.run_id, row.invocation, row.order_index or 0, row.key())


def _with_summaries(
    records: Iterable[tuple[str, dict[str, Any]]], summaries: Mapping[tuple[Any, ...], Any] | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, record in records:
        if summaries is not None:
            record[SUMMARY] = summaries.get(_key(record))
        yield name, record


def _read_last_summaries(location: Location, condition: Condition | None) -> dict[tuple[Any, ...], Any]:
    """Read the output summary of each unit's row that was measured last, by the row's key.

    The fifty columns of a summary are 10 KB a row, and a comparison needs those of one row per unit: of the row that
    `unit.Unit.row` gives.
    """
    table = distinct(scan(location, [*schema.KEY, "status", "started_at", SUMMARY], condition).table)
    columns = ["run_id", "cell_id", "target_id", "status", "started_at", "invocation"]
    last: dict[tuple[str, ...], tuple[tuple[bool, str, int], int]] = {}
    for index, (*unit, status, started_at, invocation) in enumerate(
        zip(*(table.column(name).to_pylist() for name in columns), strict=True)
    ):
        rank = (status == "ok", started_at or "", invocation or 0)
        if tuple(unit) not in last or rank > last[tuple(unit)][0]:
            last[tuple(unit)] = (rank, index)
    chosen = table.take(pa.array([index for _, index in last.values()], pa.int64())).select([*schema.KEY, SUMMARY])
    del table
    pa.default_memory_pool().release_unused()
    return {_key(record): record[SUMMARY] for record in schema.to_records(chosen)}


def _key(record: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(record[name] for name in schema.KEY)


def load(
    results: str | os.PathLike[str] = "results",
    *,
    sweep: str | None = None,
    run_id: str | None = None,
    cell_ids: Collection[str] | None = None,
    target_ids: Collection[str] | None = None,
    where: Mapping[str, ColumnValue] | None = None,
    columns: Sequence[str] | None = None,
    every_attempt: bool = False,
) -> tuple["pd.DataFrame", tuple[StoreProblem, ...]]:
    """Read rows as a pandas frame with the columns of `row.Row`, or those of `columns`; maps are dicts.

    Returns:
        The frame, in the order of `read`, and the files or rows that could not be used.

    Raises:
        NothingMatches: a name in `columns` is not a column of the store.
        StoreError: the store cannot be reached.
    """
    names = list(columns) if columns is not None else schema.SCHEMA.names
    for name in names:
        if name not in schema.SCHEMA.names:
            raise NothingMatches(f"no column {name!r}{suggest(name, schema.SCHEMA.names)}")
    condition = make_condition(sweep=sweep, run_id=run_id, cell_ids=cell_ids, target_ids=target_ids, where=where)
    table, problems = read_usable(locate(results), [*names, *ORDER], condition, every_attempt=every_attempt)
    order = pc.sort_indices(table.select(ORDER), sort_keys=[(name, "ascending") for name in ORDER])
    table = table.select(names).take(order)
    return table.to_pandas(maps_as_pydicts="strict"), problems


def read_usable(
    location: Location, columns: Sequence[str], condition: Condition | None, *, every_attempt: bool = False
) -> tuple[Any, tuple[StoreProblem, ...]]:
    """Read columns of the rows that `read` gives as a table, with `schema.KEY`, in any order.

    Returns:
        The table, and the files or rows that could not be used.

    Raises:
        StoreError: the store cannot be reached.
    """
    kept = list(dict.fromkeys([*columns, *schema.KEY, "status"]))
    scanned = scan(location, kept, condition, note_faults=True)
    possible, faulty = drop_faulty(location, distinct(scanned.table, every_attempt=every_attempt))
    table, too_old = migrate_older(location, possible, condition)
    return table, tuple(dict.fromkeys([*scanned.problems, *report_bad_rows([*faulty, *too_old])]))


def find_problems(results: str | os.PathLike[str], *, run_id: str | None = None) -> tuple[StoreProblem, ...]:
    """Find the files, and the rows of every attempt, that could not be used.

    Args:
        results: Folder or URI.
        run_id: Only rows of this run.

    Raises:
        StoreError: the store cannot be reached.
    """
    return read_usable(locate(results), schema.KEY, make_condition(run_id=run_id), every_attempt=True)[1]


def drop_faulty(location: Location, table: Any) -> tuple[Any, list[BadRow]]:
    """Drop the rows that `faults.note` found a fault in, and name them.

    Args:
        location: The store.
        table: With `FAULT_COLUMN` and `schema.KEY`.
    """
    is_faulty = pc.is_valid(table.column(FAULT_COLUMN))
    faulty = table.filter(is_faulty).select([*schema.KEY, FILE_COLUMN, FAULT_COLUMN])
    if not faulty.num_rows:
        return table, []
    bad_rows = [bad_row(name, record[FAULT_COLUMN], record) for name, record in named_records(location, faulty)]
    return table.filter(pc.invert(is_faulty)), bad_rows


def migrate_older(location: Location, table: Any, condition: Condition | None) -> tuple[Any, list[BadRow]]:
    """Migrate a table's rows of older schemas; today's stay as they are.

    Each older record is read again with all its columns: a migration may make a column out of any others.
    """
    is_old = pc.less(table.column("schema_version"), SCHEMA_VERSION)
    fields = [field for field in table.schema if field.name in schema.SCHEMA.names]
    table = table.select([field.name for field in fields])
    if not pc.any(is_old).as_py():
        return table, []
    today = table.filter(pc.invert(is_old))
    old_keys = {_key(record) for record in table.filter(is_old).select(schema.KEY).to_pylist()}
    older = distinct(scan(location, schema.reading_schema().names, only_older(condition)).table, every_attempt=True)
    migrated, bad_rows = [], []
    for name, record in named_records(location, older):
        if _key(record) in old_keys:
            try:
                migrated.append(schema.to_storable(schema.migrate(record)))
            except ValueError as error:
                bad_rows.append(bad_row(name, error, record))
    added = pa.Table.from_pylist(migrated, schema=pa.schema(fields))
    return pa.concat_tables([today, added]), bad_rows


def distinct(table: Any, *, every_attempt: bool = False) -> Any:
    """Keep one row per key, or without `every_attempt` one per invocation: the row that `status.precedence` puts first.

    Of two rows of one key, the row that a host wrote counts, not the one that the driver wrote for a lost host. A row
    that lacks a part of the key stays: nobody can tell whether another one is the same.
    """
    key_names = schema.KEY if every_attempt else schema.KEY[:-1]
    numbers = number_keys(table, key_names)
    by_number = np.argsort(numbers, kind="stable")
    follows = numbers[by_number[1:]] == numbers[by_number[:-1]]  # the row before it has the same key
    if not follows.any():
        return table
    repeated = np.sort(by_number[np.append(follows, False) | np.append(False, follows)])
    stays = np.ones(table.num_rows, dtype=bool)
    stays[repeated] = False
    stays[_choose(table.take(repeated), numbers[repeated], repeated)] = True
    return table.filter(pa.array(stays))


def number_keys(table: Any, names: Sequence[str]) -> Any:
    """Number the keys of rows: two rows have the same number if they have the same whole key."""
    numbers, count = np.zeros(table.num_rows, dtype=np.int64), 1
    for name in names:
        encoded = table.column(name).dictionary_encode(null_encoding="encode").combine_chunks()
        values = max(1, len(encoded.dictionary))
        if count > LARGEST // values:
            numbers = np.unique(numbers, return_inverse=True)[1]
            count = table.num_rows
        numbers, count = numbers * values + encoded.indices.to_numpy(), count * values
    is_whole = has_whole_key(table, names).to_numpy()
    return np.where(is_whole, numbers, -1 - np.arange(table.num_rows))


def has_whole_key(table: Any, names: Sequence[str] = schema.KEY) -> Any:
    """Mark the rows that lack no part of their key."""
    return functools.reduce(pc.and_, [pc.is_valid(table.column(name)) for name in names])


def _choose(table: Any, numbers: Any, indices: Any) -> list[int]:
    """Choose one of the rows of each key; `numbers` name the keys and `indices` the rows."""
    statuses = table.column("status").to_pylist() if "status" in table.schema.names else [None] * table.num_rows
    attempts = table.column(schema.KEY[-1]).to_pylist()
    ranks = [precedence(status or "", attempt or 0) for status, attempt in zip(statuses, attempts, strict=True)]
    chosen: dict[int, tuple[Any, int]] = {}
    for number, rank, index in zip(numbers.tolist(), ranks, indices.tolist(), strict=True):
        if number not in chosen or rank > chosen[number][0]:
            chosen[number] = (rank, index)
    return [index for _, index in chosen.values()]
