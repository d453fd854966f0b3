"""Faults: which rows of a table hold what cannot be, and files that are known to have none.

Flow: `scanning.scan_files` -> `note` for each piece -> `reading` and `resuming`, which drop and report the rows;
`writing` -> `are_none`, for the mark in a file's footer; `checkup` -> `are_none`, so that it need not build rows.
Half of all columns decide whether a row can be used. Of a million rows they take gigabytes, so only what the caller
wants is kept of a piece once it is checked, and of a file with a mark nothing else is read.
"""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from featray.core import row_values
from featray.core.row import SCHEMA_VERSION
from featray.store import schema
from featray.store.schema import FILE_COLUMN
from featray.store.soundness import is_sound

FAULT_COLUMN = "__fault"
"""What is wrong with a row of today's schema, as text; null where nothing is."""


def note(piece: Any, kept: Sequence[str], *, is_checked: bool = False) -> Any:
    """Give some columns of a piece with `FAULT_COLUMN`; `schema_version` and `FILE_COLUMN` are always kept.

    Args:
        piece: With `schema.CHECKED`, unless it is checked.
        kept: Names of columns.
        is_checked: It is known to have no faults.
    """
    names = list(dict.fromkeys([*kept, "schema_version", FILE_COLUMN]))
    faults = pa.nulls(piece.num_rows, pa.string()) if is_checked else _find(piece)
    return piece.select(names).append_column(FAULT_COLUMN, faults)


def _find(piece: Any) -> Any:
    is_today = pc.fill_null(pc.equal(piece.column("schema_version"), SCHEMA_VERSION), False)
    if is_sound(piece.filter(is_today)):
        return pa.nulls(piece.num_rows, pa.string())
    names = [name for name in schema.CHECKED if name in piece.schema.names]
    records = zip(schema.to_records(piece.select(names)), is_today.to_pylist(), strict=True)
    return pa.array([schema.find_fault(record) if is_new else None for record, is_new in records], pa.string())


def are_none(table: Any, *, by_all_columns: bool = False) -> bool:
    """Return True for a table of today's schema without a fault, with all columns that are checked.

    Args:
        table: Any columns.
        by_all_columns: Also look for numbers that are too large for any column, as `reading.build_rows` does.
    """
    types = {field.name: field.type for field in table.schema}
    is_complete = all(types.get(name) == schema.SCHEMA.field(name).type for name in schema.CHECKED)
    return is_complete and is_sound(table) and not (by_all_columns and _has_huge_numbers(table))


def _has_huge_numbers(table: Any) -> bool:
    """Return True where a number is larger than any that can be observed; readers take infinities for null."""
    numbers = [column for column in table.columns if pa.types.is_floating(column.type)]
    sizes = [pc.abs(column.filter(pc.is_finite(column))) for column in numbers]
    return any(pc.any(pc.greater(size, row_values.LARGEST)).as_py() for size in sizes)
