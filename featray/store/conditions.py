"""Conditions: which rows to read.

Flow: the arguments of `reading.read` -> `make_condition` -> `Condition` -> `scanning`.
"""

import dataclasses
import functools
import operator
from collections.abc import Collection, Mapping
from typing import Any

import pyarrow.compute as pc

from featray.core.row import SCHEMA_VERSION
from featray.store import schema

ColumnValue = str | int | bool | None
VERSION = pc.field("schema_version")


@dataclasses.dataclass(frozen=True)
class Condition:
    """An Arrow expression, the columns that it uses, and the values that it asks of columns which footers hold too."""

    expression: Any
    columns: tuple[str, ...]
    key_values: Mapping[str, str]


def make_condition(
    *,
    sweep: str | None = None,
    run_id: str | None = None,
    named: str | None = None,
    cell_ids: Collection[str] | None = None,
    target_ids: Collection[str] | None = None,
    where: Mapping[str, ColumnValue] | None = None,
) -> Condition | None:
    """Write a filter as one Arrow expression; None keeps every row."""
    key_values = {name: value for name, value in (("sweep", sweep), ("run_id", run_id)) if value is not None}
    parts: list[tuple[tuple[str, ...], Any]] = [
        ((name,), pc.field(name) == value) for name, value in key_values.items()
    ]
    if named is not None:
        parts.append((("run_id", "sweep"), (pc.field("run_id") == named) | (pc.field("sweep") == named)))
    for name, ids in (("cell_id", cell_ids), ("target_id", target_ids)):
        if ids is not None:
            parts.append(((name,), pc.field(name).isin(schema.to_string_array(ids))))
    for name, value in (where or {}).items():
        parts.append(((name,), ~pc.field(name).is_valid() if value is None else pc.field(name) == value))
    if not parts:
        return None
    columns = tuple(dict.fromkeys(name for names, _ in parts for name in names))
    return Condition(functools.reduce(operator.and_, [part for _, part in parts]), columns, key_values)


def only_older(condition: Condition | None) -> Condition:
    """Narrow a condition to rows of older schemas."""
    is_older = VERSION < SCHEMA_VERSION
    if condition is None:
        return Condition(is_older, (), {})
    return dataclasses.replace(condition, expression=condition.expression & is_older)
