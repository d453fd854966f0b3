"""Any row that featray can make: values of every type in every column."""

import datetime
import typing
from collections.abc import Mapping
from typing import Any

import hypothesis.strategies as st

from featray.core import clock, identity, inputs, row_values
from featray.core.choices import Device
from featray.core.row import SCHEMA_VERSION, Column, Row, columns
from featray.core.status import Status

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def make_values(kind: Any) -> st.SearchStrategy[Any]:
    """Make values of a column's type; numbers are those that 64 bits and JSON can carry."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is list:
        return st.lists(make_values(arguments[0]), max_size=3)
    if origin is dict:
        return st.dictionaries(TEXT, make_values(arguments[1]), max_size=3)
    return {
        str: TEXT,
        int: st.integers(-(2**63), 2**63 - 1),
        float: st.floats(allow_nan=False, allow_infinity=False),
        bool: st.booleans(),
    }[kind]


TIMES = st.lists(st.floats(row_values.SHORTEST_S, row_values.LONGEST_S), min_size=1, max_size=3)
MOMENTS = st.datetimes(timezones=st.just(datetime.UTC)).map(clock.utc_text)
FLOATS = st.floats(-row_values.LARGEST, row_values.LARGEST)
COUNTS = st.integers(1, 10**9)
NAMED: Mapping[str, st.SearchStrategy[Any]] = {
    "schema_version": st.just(SCHEMA_VERSION),
    "status": st.sampled_from(list(map(str, Status))),
    "device": st.sampled_from(list(map(str, Device))),
    "section_kind": st.sampled_from([inputs.VIDEO, inputs.IMAGES]),
    "started_at": MOMENTS,
    "ended_at": MOMENTS,
    "timed_s": TIMES,
    "warmup_s": TIMES,
    "sustained_hz": TIMES,
    "interval_s": TIMES.map(lambda times: [min(times), max(times)]),
    "face_counts": st.lists(st.tuples(st.integers(0, 9), st.integers(1, 99)), max_size=3).map(
        lambda runs: [number for run in runs for number in run]
    ),
    "stages_s": st.dictionaries(TEXT, st.floats(0, row_values.LONGEST_S), max_size=3),
    "asked": st.just("{}"),
    "num_workers": st.integers(0, 10_000),
    "gpus_memory_reserved_peak_b": st.dictionaries(TEXT, st.integers(0, 2**63 - 1), max_size=3),
    "gpus_memory_used_peak_b": st.dictionaries(TEXT, st.integers(0, 2**63 - 1), max_size=3),
}
"""Columns that cannot hold any value of their type."""


def make_column(column: Column) -> st.SearchStrategy[Any]:
    """Make values of a column, null where it may be."""
    if column.name in NAMED:
        values = NAMED[column.name]
    elif column.type is float:
        values = (
            FLOATS.map(lambda value: max(abs(value), row_values.SLOWEST_HZ))
            if column.name in row_values.COLUMNS
            else FLOATS
        )
    else:
        values = COUNTS if column.name in row_values.COLUMNS and column.type is int else make_values(column.type)
    return st.none() | values if column.nullable and column.name != "timed_s" else values


def _make_joint(gpus: Mapping[str, str] | None, processes: int | None, timed_s: list[float]) -> dict[str, Any]:
    """Make the columns of `row_values.JOINT` but for the status; they follow from each other."""
    workers = (processes or 1) * len(gpus or "1")
    return {
        **({"target_id": f"{identity.of_gpus(gpus)}@host"} if gpus else {}),
        "gpus": gpus,
        "processes": processes,
        "timed_s": timed_s,
        "process_timed_s": {str(number): [workers * time_s for time_s in timed_s] for number in range(1, workers + 1)}
        if workers > 1
        else None,
    }


JOINT = st.builds(
    _make_joint,
    st.none() | st.dictionaries(TEXT, TEXT, min_size=2, max_size=3),
    st.none() | st.integers(1, 3),
    st.lists(st.floats(row_values.SHORTEST_S, row_values.LONGEST_S / 9), min_size=1, max_size=3),
)

ROWS: st.SearchStrategy[Row] = st.tuples(
    st.fixed_dictionaries({column.name: make_column(column) for column in columns()}), JOINT
).map(lambda parts: Row(**{**parts[0], **parts[1]}))
