"""Summary: runs, and which of them is the latest."""

import pyarrow as pa
import pytest

from featray import store
from featray.store import schema
from tests.support.builders import make_row
from tests.support.store_files import list_names, put_file, read_table, to_parquet


def test_the_latest_run_is_the_one_that_measured_last(results: str) -> None:
    store.append(results, [make_row(sweep="a", run_id="a-2", started_at="2026-05-14T00:00:00.000+00:00")])
    store.append(results, [make_row(sweep="b", run_id="b-1", started_at="2026-05-15T00:00:00.000+00:00")])
    assert store.latest_run(results) == "b-1"
    assert store.latest_run(results, "a") == "a-2"
    assert store.latest_run(results, "c") is None


def test_a_sweeps_latest_run_is_the_one_that_started_last_by_the_drivers_clock(results: str) -> None:
    store.append(results, [make_row(run_id="demo-20260514-231532-a1b2", started_at="2027-01-01T00:00:00.000+00:00")])
    store.append(results, [make_row(run_id="demo-20260515-080000-0000", started_at="1970-01-01T00:00:00.000+00:00")])
    assert store.latest_run(results, "demo") == "demo-20260515-080000-0000"
    assert store.latest_run(results) == "demo-20260514-231532-a1b2"  # of all sweeps: the one that measured last


def store_runs(results: str, *runs: dict[str, str]) -> None:
    """Store runs of sweep `a`, named `a-1`, `a-2` and so on in the order of their start, with a row each."""
    rows = [make_row(sweep="a", run_id=f"a-{number}", **columns) for number, columns in enumerate(runs, 1)]
    store.append(results, rows)


def find(results: str, *, replayed: bool | None = None) -> tuple[str | None, str | None]:
    found = store.find_continued(results, "a", replayed=replayed)
    return found.run_id, found.newer_import


TAPE, OLD_TAPE, REPORT = {"replayed": "tape"}, {"source_file": "replayed from tape"}, {"source_file": "a.md"}
LAB, LAB_OF_LAB = {"bundle": "lab.featray sha256:1"}, {"bundle": "lab.featray sha256:2, from lab.featray sha256:1"}


def test_a_replay_is_the_latest_run_only_where_there_is_no_other(results: str) -> None:
    store_runs(results, {}, TAPE, OLD_TAPE)
    store.append(results, [make_row(sweep="b", run_id="b-1", replayed="tape")])
    assert store.latest_run(results, "a") == "a-1"
    assert store.latest_run(results, "b") == store.latest_run(results, other_than="a") == "b-1"


def test_a_submit_and_a_replay_each_continue_the_last_run_of_their_own_kind(results: str) -> None:
    assert find(results) == (None, None)
    store_runs(results, {}, TAPE, OLD_TAPE)
    assert find(results) == find(results, replayed=False) == ("a-1", None)
    assert find(results, replayed=True) == ("a-3", None)


def test_where_all_runs_are_replays_a_submit_continues_none(results: str) -> None:
    store_runs(results, TAPE)
    assert find(results, replayed=False) == (None, None)
    assert find(results) == ("a-1", None)


def test_a_newer_imported_run_is_the_latest_and_is_not_continued(results: str) -> None:
    store_runs(results, {}, {}, LAB, LAB)
    assert store.latest_run(results, "a") == "a-4"
    assert find(results, replayed=False) == find(results) == ("a-2", "a-4")


def test_an_imported_run_is_continued_where_there_is_no_other_and_is_an_own_one_from_then_on(results: str) -> None:
    store_runs(results, LAB, LAB)
    assert find(results, replayed=False) == ("a-2", None)
    store.append(results, [make_row(sweep="a", run_id="a-1", invocation=2)])
    assert find(results, replayed=False) == ("a-1", "a-2")


def test_a_store_that_was_moved_as_a_bundle_continues_its_own_run(results: str) -> None:
    store_runs(results, LAB, LAB_OF_LAB)
    assert find(results, replayed=False) == ("a-1", "a-2")


def test_an_older_imported_run_is_not_worth_a_word(results: str) -> None:
    store_runs(results, LAB, {})
    assert find(results, replayed=False) == ("a-2", None)


def test_the_run_of_a_report_is_never_continued(results: str) -> None:
    store_runs(results, REPORT, {**REPORT, **LAB})
    assert find(results, replayed=False) == (None, None)
    assert store.latest_run(results, "a") == "a-2"


def test_a_run_without_times_is_never_the_latest(results: str) -> None:
    store.append(results, [make_row(run_id="demo-1")])
    table = read_table(results, list_names(results)[0])
    nameless = table.drop_columns(["started_at"]).set_column(
        table.schema.get_field_index("run_id"), "run_id", pa.array(["demo-2"])
    )
    put_file(results, "odd.parquet", to_parquet(nameless))
    assert store.latest_run(results) == store.latest_run(results, "demo") == "demo-1"


def test_runs_are_summed_up_by_the_last_attempt_of_each_unit(results: str) -> None:
    store.append(results, [make_row(status="crashed"), make_row(attempt=2), make_row(status="oom", batch_size=64)])
    ((run,), problems) = store.runs(results)
    assert (run.sweep, run.run_id, run.rows, run.statuses) == ("demo", "demo-1", 2, {"ok": 1, "oom": 1})
    assert (run.hostnames, run.source_file, problems) == (("box",), None, ())


def test_a_row_without_a_run_is_of_none(results: str) -> None:
    table = schema.to_table([make_row(run_id="demo-1"), make_row(run_id="demo-2")])
    runs = pa.array(["demo-1", None])
    put_file(results, "odd.parquet", to_parquet(table.set_column(table.schema.names.index("run_id"), "run_id", runs)))
    put_file(results, "part.parquet", to_parquet(table.drop_columns(["run_id"])))
    assert [run.run_id for run in store.runs(results)[0]] == ["demo-1"]


@pytest.mark.parametrize(("column", "values"), [("timed_s", [None, [0.5]]), ("status", [None, "ok"])])
def test_rows_that_cannot_be_read_are_left_out_and_named_where_only_usable_ones_count(
    results: str, column: str, values: list[object]
) -> None:
    table = schema.to_table([make_row(invocation=1), make_row(invocation=2)])
    index = table.schema.get_field_index(column)
    field = table.schema.field(index)
    put_file(results, "odd.parquet", to_parquet(table.set_column(index, field, pa.array(values, field.type))))
    ((run,), problems) = store.runs(results, only_usable=True)
    assert run.statuses == {"ok": 1}
    assert [problem.file for problem in problems] == ["odd.parquet"]
    assert problems == store.read(results).problems
    assert [run.rows for run in store.runs(results)[0]] == [2]


def test_moments_of_another_zone_are_in_utc(results: str) -> None:
    moments = ("2026-05-14T23:30:00.000+00:00", "2026-05-15T01:00:00.000+02:00", "2026-05-14T20:00:00.000-05:00")
    store.append(results, [make_row(invocation=1 + number, started_at=at) for number, at in enumerate(moments)])
    ((run,), _) = store.runs(results)
    assert (run.started_at, run.last_at) == ("2026-05-14T23:00:00.000+00:00", "2026-05-15T01:00:00.000+00:00")
