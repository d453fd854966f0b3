"""Appending: one writer's rows stay few files, and no row is lost or doubled by that."""

import pytest

from featray import store
from featray.errors import StoreError
from featray.store import appending, compaction
from tests.support.builders import make_row
from tests.support.store_files import list_names


@pytest.fixture(autouse=True)
def tiers_of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(appending, "TIER_FILES", 3)


def append_one_by_one(files: store.Appender, count: int) -> None:
    for number in range(1, count + 1):
        files.append([make_row(invocation=number)])
        files.tidy()


def test_files_are_merged_by_tiers(results: str) -> None:
    files, counts = store.Appender(results), []
    for number in range(1, 10):
        files.append([make_row(invocation=number)])
        files.tidy()
        counts.append(len(list_names(results)))
    assert counts == [1, 2, 1, 2, 3, 2, 3, 4, 1]
    assert [row.invocation for row in store.read(results).rows] == list(range(1, 10))


def test_files_of_other_writers_are_left_alone(results: str) -> None:
    store.append(results, [make_row(run_id="other")])
    append_one_by_one(store.Appender(results), 3)
    assert len(list_names(results)) == 2


def test_files_that_a_compaction_has_merged_meanwhile_are_no_error(results: str) -> None:
    files = store.Appender(results)
    for number in (1, 2):
        files.append([make_row(invocation=number)])
    store.compact(results)
    files.append([make_row(invocation=3)])
    files.tidy()
    assert [row.invocation for row in store.read(results).rows] == [1, 2, 3]


def test_a_row_that_was_stored_twice_is_counted(results: str) -> None:
    files = store.Appender(results)
    for _ in range(3):
        files.append([make_row()])
    files.tidy()
    assert files.duplicates == 2
    assert len(store.read(results).rows) == 1


def test_a_store_that_cannot_merge_takes_rows_all_the_same(results: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise StoreError("cannot delete from it")

    monkeypatch.setattr(compaction, "merge", refuse)
    append_one_by_one(store.Appender(results), 4)
    assert len(list_names(results)) == len(store.read(results).rows) == 4
