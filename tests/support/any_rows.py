"""Any row that featray can make: values of every type in every column."""

import typing
from typing import Any

import hypothesis.strategies as st

from featray.core.row import SCHEMA_VERSION, Column, Row, columns

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


def make_column(column: Column) -> st.SearchStrategy[Any]:
    """Make values of a column, null where it may be."""
    if column.name == "schema_version":
        return st.just(SCHEMA_VERSION)
    values = make_values(column.type)
    return st.none() | values if column.nullable else values


ROWS: st.SearchStrategy[Row] = st.fixed_dictionaries({column.name: make_column(column) for column in columns()}).map(
    lambda values: Row(**values)
)
