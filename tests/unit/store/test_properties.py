"""Whatever a row holds, it comes back the same from parquet and from JSON."""

import json
import tempfile
import typing
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from featray import store
from featray.core import row as rows
from featray.core.row import Row
from featray.store import schema
from tests.support.builders import make_row

QUICK = settings(max_examples=20, derandomize=True, deadline=None)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Make values of a column's type; numbers are those that 64 bits and JSON can carry."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is list:
        return st.lists(values(arguments[0]), max_size=3)
    if origin is dict:
        return st.dictionaries(TEXT, values(arguments[1]), max_size=3)
    return {
        str: TEXT,
        int: st.integers(-(2**63), 2**63 - 1),
        float: st.floats(allow_nan=False, allow_infinity=False),
        bool: st.booleans(),
    }[kind]


def column(each: rows.Column) -> st.SearchStrategy[Any]:
    if each.name == "schema_version":
        return st.just(rows.SCHEMA_VERSION)
    made = values(each.type)
    return st.none() | made if each.nullable else made


ROWS: st.SearchStrategy[Row] = st.fixed_dictionaries({each.name: column(each) for each in rows.columns()}).map(
    lambda made: Row(**made)
)


@QUICK
@given(ROWS)
def test_a_row_comes_back_from_json(row: Row) -> None:
    assert rows.from_mapping(json.loads(rows.to_json(row))) == row


@QUICK
@given(st.lists(ROWS, min_size=1, max_size=3))
def test_rows_come_back_from_a_table(made: list[Row]) -> None:
    assert [rows.from_mapping(record) for record in schema.records(schema.table(made))] == made


@pytest.mark.long
@QUICK
@given(ROWS)
def test_a_row_comes_back_from_the_store_and_survives_compaction(row: Row) -> None:
    with tempfile.TemporaryDirectory() as results:
        store.append(results, [row])
        assert store.read(results).rows == (row,)
        assert [unit.run_id for unit in store.keys(results).units] == [row.run_id]
        store.append(results, [row])
        store.compact(results)
        assert store.read(results) == store.Reading((row,))


def test_a_row_that_was_thought_lost_gives_way_to_the_one_that_its_host_wrote(tmp_path: Path) -> None:
    results = str(tmp_path)
    store.append(results, [make_row(status="ok")])
    store.append(results, [make_row(status="lost", timed_s=None)])
    assert [row.status for row in store.read(results).rows] == ["ok"]
    store.compact(results)
    assert [row.status for row in store.read(results, every_attempt=True).rows] == ["ok"]
