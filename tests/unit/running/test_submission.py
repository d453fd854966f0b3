"""Submissions on the replay backend: resume, adaptive invocations, refusals, faults, claims. No process is started."""

import collections
import dataclasses
import datetime
import errno
import fcntl
import json
import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pytest

from featray import store, sweep
from featray.backends import Event
from featray.backends.replay import SILENT, Faults, Replay
from featray.cli import progress
from featray.core.row import Row
from featray.core.status import Status
from featray.errors import Busy, Interrupted, NothingMatches, NotReady, StoreError
from featray.host import clips
from featray.measurement.weights import HubFile
from featray.planning.inventory import Inventory
from featray.planning.invocations_per_unit import settled
from featray.planning.plan import Planned
from featray.running import claims, detached
from featray.running.claims import claim, holder_name
from featray.running.runner import REAL_TIME, DriverClock, Progress, RunOutcome
from featray.running.spooled_rows import gather
from featray.running.submission import SubmitRequest, carry_out, prepare, without_number
from featray.sweep import expand
from tests.support.builders import make_row
from tests.support.places import BLACKWELL, RTX3090, make_host, make_inventory

NOW = datetime.datetime(2026, 5, 14, 23, 15, 32, tzinfo=datetime.UTC)
ROOT = Path(__file__).parents[3]

SWEEP = """
detectors: [retinaface]
inputs: [short]
axes: {device: cpu, batch_size: [1, 4]}
weights: synthetic
"""


def load(folder: Path, text: str = "", name: str = "demo") -> sweep.Sweep:
    path = folder / f"{name}.yaml"
    path.write_text(SWEEP + text, encoding="utf-8")
    return sweep.load(path, probe_clip=clips.probe)


def recorded(of: sweep.Sweep, times: Sequence[float] = (1.0,), **changes: object) -> list[Row]:
    """Make a row per cell and time, as a store to replay holds them."""
    return [
        make_row(
            detector=each.detector.name,
            input=each.input.name,
            device=each.device,
            batch_size=each.batch_size,
            num_workers=each.num_workers,
            threads=each.threads,
            weights=each.weights,
            environment=each.environment,
            invocation=number,
            timed_s=[seconds] * 3,
            **changes,
        )
        for each in expand(of)
        for number, seconds in enumerate(times, 1)
    ]


def run(
    of: sweep.Sweep,
    results: Path,
    *,
    hosts: Inventory | None = None,
    rows: Sequence[Row] | None = None,
    faults: Faults | None = None,
    clock: DriverClock = REAL_TIME,
    **request: bool,
) -> RunOutcome:
    backend = Replay(hosts or make_inventory(), recorded(of) if rows is None else rows, source="tape", faults=faults)
    asked = SubmitRequest(sweep=of, results=str(results), **request)
    _, outcome = carry_out(asked, backend, lambda _: None, now=NOW, clock=clock)
    return outcome


def stored(results: Path) -> tuple[Row, ...]:
    return store.read(str(results)).rows


def test_every_unit_gets_a_row_in_every_invocation(tmp_path: Path) -> None:
    of = load(tmp_path, "measure: {invocations: 3}")
    assert len(run(of, tmp_path / "r").rows) == 6
    assert sorted((row.batch_size, row.invocation) for row in stored(tmp_path / "r")) == [
        (size, number) for size in (1, 4) for number in (1, 2, 3)
    ]


def test_replayed_rows_say_where_they_come_from(tmp_path: Path) -> None:
    run(load(tmp_path, "measure: {invocations: 1}"), tmp_path / "r")
    assert {row.source_file for row in stored(tmp_path / "r")} == {"replayed from tape"}


def test_a_second_submit_measures_nothing_and_a_rerun_everything(tmp_path: Path) -> None:
    of = load(tmp_path, "measure: {invocations: 2}")
    run(of, tmp_path / "r")
    assert run(of, tmp_path / "r").rows == []
    assert len(run(of, tmp_path / "r", rerun=True).rows) == 4
    assert len({row.run_id for row in stored(tmp_path / "r")}) == 2
    assert len(stored(tmp_path / "r")) == 8


def test_a_steady_pilot_is_enough(tmp_path: Path) -> None:
    of = load(tmp_path)
    run(of, tmp_path / "r", rows=recorded(of, (1.0, 1.001, 0.999, 1.0, 1.0005)))
    assert max(row.invocation for row in stored(tmp_path / "r")) == 5


def test_a_noisy_pilot_gives_every_cell_of_its_process_the_larger_number_once(tmp_path: Path) -> None:
    of = load(tmp_path)
    steady = [row for row in recorded(of) if row.batch_size == 1]
    noisy = [row for row in recorded(of, (1.0, 1.1, 0.9, 1.05, 0.95)) if row.batch_size == 4]
    run(of, tmp_path / "r", rows=steady + noisy)
    most = {size: max(r.invocation for r in stored(tmp_path / "r") if r.batch_size == size) for size in (1, 4)}
    assert most == {1: 12, 4: 12}
    assert run(of, tmp_path / "r", rows=steady + noisy).rows == []


def test_environments_that_are_to_be_compared_get_the_same_number(tmp_path: Path) -> None:
    of = load(tmp_path, "environments: {after: [torch==2.15.0], before: [torch==2.11.0]}")
    steady, noisy = recorded(of, (1.0,)), recorded(of, (1.0, 1.1, 0.9, 1.05, 0.95))
    rows = [
        *(row for row in steady if row.environment == "before"),
        *(row for row in noisy if row.environment == "after"),
    ]
    run(of, tmp_path / "r", rows=rows)
    counts = collections.Counter((row.environment, row.batch_size) for row in stored(tmp_path / "r"))
    assert set(counts.values()) == {12}
    assert len(counts) == 4


def test_a_budget_counts_for_pilot_and_rest_together(tmp_path: Path) -> None:
    clock = [0.0]
    slow = DriverClock(now=lambda: clock[0])

    class Slow(Replay):
        def start(self, planned: Planned, store: str) -> None:
            clock[0] += 60
            super().start(planned, store)

    of = load(tmp_path)
    rows = recorded(of, (1.0, 1.1, 0.9, 1.05, 0.95))  # a noisy pilot: 12 invocations are wanted
    request = SubmitRequest(sweep=of, results=str(tmp_path / "r"), budget_s=7.5 * 60)
    _, outcome = carry_out(request, Slow(make_inventory(), rows, source="tape"), lambda _: None, now=NOW, clock=slow)
    assert (len(outcome.rows), outcome.not_reached) == (16, 8)
    assert outcome.problems == ["the budget left 8 measurements in 4 invocations undone"]
    short = dataclasses.replace(request, results=str(tmp_path / "s"), budget_s=2.5 * 60)
    _, outcome = carry_out(short, Slow(make_inventory(), rows, source="tape"), lambda _: None, now=NOW, clock=slow)
    assert outcome.problems == ["the budget left 4 measurements in 2 invocations undone"]


def test_a_host_that_joins_is_announced_and_gets_its_share_at_the_end(tmp_path: Path) -> None:
    class Growing(Replay):
        joined = False

        def start(self, planned: Planned, store: str) -> None:
            if not self.joined:
                self.joined, self._hosts = True, make_inventory(make_host("box"), make_host("late"))
                self.names = ["late"]
            super().start(planned, store)

        def newcomers(self) -> Sequence[str]:
            come, self.names = self.names, list[str]()
            return come

    of, said = load(tmp_path, "measure: {invocations: 1}"), list[str]()
    backend = Growing(make_inventory(make_host("box")), recorded(of), source="tape")
    request = SubmitRequest(sweep=of, results=str(tmp_path / "r"))
    run_id, _ = carry_out(request, backend, lambda progress: said.append(progress.text or ""), now=NOW)
    rows = stored(tmp_path / "r")
    assert sorted((row.target_id, row.batch_size) for row in rows) == [
        (f"cpu@id-{name}", size) for name in ("box", "late") for size in (1, 4)
    ]
    assert {row.run_id for row in rows} == {run_id}
    assert "late joined; what the sweep asks of it is measured after the rest" in said


def test_a_crash_is_tried_twice_more_and_the_last_attempt_counts(tmp_path: Path) -> None:
    of = load(tmp_path, "measure: {invocations: 1}")
    faults = {"demo/retinaface/cpu/invocation-1": [Status.CRASHED]}
    run(of, tmp_path / "r", faults=faults)
    rows = store.read(str(tmp_path / "r"), every_attempt=True).rows
    assert sorted((row.batch_size, row.attempt, row.status) for row in rows) == [
        (size, attempt, status) for size in (1, 4) for attempt, status in ((1, "crashed"), (2, "ok"))
    ]
    assert {row.status for row in stored(tmp_path / "r")} == {"ok"}


def test_a_host_that_loses_three_invocations_in_a_row_is_set_aside(tmp_path: Path) -> None:
    of = load(tmp_path, "measure: {invocations: 4}")
    names = [f"demo/retinaface/cpu/invocation-{n}" for n in range(1, 5)]
    faults = {name + suffix: [Status.LOST] * 9 for name in names for suffix in ("", "-attempt-2", "-attempt-3")}
    outcome = run(of, tmp_path / "r", faults=faults)
    assert outcome.problems == ["CPU was set aside after 3 invocations in a row were lost with their process"]
    assert {row.status for row in stored(tmp_path / "r")} == {"lost"}
    assert len(stored(tmp_path / "r")) == 8


def test_a_noisy_pilot_counts_where_targets_are_interchangeable(tmp_path: Path) -> None:
    of = load(tmp_path, "interchangeable: true")
    rows = recorded(of, (1.0, 1.1, 0.9, 1.05, 0.95))
    run(of, tmp_path / "r", hosts=make_inventory(make_host("box"), make_host("shelf")), rows=rows)
    counts = collections.Counter((row.batch_size, row.target_id) for row in stored(tmp_path / "r"))
    assert sorted(counts.values()) == [12, 12]


def test_interchangeable_work_moves_to_the_other_host(tmp_path: Path) -> None:
    of = load(tmp_path, "measure: {invocations: 1}\ninterchangeable: true")
    hosts = make_inventory(make_host("a"), make_host("b"))
    outcome = run(of, tmp_path / "r", hosts=hosts)
    assert len(outcome.rows) == 2
    assert run(of, tmp_path / "r", hosts=hosts).rows == []


def test_a_unit_lost_on_one_interchangeable_host_and_measured_on_another_has_its_number() -> None:
    lost = make_row(target_id="cpu@a", status="lost", timed_s=None)
    done = make_row(target_id="cpu@b", attempt=2)
    assert without_number([lost, done], interchangeable=True) == 0
    assert without_number([lost, done], interchangeable=False) == 1
    assert without_number([lost], interchangeable=True) == 1


def test_what_cannot_run_is_a_row_with_its_reason_and_is_not_written_twice(tmp_path: Path) -> None:
    of = load(tmp_path, "include: [{device: mps}]\nmeasure: {invocations: 1}")
    run(of, tmp_path / "r")
    run(of, tmp_path / "r")
    refused = [row for row in store.read(str(tmp_path / "r"), every_attempt=True).rows if row.status == "infeasible"]
    assert [row.reason for row in refused] == ["no mps device among box (no GPU)"] * len(refused)
    assert len(refused) == len({row.cell_id for row in refused}) > 0


def test_a_host_that_is_never_heard_of_again_ends_as_lost(tmp_path: Path) -> None:
    of = load(tmp_path, "measure: {invocations: 1, time_limit_s: 0.1, load_limit_s: 0.1}")
    names = [f"demo/retinaface/cpu/invocation-1{suffix}" for suffix in ("", "-attempt-2", "-attempt-3")]
    faults = {name: [SILENT, SILENT] for name in names}
    outcome = run(of, tmp_path / "r", faults=faults, clock=DriverClock(grace_s=0.2))
    assert {row.status for row in stored(tmp_path / "r")} == {"lost"}
    assert "no word from its host" in str(outcome.rows[0].reason)


def test_rows_left_in_a_spool_are_collected_by_the_next_submit(tmp_path: Path) -> None:
    of = load(tmp_path, "measure: {invocations: 1}")
    run(of, tmp_path / "r")
    kept = stored(tmp_path / "r")
    store.make_spool(tmp_path / "new")
    backend = Replay(make_inventory(), (), source="tape")
    backend._spooled = {row.key(): row for row in kept}
    _, outcome = carry_out(SubmitRequest(sweep=of, results=str(tmp_path / "new")), backend, lambda _: None, now=NOW)
    assert outcome.rows == []
    assert {row.key() for row in stored(tmp_path / "new")} == {row.key() for row in kept}
    assert backend._spooled == {}


def test_a_sweep_is_claimed_by_one_submit_at_a_time(tmp_path: Path) -> None:
    with claim(str(tmp_path), "demo"):
        with pytest.raises(Busy, match=r"demo is being submitted to .* by .*process \d+"), claim(str(tmp_path), "demo"):
            pass
        with claim(str(tmp_path), "other"):
            pass
    with claim(str(tmp_path), "demo"):
        pass


def test_a_file_system_without_locks_is_one_clear_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(StoreError, match=r"its file system has no locks \(Function not implemented\)"):
        claims.check(str(tmp_path), "demo")


def test_the_flagship_plans_36_cells_on_the_blackwell_in_either_order_of_gpus() -> None:
    of = sweep.load(ROOT / "sweeps" / "blackwell.yaml", probe_clip=clips.probe)
    for gpus in ((BLACKWELL, RTX3090), (RTX3090, BLACKWELL)):
        hosts = make_inventory(make_host("liquidswords2", *gpus))
        prepared = prepare(SubmitRequest(sweep=of, results="/nowhere"), hosts, now=NOW)
        assert len(prepared.placement.units) == 36
        assert {unit.target.target_id for unit in prepared.placement.units} == {BLACKWELL.uuid}
        assert {each.invocation.gpu_uuid for each in prepared.plan.invocations} == {BLACKWELL.uuid}


def test_a_sweep_for_a_gpu_that_is_not_here_names_what_is() -> None:
    of = sweep.load(ROOT / "sweeps" / "blackwell.yaml", probe_clip=clips.probe)
    with pytest.raises(NothingMatches, match=r"no GPU matches .*Blackwell.*box \(NVIDIA GeForce RTX 3090\)"):
        prepare(SubmitRequest(sweep=of, results="/nowhere"), make_inventory(make_host("box", RTX3090)), now=NOW)


def test_resume_goes_by_what_was_asked_not_by_its_name(tmp_path: Path) -> None:
    of = load(tmp_path, "measure: {invocations: 1}")
    run(of, tmp_path / "r")
    renamed = dataclasses.replace(of, description="other words")
    assert run(renamed, tmp_path / "r").rows == []


def test_what_fails_again_is_retried_once_in_a_submit(tmp_path: Path) -> None:
    of = load(tmp_path)  # a pilot, then the rest
    first = recorded(of)
    failing = [dataclasses.replace(row, status="failed", timed_s=None) for row in first]
    run(of, tmp_path / "r", rows=failing)
    again = run(of, tmp_path / "r", rows=failing, retry_failed=True)
    assert sorted({row.attempt for row in again.rows}) == [2]


def test_weights_are_looked_for_on_every_host_that_work_may_move_to(tmp_path: Path) -> None:
    class Bare(Replay):
        def fetch(self, needs: Mapping[str, Collection[HubFile]]) -> dict[str, list[str]]:
            return {host: ["no network"] for host in needs}

    path = tmp_path / "demo.yaml"
    path.write_text(SWEEP.replace("synthetic", "pretrained") + "interchangeable: true", encoding="utf-8")
    request = SubmitRequest(sweep=sweep.load(path, probe_clip=clips.probe), results=str(tmp_path / "r"))
    hosts = make_inventory(make_host("a"), make_host("b"))
    with pytest.raises(NotReady, match="a: no network\n  b: no network"):
        carry_out(request, Bare(hosts, [], source="tape"), lambda _: None, now=NOW)
    assert stored(tmp_path / "r") == ()


def test_a_host_without_weights_leaves_the_work_to_the_others_and_says_so(tmp_path: Path) -> None:
    class OneBare(Replay):
        def fetch(self, needs: Mapping[str, Collection[HubFile]]) -> dict[str, list[str]]:
            return {host: ["py-feat/x: y is not there; run hf"] for host in needs if host == "id-b"}

    path = tmp_path / "demo.yaml"
    text = SWEEP.replace("synthetic", "pretrained") + "measure: {invocations: 1}"
    path.write_text(text, encoding="utf-8")
    of = sweep.load(path, probe_clip=clips.probe)
    request = SubmitRequest(sweep=of, results=str(tmp_path / "r"))
    hosts = make_inventory(make_host("a"), make_host("b"))
    told: list[str | None] = []
    carry_out(request, OneBare(hosts, recorded(of), source="tape"), lambda said: told.append(said.text), now=NOW)
    ends = sorted((row.host_id, row.status) for row in stored(tmp_path / "r") if row.host_id == "id-b")
    assert ends == [("id-b", "unsupported"), ("id-b", "unsupported")]
    assert sum(row.status == "ok" for row in stored(tmp_path / "r")) == 2
    assert any("weights are missing: py-feat/x: y is not there" in (text or "") for text in told)


def test_a_host_whose_probe_failed_is_named_and_the_others_measure(tmp_path: Path) -> None:
    of = load(tmp_path, "measure: {invocations: 1}")
    hosts = make_inventory(make_host("a"), make_host("b", error="its probe did not answer within 90 s"))
    outcome = run(of, tmp_path / "r", hosts=hosts)
    assert outcome.problems == ["b was left out: its probe did not answer within 90 s"]
    assert {row.status for row in stored(tmp_path / "r")} == {"ok"}
    planned = prepare(SubmitRequest(sweep=of, results=str(tmp_path / "new")), hosts, now=NOW)
    assert planned.problems == ("b was left out: its probe did not answer within 90 s",)


def test_a_measured_row_that_comes_late_counts_whatever_was_taken_for_lost(tmp_path: Path) -> None:
    of = load(tmp_path, "measure: {invocations: 1}")
    names = [f"demo/retinaface/cpu/invocation-1{suffix}" for suffix in ("", "-attempt-2", "-attempt-3")]
    run(of, tmp_path / "r", faults={name: [Status.LOST] * 2 for name in names})
    lost = stored(tmp_path / "r")
    assert {row.status for row in lost} == {"lost"}
    assert max(row.attempt for row in lost) == 3
    late = [dataclasses.replace(row, attempt=1, status="ok", timed_s=[1.0]) for row in lost]
    backend = Replay(make_inventory(), (), source="tape")
    backend._spooled = {row.key(): row for row in late}
    assert len(gather(str(tmp_path / "r"), backend)) == len(late)
    assert {(row.attempt, row.status) for row in stored(tmp_path / "r")} == {(1, "ok")}
    again = prepare(SubmitRequest(sweep=of, results=str(tmp_path / "r")), make_inventory(), now=NOW)
    assert again.plan.invocations == ()


def test_what_a_watcher_hears_is_all_that_the_store_gets(tmp_path: Path) -> None:
    class Late(Replay):
        calls = 0

        def collect(self, store: str) -> Sequence[Row]:  # noqa: ARG002
            self.calls += 1
            lost = [row for row in stored(tmp_path / "r") if row.status == Status.LOST]
            late = [dataclasses.replace(row, attempt=1, status="ok", timed_s=[1.0]) for row in lost]
            return [*late, *(dataclasses.replace(row, run_id="another") for row in late)] if self.calls > 1 else []

    of = load(tmp_path, "measure: {invocations: 1}")
    of = dataclasses.replace(of, axes=dataclasses.replace(of.axes, device=("cpu", "mps")))
    names = [f"demo/retinaface/cpu/invocation-1{suffix}" for suffix in ("", "-attempt-2", "-attempt-3")]
    faults = {name: [Status.LOST] * 2 for name in names}
    store.make_spool(tmp_path / "r")
    backend = Late(make_inventory(), recorded(of), source="tape", faults=faults)
    said: list[dict[str, object]] = []
    asked = SubmitRequest(sweep=of, results=str(tmp_path / "r"))
    run_id, _ = carry_out(asked, backend, lambda heard: said.append(progress.to_mapping(heard)), now=NOW)
    assert backend.calls == 2
    detached.collect(str(tmp_path / "far"), json.loads(json.dumps(said)))
    here, far = (store.read(str(tmp_path / name), run_id=run_id).rows for name in ("r", "far"))
    assert {row.status for row in here} == {"ok", "infeasible"}
    assert sorted(here, key=Row.key) == sorted(far, key=Row.key)
    assert {row.run_id for row in stored(tmp_path / "far")} == {run_id, "another"}


def test_hosts_that_share_a_spool_give_each_row_once(tmp_path: Path) -> None:
    class Twice(Replay):
        def collect(self, store: str) -> Sequence[Row]:
            return [*super().collect(store), *super().collect(store)]

    row = make_row()
    store.make_spool(tmp_path / "r")
    backend = Twice(make_inventory(), (), source="tape")
    backend._spooled = {row.key(): row}
    assert len(gather(str(tmp_path / "r"), backend)) == 1
    assert store.check(str(tmp_path / "r")).duplicates == 0


def test_hosts_that_join_but_match_nothing_leave_the_run_whole(tmp_path: Path) -> None:
    class Leaving(Replay):
        def newcomers(self) -> Sequence[str]:
            come = () if len(self._hosts.hosts) > 1 else ("b",)
            self._hosts = make_inventory(make_host("b"), make_host("c"))
            return come

    of = load(tmp_path, "hosts: a\nmeasure: {invocations: 1}")
    backend = Leaving(make_inventory(make_host("a")), recorded(of), source="tape")
    _, outcome = carry_out(SubmitRequest(sweep=of, results=str(tmp_path / "r")), backend, lambda _: None, now=NOW)
    assert len(stored(tmp_path / "r")) == 2
    assert any("hosts that joined" in problem and "'a'" in problem for problem in outcome.problems)


def test_the_spool_of_one_folder_is_not_that_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []

    class Listening(Replay):
        def start(self, planned: Planned, store: str) -> None:
            heard.append(store)
            super().start(planned, store)

        def collect(self, store: str) -> Sequence[Row]:
            heard.append(store)
            return super().collect(store)

    monkeypatch.chdir(tmp_path)
    of = load(tmp_path, "measure: {invocations: 1}")
    carry_out(
        SubmitRequest(sweep=of, results="results"),
        Listening(make_inventory(), recorded(of), source="t"),
        lambda _: None,
        now=NOW,
    )
    assert set(heard) == {store.spool_name(tmp_path / "results")}


def test_two_folders_of_one_path_have_spools_of_their_own(tmp_path: Path) -> None:
    """As on two machines, or in two containers, that measure on one cluster."""
    of, results = load(tmp_path, "measure: {invocations: 1}"), tmp_path / "r"
    run(of, results)
    first = store.spool_name(results)
    shutil.move(results, tmp_path / "elsewhere")
    assert store.spool_name(results) is None
    assert gather(str(results), Replay(make_inventory(), (), source="tape")) == []
    assert not results.exists()
    run(of, results)
    assert store.spool_name(results) not in (None, first)
    shutil.copytree(results, tmp_path / "copy")
    assert store.spool_name(tmp_path / "copy") != store.spool_name(results)


def test_what_is_removed_after_ctrl_c_stays_removed(tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.event is not None and progress.event.row is not None:
            raise KeyboardInterrupt

    of, results = load(tmp_path, "measure: {invocations: 1}"), str(tmp_path / "r")
    backend = Replay(make_inventory(), recorded(of), source="tape")
    with pytest.raises(Interrupted):
        carry_out(SubmitRequest(sweep=of, results=results), backend, stop, now=NOW)
    (row, *_) = [each for each in stored(tmp_path / "r") if each.status == "ok"]
    store.remove(results, run_id=row.run_id)
    assert gather(results, backend) == []


def test_a_row_that_was_being_stored_at_ctrl_c_stays_on_its_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of, results = load(tmp_path, "measure: {invocations: 1}"), str(tmp_path / "r")
    backend = Replay(make_inventory(), recorded(of), source="tape")
    append = store.append

    def stopped(to: str, rows: Sequence[Row]) -> None:
        if rows[0].status == Status.OK:
            raise KeyboardInterrupt
        append(to, rows)

    with monkeypatch.context() as patch:
        patch.setattr(store, "append", stopped)
        with pytest.raises(Interrupted):
            carry_out(SubmitRequest(sweep=of, results=results), backend, lambda _: None, now=NOW)
    assert "ok" not in {row.status for row in stored(tmp_path / "r")}
    assert gather(results, backend) != []
    assert "ok" in {row.status for row in stored(tmp_path / "r")}


def test_a_run_of_which_an_archive_is_left_is_not_gone_on_with_after_its_removal(tmp_path: Path) -> None:
    of, results = load(tmp_path, "measure: {invocations: 1}"), tmp_path / "r"
    run(of, results)
    (first,) = {row.run_id for row in stored(results)}
    (file,) = (results / "rows").glob("*.parquet")
    shutil.copy(file, file.with_name(f"history-{file.name}"))
    store.remove(results, run_id=first)
    assert store.latest_run(results, of.name) == first
    assert len(run(of, results).rows) == 2
    assert len({row.run_id for row in stored(results)}) == 2


def test_hosts_whose_versions_have_changed_are_named_before_anything_is_measured(tmp_path: Path) -> None:
    of, results = load(tmp_path, "measure: {invocations: 1}"), tmp_path / "r"
    run(of, results)
    (run_id,) = {row.run_id for row in stored(results)}
    # Replayed rows are of hosts elsewhere: as if they had been measured here.
    own = [dataclasses.replace(row, source_file=None, torch="2.11.0", pyfeat="2.1.5") for row in stored(results)]
    shutil.rmtree(results / "rows")
    store.append(str(results), own)

    def problems(**packages: str) -> tuple[str, ...]:
        host = make_host(packages={"py-feat": "2.1.5", "torch": "2.11.0", **packages})
        return prepare(SubmitRequest(sweep=of, results=str(results)), make_inventory(host), now=NOW).problems

    assert problems() == ()
    (told,) = problems(torch="2.15.0")
    assert told.startswith(f"2 rows of {run_id} were measured with torch 2.11.0 on box, which has 2.15.0 now")
    assert "--rerun" in told


def test_a_refusal_is_stored_once_though_the_unit_was_measured_before(tmp_path: Path) -> None:
    of = load(tmp_path, "measure: {invocations: 1}")
    assert run(of, tmp_path / "r", hosts=make_inventory(make_host("a"), make_host("b"))).problems == []
    now_too_small = make_inventory(make_host("a", memory_b=1), make_host("b"))
    for _ in range(2):
        assert run(of, tmp_path / "r", hosts=now_too_small).problems == []
    rows = store.read(str(tmp_path / "r"), every_attempt=True).rows
    assert sorted(row.status for row in rows) == ["ok"] * 4 + ["unsupported"] * 2
    assert {row.status for row in stored(tmp_path / "r")} == {"ok"}


def test_a_row_measured_behind_a_broken_network_takes_the_place_of_its_loss(tmp_path: Path) -> None:
    of, results = load(tmp_path, "measure: {invocations: 1}"), str(tmp_path / "r")
    row = dataclasses.replace(recorded(of)[0], order_index=0)
    store.append(results, [dataclasses.replace(row, status="lost", timed_s=None)])
    store.make_spool(results)
    backend = Replay(make_inventory(), [], source="tape")
    backend._spooled[row.key()] = row
    assert len(gather(results, backend)) == 1
    assert [each.status for each in stored(tmp_path / "r")] == ["ok"]


def test_a_store_that_cannot_be_written_is_one_clear_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"), claim(str(tmp_path / "file"), "demo"):
        pass


def test_a_user_without_a_name_still_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 1234")

    monkeypatch.setattr("getpass.getuser", nameless)
    assert holder_name().startswith(f"uid {os.getuid()}@")


def test_rows_that_were_stored_twice_count_once_and_are_told(tmp_path: Path) -> None:
    results = tmp_path / "r"

    class Doubling(Replay):
        def poll(self, timeout_s: float) -> Sequence[Event]:
            heard = super().poll(timeout_s)
            for row in [event.row for event in heard if event.row]:
                store.append(str(results), [row])
            return heard

    of = load(tmp_path, "measure: {invocations: 1}")
    request = SubmitRequest(sweep=of, results=str(results))
    backend = Doubling(make_inventory(), recorded(of), source="tape")
    _, outcome = carry_out(request, backend, lambda _: None, now=NOW)
    assert outcome.problems == ["2 rows were stored twice and count once; please report how that came about"]
    assert len(stored(results)) == 2


class Late(Replay):
    """A backend whose host `late` gets its weights only when `has_weights` says so; `joins` makes it a newcomer."""

    has_weights = False
    joins = False
    come: Sequence[str] = ()

    def inventory(self) -> Inventory:
        early = not self.joins
        self.joins = False
        return make_inventory(make_host("a"), make_host("late")) if early else make_inventory(make_host("a"))

    def newcomers(self) -> Sequence[str]:
        come, self.come = self.come, ()
        return come

    def fetch(self, needs: Mapping[str, Collection[HubFile]]) -> dict[str, list[str]]:
        return {host: ["no network"] for host in needs if host == "id-late" and not self.has_weights}


def pretrained(folder: Path) -> sweep.Sweep:
    path = folder / "demo.yaml"
    path.write_text(SWEEP.replace("synthetic", "pretrained") + "measure: {invocations: 1}", encoding="utf-8")
    return sweep.load(path, probe_clip=clips.probe)


def test_a_cell_that_was_refused_once_counts_by_what_became_of_it_later(tmp_path: Path) -> None:
    of = pretrained(tmp_path)
    request = SubmitRequest(sweep=of, results=str(tmp_path / "r"))
    failing = [dataclasses.replace(row, status="failed", timed_s=None) for row in recorded(of)]
    backend = Late(make_inventory(), failing, source="tape")
    carry_out(request, backend, lambda _: None, now=NOW)
    assert {(row.target_id, row.status) for row in stored(tmp_path / "r")} == {
        ("cpu@id-a", "failed"),
        ("cpu@id-late", "unsupported"),
    }
    backend.has_weights = True
    _, outcome = carry_out(request, backend, lambda _: None, now=NOW)
    assert [row.target_id for row in outcome.rows] == ["cpu@id-late"] * 2
    assert {(row.target_id, row.status) for row in stored(tmp_path / "r")} == {
        ("cpu@id-a", "failed"),
        ("cpu@id-late", "failed"),
    }
    assert carry_out(request, backend, lambda _: None, now=NOW)[1].rows == []


def test_a_host_that_joins_without_weights_leaves_the_run_whole(tmp_path: Path) -> None:
    of = pretrained(tmp_path)
    backend = Late(make_inventory(), recorded(of), source="tape")
    backend.joins, backend.come = True, ("late",)
    _, outcome = carry_out(SubmitRequest(sweep=of, results=str(tmp_path / "r")), backend, lambda _: None, now=NOW)
    assert {(row.target_id, row.status) for row in stored(tmp_path / "r")} >= {("cpu@id-a", "ok")}
    assert any("hosts that joined: weights are missing" in problem for problem in outcome.problems)


def test_a_sweep_stopped_twice_doubles_nothing(tmp_path: Path) -> None:
    of = load(tmp_path, "measure: {invocations: 1}")
    request = SubmitRequest(sweep=of, results=str(tmp_path / "r"))

    def stops(_: object) -> None:
        raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(Interrupted):
            carry_out(request, Replay(make_inventory(), recorded(of), source="tape"), stops, now=NOW)
    assert run(of, tmp_path / "r").problems == []
    assert {(row.attempt, row.status) for row in stored(tmp_path / "r")} == {(1, "ok")}


def test_a_pilot_is_complete_when_no_try_of_it_is_due(tmp_path: Path) -> None:
    of = load(tmp_path)
    run(of, tmp_path / "r")
    units = store.keys(str(tmp_path / "r"), every_attempt=True).units
    crashed = [dataclasses.replace(unit, status="crashed", timed_s=None) for unit in units if unit.invocation == 5]
    pilot = [unit for unit in units if unit.invocation < 5]
    assert [unit.invocation for unit in settled([*pilot, *crashed])] == [unit.invocation for unit in pilot]
    again = [dataclasses.replace(unit, attempt=2, status="ok") for unit in crashed]
    assert len(settled([*pilot, *crashed, *again])) == len(pilot) + len(again)
