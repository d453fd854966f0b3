"""Checkup: every file is read whole, also while others change the store."""

import math
from typing import Any

import pyarrow as pa
import pytest

from featray import store
from featray.store import checkup, footers, reading, scanning, schema
from featray.store.location import Location
from featray.store.problems import StoreProblem
from featray.store.stored_files import StoredFile
from tests.support.builders import make_row
from tests.support.store_files import append_invocations, append_large, flip_bits, put_file, read_bytes, to_parquet


def test_a_check_counts_files_rows_and_duplicates_and_names_what_cannot_be_read(results: str) -> None:
    rows = append_invocations(results, 3)
    store.append(results, rows[:2])
    put_file(results, "damaged.parquet", b"PAR1")
    checked = store.check(results)
    assert (checked.files, checked.rows, checked.duplicates, checked.unfinished) == (4, 3, 2, ())
    assert [problem.file for problem in checked.problems] == ["damaged.parquet"]
    assert checked.size_b > 4


def test_rows_of_one_key_that_were_measured_apart_are_conflicts_and_a_lost_row_is_none(results: str) -> None:
    store.append(results, [make_row(timed_s=[0.1]), make_row(timed_s=[0.5]), make_row(timed_s=[0.5])])
    store.append(results, [make_row(invocation=2), make_row(invocation=2, status="lost", timed_s=None)])
    checked = store.check(results)
    assert (checked.rows, checked.duplicates, checked.conflicts) == (2, 2, 1)


def test_a_check_tells_how_far_it_is(results: str) -> None:
    for number in (1, 2):
        store.append(results, [make_row(invocation=number)])
    told: list[tuple[int, int]] = []
    store.check(results, note=lambda done, total: told.append((done, total)))
    assert told == [(0, 2), (1, 2)]


def test_a_file_that_a_compaction_deletes_during_a_check_is_no_problem(
    results: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    append_invocations(results, 2)
    examine = scanning.examine

    def examine_then_compact(location: Location, file: StoredFile) -> StoreProblem | None:
        problem = examine(location, file)
        store.compact(results)
        return problem

    monkeypatch.setattr(scanning, "examine", examine_then_compact)
    assert store.check(results).problems == ()


def test_a_row_in_two_files_is_a_duplicate(results: str) -> None:
    store.append(results, [make_row()])
    store.append(results, [make_row()])
    assert store.check(results).duplicates == 1


@pytest.mark.parametrize("is_large", [False, True])
@pytest.mark.parametrize("column", [b"weights", b"timed_s", b"detector"])
def test_a_bit_that_flips_in_the_name_of_a_column_is_damage(results: str, is_large: bool, column: bytes) -> None:
    name = append_large(results) if is_large else store.append(results, [make_row()])
    store.append(results, [make_row(run_id="demo-2")])
    whole = read_bytes(results, name)
    damaged = flip_bits(whole, whole.rfind(column), 1)
    put_file(results, name, damaged)
    assert [problem.file for problem in store.check(results).problems] == [name]
    assert store.compact(results).files_after == 0
    assert read_bytes(results, name) == damaged


@pytest.mark.parametrize("count", [1, checkup.PIECE_ROWS + 10])
@pytest.mark.parametrize(
    ("column", "value"),
    [("timed_s", [-1.0]), ("timed_s", None), ("run_id", None), ("power_median_w", 1e19), ("energy_j", -1e19)],
)
def test_a_row_with_a_fault_is_named_among_many_without(results: str, count: int, column: str, value: Any) -> None:
    table = schema.to_table([make_row()]).take(pa.array([0] * (count + 1)))
    numbers = pa.array(range(count + 1), pa.int64())
    table = table.set_column(table.schema.get_field_index("invocation"), "invocation", numbers)
    index = table.schema.get_field_index(column)
    values = [*table.column(column).to_pylist()[:-1], value]
    table = table.set_column(index, column, pa.array(values, table.schema.field(column).type))
    put_file(results, "odd.parquet", to_parquet(table))
    checked = store.check(results)
    assert (checked.rows, checked.duplicates, checked.problems) == (count, 0, store.read(results).problems)
    assert "holds a row that cannot be read" in checked.problems[0].reason


def test_rows_are_not_built_where_none_has_a_fault(results: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store.append(results, [make_row(power_median_w=math.nan), make_row(invocation=2, energy_j=math.inf)])
    monkeypatch.setattr(reading, "build_rows", lambda _: pytest.fail("a row was built"))
    assert store.check(results).rows == 2


def test_a_row_without_an_attempt_is_the_first_attempt(results: str) -> None:
    store.append(results, [make_row()])
    table = schema.to_table([make_row()])
    nothing = pa.nulls(1, pa.int64())
    put_file(
        results,
        "odd.parquet",
        to_parquet(table.set_column(table.schema.get_field_index("attempt"), "attempt", nothing)),
    )
    assert store.check(results).duplicates == 1


@pytest.mark.parametrize("column", ["status", "hostname"])
def test_a_text_that_is_not_utf_8_is_named(results: str, column: str) -> None:
    table = schema.to_table([make_row()])
    text = pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff"]).buffers())
    put_file(results, "odd.parquet", to_parquet(table.set_column(table.schema.get_field_index(column), column, text)))
    (problem,) = store.check(results).problems
    assert problem.reason.startswith("cannot be read as rows (")


@pytest.mark.long
def test_whatever_byte_of_a_file_is_damaged_a_check_names_it_or_no_value_has_changed(results: str) -> None:
    name = store.append(results, [make_row()])
    whole, row = read_bytes(results, name), make_row()
    for position in range(len(whole)):
        content = flip_bits(whole, position)
        if footers.is_changed(content) and position % 500:
            continue  # every reader refuses the file by this; one in 500 is tried
        put_file(results, name, content)
        assert store.check(results).problems or store.read(results).rows == (row,)
        assert store.compact(results).files_after == 0
