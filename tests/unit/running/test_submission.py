"""Submissions: resume, adaptive invocations, budgets, faults, hosts that join."""

import collections
import dataclasses
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from featray import store
from featray.backends import Event
from featray.backends.replay import SILENT, Replay
from featray.core.row import Row
from featray.core.status import Status
from featray.errors import Interrupted
from featray.planning.inventory import Host
from featray.planning.planned_invocation import PlannedInvocation
from featray.running import submission
from featray.running.preparation import SubmitRequest
from featray.running.runner import DriverClock
from tests.support.plans import RTX3090, make_host, make_inventory
from tests.support.replays import NOW, load_sweep, make_replay, make_rows_of, replay, stored_rows, submit


def test_every_unit_gets_a_row_in_every_invocation(tmp_path: Path) -> None:
    loaded = load_sweep(tmp_path, "measure: {invocations: 3}")
    assert replay(loaded, tmp_path / "r").stored == 6
    assert sorted((row.batch_size, row.invocation) for row in stored_rows(tmp_path / "r")) == [
        (size, number) for size in (1, 4) for number in (1, 2, 3)
    ]


def test_replayed_rows_say_where_they_come_from(tmp_path: Path) -> None:
    replay(load_sweep(tmp_path, "measure: {invocations: 1}"), tmp_path / "r")
    assert {row.replayed for row in stored_rows(tmp_path / "r")} == {"tape"}


def test_a_second_submit_measures_nothing_and_a_rerun_everything(tmp_path: Path) -> None:
    loaded = load_sweep(tmp_path, "measure: {invocations: 2}")
    replay(loaded, tmp_path / "r")
    assert replay(loaded, tmp_path / "r").stored == 0
    assert replay(loaded, tmp_path / "r", rerun=True).stored == 4
    assert len({row.run_id for row in stored_rows(tmp_path / "r")}) == 2
    assert len(stored_rows(tmp_path / "r")) == 8


def test_a_steady_pilot_is_enough(tmp_path: Path) -> None:
    loaded = load_sweep(tmp_path)
    replay(loaded, tmp_path / "r", rows=make_rows_of(loaded, (1.0, 1.001, 0.999, 1.0, 1.0005)))
    assert max(row.invocation for row in stored_rows(tmp_path / "r")) == 5


def test_a_noisy_pilot_gives_every_cell_of_its_process_the_larger_number_once(tmp_path: Path) -> None:
    loaded = load_sweep(tmp_path)
    steady = [row for row in make_rows_of(loaded) if row.batch_size == 1]
    noisy = [row for row in make_rows_of(loaded, (1.0, 1.1, 0.9, 1.05, 0.95)) if row.batch_size == 4]
    replay(loaded, tmp_path / "r", rows=steady + noisy)
    counts = collections.Counter(row.batch_size for row in stored_rows(tmp_path / "r"))
    assert counts == {1: 12, 4: 12}
    assert replay(loaded, tmp_path / "r", rows=steady + noisy).stored == 0


class OneWaitsForTheOther(Replay):
    """The events of `late` come when the other host has had a number of rows, or when there are no others any more."""

    def __init__(self, rows: Sequence[Row], others: int, *names: str) -> None:
        super().__init__(make_inventory(*map(make_host, names)), rows, source="tape")
        self._others_left, self.order = others, list[str]()

    def poll(self, timeout_s: float) -> Sequence[Event]:
        late = [event for event in self._events if event.planned.target.host.hostname == "late"]
        if self._others_left and len(late) < len(self._events):
            self._events.rotate(-next(index for index, event in enumerate(self._events) if event not in late))
        events = super().poll(timeout_s)
        for event in events:
            if event.row is not None:
                self.order.append(event.planned.target.host.hostname)
                self._others_left -= self._others_left > 0 and self.order[-1] != "late"
        return events


def test_a_target_goes_on_when_its_own_pilot_has_ended(tmp_path: Path) -> None:
    loaded = load_sweep(tmp_path)
    backend = OneWaitsForTheOther(make_rows_of(loaded, (1.0, 1.1, 0.9, 1.05, 0.95)), 24, "early", "late")
    _, outcome = submit(loaded, tmp_path / "r", backend)
    assert backend.order == ["early"] * 24 + ["late"] * 24
    assert (outcome.stored, outcome.problems, outcome.duplicates) == (48, [], 0)
    counts = collections.Counter((row.target_id, row.invocation) for row in stored_rows(tmp_path / "r"))
    assert counts == {(f"cpu@id-{name}", number): 2 for name in ("early", "late") for number in range(1, 13)}
    assert submit(loaded, tmp_path / "r", backend)[1].stored == 0


def test_environments_that_are_to_be_compared_get_the_same_number(tmp_path: Path) -> None:
    loaded = load_sweep(tmp_path, "environments: {after: [torch==2.15.0], before: [torch==2.11.0]}")
    steady, noisy = make_rows_of(loaded, (1.0,)), make_rows_of(loaded, (1.0, 1.1, 0.9, 1.05, 0.95))
    rows = [
        *(row for row in steady if row.environment == "before"),
        *(row for row in noisy if row.environment == "after"),
    ]
    replay(loaded, tmp_path / "r", rows=rows)
    counts = collections.Counter((row.environment, row.batch_size) for row in stored_rows(tmp_path / "r"))
    assert set(counts.values()) == {12}
    assert len(counts) == 4


def test_a_budget_counts_for_pilot_and_rest_together(tmp_path: Path) -> None:
    clock = [0.0]
    slow = DriverClock(now=lambda: clock[0])

    class Slow(Replay):
        def start(self, planned: PlannedInvocation, store: str) -> None:
            clock[0] += 60
            super().start(planned, store)

    loaded = load_sweep(tmp_path)
    rows = make_rows_of(loaded, (1.0, 1.1, 0.9, 1.05, 0.95))  # a noisy pilot: 12 invocations are wanted
    request = SubmitRequest(sweep=loaded, results=str(tmp_path / "r"), budget_s=7.5 * 60)
    backend = Slow(make_inventory(), rows, source="tape")
    _, outcome = submission.run(request, backend, lambda _: None, now=NOW, clock=slow)
    assert (outcome.stored, outcome.not_reached) == (14, 10)  # the eighth process began its cells after the budget
    assert outcome.problems == ["the budget left 10 measurements in 5 invocations undone"]
    short = dataclasses.replace(request, results=str(tmp_path / "s"), budget_s=2.5 * 60)
    backend = Slow(make_inventory(), rows, source="tape")
    _, outcome = submission.run(short, backend, lambda _: None, now=NOW, clock=slow)
    assert outcome.problems == ["the budget left 6 measurements in 3 invocations undone"]


def test_a_host_that_joins_is_announced_and_gets_its_share_at_the_end(tmp_path: Path) -> None:
    class Growing(Replay):
        joined = False

        def start(self, planned: PlannedInvocation, store: str) -> None:
            if not self.joined:
                self.joined, self._hosts = True, make_inventory(make_host("box"), make_host("late"))
                self.names = ["late"]
            super().start(planned, store)

        def newcomers(self) -> Sequence[str]:
            arriving, self.names = self.names, list[str]()
            return arriving

    loaded, texts = load_sweep(tmp_path, "measure: {invocations: 1}"), list[str]()
    backend = Growing(make_inventory(make_host("box")), make_rows_of(loaded), source="tape")
    run_id, _ = submit(loaded, tmp_path / "r", backend, lambda progress: texts.append(progress.text or ""))
    rows = stored_rows(tmp_path / "r")
    assert sorted((row.target_id, row.batch_size) for row in rows) == [
        (f"cpu@id-{name}", size) for name in ("box", "late") for size in (1, 4)
    ]
    assert {row.run_id for row in rows} == {run_id}
    assert "late joined; its share of the sweep is measured after the rest" in texts


def test_a_crash_is_tried_twice_more_and_the_last_attempt_counts(tmp_path: Path) -> None:
    loaded = load_sweep(tmp_path, "measure: {invocations: 1}")
    faults = {"demo/retinaface/cpu/invocation-1": [Status.CRASHED]}
    replay(loaded, tmp_path / "r", faults=faults)
    rows = store.read(str(tmp_path / "r"), every_attempt=True).rows
    assert sorted((row.batch_size, row.attempt, row.status) for row in rows) == [
        (size, attempt, status) for size in (1, 4) for attempt, status in ((1, "crashed"), (2, "ok"))
    ]
    assert {row.status for row in stored_rows(tmp_path / "r")} == {"ok"}


def test_a_host_that_loses_three_invocations_in_a_row_is_set_aside(tmp_path: Path) -> None:
    loaded = load_sweep(tmp_path, "measure: {invocations: 4}")
    names = [f"demo/retinaface/cpu/invocation-{n}" for n in range(1, 5)]
    faults = {name + suffix: [Status.LOST] * 9 for name in names for suffix in ("", "-attempt-2", "-attempt-3")}
    outcome = replay(loaded, tmp_path / "r", faults=faults)
    assert outcome.problems == ["CPU was set aside after 3 invocations in a row were lost with their process"]
    assert {row.status for row in stored_rows(tmp_path / "r")} == {"lost"}
    assert len(stored_rows(tmp_path / "r")) == 8


def test_a_noisy_pilot_counts_where_targets_are_interchangeable(tmp_path: Path) -> None:
    loaded = load_sweep(tmp_path, "interchangeable: true")
    rows = make_rows_of(loaded, (1.0, 1.1, 0.9, 1.05, 0.95))
    replay(loaded, tmp_path / "r", hosts=make_inventory(make_host("box"), make_host("shelf")), rows=rows)
    counts = collections.Counter((row.batch_size, row.target_id) for row in stored_rows(tmp_path / "r"))
    assert sorted(counts.values()) == [12, 12]


def test_interchangeable_work_moves_to_the_other_host(tmp_path: Path) -> None:
    loaded = load_sweep(tmp_path, "measure: {invocations: 1}\ninterchangeable: true")
    hosts = make_inventory(make_host("a"), make_host("b"))
    outcome = replay(loaded, tmp_path / "r", hosts=hosts)
    assert outcome.stored == 2
    assert replay(loaded, tmp_path / "r", hosts=hosts).stored == 0


@pytest.mark.parametrize("more", ["", "\ninterchangeable: true"])
def test_events_say_where_they_happen_where_the_run_has_several_targets(tmp_path: Path, more: str) -> None:
    loaded = load_sweep(tmp_path, f"measure: {{invocations: 1}}{more}")

    def places(*hosts: str) -> set[object]:
        backend, told = make_replay(*make_rows_of(loaded), hosts=make_inventory(*map(make_host, hosts))), set()
        submit(loaded, tmp_path / "r", backend, lambda progress: told.add(progress.to_mapping().get("place")))
        return told - {None}

    assert places("a") == set()
    assert places("a", "b") == (set() if more else {"CPU of b"})  # what is done on a counts as well
    shutil.rmtree(tmp_path / "r")
    assert places("a", "b") == {"CPU of a", "CPU of b"}


def test_what_many_hosts_cannot_run_for_one_reason_is_one_line(tmp_path: Path) -> None:
    loaded = load_sweep(tmp_path, "include: [{device: cuda}]\nmeasure: {invocations: 1}")
    hosts = [
        make_host(name, dataclasses.replace(RTX3090, uuid=f"GPU-{name}"), cuda_architectures=("sm_120",))
        for name in ("a", "b")
    ]

    def told(*shown: Host) -> list[str]:
        backend, texts = make_replay(*make_rows_of(loaded), hosts=make_inventory(*shown)), list[str]()
        submit(loaded, tmp_path / str(len(shown)), backend, lambda progress: texts.append(progress.text or ""))
        return [text for text in texts if text.startswith("cannot run: ")]

    (one,) = told(hosts[0])
    (both,) = told(*hosts)
    assert " cuda b=1 and 1 more: torch 2.11.0 on a has no kernels" in one
    assert " cuda b=1 and 1 more on 2 hosts (a, b): torch 2.11.0 has no kernels" in both


def test_the_cells_of_a_host_that_falls_silent_are_lost(tmp_path: Path) -> None:
    loaded = load_sweep(tmp_path, "measure: {invocations: 1, time_limit_s: 0.1, load_limit_s: 0.1}")
    names = [f"demo/retinaface/cpu/invocation-1{suffix}" for suffix in ("", "-attempt-2", "-attempt-3")]
    faults = {name: [SILENT, SILENT] for name in names}
    replay(loaded, tmp_path / "r", faults=faults, clock=DriverClock(grace_s=0.2))
    assert {(row.status, row.reason) for row in stored_rows(tmp_path / "r")} == {
        ("lost", "its host sent nothing for 0.2 s beyond its time limit")
    }


def test_what_fails_again_is_retried_once_in_a_submit(tmp_path: Path) -> None:
    loaded = load_sweep(tmp_path)  # a pilot, then the rest
    first = make_rows_of(loaded)
    failing = [dataclasses.replace(row, status="failed", timed_s=None) for row in first]
    replay(loaded, tmp_path / "r", rows=failing)
    again = replay(loaded, tmp_path / "r", rows=failing, retry_failed=True)
    counts = collections.Counter(row.attempt for row in store.read(str(tmp_path / "r"), every_attempt=True).rows)
    assert (sorted(counts), again.stored) == ([1, 2], counts[2])


def test_hosts_that_join_but_match_nothing_leave_the_run_whole(tmp_path: Path) -> None:
    class Leaving(Replay):
        def newcomers(self) -> Sequence[str]:
            arriving = () if len(self._hosts.hosts) > 1 else ("b",)
            self._hosts = make_inventory(make_host("b"), make_host("c"))
            return arriving

    loaded = load_sweep(tmp_path, "hosts: a\nmeasure: {invocations: 1}")
    backend = Leaving(make_inventory(make_host("a")), make_rows_of(loaded), source="tape")
    _, outcome = submit(loaded, tmp_path / "r", backend)
    assert len(stored_rows(tmp_path / "r")) == 2
    assert any("hosts that joined" in problem and "'a'" in problem for problem in outcome.problems)


def test_rows_that_were_stored_twice_count_once_and_are_reported(tmp_path: Path) -> None:
    results = tmp_path / "r"

    class Doubling(Replay):
        def poll(self, timeout_s: float) -> Sequence[Event]:
            events = super().poll(timeout_s)
            for row in [event.row for event in events if event.row]:
                store.append(str(results), [row])
            return events

    loaded = load_sweep(tmp_path, "measure: {invocations: 1}")
    _, outcome = submit(loaded, results, Doubling(make_inventory(), make_rows_of(loaded), source="tape"))
    assert outcome.problems == ["2 rows were stored twice and count once; please report how this happened"]
    assert len(stored_rows(results)) == 2


def test_a_sweep_stopped_twice_doubles_nothing(tmp_path: Path) -> None:
    loaded = load_sweep(tmp_path, "measure: {invocations: 1}")

    def stops(_: object) -> None:
        raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(Interrupted):
            submit(loaded, tmp_path / "r", make_replay(*make_rows_of(loaded)), stops)
    assert replay(loaded, tmp_path / "r").problems == []
    assert {(row.attempt, row.status) for row in stored_rows(tmp_path / "r")} == {(1, "ok")}
