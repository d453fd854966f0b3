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


def test_a_replay_is_the_latest_run_only_where_there_is_no_other_or_it_is_asked_for(results: str) -> None:
    store.append(results, [make_row(sweep="a", run_id="a-1"), make_row(sweep="b", run_id="b-1", replayed="tape")])
    store.append(results, [make_row(sweep="a", run_id="a-2", replayed="tape")])
    store.append(results, [make_row(sweep="a", run_id="a-3", source_file="replayed from tape")])
    assert store.latest_run(results, "a") == store.latest_run(results, "a", replayed=False) == "a-1"
    assert store.latest_run(results, "a", replayed=True) == "a-3"
    assert store.latest_run(results, "b") == store.latest_run(results, "b", replayed=True) == "b-1"
    assert store.latest_run(results, "b", replayed=False) is None
    assert store.latest_run(results, other_than="a") == "b-1"


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
