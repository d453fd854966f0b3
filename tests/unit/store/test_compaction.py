"""Compaction: fewer files, the same rows."""

import pytest

from featray import store
from featray.store import compaction, small_files
from featray.store.reading import Reading
from tests.support.builders import make_row
from tests.support.store_files import (
    append_invocations,
    flip_bits,
    leave_killed_compaction,
    list_names,
    put_file,
    read_bytes,
    read_table,
    with_columns,
)


def test_compaction_makes_one_file_and_changes_no_row(results: str) -> None:
    rows = append_invocations(results, 5)
    compacted = store.compact(results)
    assert (compacted.files_before, compacted.files_after, compacted.rows) == (5, 1, 5)
    assert len(list_names(results)) == 1
    assert store.read(results).rows == tuple(rows)
    assert store.compact(results).files_before == 0


def test_compaction_drops_duplicates_and_keeps_every_attempt(results: str) -> None:
    attempts = [make_row(status="lost"), make_row(attempt=2)]
    for row in (*attempts, *attempts):
        store.append(results, [row])
    assert store.compact(results).rows == 2
    assert store.read(results, every_attempt=True).rows == tuple(attempts)


@pytest.mark.parametrize("chunk_rows", [2, 50_000])
def test_rows_that_one_file_alone_holds_several_times_are_merged(
    results: str, monkeypatch: pytest.MonkeyPatch, chunk_rows: int
) -> None:
    monkeypatch.setattr(compaction, "CHUNK_ROWS", chunk_rows)
    rows = [make_row(invocation=number) for number in (1, 2)]
    store.append(results, rows * 3)
    assert store.check(results).duplicates == 4
    compacted = store.compact(results)
    assert (compacted.files_before, compacted.files_after, compacted.rows, compacted.duplicates) == (1, 1, 2, 4)
    assert store.check(results).duplicates == 0
    assert store.read(results).rows == tuple(rows)
    assert store.compact(results).files_before == 0


def test_compaction_of_a_run_leaves_other_runs_alone(results: str) -> None:
    append_invocations(results, 3, run_id="demo-1")
    append_invocations(results, 2, run_id="demo-2")
    assert store.compact(results, "demo-1").files_before == 3
    assert len(list_names(results)) == 3


def test_a_compaction_killed_before_it_deleted_anything_loses_and_doubles_nothing(results: str) -> None:
    rows = append_invocations(results, 3)
    store.append(results, rows)  # the compaction wrote this file before it was killed
    assert store.read(results).rows == tuple(rows)
    assert store.compact(results).rows == 3
    assert store.check(results).duplicates == 0


def test_files_that_a_killed_compaction_left_are_deleted_by_the_next_although_its_new_file_is_too_large_to_merge(
    results: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "CHUNK_ROWS", 5)
    rows = append_invocations(results, 7)
    large, small = leave_killed_compaction(results)
    assert store.check(results).duplicates == 7
    compacted = store.compact(results)
    assert (compacted.cleared, compacted.files_before) == (7, 0)
    assert list_names(results) == sorted([large, small])
    assert store.check(results).duplicates == 0
    assert store.read(results).rows == tuple(rows)


def test_the_files_that_a_damaged_compacted_file_was_made_of_stay(results: str) -> None:
    rows = append_invocations(results, 3)
    (name,) = leave_killed_compaction(results)
    content = read_bytes(results, name)
    put_file(results, name, flip_bits(content, len(content) // 4))
    assert store.compact(results).cleared == 0
    assert store.read(results).rows == tuple(rows)


def test_columns_that_only_a_newer_featray_knows_survive_compaction(results: str) -> None:
    store.append(results, [make_row(invocation=1)])
    put_file(results, "a.parquet", with_columns(make_row(invocation=2), {"novelty": 1.5, "notes": "b"}))
    put_file(results, "b.parquet", with_columns(make_row(invocation=3), {"novelty": 2}))
    assert len(store.read(results).rows) == 3
    store.compact(results)
    (name,) = list_names(results)
    table = read_table(results, name).sort_by("invocation")
    assert table.column("novelty").to_pylist() == [None, 1.5, 2.0]
    assert table.column("notes").to_pylist() == [None, "b", None]
    assert len(store.read(results).rows) == 3


def test_files_whose_unknown_columns_do_not_fit_together_stay_apart(results: str) -> None:
    put_file(results, "a.parquet", with_columns(make_row(invocation=1), {"novelty": 1.5}))
    put_file(results, "b.parquet", with_columns(make_row(invocation=2), {"novelty": ["x"]}))
    store.append(results, [make_row(invocation=3)])
    store.compact(results)
    assert "b.parquet" in list_names(results)
    assert len(list_names(results)) == 2
    assert len(store.read(results).rows) == 3


def test_a_compaction_says_how_far_it_is(results: str) -> None:
    append_invocations(results, 3)
    notes: list[tuple[int, int]] = []
    store.compact(results, note=lambda done, total: notes.append((done, total)))
    assert notes == [(3, 3)]


def test_a_damaged_file_among_many_stays_alone_and_is_named(results: str) -> None:
    append_invocations(results, 4)
    damaged = list_names(results)[1]
    content = read_bytes(results, damaged)
    put_file(results, damaged, flip_bits(content, len(content) // 2))
    compacted = store.compact(results)
    assert [problem.file for problem in compacted.problems] == [damaged]
    assert (compacted.files_before, len(list_names(results))) == (3, 2)


def test_a_file_of_a_newer_schema_among_others_stays_as_it_is(results: str) -> None:
    append_invocations(results, 2)
    put_file(results, "newer.parquet", with_columns(make_row(invocation=9, schema_version=999), {}))
    assert store.compact(results).files_before == 2
    assert "newer.parquet" in list_names(results)


def test_files_that_can_be_read_are_not_merged_into_one_that_every_reader_refuses(
    results: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small_files, "DECODED_B", 2**20)
    rows = append_invocations(results, 3) + [
        make_row(run_id="demo-2", invocation=number, status="failed", stderr_tail=f"{number}" + "m" * 200_000)
        for number in range(1, 10)
    ]
    for row in rows[3:]:
        store.append(results, [row])
    assert store.read(results).problems == ()
    assert store.compact(results).files_after == 1
    assert store.read(results) == Reading(tuple(rows), ())
    assert store.check(results).problems == ()


def test_long_texts_are_merged_by_their_size_and_a_file_of_them_stays_as_it_is(
    results: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "CHUNK_B", 1_000_000)
    append_invocations(results, 8, status="failed", stderr_tail="m" * 400_000)
    store.append(results, [make_row(invocation=9, status="failed", stderr_tail="m" * 1_000_000)])
    compacted = store.compact(results)
    assert (compacted.files_before, compacted.files_after) == (8, 3)  # 3, 3 and 2 of them
    assert len(store.read(results).rows) == 9
