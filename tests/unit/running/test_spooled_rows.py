"""Spooled rows: what waits on hosts or stands in a log reaches the store once, and whoever watches."""

import dataclasses
import json
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from featray import store
from featray.backends.replay import Replay
from featray.core.choices import Device
from featray.core.row import Row
from featray.core.status import Status
from featray.core.stored_unit import BegunUnit
from featray.errors import Interrupted
from featray.planning.planned_invocation import PlannedInvocation
from featray.running import claims
from featray.running.preparation import SubmitRequest, prepare
from featray.running.progress import Progress, read_lines
from featray.running.spooled_rows import find_begun, store_reported, store_spooled
from tests.support.builders import make_row
from tests.support.plans import make_inventory
from tests.support.replays import NOW, load_sweep, make_rows_of, replay, stored_rows, submit


def test_rows_left_in_a_spool_are_collected_by_the_next_submit(tmp_path: Path) -> None:
    loaded = load_sweep(tmp_path, "measure: {invocations: 1}")
    replay(loaded, tmp_path / "r")
    measured = stored_rows(tmp_path / "r")
    store.create_spool_name(tmp_path / "new")
    backend = Replay(make_inventory(), (), source="tape")
    backend._spooled = {row.key(): row for row in measured}
    _, outcome = submit(loaded, tmp_path / "new", backend)
    assert outcome.stored == 0
    assert {row.key() for row in stored_rows(tmp_path / "new")} == {row.key() for row in measured}
    assert backend._spooled == {}


def test_a_measured_row_that_comes_late_counts_whatever_was_taken_for_lost(tmp_path: Path) -> None:
    loaded = load_sweep(tmp_path, "measure: {invocations: 1}")
    names = [f"demo/retinaface/cpu/invocation-1{suffix}" for suffix in ("", "-attempt-2", "-attempt-3")]
    replay(loaded, tmp_path / "r", faults={name: [Status.LOST] * 2 for name in names})
    lost = stored_rows(tmp_path / "r")
    assert {row.status for row in lost} == {"lost"}
    assert {row.attempt for row in lost} == {2}
    late = [dataclasses.replace(row, attempt=1, status="ok", timed_s=[1.0]) for row in lost]
    backend = Replay(make_inventory(), (), source="tape")
    backend._spooled = {row.key(): row for row in late}
    assert len(store_spooled(str(tmp_path / "r"), backend)) == len(late)
    assert {(row.attempt, row.status) for row in stored_rows(tmp_path / "r")} == {(1, "ok")}
    again = prepare(SubmitRequest(sweep=loaded, results=str(tmp_path / "r")), make_inventory(), now=NOW)
    assert again.plan.invocations == ()


def test_what_a_watcher_hears_is_all_that_the_store_gets(tmp_path: Path) -> None:
    class Late(Replay):
        calls = 0

        def collect(self, store: str) -> Sequence[Row]:  # noqa: ARG002
            self.calls += 1
            lost = [row for row in stored_rows(tmp_path / "r") if row.status == Status.LOST]
            late = [dataclasses.replace(row, attempt=1, status="ok", timed_s=[1.0]) for row in lost]
            return [*late, *(dataclasses.replace(row, run_id="another") for row in late)] if self.calls > 1 else []

    loaded = load_sweep(tmp_path, "measure: {invocations: 1}")
    loaded = dataclasses.replace(loaded, axes=dataclasses.replace(loaded.axes, device=(Device.CPU, Device.MPS)))
    names = [f"demo/retinaface/cpu/invocation-1{suffix}" for suffix in ("", "-attempt-2", "-attempt-3")]
    faults = {name: [Status.LOST] * 2 for name in names}
    store.create_spool_name(tmp_path / "r")
    backend = Late(make_inventory(), make_rows_of(loaded), source="tape", faults=faults)
    events: list[dict[str, object]] = []
    run_id, _ = submit(loaded, tmp_path / "r", backend, lambda progress: events.append(progress.to_mapping()))
    assert backend.calls == 2
    store_reported(str(tmp_path / "far"), json.loads(json.dumps(events)))
    here, far = (store.read(str(tmp_path / name), run_id=run_id).rows for name in ("r", "far"))
    assert {row.status for row in here} == {"ok", "infeasible"}
    assert sorted(here, key=Row.key) == sorted(far, key=Row.key)
    assert {row.run_id for row in stored_rows(tmp_path / "far")} == {run_id, "another"}


def test_hosts_that_share_a_spool_give_each_row_once(tmp_path: Path) -> None:
    class Twice(Replay):
        def collect(self, store: str) -> Sequence[Row]:
            return [*super().collect(store), *super().collect(store)]

    row = make_row()
    store.create_spool_name(tmp_path / "r")
    backend = Twice(make_inventory(), (), source="tape")
    backend._spooled = {row.key(): row}
    assert len(store_spooled(str(tmp_path / "r"), backend)) == 1
    assert store.check(str(tmp_path / "r")).duplicates == 0


def test_the_spool_of_one_folder_is_not_that_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spools: list[str] = []

    class Listening(Replay):
        def start(self, planned: PlannedInvocation, store: str) -> None:
            spools.append(store)
            super().start(planned, store)

        def collect(self, store: str) -> Sequence[Row]:
            spools.append(store)
            return super().collect(store)

    monkeypatch.chdir(tmp_path)
    loaded = load_sweep(tmp_path, "measure: {invocations: 1}")
    submit(loaded, Path("results"), Listening(make_inventory(), make_rows_of(loaded), source="tape"))
    assert set(spools) == {store.spool_name(tmp_path / "results")}


def test_two_folders_of_one_path_have_spools_of_their_own(tmp_path: Path) -> None:
    """As on two machines, or in two containers, that measure on one cluster."""
    loaded, results = load_sweep(tmp_path, "measure: {invocations: 1}"), tmp_path / "r"
    replay(loaded, results)
    first = store.spool_name(results)
    shutil.move(results, tmp_path / "elsewhere")
    assert store.spool_name(results) is None
    assert store_spooled(str(results), Replay(make_inventory(), (), source="tape")) == []
    assert not results.exists()
    replay(loaded, results)
    assert store.spool_name(results) not in (None, first)
    shutil.copytree(results, tmp_path / "copy")
    assert store.spool_name(tmp_path / "copy") != store.spool_name(results)


def test_what_is_removed_after_ctrl_c_stays_removed(tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.event is not None and progress.event.row is not None:
            raise KeyboardInterrupt

    loaded, results = load_sweep(tmp_path, "measure: {invocations: 1}"), str(tmp_path / "r")
    backend = Replay(make_inventory(), make_rows_of(loaded), source="tape")
    with pytest.raises(Interrupted, match="stopped; 1 row is stored, the next submit"):
        submit(loaded, tmp_path / "r", backend, stop)
    row = next(row for row in stored_rows(tmp_path / "r") if row.status == "ok")
    store.remove(results, run_id=row.run_id)
    assert store_spooled(results, backend) == []


def test_a_row_that_was_being_stored_at_ctrl_c_stays_on_its_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded, results = load_sweep(tmp_path, "measure: {invocations: 1}"), str(tmp_path / "r")
    backend = Replay(make_inventory(), make_rows_of(loaded), source="tape")
    append = store.Appender.append

    def stopped(appender: store.Appender, rows: Sequence[Row]) -> None:
        if rows[0].status == Status.OK:
            raise KeyboardInterrupt
        append(appender, rows)

    with monkeypatch.context() as patch:
        patch.setattr(store.Appender, "append", stopped)
        with pytest.raises(Interrupted):
            submit(loaded, tmp_path / "r", backend)
    assert "ok" not in {row.status for row in stored_rows(tmp_path / "r")}
    assert store_spooled(results, backend) != []
    assert "ok" in {row.status for row in stored_rows(tmp_path / "r")}


def test_a_row_measured_behind_a_broken_network_takes_the_place_of_its_loss(tmp_path: Path) -> None:
    loaded, results = load_sweep(tmp_path, "measure: {invocations: 1}"), str(tmp_path / "r")
    row = dataclasses.replace(make_rows_of(loaded)[0], order_index=0)
    store.append(results, [dataclasses.replace(row, status="lost", timed_s=None)])
    store.create_spool_name(results)
    backend = Replay(make_inventory(), [], source="tape")
    backend._spooled[row.key()] = row
    assert len(store_spooled(results, backend)) == 1
    assert [row.status for row in stored_rows(tmp_path / "r")] == ["ok"]


def test_what_was_measured_after_a_stop_comes_to_a_caller_that_has_the_stop(tmp_path: Path) -> None:
    stopped = make_row(status=Status.CANCELLED)
    store.append(str(tmp_path), [stopped])
    measured = dataclasses.replace(stopped, status=Status.OK.value, timed_s=[0.5])
    events = [{"row": dataclasses.asdict(measured)}]
    assert store_reported(str(tmp_path), events) == 1
    assert [row.status for row in stored_rows(tmp_path)] == ["ok"]
    assert store_reported(str(tmp_path), events) == 0


def test_a_row_comes_over_whatever_its_words_are(tmp_path: Path) -> None:
    """Lines of a log end in newlines, and in nothing else that Unicode calls the end of a line."""
    event = {"done": 1, "total": 1, "row": dataclasses.asdict(make_row(description="one\u2028two\x85three"))}
    log = json.dumps(event, ensure_ascii=False) + "\n"
    assert store_reported(str(tmp_path), read_lines(log.split("\n"))) == 1
    (row,) = stored_rows(tmp_path)
    assert row.description == "one\u2028two\x85three"


def with_spooled(folder: Path, *rows: Row) -> Replay:
    """Make a backend in whose hosts' spools these rows wait."""
    store.create_spool_name(folder)
    backend = Replay(make_inventory(), (), source="tape")
    backend._spooled = {row.key(): row for row in rows}
    return backend


def test_a_row_that_a_live_driver_is_about_to_store_is_left_to_it(tmp_path: Path) -> None:
    live, dead = make_row(sweep="live"), make_row(sweep="dead", run_id="dead-1")
    backend = with_spooled(tmp_path, live, dead)
    with claims.claim(str(tmp_path), "live"):
        assert [row.sweep for row in store_spooled(str(tmp_path), backend)] == ["dead"]
        assert list(backend._spooled.values()) == [live]
        assert [row.sweep for row in store_spooled(str(tmp_path), backend, own="live")] == ["live"]  # its own driver
    assert store.check(str(tmp_path)).duplicates == 0


def test_of_two_drivers_that_collect_at_once_one_stores_the_row(tmp_path: Path) -> None:
    first, second = with_spooled(tmp_path, make_row()), with_spooled(tmp_path, make_row())
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda backend: store_spooled(str(tmp_path), backend), (first, second)))
    assert sorted(len(rows) for rows in found) == [0, 1]
    assert store.check(str(tmp_path)).duplicates == 0
    assert (first._spooled, second._spooled) == ({}, {})


def test_a_sweep_named_like_a_path_in_a_spool_makes_no_lock_file_elsewhere(tmp_path: Path) -> None:
    results = tmp_path / "a" / "r"
    (tmp_path / "a").mkdir()
    assert len(store_spooled(str(results), with_spooled(results, make_row(sweep="/../../x")))) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_spooled_row_that_cannot_be_is_named_and_the_others_are_stored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = dataclasses.replace(make_row(invocation=2), timed_s=[-1.0])
    with caplog.at_level("WARNING", "featray"):
        assert len(store_spooled(str(tmp_path), with_spooled(tmp_path, make_row(), wrong))) == 1
    assert "a host's spool: the row demo-1/" in caplog.text
    assert "was set aside: column timed_s" in caplog.text


def test_a_reported_row_that_cannot_be_is_set_aside_and_the_others_are_stored(tmp_path: Path) -> None:
    whole, wrong = dataclasses.asdict(make_row()), dataclasses.asdict(make_row(invocation=2))
    hostile: list[dict[str, object]] = [{**wrong, "timed_s": [-1.0]}, {**wrong, "run_id": None}, {"sweep": ["x"]}]
    events = [{"row": values} for values in (*hostile, whole)] + [{"other": "no row"}]
    assert store_reported(str(tmp_path), events) == 1
    assert len(stored_rows(tmp_path)) == 1


def test_hosts_that_share_a_spool_give_what_they_began_once(tmp_path: Path) -> None:
    class Sharing(Replay):
        def collect_begun(self, store: str) -> Sequence[BegunUnit]:  # noqa: ARG002
            return [begun, begun]

    at = "2026-05-14T00:00:00.000+00:00"
    begun = BegunUnit(run_id="demo-1", cell_id="a", target_id="cpu@here", invocation=1, begun_at=at)
    backend = Sharing(make_inventory(), (), source="tape")
    assert find_begun(str(tmp_path / "new"), backend) == ()
    store.create_spool_name(tmp_path / "new")
    assert find_begun(str(tmp_path / "new"), backend) == (begun,)
