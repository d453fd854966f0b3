"""Schema: rows to tables and back, and records of older schemas."""

import hypothesis.strategies as st
from hypothesis import given, settings

from featray.core.row import Row, from_mapping
from featray.store import schema
from tests.support.any_rows import ROWS
from tests.support.builders import make_row

QUICK = settings(max_examples=20, derandomize=True, deadline=None)


@QUICK
@given(st.lists(ROWS, min_size=1, max_size=3))
def test_any_rows_come_back_from_a_table(rows: list[Row]) -> None:
    assert [from_mapping(record) for record in schema.to_records(schema.to_table(rows))] == rows


def test_a_record_of_an_older_schema_is_rewritten_step_by_step() -> None:
    steps: dict[int, schema.Migration] = {
        0: lambda record: {**record, "seconds": record["ms"] / 1000},
        1: lambda record: {"timed_s": [record["seconds"]]},
    }
    migrated = schema.migrate({"schema_version": 0, "ms": 250}, target=2, migrations=steps)
    assert migrated == {"schema_version": 2, "timed_s": [0.25]}
    assert schema.migrate({"schema_version": 2, "a": 1}, target=2, migrations=steps) == {"schema_version": 2, "a": 1}


def test_equal_texts_of_a_table_are_one_object() -> None:
    table = schema.to_table([make_row(invocation=number) for number in (1, 2)])
    first, second = schema.to_records(table)
    assert first["work"] is second["work"]
    assert first["hostname"] is second["hostname"]
