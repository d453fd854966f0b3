"""Soundness: whether no row of a table can have a fault, found by whole columns.

Flow: `faults` -> `is_sound`; where it is False each row is checked by itself, ten times as slowly.
The rules are those of `row_values` alone. A rule of a number is an interval, so that the least and the greatest value
of a column stand for all of it; of a text, each different one is checked. In doubt the answer is False.
Moments and runs differ in nearly every row, and what they usually look like is told at once.
"""

import functools
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from featray.core import identity, row_values
from featray.core.row import SCHEMA_VERSION
from featray.core.status import Status
from featray.store import schema

MOMENTS = ("started_at", "ended_at")
_USUAL_MOMENT = (
    r"^[1-9]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])"  # the last days of a month are looked at by themselves
    r"T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{3}|\.\d{6})?\+00:00$"
)
"""Moments as rows have them: texts that differ in nearly every row, and are checked a hundred times as fast."""


def is_sound(table: Any) -> bool:
    """Return True for a table whose rows are all of today's schema and without a fault; False says nothing.

    Args:
        table: Any columns of `schema.SCHEMA`, of its types.
    """
    names = [name for name in schema.CHECKED if name in table.schema.names]
    is_complete = all(table.column(name).null_count == 0 for name in names if name in schema.REQUIRED)
    versions = pc.unique(table.column("schema_version")).to_pylist()
    return (
        is_complete
        and versions in ([], [SCHEMA_VERSION])
        and _has_times_where_ok(table)
        and _is_joint_sound(table)
        and all(_is_column_sound(name, table.column(name)) for name in names if name in row_values.COLUMNS)
    )


def _has_times_where_ok(table: Any) -> bool:
    if not {"status", "timed_s"} <= set(table.schema.names):
        return True
    counts = pc.fill_null(pc.list_value_length(table.column("timed_s")), 0)
    is_ok = pc.equal(table.column("status"), Status.OK.value)
    return not pc.any(pc.and_(is_ok, pc.equal(counts, 0))).as_py()


def _is_joint_sound(table: Any) -> bool:
    """Return True where no row of several processes or GPUs contradicts itself; there are few of them."""
    if not set(table.schema.names) >= row_values.JOINT:
        return True
    several = [pc.greater(pc.fill_null(table.column("processes"), 1), 1)]
    several += [pc.is_valid(table.column(name)) for name in ("gpus", "process_timed_s")]
    several.append(pc.starts_with(pc.fill_null(table.column("target_id"), ""), identity.WHOLE))
    joint = table.filter(functools.reduce(pc.or_, several)).select(sorted(row_values.JOINT))
    return all(row_values.find_fault(record) is None for record in schema.to_records(joint))


def _is_column_sound(name: str, column: Any) -> bool:
    """Return True for a column of which no value has a fault."""
    kind = column.type
    if name in MOMENTS:
        column = column.filter(pc.invert(pc.match_substring_regex(column, _USUAL_MOMENT)))
    if pa.types.is_string(kind):
        return _are_possible(name, pc.unique(column).to_pylist())
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _are_possible(name, _ends(column) or (float("nan"),))
    if pa.types.is_list(kind):
        return _are_lists_sound(name, column)
    if pa.types.is_map(kind):
        return _are_maps_sound(name, column)
    return False


def _are_possible(name: str, values: Iterable[Any]) -> bool:
    return all(value is None or row_values.is_possible(name, value) for value in values)


def _ends(numbers: Any) -> tuple[Any, ...] | None:
    """Give the least and the greatest number, neither where there is none; None where one of them is no number."""
    if pa.types.is_floating(numbers.type) and pc.any(pc.is_nan(numbers)).as_py():
        return None
    ends = pc.min_max(numbers).as_py()
    return (ends["min"], ends["max"])


def _are_lists_sound(name: str, column: Any) -> bool:
    values = pc.list_flatten(column)
    if values.null_count:
        return False
    if name == "interval_s":
        return _are_intervals_sound(name, column, values)
    if pa.types.is_integer(values.type):
        return _are_possible(name, column.to_pylist() if _has_odd_runs(column, values) else ())
    if not pa.types.is_floating(values.type):
        return True  # texts; their only rule is that none is null
    # Every rate may be 0; the others have a least value.
    ends = _ends(pc.filter(values, pc.not_equal(values, 0)) if name == "sustained_hz" else values)
    return ends is not None and (None in ends or _are_possible(name, [list(ends)]))


def _has_odd_runs(column: Any, values: Any) -> bool:
    """Return False where all lists are sure to be runs: pairs of a count and of the number of frames that have it."""
    if not len(values):
        return False
    lengths, ends = pc.drop_null(pc.list_value_length(column)), _ends(values) or (-1, 0)
    if pc.any(pc.not_equal(pc.bit_wise_and(lengths, 1), 0)).as_py() or ends[0] < 0 or ends[1] > row_values.LARGEST:
        return True
    frames = pc.min_max(values.combine_chunks()[1::2]).as_py()  # no list has an odd length
    most = frames["max"] * (pc.max(lengths).as_py() // 2)
    return bool(frames["min"] <= 0 or most > row_values.FRAMES_MAX)


def _are_intervals_sound(name: str, column: Any, values: Any) -> bool:
    """Return True where all are pairs, in order, and the least and the greatest end could be one."""
    lengths = pc.unique(pc.drop_null(pc.list_value_length(column))).to_pylist()
    ends = _ends(values)
    if lengths not in ([], [2]) or ends is None:
        return False
    if not lengths:
        return True
    first, second = pc.list_element(column, 0), pc.list_element(column, 1)
    is_ordered = pc.all(pc.and_(pc.less_equal(first, second), pc.greater(second, 0))).as_py()
    return bool(is_ordered) and _are_possible(name, [list(ends)])


def _are_maps_sound(name: str, column: Any) -> bool:
    items = pa.chunked_array([chunk.items for chunk in column.chunks], column.type.item_type)
    if items.null_count:
        return False
    if pa.types.is_string(items.type):
        return all(_are_possible(name, [{"": text}]) for text in pc.unique(items).to_pylist())
    if pa.types.is_floating(items.type) or pa.types.is_integer(items.type):
        ends = _ends(items)
        return ends is not None and (None in ends or _are_possible(name, [dict(enumerate(ends))]))
    return _are_lists_of_maps_sound(name, items)


def _are_lists_of_maps_sound(name: str, lists: Any) -> bool:
    """Return True where the lists of a map hold no null, and the least and the greatest number could be in one."""
    values = pc.list_flatten(lists)
    if values.null_count:
        return False
    if not pa.types.is_floating(values.type):
        return True  # their only rule is that none is null
    ends = _ends(values)
    return ends is not None and (None in ends or _are_possible(name, [{"": list(ends)}]))
