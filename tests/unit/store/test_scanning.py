"""Scanning: files that cannot be used are named, and the others are read."""

import errno
import os

import pyarrow as pa
import pytest

from featray import store
from featray.errors import StoreError
from featray.store import scanning, small_files
from featray.store.location import locate
from tests.support.builders import make_row
from tests.support.filesystems import make_failing
from tests.support.store_files import (
    append_invocations,
    assert_keys_agree,
    flip_bits,
    list_names,
    of_schema,
    put_file,
    read_bytes,
    to_parquet,
    with_columns,
)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.parquet", b"", "empty"),
        ("text.parquet", b"hello, this is no parquet at all", "damaged or not parquet"),
        ("notes.txt", b"hello", "not a parquet file"),
        ("foreign.parquet", to_parquet(pa.table({"a": [1]})), "not a table of featray's rows"),
        ("odd.parquet", to_parquet(pa.table({"schema_version": [1], "run_id": [[1]]})), "cannot be read as rows"),
        ("part.parquet", to_parquet(pa.table({"schema_version": [1]})), "column sweep is missing"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_and_the_others_are_read(
    results: str, name: str, content: bytes, reason: str
) -> None:
    rows = append_invocations(results, 2)
    put_file(results, name, content)
    reading = store.read(results)
    assert reading.rows == tuple(rows)
    (problem,) = reading.problems
    assert problem.file == name
    assert reason in problem.reason
    assert_keys_agree(results)
    assert [problem.file for problem in store.check(results).problems] == [name]
    store.compact(results)
    assert store.read(results).rows == tuple(rows)


def test_a_foreign_file_is_named_although_no_row_in_it_meets_the_filter(results: str) -> None:
    append_invocations(results, 1)
    put_file(results, "foreign.parquet", to_parquet(pa.table({"a": [1]})))
    assert [problem.file for problem in store.read(results, sweep="demo").problems] == ["foreign.parquet"]
    assert [problem.file for problem in store.load(results, sweep="demo")[1]] == ["foreign.parquet"]


def test_a_file_with_a_flipped_bit_in_a_page_is_named_and_not_read(results: str) -> None:
    store.append(results, [make_row(reason="A" * 500)])
    (name,) = list_names(results)
    content = read_bytes(results, name)
    put_file(results, name, flip_bits(content, len(content) // 4))
    reading = store.read(results)
    assert reading.rows == ()
    assert [problem.file for problem in reading.problems] == [name]
    assert_keys_agree(results)


def test_rows_of_a_newer_schema_are_named_and_left_out_and_stay_in_the_store(results: str) -> None:
    rows = append_invocations(results, 2)
    put_file(results, "newer.parquet", with_columns(of_schema(make_row(invocation=3), 2), {"novelty": 1.5}))
    reading = store.read(results)
    assert reading.rows == tuple(rows)
    assert [str(problem) for problem in reading.problems] == [
        "newer.parquet: holds rows of a newer schema than 1; update featray to use them"
    ]
    assert len(store.load(results)[0]) == 2
    assert_keys_agree(results)
    store.compact(results)
    assert "newer.parquet" in list_names(results)


@pytest.mark.parametrize("error", [FileNotFoundError(), OSError(errno.ESTALE, "Stale file handle")])
def test_a_scan_starts_again_when_a_file_vanishes_while_it_is_read(results: str, error: OSError) -> None:
    """Its rows lie in another file now, which the next listing shows."""
    store.append(results, [make_row()])
    location = make_failing(locate(results), "open_input_file", error)
    scan = scanning.scan(location, ["run_id"])
    assert (scan.table.num_rows, scan.problems) == (1, ())


def test_files_that_keep_vanishing_are_a_store_error(results: str) -> None:
    store.append(results, [make_row()])
    location = make_failing(locate(results), "open_input_file", *[FileNotFoundError()] * scanning.RETRIES)
    with pytest.raises(StoreError, match="files vanish while they are read; stop whatever deletes them and try again"):
        scanning.scan(location, ["run_id"])


def test_a_large_file_that_is_damaged_is_named_and_the_other_large_files_are_read(results: str) -> None:
    rows = [make_row(invocation=number, stderr_tail=os.urandom(3000).hex()) for number in range(1, 201)]
    store.append(results, rows[:100])
    (whole,) = list_names(results)
    store.append(results, rows[100:])
    (damaged,) = set(list_names(results)) - {whole}
    content = read_bytes(results, damaged)
    assert len(content) > small_files.LIMIT_B
    put_file(results, damaged, flip_bits(content, len(content) // 2))
    reading = store.read(results)
    assert reading.rows == tuple(rows[:100])
    assert [problem.file for problem in reading.problems] == [damaged]


def test_hidden_files_are_neither_read_nor_named(results: str) -> None:
    rows = append_invocations(results, 1)
    put_file(results, ".rows-1.parquet.77.tmp", b"half a row")
    put_file(results, "_metadata", b"of another program")
    assert store.read(results) == store.Reading(tuple(rows))
