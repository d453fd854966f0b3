"""Checkup: every file is read whole, also while others change the store."""

import pytest

from featray import store
from featray.store import scanning
from featray.store.location import Location
from featray.store.problems import StoreProblem
from featray.store.stored_files import StoredFile
from tests.support.builders import make_row
from tests.support.store_files import append_invocations, put_file


def test_a_check_counts_files_rows_and_duplicates_and_names_what_cannot_be_read(results: str) -> None:
    rows = append_invocations(results, 3)
    store.append(results, rows[:2])
    put_file(results, "damaged.parquet", b"PAR1")
    checkup = store.check(results)
    assert (checkup.files, checkup.rows, checkup.duplicates, checkup.unfinished) == (4, 3, 2, ())
    assert [problem.file for problem in checkup.problems] == ["damaged.parquet"]
    assert checkup.size_b > 4


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
