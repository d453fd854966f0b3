"""Removal: a run goes for good, and other runs stay."""

from typing import Any

import pyarrow as pa
import pytest

from featray import store
from featray.errors import NothingMatches, StoreError
from featray.store import compaction, schema, stored_files
from featray.store.location import locate
from tests.support.builders import make_row
from tests.support.store_files import (
    append_invocations,
    append_large,
    flip_bits,
    leave_killed_compaction,
    list_names,
    of_schema,
    put_file,
    read_bytes,
    read_table,
    to_parquet,
)


def test_removing_a_run_after_a_killed_compaction_keeps_each_row_of_other_runs_once(
    results: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "CHUNK_ROWS", 4)
    rows = append_invocations(results, 4, run_id="demo-1")
    append_invocations(results, 2, run_id="demo-2")
    leave_killed_compaction(results)
    store.remove(results, "demo-2")
    assert store.compact(results).cleared == 4
    assert (store.read(results).rows, store.check(results).duplicates) == (tuple(rows), 0)


def test_an_archive_is_read_and_left_alone(results: str) -> None:
    store.append(results, [make_row(run_id="old")], archive="2025")
    append_invocations(results, 2)
    store.compact(results)
    assert "history-2025.parquet" in list_names(results)
    assert len(store.read(results).rows) == 3
    planned = store.remove(results, "old")
    assert (planned.rows, planned.archived) == (0, ("history-2025.parquet",))
    assert len(store.read(results, run_id="old").rows) == 1


def test_removing_a_run_takes_it_out_of_shared_files_too(results: str) -> None:
    append_invocations(results, 2, run_id="demo-1")
    append_invocations(results, 2, run_id="demo-2")
    store.compact(results)
    append_invocations(results, 3, run_id="demo-1")  # two of them are in the compacted file already
    planned = store.plan_removal(results, "demo-1")
    assert (planned.rows, len(planned.deleted), len(planned.rewritten)) == (3, 3, 1)
    store.remove(results, "demo-1")
    assert {row.run_id for row in store.read(results).rows} == {"demo-2"}
    assert len(store.read(results).rows) == 2
    assert [store.is_removed(results, run) for run in ("demo-1", "demo-2")] == [True, False]
    assert store.check(results).problems == ()
    store.restore(results, "demo-1")  # as when its report is imported again
    store.append(results, [make_row(run_id="demo-1")])
    assert len(store.read(results, run_id="demo-1").rows) == 1
    store.remove(results, "demo-1")
    assert {row.run_id for row in store.read(results).rows} == {"demo-2"}


def test_a_run_of_any_name_can_be_removed(results: str) -> None:
    name = "ü" * 100 + "/.."
    append_invocations(results, 1, run_id=name)
    store.remove(results, name)
    assert store.is_removed(results, name)


def test_removing_a_run_keeps_rows_of_a_newer_schema_and_rows_without_a_run_in_the_same_file(results: str) -> None:
    gone, newer, without_run = make_row(run_id="demo-1"), make_row(run_id="demo-2"), make_row(run_id="demo-3")
    table = schema.to_table([gone, of_schema(newer, 2), without_run])
    table = table.set_column(table.schema.names.index("run_id"), "run_id", pa.array(["demo-1", "demo-2", None]))
    put_file(results, "mixed.parquet", to_parquet(table.append_column("novelty", pa.array([None, 2.5, 3.5]))))
    planned = store.plan_removal(results, "demo-1")
    assert (planned.deleted, planned.rewritten) == ((), ("mixed.parquet",))
    store.remove(results, "demo-1")
    (name,) = list_names(results)
    table = read_table(results, name)
    assert table.column("run_id").to_pylist() == ["demo-2", None]
    assert table.column("novelty").to_pylist() == [2.5, 3.5]


def test_removing_a_run_keeps_a_row_without_a_version_and_removes_the_runs_newer_rows(results: str) -> None:
    table = schema.to_table([make_row(run_id="demo-1"), make_row(run_id="demo-2")])
    put_file(results, "odd.parquet", to_parquet(table.set_column(0, "schema_version", pa.array([1, None], pa.int64()))))
    put_file(
        results, "newer.parquet", to_parquet(schema.to_table([of_schema(make_row(run_id="demo-1", invocation=2), 2)]))
    )
    assert store.remove(results, "demo-1").rows == 2
    (name,) = list_names(results)
    assert read_table(results, name).column("run_id").to_pylist() == ["demo-2"]


def test_a_removal_that_meets_a_damaged_shared_file_names_it_and_deletes_nothing(results: str) -> None:
    append_invocations(results, 1, run_id="demo-1")
    table = schema.to_table([make_row(run_id="demo-1", reason="A" * 500), make_row(run_id="demo-2")])
    content = to_parquet(table, compression="none", write_statistics=False, write_page_checksum=True)
    put_file(results, "mixed.parquet", flip_bits(content, content.index(b"A" * 100)))
    before = list_names(results)
    with pytest.raises(StoreError, match=r"mixed\.parquet: damaged or not parquet .* nothing was removed"):
        store.remove(results, "demo-1")
    assert list_names(results) == before
    assert not store.is_removed(results, "demo-1")


def test_removing_an_unknown_run_is_refused_with_the_known_runs(results: str) -> None:
    append_invocations(results, 1)
    with pytest.raises(NothingMatches, match="no run 'demo-9'; expected demo-1"):
        store.plan_removal(results, "demo-9")


def test_a_removal_does_not_rewrite_a_file_whose_checksum_does_not_fit(results: str) -> None:
    name = append_large(results)
    put_file(results, name, b"qower_limit_w".join(read_bytes(results, name).rsplit(b"power_limit_w", 1)))
    with pytest.raises(StoreError, match=r"checksum does not fit.* nothing was removed"):
        store.remove(results, "demo-1")
    assert list_names(results) == [name]


def runs_of(results: str) -> list[str]:
    """List the runs that readers of rows and of keys see, which must be the same."""
    runs = sorted({row.run_id for row in store.read(results).rows})
    assert sorted({unit.run_id for unit in store.keys(results, every_attempt=True).units}) == runs
    assert [run.run_id for run in store.runs(results)[0]] == runs
    return runs


def remove_before(monkeypatch: pytest.MonkeyPatch, results: str, function: str) -> None:
    """Remove run demo-1 just before a compaction first calls a function of `stored_files`; then nothing is as read."""
    real, calls = getattr(stored_files, function), list[str]()

    def act(*arguments: Any, **options: Any) -> Any:
        if not calls:
            calls.append(function)
            store.remove(results, "demo-1")
        return real(*arguments, **options)

    monkeypatch.setattr(stored_files, function, act)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("function", ["publish", "delete"])
def test_a_run_that_is_removed_while_a_compaction_has_its_rows_in_memory_stays_removed(
    results: str, monkeypatch: pytest.MonkeyPatch, function: str, shared: bool
) -> None:
    for run in ("demo-1", "demo-2"):
        append_invocations(results, 2, run_id=run)
    if shared:
        store.compact(results)
        append_invocations(results, 3, run_id="demo-2")
    with monkeypatch.context() as patched:
        remove_before(patched, results, function)
        store.compact(results)
    assert runs_of(results) == ["demo-2"]
    assert store.check(results).rows == len(store.read(results).rows) == 2 + shared
    store.compact(results)
    (name,) = list_names(results)
    assert set(read_table(results, name).column("run_id").to_pylist()) == {"demo-2"}
    assert store.check(results).duplicates == 0


def test_a_run_that_is_removed_while_a_submit_merges_its_files_stays_removed(
    results: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    append_invocations(results, 2, run_id="demo-1")
    remove_before(monkeypatch, results, "publish")
    compaction.merge(locate(results), list_names(results))
    assert (runs_of(results), list_names(results)) == ([], [])


def test_what_a_killed_compaction_wrote_of_a_removed_run_does_not_count_and_goes_with_the_next(results: str) -> None:
    append_invocations(results, 2, run_id="demo-1")
    append_invocations(results, 1, run_id="demo-2")
    store.compact(results)
    (merged,) = list_names(results)
    content = read_bytes(results, merged)
    store.remove(results, "demo-1")
    put_file(results, merged, content)  # it was killed right after this
    assert runs_of(results) == ["demo-2"]
    store.compact(results)
    assert runs_of(results) == ["demo-2"]
    assert all("demo-1" not in read_table(results, name).column("run_id").to_pylist() for name in list_names(results))


def test_two_compactions_do_not_bring_a_removed_run_back(results: str, monkeypatch: pytest.MonkeyPatch) -> None:
    append_invocations(results, 2, run_id="demo-1")
    append_invocations(results, 2, run_id="demo-2")
    with monkeypatch.context() as patched:
        remove_before(patched, results, "publish")
        store.compact(results)
    with monkeypatch.context() as patched:
        real, calls = stored_files.publish, list[str]()

        def compact_first(*arguments: Any, **options: Any) -> None:
            if not calls:
                calls.append("compact")
                store.compact(results)
            real(*arguments, **options)

        append_invocations(results, 3, run_id="demo-2")
        patched.setattr(stored_files, "publish", compact_first)
        store.compact(results)
    assert runs_of(results) == ["demo-2"]
    assert len(store.read(results).rows) == 3


def test_a_row_that_a_submit_stores_after_its_run_was_removed_does_not_count(results: str) -> None:
    append_invocations(results, 2, run_id="demo-1")
    store.remove(results, "demo-1")
    store.append(results, [make_row(run_id="demo-1", invocation=3)])
    assert runs_of(results) == []
    with pytest.raises(NothingMatches, match="no run 'demo-9'"):
        store.plan_removal(results, "demo-9")


def test_a_run_that_comes_back_by_an_import_has_no_row_of_before(results: str) -> None:
    append_invocations(results, 2, run_id="demo-1")
    store.remove(results, "demo-1")
    store.append(results, [make_row(run_id="demo-1", invocation=2)])  # a compaction that was under way
    store.restore(results, "demo-1")
    store.append(results, [make_row(run_id="demo-1", invocation=1)])
    assert [row.invocation for row in store.read(results).rows] == [1]
    store.compact(results)
    assert [row.invocation for row in store.read(results).rows] == [1]


def test_an_archive_of_a_removed_run_counts_for_every_reader(results: str) -> None:
    append_invocations(results, 2, run_id="demo-1")
    store.append(results, [make_row(run_id="demo-1", invocation=9)], archive="2025")
    store.remove(results, "demo-1")
    assert runs_of(results) == ["demo-1"]
    assert [row.invocation for row in store.read(results).rows] == [9]
    assert store.latest_run(results) == "demo-1"
