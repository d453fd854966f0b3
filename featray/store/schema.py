"""Schema: the store's columns in Arrow's types, rows to tables and back, and the migration of older rows.

Flow: rows -> `to_table` -> `writing`; `scanning` -> a table -> `to_records` -> `migrate` -> rows.
The columns are those of `row.Row`, in its order. All are nullable here: a row that lacks a column is refused when it
is built, so that a table of another featray still opens.
"""

import dataclasses
import typing
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from featray.core import row_values
from featray.core.row import SCHEMA_VERSION, Row, columns

_SCALARS = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}


def _arrow_type(kind: Any) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is list:
        return pa.list_(_arrow_type(arguments[0]))
    if origin is dict:
        return pa.map_(pa.string(), _arrow_type(arguments[1]))
    return _SCALARS[kind]


SCHEMA = pa.schema([(column.name, _arrow_type(column.type)) for column in columns()])
FILE_COLUMN = "__filename"  # Arrow's name for the column of file paths
KEY = ("run_id", "cell_id", "target_id", "invocation", "attempt")
_DEFAULTED = {field.name for field in dataclasses.fields(Row) if field.default is not None}
REQUIRED = tuple(column.name for column in columns() if not column.nullable and column.name not in _DEFAULTED)
"""Columns that every row needs."""
CHECKED = tuple(dict.fromkeys(["schema_version", *REQUIRED, *row_values.COLUMNS, *KEY]))
"""Columns that decide whether a row can be used."""


def find_fault(record: Mapping[str, Any]) -> str | None:
    """Say which column of a record of today's schema is missing or holds what cannot be, if one does."""
    missing = next((name for name in REQUIRED if record[name] is None), None)
    return row_values.find_fault(record) if missing is None else f"column {missing} is missing"


Migration = Callable[[dict[str, Any]], dict[str, Any]]
MIGRATIONS: Mapping[int, Migration] = {}
"""Schema version -> how to rewrite a record of it as one of the next.

A new column needs no migration: it is null in older rows. A renamed column or a changed meaning does. Columns of `KEY`,
`sweep` and `schema_version` never change: filters run on them before any migration.
"""
LEGACY: Mapping[str, Any] = {}
"""Columns that only older schemas have, with their Arrow types: read so that a migration can use them."""


def reading_schema() -> Any:
    """List the columns to read from any file: today's and those that migrations start from."""
    return pa.schema([*SCHEMA, *((name, kind) for name, kind in LEGACY.items())])


def migrate(
    record: Mapping[str, Any],
    *,
    target: int = SCHEMA_VERSION,
    migrations: Mapping[int, Migration] | None = None,
) -> dict[str, Any]:
    """Rewrite a record step by step until it is of schema `target`; records of that schema or a newer one stay.

    Raises:
        ValueError: no migration starts from the record's version.
    """
    steps = MIGRATIONS if migrations is None else migrations
    current = dict(record)
    while (version := current["schema_version"]) < target:
        if version not in steps:
            raise ValueError(f"schema version {version} is unknown to this featray, which reads up to {target}")
        current = steps[version](current) | {"schema_version": version + 1}
    return current


def to_table(rows: Sequence[Row]) -> Any:
    """Write rows as an Arrow table of `SCHEMA`."""
    records = [to_storable(vars(row)) for row in rows]
    try:
        return pa.Table.from_pylist(records, schema=SCHEMA)
    except UnicodeEncodeError:  # a child's stderr may hold lone surrogates, and its row must not be lost
        return pa.Table.from_pylist([_replace_surrogates(record) for record in records], schema=SCHEMA)


def to_storable(record: Mapping[str, Any]) -> dict[str, Any]:
    """Write a record's maps as the pairs that every pyarrow takes."""
    return {name: list(value.items()) if isinstance(value, dict) else value for name, value in record.items()}


def _replace_surrogates(value: Any) -> Any:
    """Replace characters that UTF-8 cannot carry by question marks."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {name: _replace_surrogates(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_replace_surrogates(item) for item in value)
    return value


CHUNK_ROWS = 4096  # rows turned into Python at once: 30 MB; 100 000 would take 1 GB beside the rows made of them


def to_records(table: Any) -> Iterable[dict[str, Any]]:
    """Read a table back as records, maps as dicts.

    Equal texts and equal `work` are one object: the rows of a run share nearly all of them. Without that, 100 000 rows
    took 2.1 GB.
    """
    names, shared = table.schema.names, dict[Any, Any]()
    for batch in table.to_batches(max_chunksize=CHUNK_ROWS):
        for values in zip(*(_values(column, shared) for column in batch.columns), strict=True):
            yield dict(zip(names, values, strict=True))


def _values(column: Any, shared: dict[Any, Any]) -> list[Any]:
    if pa.types.is_map(column.type):
        is_text = pa.types.is_string(column.type.item_type)
        return [None if pairs is None else _mapping(pairs, shared, is_text=is_text) for pairs in column.to_pylist()]
    if pa.types.is_string(column.type):
        return [None if text is None else shared.setdefault(text, text) for text in column.to_pylist()]
    values: list[Any] = column.to_pylist()
    return values


def _mapping(pairs: list[tuple[str, Any]], shared: dict[Any, Any], *, is_text: bool) -> dict[str, Any]:
    """Make a dict of a map's pairs; a map of texts is shared as a whole, of any other map only the keys are."""
    if is_text:
        key = tuple(pairs)
        if key not in shared:
            shared[key] = dict(pairs)
        shared_map: dict[str, Any] = shared[key]
        return shared_map
    return {shared.setdefault(name, name): value for name, value in pairs}


def to_string_array(texts: Collection[str]) -> Any:
    """Make an Arrow array of strings, also of none."""
    return pa.array(sorted(texts), pa.string())
