"""Reading rows: each once, by its key, the last attempt of each unit unless every one is asked for."""

import contextlib
import dataclasses
import functools
import gc
import operator
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from featray.core import row as rows
from featray.core.row import Row
from featray.core.status import precedence
from featray.errors import NothingMatches, suggest
from featray.store import scanning, schema
from featray.store import stored_files as places
from featray.store.stored_files import StoreProblem

if TYPE_CHECKING:
    import pandas as pd

ColumnValue = str | int | bool | None
ORDER = ("started_at", "run_id", "invocation", "order_index", "cell_id", "target_id", "attempt")
"""Rows come in the order in which they were measured; an imported report's in the order of its tables."""


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
    """Read rows, each once however many files hold it.

    Args:
        results: Folder or URI; one that does not exist holds no rows.
        sweep: Only rows of this sweep.
        run_id: Only rows of this run.
        named: Only rows of a run or a sweep of this name.
        cell_ids: Only rows of these cells.
        where: Column -> the value that it must have; None asks for null.
        every_attempt: Also attempts that a later one replaced.
        one_summary: Keep `output_summary` on one row of each unit, the last that was measured; the others' are None.

    Raises:
        StoreError: the store cannot be reached.
    """
    wanted = condition(sweep=sweep, run_id=run_id, named=named, cell_ids=cell_ids, where=where)
    place, names = places.at(results), schema.reading_schema().names
    summaries = _summaries(place, wanted) if one_summary else None
    found = scanning.scan(place, [name for name in names if summaries is None or name != SUMMARY], wanted)
    pa.default_memory_pool().release_unused()  # decoding left 300 MB behind it of 100 000 rows
    built, problems = [], list(found.problems)
    with without_collection():
        table = distinct(found.table, every_attempt=every_attempt)
        for file, record in _records(table):
            if summaries is not None:
                record[SUMMARY] = summaries.get(tuple(record[name] for name in schema.KEY))
            try:
                built.append(rows.from_mapping(schema.migrate(record)))
            except ValueError as wrong:
                problems.append(StoreProblem(file, f"holds a row that cannot be read: {wrong}"))
    del found, table
    pa.default_memory_pool().release_unused()
    built.sort(key=lambda row: (row.started_at, row.run_id, row.invocation, row.order_index or 0, row.key()))
    return Reading(tuple(built), tuple(dict.fromkeys(problems)))


SUMMARY = "output_summary"


def _summaries(place: places.Place, wanted: scanning.Condition | None) -> dict[tuple[Any, ...], Any]:
    """Read the output of each unit's row that was measured last, by the row's key.

    Fifty columns are 10 KB a row, and a comparison asks one row of each unit, the one that `units.Unit.row` gives.
    """
    table = distinct(scanning.scan(place, [*schema.KEY, "status", "started_at", SUMMARY], wanted).table)
    columns = ["run_id", "cell_id", "target_id", "status", "started_at", "invocation"]
    last: dict[tuple[str, ...], tuple[tuple[bool, str, int], int]] = {}
    for index, (*unit, status, started_at, invocation) in enumerate(
        zip(*(table.column(name).to_pylist() for name in columns), strict=True)
    ):
        order = (status == "ok", started_at or "", invocation or 0)
        if tuple(unit) not in last or order > last[tuple(unit)][0]:
            last[tuple(unit)] = (order, index)
    chosen = table.take(pa.array([index for _, index in last.values()], pa.int64())).select([*schema.KEY, SUMMARY])
    del table
    pa.default_memory_pool().release_unused()
    return {tuple(record[name] for name in schema.KEY): record[SUMMARY] for record in schema.records(chosen)}


@contextlib.contextmanager
def without_collection() -> Iterator[None]:
    """Keep Python from looking for cycles among rows, which have none: it took a fifth of reading 100 000 of them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def load(
    results: str | os.PathLike[str] = "results",
    *,
    sweep: str | None = None,
    run_id: str | None = None,
    cell_ids: Collection[str] | None = None,
    where: Mapping[str, ColumnValue] | None = None,
    columns: Sequence[str] | None = None,
    every_attempt: bool = False,
) -> tuple["pd.DataFrame", tuple[StoreProblem, ...]]:
    """Read rows as a pandas frame with the columns of `row.Row`, or those of `columns`; maps are dicts.

    Returns:
        The frame, in the order of `read`, and the files or rows that could not be used.

    Raises:
        NothingMatches: a name in `columns` is none of the store's.
        StoreError: the store cannot be reached.
    """
    names = list(columns) if columns is not None else schema.SCHEMA.names
    for name in names:
        if name not in schema.SCHEMA.names:
            raise NothingMatches(f"no column {name!r}{suggest(name, schema.SCHEMA.names)}")
    wanted = condition(sweep=sweep, run_id=run_id, cell_ids=cell_ids, where=where)
    place, read_names = places.at(results), list(dict.fromkeys([*names, *schema.KEY, *ORDER, "status"]))
    found = scanning.scan(place, read_names, wanted)
    table, problems = upgraded(place, distinct(found.table, every_attempt=every_attempt), wanted)
    table = table.sort_by([(name, "ascending") for name in ORDER]).select(names)
    return table.to_pandas(maps_as_pydicts="strict"), (*found.problems, *problems)


def upgraded(place: places.Place, table: Any, wanted: scanning.Condition | None) -> tuple[Any, list[StoreProblem]]:
    """Migrate the rows of older schemas, leaving today's as they are.

    A migration is given the whole record, whatever columns are asked for: those of them it makes of others.
    """
    old = pc.less(table.column("schema_version"), rows.SCHEMA_VERSION)
    kept = [field for field in table.schema if field.name in schema.SCHEMA.names]
    today = table.filter(pc.invert(old)).select([field.name for field in kept])
    keys_ = {tuple(record.values()) for record in table.filter(old).select(schema.KEY).to_pylist()}
    if not keys_:
        return today, []
    older = scanning.scan(place, schema.reading_schema().names, _of_older_schemas(wanted)).table
    migrated, problems = [], []
    for file, record in _records(distinct(older, every_attempt=True)):
        if tuple(record[name] for name in schema.KEY) in keys_:
            try:
                migrated.append(schema.storable(schema.migrate(record)))
            except ValueError as wrong:
                problems.append(StoreProblem(file, f"holds a row that cannot be read: {wrong}"))
    added = pa.Table.from_pylist(migrated, schema=pa.schema(kept))
    return pa.concat_tables([today, added]), list(dict.fromkeys(problems))


def _of_older_schemas(wanted: scanning.Condition | None) -> scanning.Condition:
    older = scanning.VERSION < rows.SCHEMA_VERSION
    if wanted is None:
        return scanning.Condition(older, (), {})
    return dataclasses.replace(wanted, expression=wanted.expression & older)


def _records(table: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for record in schema.records(table):
        yield record.pop(scanning.FILE).rsplit("/", 1)[-1], record


def distinct(table: Any, *, every_attempt: bool = False) -> Any:
    """Keep one row of each key; or, of keys that differ in the attempt alone, the one that `status.precedence` says.

    Of two rows of one key, the one that a host wrote counts, not the one for which the driver took it for lost.
    """
    parts = [table.column(name).to_pylist() for name in schema.KEY]
    is_told = "status" in table.schema.names
    statuses = table.column("status").to_pylist() if is_told else [None] * table.num_rows
    ranks = [precedence(status or "", attempt or 0) for status, attempt in zip(statuses, parts[-1], strict=True)]
    chosen: dict[tuple[Any, ...], int] = {}
    for index, key in enumerate(zip(*parts, strict=True)):
        name = key if every_attempt else key[:-1]
        best = chosen.get(name)
        if best is None or ranks[index] > ranks[best]:
            chosen[name] = index
    if len(chosen) == table.num_rows:
        return table
    return table.take(pa.array(sorted(chosen.values()), pa.int64()))


def condition(
    *,
    sweep: str | None = None,
    run_id: str | None = None,
    named: str | None = None,
    cell_ids: Collection[str] | None = None,
    where: Mapping[str, ColumnValue] | None = None,
) -> scanning.Condition | None:
    """Write a filter as one Arrow expression; None keeps every row."""
    equal = {name: value for name, value in (("sweep", sweep), ("run_id", run_id)) if value is not None}
    parts: list[tuple[tuple[str, ...], Any]] = [((name,), pc.field(name) == value) for name, value in equal.items()]
    if named is not None:
        parts.append((("run_id", "sweep"), (pc.field("run_id") == named) | (pc.field("sweep") == named)))
    if cell_ids is not None:
        parts.append((("cell_id",), pc.field("cell_id").isin(scanning.texts(cell_ids))))
    for name, value in (where or {}).items():
        parts.append(((name,), ~pc.field(name).is_valid() if value is None else pc.field(name) == value))
    if not parts:
        return None
    columns = tuple(dict.fromkeys(name for names, _ in parts for name in names))
    return scanning.Condition(functools.reduce(operator.and_, [part for _, part in parts]), columns, equal)
