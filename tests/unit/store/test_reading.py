"""Reading: what goes into a store comes out, once, in order, whatever its schema."""

import dataclasses
import itertools
import math
from typing import Any

import pyarrow as pa
import pytest

from featray import store
from featray.core.row import Row, columns
from featray.errors import NothingMatches
from featray.store import schema
from featray.store.location import locate
from featray.store.reading import distinct
from tests.support.builders import CPU, make_row
from tests.support.store_files import assert_keys_agree, list_names, of_schema, put_file, to_parquet


def test_a_store_that_does_not_exist_is_empty(results: str) -> None:
    assert store.read(results) == store.Reading(())
    assert store.latest_run(results) is None
    assert store.runs(results) == ([], ())
    assert store.keys(results) == store.StoredKeys(())
    assert store.load(results)[0].empty
    assert store.check(results).rows == 0
    assert store.compact(results).files_before == 0


def test_rows_come_back_as_they_went_in(results: str) -> None:
    row = make_row(stages_s={"decode": 0.25}, throttle_reasons=["thermal"], energy_j=None, foreign_gpu_processes=0)
    store.append(results, [row])
    assert store.read(results).rows == (row,)


def test_a_value_that_a_row_lacks_is_null_and_never_zero(results: str) -> None:
    store.append(results, [make_row(status="oom", reason="CUDA out of memory", gpu_memory_b=None)])
    frame, _ = store.load(results)
    assert frame["timed_s"].isna().all()
    assert frame["gpu_memory_b"].isna().all()


def test_a_row_with_text_that_is_not_unicode_is_stored(results: str) -> None:
    store.append(results, [make_row(stderr_tail="caf\udce9", printed={"sec\udc80": "1"})])
    (row,) = store.read(results).rows
    assert row.stderr_tail == "caf?"


def test_rows_come_in_the_order_in_which_they_were_measured(results: str) -> None:
    later = make_row(started_at="2026-05-15T00:00:00.000+00:00", invocation=1)
    second = make_row(started_at="2026-05-14T00:00:00.000+00:00", invocation=2, order_index=1)
    first = make_row(started_at="2026-05-14T00:00:00.000+00:00", invocation=2, order_index=0, batch_size=4)
    store.append(results, [later, second])
    store.append(results, [first])
    assert store.read(results).rows == (first, second, later)


def test_a_row_in_two_files_counts_once(results: str) -> None:
    store.append(results, [make_row()])
    store.append(results, [make_row()])
    assert len(store.read(results, every_attempt=True).rows) == 1
    assert len(store.load(results)[0]) == 1
    assert store.check(results).duplicates == 1


@pytest.mark.parametrize("part", schema.KEY)
def test_rows_that_lack_a_part_of_their_key_are_never_the_same_row(results: str, part: str) -> None:
    table = schema.to_table([make_row(started_at=f"2026-05-14T0{number}:00:00.000+00:00") for number in range(3)])
    values = pa.array([None, None, getattr(make_row(), part)], table.schema.field(part).type)
    table = table.set_column(table.schema.get_field_index(part), part, values)
    assert distinct(table, every_attempt=True).equals(table)
    put_file(results, "a.parquet", to_parquet(table.slice(0, 1)))
    put_file(results, "b.parquet", to_parquet(table.slice(1)))
    compacted = store.compact(results)
    assert (compacted.rows, compacted.duplicates) == (3, 0)


def test_the_last_attempt_counts(results: str) -> None:
    lost = make_row(status="lost", attempt=1)
    again = make_row(attempt=2)
    store.append(results, [again])
    store.append(results, [lost])
    assert store.read(results).rows == (again,)
    assert store.read(results, every_attempt=True).rows == (lost, again)
    assert [(unit.attempt, unit.status) for unit in store.keys(results).units] == [(2, "ok")]


def test_one_summary_keeps_the_output_of_each_units_last_measured_row(results: str) -> None:
    rows = [
        make_row(invocation=number, started_at=f"2026-05-14T0{number}:00:00.000+00:00", status=status)
        for number, status in ((1, "ok"), (2, "ok"), (3, "lost"))
    ]
    store.append(results, rows)
    read = store.read(results, one_summary=True).rows
    assert [row.output_summary is not None for row in read] == [False, True, False]
    assert read[1] == rows[1]


def test_load_gives_the_columns_asked_for(results: str) -> None:
    store.append(results, [make_row()])
    frame, problems = store.load(results, columns=["detector", "timed_s"])
    assert list(frame.columns) == ["detector", "timed_s"]
    assert list(frame["timed_s"].iloc[0]) == [0.76] * 5
    assert problems == ()


def test_load_gives_every_documented_column_and_maps_as_dicts(results: str) -> None:
    store.append(results, [make_row()])
    frame, _ = store.load(results)
    assert list(frame.columns) == [column.name for column in columns()]
    assert frame["stages_s"].iloc[0]["emotion"] == 0.2


def test_a_misspelt_column_is_refused_with_the_right_name(results: str) -> None:
    with pytest.raises(NothingMatches, match="Did you mean 'detector'"):
        store.load(results, columns=["detectr"])


def test_rows_of_a_schema_that_no_migration_starts_from_are_named(results: str) -> None:
    put_file(results, "ancient.parquet", to_parquet(schema.to_table([of_schema(make_row(), 0)])))
    store.append(results, [make_row(invocation=2)])
    reading = store.read(results)
    assert len(reading.rows) == 1
    assert "ancient.parquet: holds a row that cannot be read" in str(reading.problems[0])
    assert "schema version 0 is unknown" in str(reading.problems[0])
    frame, problems = store.load(results)
    assert len(frame) == 1
    assert [problem.file for problem in problems] == ["ancient.parquet"]


@pytest.fixture
def schema_0(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make up a schema 0: times in milliseconds, detectors in capitals, and statuses in another column."""

    def upgrade(record: dict[str, Any]) -> dict[str, Any]:
        times = [time_ms / 1000 for time_ms in record["timed_ms"]]
        return {**record, "timed_s": times, "detector": record["detector"].lower(), "status": record["outcome"]}

    monkeypatch.setattr(schema, "MIGRATIONS", {0: upgrade})
    monkeypatch.setattr(schema, "LEGACY", {"timed_ms": pa.list_(pa.float64()), "outcome": pa.string()})


def write_as_schema_0(row: Row) -> bytes:
    table = schema.to_table([dataclasses.replace(row, schema_version=0, detector=row.detector.upper())])
    table = table.append_column("timed_ms", pa.array([[time_s * 1000 for time_s in row.timed_s or []]]))
    return to_parquet(table.append_column("outcome", pa.array([row.status])).drop_columns(["timed_s", "status"]))


@pytest.mark.usefixtures("schema_0")
def test_rows_of_an_older_schema_are_read_loaded_checked_and_compacted_like_those_of_today(results: str) -> None:
    rows = [make_row(invocation=number, timed_s=[0.5, 0.25], **CPU) for number in (1, 2, 3)]
    put_file(results, "a.parquet", write_as_schema_0(rows[0]))
    put_file(results, "b.parquet", write_as_schema_0(rows[1]))
    store.append(results, [rows[2]])
    upgraded = tuple(dataclasses.replace(row, schema_version=1) for row in rows)

    def assert_all_there() -> None:
        assert store.read(results).rows == upgraded
        assert_keys_agree(results)
        frame, problems = store.load(results)
        assert (list(frame["detector"]), problems) == (["retinaface"] * 3, ())
        few, _ = store.load(results, columns=["sweep", "timed_s"], sweep="demo")
        assert list(few.columns) == ["sweep", "timed_s"]
        assert [list(times) for times in few["timed_s"]] == [[0.5, 0.25]] * 3
        assert list(store.load(results, columns=["status"], run_id="demo-1")[0]["status"]) == ["ok"] * 3
        checked = store.check(results)
        assert (checked.rows, checked.duplicates, checked.problems) == (3, 0, ())

    assert_all_there()
    assert store.compact(results).rows == 3
    assert len(list_names(results)) == 1
    assert_all_there()


@pytest.mark.usefixtures("schema_0")
def test_load_counts_an_older_row_in_two_files_once_and_names_rows_that_cannot_be_migrated(results: str) -> None:
    put_file(results, "a.parquet", write_as_schema_0(make_row()))
    put_file(results, "b.parquet", write_as_schema_0(make_row()))
    put_file(results, "c.parquet", to_parquet(schema.to_table([of_schema(make_row(invocation=2), -1)])))
    frame, problems = store.load(results, columns=["invocation"])
    assert list(frame["invocation"]) == [1]
    assert [str(problem) for problem in problems] == [
        f"c.parquet: holds a row that cannot be read (run 'demo-1', cell '{make_row().cell_id}'): "
        "schema version -1 is unknown to this featray, which reads up to 1"
    ]


def test_a_row_of_a_lost_host_gives_way_to_the_row_that_the_host_wrote(results: str) -> None:
    store.append(results, [make_row(status="ok")])
    store.append(results, [make_row(status="lost", timed_s=None)])
    assert [row.status for row in store.read(results).rows] == ["ok"]
    store.compact(results)
    assert [row.status for row in store.read(results, every_attempt=True).rows] == ["ok"]


def test_a_bad_row_in_a_folder_of_the_store_is_named_with_the_folder(results: str) -> None:
    store.append(results, [make_row()])
    location = locate(results)
    location.filesystem.create_dir(location.path("moved"))
    put_file(results, "moved/ancient.parquet", to_parquet(schema.to_table([of_schema(make_row(), 0)])))
    assert [problem.file for problem in store.read(results).problems] == ["moved/ancient.parquet"]
    assert [problem.file for problem in store.load(results)[1]] == ["moved/ancient.parquet"]


IMPOSSIBLE: list[dict[str, Any]] = [
    {"device": "gpu"},
    {"status": "fine", "timed_s": None},
    {"timed_s": [1.0, -1.0]},
    {"timed_s": [0.0]},
    {"timed_s": [math.nan]},
    {"timed_s": [1.0, None]},
    {"timed_s": None},
    {"batch_size": 0},
    {"started_at": "yesterday"},
]
TOO_DEEP = {"asked": "[" * 100_000}  # takes long to read: two rows are as many as a hundred


@pytest.mark.parametrize(
    ("changes", "count"),
    [*itertools.product(IMPOSSIBLE, (1, 100)), (TOO_DEEP, 1), (TOO_DEEP, 2)],
    ids=lambda value: str(value)[:30],
)
def test_a_row_that_cannot_be_is_set_aside_by_name_by_every_reader(
    results: str, changes: dict[str, Any], count: int
) -> None:
    good = make_row(run_id="demo-2")
    bad = [dataclasses.replace(make_row(invocation=number + 1), **changes) for number in range(count)]
    name = store.append(results, bad)
    store.append(results, [good])
    column = list(changes)[-1 if changes.get("device") else 0]
    rows = "a row that cannot be read (" if count == 1 else f"{count} rows that cannot be read (the first: "
    message = f"{name}: holds {rows}run 'demo-1', cell '{bad[0].cell_id}'): column {column}"
    frame, problems = store.load(results, columns=["run_id"])
    assert list(frame["run_id"]) == ["demo-2"]
    assert store.read(results).rows == (good,)
    assert [unit.run_id for unit in store.keys(results).units] == ["demo-2"]
    assert store.check(results).rows == 1
    for said in (problems, *(use(results).problems for use in (store.read, store.keys, store.check))):
        assert [str(problem)[: len(message)] for problem in said] == [message]


def test_a_number_that_a_sensor_did_not_give_is_null_without_a_word(results: str) -> None:
    store.append(results, [make_row(power_median_w=math.nan)])
    reading = store.read(results)
    assert (reading.rows[0].power_median_w, reading.problems) == (None, ())
