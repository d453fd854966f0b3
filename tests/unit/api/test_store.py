"""The verbs of `featray store`, from Python."""

from pathlib import Path

import pytest

from featray.api import store
from featray.errors import NothingMatches


def test_runs_are_listed_with_the_name_of_their_store(results: str) -> None:
    stored = store.runs(results)
    assert stored.store == results
    assert [run.run_id for run in stored.runs] == ["old-1", "old-2", "new-1"]
    assert [run.run_id for run in store.runs(results, sweep="new").runs] == ["new-1"]


def test_a_damaged_file_is_a_problem(results: str) -> None:
    (Path(results) / "rows" / "bad.parquet").write_bytes(b"bad")
    (problem,) = store.runs(results).problems
    assert problem.startswith("bad.parquet: damaged")
    assert [str(checked) for checked in store.check(results).problems] == [problem]


def test_small_files_are_merged(results: str) -> None:
    compacted = store.compact(results)
    assert (compacted.files_before, compacted.files_after, compacted.rows) == (3, 1, 3)


def test_a_run_is_removed_as_planned(results: str) -> None:
    planned = store.plan_removal(results, "old-1")
    assert (planned.rows, len(planned.deleted)) == (1, 1)
    assert store.remove(results, "old-1") == planned
    with pytest.raises(NothingMatches, match="no run 'old-1'"):
        store.plan_removal(results, "old-1")
