"""What a store promises wherever it lies; `tests/integration/test_store_s3.py` runs the same against S3."""

import dataclasses
import errno
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from featray import store
from featray.api import chosen_runs, compare
from featray.api.export import choose
from featray.core import row as rows
from featray.core.row import Row
from featray.errors import NothingMatches, StoreError
from featray.store import compaction, schema
from featray.store import stored_files as places
from featray.store.stored_files import Place
from tests.support.builders import CPU, make_row


@pytest.fixture
def results(tmp_path: Path) -> str:
    """A store that does not exist yet."""
    return str(tmp_path / "results")


def put(results: str, name: str, content: bytes) -> None:
    """Lay a file into the store's folder, as anybody could."""
    place = places.at(results)
    if place.is_local:
        Path(place.folder).mkdir(parents=True, exist_ok=True)
    with place.filesystem.open_output_stream(place.path(name)) as stream:
        stream.write(content)


def parquet(table: Any, **options: Any) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream, **options)
    return stream.getvalue()


def names(results: str) -> list[str]:
    return [file.name for file in places.listing(places.at(results))[0]]


def read_whole(results: str, name: str) -> Any:
    """Read a file with whatever columns it has."""
    place = places.at(results)
    with place.filesystem.open_input_file(place.path(name)) as stream:
        return pq.read_table(stream)


def fill(results: str, count: int, **changes: Any) -> list[Row]:
    """Append rows of as many invocations, each in a file of its own."""
    made = [make_row(**{"invocation": number, **changes}) for number in range(1, count + 1)]
    for row in made:
        store.append(results, [row])
    return made


def with_extra(row: Row, extra: Mapping[str, Any]) -> bytes:
    """Write a row as a featray would that knows more columns."""
    table = schema.table([row])
    for name, value in extra.items():
        table = table.append_column(name, pa.array([value]))
    return parquet(table)


def of_schema(row: Row, version: int) -> Row:
    return dataclasses.replace(row, schema_version=version)


# -- what goes in comes out


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


def test_a_row_that_names_no_value_is_null_and_never_zero(results: str) -> None:
    store.append(results, [make_row(status="oom", reason="CUDA out of memory", gpu_memory_b=None)])
    frame, _ = store.load(results)
    assert frame["timed_s"].isna().all()
    assert frame["gpu_memory_b"].isna().all()


def test_text_that_is_no_unicode_does_not_lose_the_row(results: str) -> None:
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


def test_the_last_attempt_counts(results: str) -> None:
    lost = make_row(status="lost", attempt=1)
    again = make_row(attempt=2)
    store.append(results, [again])
    store.append(results, [lost])
    assert store.read(results).rows == (again,)
    assert store.read(results, every_attempt=True).rows == (lost, again)
    assert [(unit.attempt, unit.status) for unit in store.keys(results).units] == [(2, "ok")]


def assert_keys_agree(results: str) -> None:
    """Whatever `read` gives, `keys` gives the same rows in the same order, and names the same files."""
    for every_attempt in (False, True):
        read = store.read(results, every_attempt=every_attempt)
        found = store.keys(results, every_attempt=every_attempt)
        assert [unit.key() for unit in found.units] == [row.key() for row in read.rows]
        for unit, row in zip(found.units, read.rows, strict=True):
            assert vars(unit).items() <= vars(row).items()
        assert {problem.file for problem in found.problems} == {problem.file for problem in read.problems}


def test_keys_tell_of_a_row_what_resume_needs(results: str) -> None:
    row = make_row(order_index=3, warmup_s=[0.5, 0.25], timed_s=[0.1, 1e-17])
    refused = make_row(batch_size=1, status="infeasible", order_index=None)
    store.append(results, [row, refused])
    store.append(results, [dataclasses.replace(row, status="lost")])
    store.append(results, [dataclasses.replace(row, status="crashed", attempt=2, timed_s=None)])
    store.append(results, [make_row(invocation=number) for number in range(2, 80)])
    assert_keys_agree(results)
    store.compact(results)
    assert_keys_agree(results)


# -- filters and summaries


def test_filters_choose_rows(results: str) -> None:
    one = make_row(sweep="a", run_id="a-1")
    two = make_row(sweep="b", run_id="b-1", batch_size=4, environment="old")
    three = make_row(sweep="b", run_id="b-2", **CPU)
    store.append(results, [one, two])
    store.append(results, [three])
    assert store.read(results, sweep="a").rows == (one,)
    assert store.read(results, run_id="b-2").rows == (three,)
    assert store.read(results, cell_ids=[two.cell_id, "none"]).rows == (two,)
    assert store.read(results, cell_ids=[]).rows == ()
    assert store.read(results, where={"device": "cpu"}).rows == (three,)
    assert store.read(results, sweep="b", where={"environment": None}).rows == (three,)
    assert list(store.load(results, sweep="b")[0]["run_id"]) == ["b-1", "b-2"]


def test_load_gives_the_columns_asked_for(results: str) -> None:
    store.append(results, [make_row()])
    frame, problems = store.load(results, columns=["detector", "timed_s"])
    assert list(frame.columns) == ["detector", "timed_s"]
    assert list(frame["timed_s"].iloc[0]) == [0.76] * 5
    assert problems == ()


def test_load_gives_every_documented_column_and_maps_as_dicts(results: str) -> None:
    store.append(results, [make_row()])
    frame, _ = store.load(results)
    assert list(frame.columns) == [column.name for column in rows.columns()]
    assert frame["stages_s"].iloc[0]["emotion"] == 0.2


def test_a_misspelt_column_is_answered_with_the_right_one(results: str) -> None:
    with pytest.raises(NothingMatches, match="Did you mean 'detector'"):
        store.load(results, columns=["detectr"])


def test_the_latest_run_is_the_one_that_measured_last(results: str) -> None:
    store.append(results, [make_row(sweep="a", run_id="a-2", started_at="2026-05-14T00:00:00.000+00:00")])
    store.append(results, [make_row(sweep="b", run_id="b-1", started_at="2026-05-15T00:00:00.000+00:00")])
    assert store.latest_run(results) == "b-1"
    assert store.latest_run(results, "a") == "a-2"
    assert store.latest_run(results, "c") is None


def test_a_sweeps_latest_run_is_the_one_that_was_begun_last_whatever_the_hosts_clocks_say(results: str) -> None:
    store.append(results, [make_row(run_id="demo-20260514-231532-a1b2", started_at="2027-01-01T00:00:00.000+00:00")])
    store.append(results, [make_row(run_id="demo-20260515-080000-0000", started_at="1970-01-01T00:00:00.000+00:00")])
    assert store.latest_run(results, "demo") == "demo-20260515-080000-0000"
    assert store.latest_run(results) == "demo-20260514-231532-a1b2"  # of all sweeps: the one that measured last


def test_a_run_without_times_is_never_the_latest(results: str) -> None:
    store.append(results, [make_row(run_id="demo-1")])
    table = read_whole(results, names(results)[0])
    nameless = table.drop_columns(["started_at"]).set_column(
        table.schema.get_field_index("run_id"), "run_id", pa.array(["demo-2"])
    )
    put(results, "odd.parquet", parquet(nameless))
    assert store.latest_run(results) == store.latest_run(results, "demo") == "demo-1"


def test_a_file_that_nfs_calls_stale_has_gone(results: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rows lie in another file now, which the next listing shows: it is neither damaged nor missing."""
    store.append(results, [make_row()])
    reads = []

    def stale_once(place: Place, name: str) -> Any:
        reads.append(name)
        if len(reads) == 1:
            raise OSError(errno.ESTALE, "Stale file handle")
        return place.filesystem.open_input_file(place.path(name))

    monkeypatch.setattr(places, "_open", stale_once)
    reading = store.read(results)
    assert (len(reading.rows), reading.problems) == (1, ())
    assert len(reads) == 2


def test_runs_are_summed_up_by_the_last_attempt_of_each_unit(results: str) -> None:
    store.append(results, [make_row(status="crashed"), make_row(attempt=2), make_row(status="oom", batch_size=64)])
    ((run,), problems) = store.runs(results)
    assert (run.sweep, run.run_id, run.rows, run.statuses) == ("demo", "demo-1", 2, {"ok": 1, "oom": 1})
    assert (run.hostnames, run.source_file, problems) == (("box",), None, ())


# -- what cannot be used


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.parquet", b"", "empty"),
        ("text.parquet", b"hello, this is no parquet at all", "damaged or not parquet"),
        ("notes.txt", b"hello", "not a parquet file"),
        ("foreign.parquet", parquet(pa.table({"a": [1]})), "not a table of featray's rows"),
        ("odd.parquet", parquet(pa.table({"schema_version": [1], "run_id": [[1]]})), "cannot be read as rows"),
        ("part.parquet", parquet(pa.table({"schema_version": [1]})), "column sweep is missing"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_and_the_others_are_read(
    results: str, name: str, content: bytes, reason: str
) -> None:
    made = fill(results, 2)
    put(results, name, content)
    found = store.read(results)
    assert found.rows == tuple(made)
    (problem,) = found.problems
    assert problem.file == name
    assert reason in problem.reason
    assert_keys_agree(results)
    assert [problem.file for problem in store.check(results).problems] == [name]
    store.compact(results)
    assert store.read(results).rows == tuple(made)


def test_a_foreign_file_is_named_even_where_a_filter_would_hide_it(results: str) -> None:
    fill(results, 1)
    put(results, "foreign.parquet", parquet(pa.table({"a": [1]})))
    assert [problem.file for problem in store.read(results, sweep="demo").problems] == ["foreign.parquet"]
    assert [problem.file for problem in store.load(results, sweep="demo")[1]] == ["foreign.parquet"]


def test_a_flipped_bit_in_a_page_is_seen_and_not_read(results: str) -> None:
    place = places.at(results)
    store.append(results, [make_row(reason="A" * 500)])
    (name,) = names(results)
    with place.filesystem.open_input_file(place.path(name)) as stream:
        whole = bytearray(stream.read())
    whole[len(whole) // 4] ^= 0xFF
    put(results, name, bytes(whole))
    found = store.read(results)
    assert found.rows == ()
    assert [problem.file for problem in found.problems] == [name]
    assert_keys_agree(results)


def test_a_large_file_that_is_damaged_in_a_column_which_resume_does_not_need_is_not_done(results: str) -> None:
    store.append(results, [make_row(invocation=n, stderr_tail=os.urandom(3000).hex()) for n in range(1, 101)])
    (name,) = names(results)
    content = bytearray(contents(results)[name])
    assert len(content) > 128 * 1024
    content[len(content) // 2] ^= 0xFF
    put(results, name, bytes(content))
    assert [problem.file for problem in store.keys(results).problems] == [name]
    assert_keys_agree(results)


def test_a_row_that_lacks_a_column_is_not_done_also_after_a_compaction(results: str) -> None:
    fill(results, 2)
    put(results, "part.parquet", parquet(schema.table([make_row(invocation=3)]).drop_columns(["detector"])))
    assert_keys_agree(results)
    store.compact(results)
    assert len(names(results)) == 1
    assert_keys_agree(results)
    assert len(store.keys(results).units) == 2


def test_hidden_files_are_nobodys_business(results: str) -> None:
    made = fill(results, 1)
    put(results, ".rows-1.parquet.77.tmp", b"half a row")
    put(results, "_metadata", b"somebody's")
    assert store.read(results) == store.Reading(tuple(made))


# -- schemas


def test_rows_of_a_newer_schema_are_named_left_out_and_kept(results: str) -> None:
    made = fill(results, 2)
    put(results, "newer.parquet", with_extra(of_schema(make_row(invocation=3), 2), {"novelty": 1.5}))
    found = store.read(results)
    assert found.rows == tuple(made)
    assert [str(problem) for problem in found.problems] == [
        "newer.parquet: holds rows of a newer schema than 1; update featray to use them"
    ]
    assert len(store.load(results)[0]) == 2
    assert_keys_agree(results)
    store.compact(results)
    assert "newer.parquet" in names(results)


def test_asking_for_rows_of_a_newer_schema_says_why_there_are_none(results: str) -> None:
    fill(results, 1)
    newer = of_schema(make_row(sweep="next", run_id="next-1"), 2)
    put(results, "newer.parquet", parquet(schema.table([newer])))
    told = "left out: newer.parquet: holds rows of a newer schema than 1; update featray to use them"
    with pytest.raises(NothingMatches, match=told):
        chosen_runs.choose(results, ["next"])
    with pytest.raises(NothingMatches, match=told):
        choose(results, sweep="next")
    with pytest.raises(NothingMatches, match=told):
        compare("demo", "next", results=results)


def test_columns_that_only_a_newer_featray_knows_survive_compaction(results: str) -> None:
    store.append(results, [make_row(invocation=1)])
    put(results, "a.parquet", with_extra(make_row(invocation=2), {"novelty": 1.5, "notes": "b"}))
    put(results, "b.parquet", with_extra(make_row(invocation=3), {"novelty": 2}))
    assert len(store.read(results).rows) == 3
    store.compact(results)
    (name,) = names(results)
    kept = read_whole(results, name).sort_by("invocation")
    assert kept.column("novelty").to_pylist() == [None, 1.5, 2.0]
    assert kept.column("notes").to_pylist() == [None, "b", None]
    assert len(store.read(results).rows) == 3


def test_files_whose_unknown_columns_do_not_fit_together_stay_apart(results: str) -> None:
    put(results, "a.parquet", with_extra(make_row(invocation=1), {"novelty": 1.5}))
    put(results, "b.parquet", with_extra(make_row(invocation=2), {"novelty": ["x"]}))
    store.append(results, [make_row(invocation=3)])
    store.compact(results)
    assert "b.parquet" in names(results)
    assert len(names(results)) == 2
    assert len(store.read(results).rows) == 3


def test_a_record_of_an_older_schema_is_rewritten_step_by_step() -> None:
    steps: dict[int, schema.Migration] = {
        0: lambda record: {**record, "seconds": record["ms"] / 1000},
        1: lambda record: {"timed_s": [record["seconds"]]},
    }
    migrated = schema.migrate({"schema_version": 0, "ms": 250}, target=2, migrations=steps)
    assert migrated == {"schema_version": 2, "timed_s": [0.25]}
    assert schema.migrate({"schema_version": 2, "a": 1}, target=2, migrations=steps) == {"schema_version": 2, "a": 1}


def test_rows_of_a_schema_that_nothing_migrates_are_named(results: str) -> None:
    put(results, "ancient.parquet", parquet(schema.table([of_schema(make_row(), 0)])))
    store.append(results, [make_row(invocation=2)])
    found = store.read(results)
    assert len(found.rows) == 1
    assert "ancient.parquet: holds a row that cannot be read: schema version 0 is unknown" in str(found.problems[0])
    frame, problems = store.load(results)
    assert len(frame) == 1
    assert [problem.file for problem in problems] == ["ancient.parquet"]


@pytest.fixture
def older(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make up a schema 0, in which times were milliseconds and detectors had another case."""

    def upgrade(record: dict[str, Any]) -> dict[str, Any]:
        times = [each / 1000 for each in record["timed_ms"]]
        return {**record, "timed_s": times, "detector": record["detector"].lower(), "status": record["outcome"]}

    monkeypatch.setattr(schema, "MIGRATIONS", {0: upgrade})
    monkeypatch.setattr(schema, "LEGACY", {"timed_ms": pa.list_(pa.float64()), "outcome": pa.string()})


def as_of_schema_0(row: Row) -> bytes:
    table = schema.table([dataclasses.replace(row, schema_version=0, detector=row.detector.upper())])
    table = table.append_column("timed_ms", pa.array([[each * 1000 for each in row.timed_s or []]]))
    return parquet(table.append_column("outcome", pa.array([row.status])).drop_columns(["timed_s", "status"]))


@pytest.mark.usefixtures("older")
def test_rows_of_an_older_schema_are_read_loaded_checked_and_compacted_like_todays(results: str) -> None:
    made = [make_row(invocation=number, timed_s=[0.5, 0.25], **CPU) for number in (1, 2, 3)]
    put(results, "a.parquet", as_of_schema_0(made[0]))
    put(results, "b.parquet", as_of_schema_0(made[1]))
    store.append(results, [made[2]])
    upgraded = tuple(dataclasses.replace(row, schema_version=1) for row in made)

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
    assert len(names(results)) == 1
    assert_all_there()


@pytest.mark.usefixtures("older")
def test_load_counts_an_older_row_in_two_files_once_and_names_what_nothing_migrates(results: str) -> None:
    put(results, "a.parquet", as_of_schema_0(make_row()))
    put(results, "b.parquet", as_of_schema_0(make_row()))
    put(results, "c.parquet", parquet(schema.table([of_schema(make_row(invocation=2), -1)])))
    frame, problems = store.load(results, columns=["invocation"])
    assert list(frame["invocation"]) == [1]
    assert [str(problem) for problem in problems] == [
        "c.parquet: holds a row that cannot be read: schema version -1 is unknown to this featray, which reads up to 1"
    ]


# -- compaction and removal


def test_compaction_makes_one_file_and_changes_no_row(results: str) -> None:
    made = fill(results, 5)
    done = store.compact(results)
    assert (done.files_before, done.files_after, done.rows) == (5, 1, 5)
    assert len(names(results)) == 1
    assert store.read(results).rows == tuple(made)
    assert store.compact(results).files_before == 0


def test_compaction_drops_doubled_rows_and_keeps_every_attempt(results: str) -> None:
    attempts = [make_row(status="lost"), make_row(attempt=2)]
    for row in (*attempts, *attempts):
        store.append(results, [row])
    assert store.compact(results).rows == 2
    assert store.read(results, every_attempt=True).rows == tuple(attempts)


def test_compaction_of_a_run_leaves_other_runs_alone(results: str) -> None:
    fill(results, 3, run_id="demo-1")
    fill(results, 2, run_id="demo-2")
    assert store.compact(results, "demo-1").files_before == 3
    assert len(names(results)) == 3


def test_a_compaction_killed_before_it_deleted_anything_does_no_harm(results: str) -> None:
    made = fill(results, 3)
    store.append(results, made)  # what it wrote before it died
    assert store.read(results).rows == tuple(made)
    assert store.compact(results).rows == 3
    assert store.check(results).duplicates == 0


def contents(results: str) -> dict[str, bytes]:
    place = places.at(results)
    found = {}
    for name in names(results):
        with place.filesystem.open_input_file(place.path(name)) as stream:
            found[name] = stream.read()
    return found


def killed_compaction(results: str) -> tuple[str, ...]:
    """Leave what a compaction leaves that is killed before it deletes: its files, and those that they were made of."""
    before = contents(results)
    store.compact(results)
    made = tuple(name for name in names(results) if name not in before)
    for name, content in before.items():
        put(results, name, content)
    return made


def test_files_of_a_killed_compaction_are_deleted_by_the_next_also_when_its_own_is_too_large_to_merge(
    results: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "CHUNK_ROWS", 5)
    made = fill(results, 7)
    large, small = killed_compaction(results)
    assert store.check(results).duplicates == 7
    done = store.compact(results)
    assert (done.cleared, done.files_before) == (7, 0)
    assert names(results) == sorted([large, small])
    assert store.check(results).duplicates == 0
    assert store.read(results).rows == tuple(made)


def test_a_damaged_compacted_file_clears_nothing(results: str) -> None:
    made = fill(results, 3)
    (name,) = killed_compaction(results)
    content = bytearray(contents(results)[name])
    content[len(content) // 4] ^= 0xFF
    put(results, name, bytes(content))
    assert store.compact(results).cleared == 0
    assert store.read(results).rows == tuple(made)


def test_a_run_that_is_removed_amid_a_killed_compaction_leaves_its_other_runs_once(
    results: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "CHUNK_ROWS", 4)
    kept = fill(results, 4, run_id="demo-1")
    fill(results, 2, run_id="demo-2")
    killed_compaction(results)
    store.remove(results, "demo-2")
    assert store.compact(results).cleared == 4
    assert (store.read(results).rows, store.check(results).duplicates) == (tuple(kept), 0)


def test_an_archive_is_read_and_left_alone(results: str) -> None:
    store.append(results, [make_row(run_id="old")], archive="2025")
    fill(results, 2)
    store.compact(results)
    assert "history-2025.parquet" in names(results)
    assert len(store.read(results).rows) == 3
    planned = store.remove(results, "old")
    assert (planned.rows, planned.archived) == (0, ("history-2025.parquet",))
    assert len(store.read(results, run_id="old").rows) == 1


def test_an_archive_is_never_overwritten(results: str) -> None:
    store.append(results, [make_row()], archive="2025")
    with pytest.raises(StoreError):
        store.append(results, [make_row(invocation=2)], archive="2025")
    assert len(store.read(results).rows) == 1


def test_removing_a_run_takes_it_out_of_shared_files_too(results: str) -> None:
    fill(results, 2, run_id="demo-1")
    fill(results, 2, run_id="demo-2")
    store.compact(results)
    fill(results, 3, run_id="demo-1")  # two of them are in the compacted file already
    planned = store.removal(results, "demo-1")
    assert (planned.rows, len(planned.deleted), len(planned.rewritten)) == (3, 3, 1)
    store.remove(results, "demo-1")
    assert {row.run_id for row in store.read(results).rows} == {"demo-2"}
    assert len(store.read(results).rows) == 2
    assert [store.is_removed(results, run) for run in ("demo-1", "demo-2")] == [True, False]
    assert store.check(results).problems == ()
    store.append(results, [make_row(run_id="demo-1")])  # as when its report is imported again
    store.remove(results, "demo-1")
    assert {row.run_id for row in store.read(results).rows} == {"demo-2"}


def test_a_run_of_any_name_can_be_removed(results: str) -> None:
    name = "ü" * 100 + "/.."
    fill(results, 1, run_id=name)
    store.remove(results, name)
    assert store.is_removed(results, name)


def test_removing_a_run_keeps_rows_of_a_newer_schema_and_of_nobody_in_the_same_file(results: str) -> None:
    gone, newer, nobodys = make_row(run_id="demo-1"), make_row(run_id="demo-2"), make_row(run_id="demo-3")
    table = schema.table([gone, of_schema(newer, 2), nobodys])
    table = table.set_column(table.schema.names.index("run_id"), "run_id", pa.array(["demo-1", "demo-2", None]))
    put(results, "mixed.parquet", parquet(table.append_column("novelty", pa.array([None, 2.5, 3.5]))))
    planned = store.removal(results, "demo-1")
    assert (planned.deleted, planned.rewritten) == ((), ("mixed.parquet",))
    store.remove(results, "demo-1")
    (name,) = names(results)
    kept = read_whole(results, name)
    assert kept.column("run_id").to_pylist() == ["demo-2", None]
    assert kept.column("novelty").to_pylist() == [2.5, 3.5]


def test_removing_a_run_keeps_a_row_without_a_version_and_takes_the_runs_own_newer_rows(results: str) -> None:
    table = schema.table([make_row(run_id="demo-1"), make_row(run_id="demo-2")])
    put(results, "odd.parquet", parquet(table.set_column(0, "schema_version", pa.array([1, None], pa.int64()))))
    put(results, "newer.parquet", parquet(schema.table([of_schema(make_row(run_id="demo-1", invocation=2), 2)])))
    assert store.remove(results, "demo-1").rows == 2
    (name,) = names(results)
    assert read_whole(results, name).column("run_id").to_pylist() == ["demo-2"]


def test_a_removal_that_meets_a_damaged_shared_file_says_so_and_deletes_nothing(results: str) -> None:
    fill(results, 1, run_id="demo-1")
    table = schema.table([make_row(run_id="demo-1", reason="A" * 500), make_row(run_id="demo-2")])
    content = bytearray(parquet(table, compression="none", write_statistics=False, write_page_checksum=True))
    content[content.index(b"A" * 100)] ^= 0xFF
    put(results, "mixed.parquet", bytes(content))
    before = names(results)
    with pytest.raises(StoreError, match=r"mixed\.parquet: damaged or not parquet .* nothing was removed"):
        store.remove(results, "demo-1")
    assert names(results) == before
    assert not store.is_removed(results, "demo-1")


def test_removing_what_is_not_there_lists_what_is(results: str) -> None:
    fill(results, 1)
    with pytest.raises(NothingMatches, match="no run 'demo-9'; expected demo-1"):
        store.removal(results, "demo-9")


def test_file_names_never_repeat() -> None:
    assert len({places.new_name("rows") for _ in range(1000)}) == 1000


def test_one_summary_of_each_unit_is_enough_to_compare_it(results: str) -> None:
    made = [
        make_row(invocation=number, started_at=f"2026-05-14T0{number}:00:00.000+00:00", status=status)
        for number, status in ((1, "ok"), (2, "ok"), (3, "lost"))
    ]
    store.append(results, made)
    found = store.read(results, one_summary=True).rows
    assert [row.output_summary is not None for row in found] == [False, True, False]
    assert found[1] == made[1]
