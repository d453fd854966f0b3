"""Searches while they run: what is measured, what is not, resume, failures and budgets."""

import collections
import dataclasses
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from featray import store, sweep
from featray.backends import Event
from featray.backends.replay import Replay
from featray.core.invocation import from_mapping, record, to_mapping
from featray.core.row import Row
from featray.core.status import Status
from featray.errors import Interrupted
from featray.host import clips
from featray.planning.planned_invocation import PlannedInvocation
from featray.running import preparation, submission
from featray.running.preparation import SubmitRequest
from featray.running.progress import Progress
from featray.running.runner import DriverClock
from featray.sweep import Sweep
from tests.support import curves
from tests.support.curves import Curve
from tests.support.plans import make_host, make_inventory
from tests.support.replays import NOW, make_replay, replay, stored_rows, submit

KNEE = Curve(frame_s=tuple(0.02 * 1.5 ** max(0, 4 - place) for place in range(10)))  # as fast as can be from 16 on
SHORT_MEMORY = Curve(frame_s=(*KNEE.frame_s[:3], *[None] * 7))  # batch 8 runs out of memory


def load(folder: Path, text: str = "measure: {invocations: {pilot: 3, max: 5}}\n") -> Sweep:
    return sweep.load(curves.write_sweep(folder / "demo.yaml", text), probe_clip=clips.probe)


def rows_of(curve: Curve = KNEE, sd: float = 0.0, numbers: int = 12) -> list[Row]:
    return curves.write_rows(curve, sd, random.Random(1), range(1, numbers + 1))


def counts(results: Path) -> dict[int, int]:
    """Count the invocations of each batch size that was measured."""
    return dict(sorted(collections.Counter(row.batch_size for row in stored_rows(results)).items()))


def test_a_search_measures_the_climb_once_and_the_best_with_its_neighbours_in_full(tmp_path: Path) -> None:
    outcome = replay(load(tmp_path), tmp_path / "r", rows=rows_of())
    assert counts(tmp_path / "r") == {1: 1, 2: 1, 4: 1, 8: 3, 16: 3, 32: 3, 64: 1}
    assert (outcome.stored, outcome.problems, outcome.not_reached) == (13, [], 0)


def test_the_next_submit_has_nothing_to_do_and_a_rerun_searches_again(tmp_path: Path) -> None:
    loaded, rows = load(tmp_path), rows_of()
    replay(loaded, tmp_path / "r", rows=rows)
    assert replay(loaded, tmp_path / "r", rows=rows).stored == 0
    assert replay(loaded, tmp_path / "r", rows=rows, rerun=True).stored == 13


class StoppedAfter(Replay):
    """Is stopped by Ctrl-C after so many rows."""

    left = 0

    def poll(self, timeout_s: float) -> Sequence[Event]:
        events = super().poll(timeout_s)
        self.left -= sum(event.row is not None for event in events)
        if self.left < 0:
            raise KeyboardInterrupt
        return events


@pytest.mark.parametrize("after", range(12))
def test_a_search_that_was_stopped_goes_on_and_measures_nothing_twice(tmp_path: Path, after: int) -> None:
    loaded, rows = load(tmp_path), rows_of()
    stopped = StoppedAfter(make_inventory(), rows, source="tape")
    stopped.left = after
    with pytest.raises(Interrupted):
        submit(loaded, tmp_path / "r", stopped)
    replay(loaded, tmp_path / "r", rows=rows)
    assert counts(tmp_path / "r") == {1: 1, 2: 1, 4: 1, 8: 3, 16: 3, 32: 3, 64: 1}
    every = store.read(str(tmp_path / "r"), every_attempt=True).rows
    assert len([row for row in every if row.status == Status.OK]) == 13


def test_memory_that_ran_out_ends_the_climb(tmp_path: Path) -> None:
    replay(load(tmp_path), tmp_path / "r", rows=rows_of(SHORT_MEMORY))
    assert counts(tmp_path / "r") == {1: 1, 2: 3, 4: 3, 8: 1}
    assert {row.batch_size for row in stored_rows(tmp_path / "r") if row.status == "oom"} == {8}


def test_each_target_goes_on_by_itself(tmp_path: Path) -> None:
    class SlowHost(Replay):
        """Its events come last."""

        def poll(self, timeout_s: float) -> Sequence[Event]:
            quick = [event for event in self._events if event.planned.target.host.hostname == "quick"]
            if quick:
                self._events.remove(quick[0])
                return (quick[0],)
            return super().poll(timeout_s)

    order: list[str] = []

    def watch(progress: Progress) -> None:
        if progress.event is not None and progress.event.row is not None:
            order.append(progress.event.planned.target.host.hostname)

    hosts = make_inventory(make_host("quick"), make_host("slow"))
    submit(load(tmp_path), tmp_path / "r", SlowHost(hosts, rows_of(), source="tape"), watch)
    assert order == ["quick"] * 13 + ["slow"] * 13


def test_a_crash_of_the_climb_is_tried_again_before_the_search_goes_on(tmp_path: Path) -> None:
    faults = {"demo/retinaface/cpu/invocation-1": [Status.CRASHED]}
    replay(load(tmp_path), tmp_path / "r", rows=rows_of(), faults=faults)
    assert counts(tmp_path / "r") == {1: 1, 2: 1, 4: 1, 8: 3, 16: 3, 32: 3, 64: 1}


def test_a_lost_host_leaves_its_search_to_the_next_submit(tmp_path: Path) -> None:
    loaded, rows = load(tmp_path), rows_of()
    names = ["demo/retinaface/cpu/invocation-1" + suffix for suffix in ("", "-attempt-2", "-attempt-3")]
    replay(loaded, tmp_path / "r", rows=rows, faults={name: [Status.LOST] * 9 for name in names})
    assert {row.status for row in stored_rows(tmp_path / "r")} == {"lost"}
    replay(loaded, tmp_path / "r", rows=rows)
    assert counts(tmp_path / "r") == {1: 1, 2: 1, 4: 1, 8: 3, 16: 3, 32: 3, 64: 1}


def test_a_budget_stops_a_search_and_the_next_submit_goes_on(tmp_path: Path) -> None:
    clock = [0.0]

    class Slow(Replay):
        def start(self, planned: PlannedInvocation, store: str) -> None:
            clock[0] += 60
            super().start(planned, store)

    loaded, rows = load(tmp_path), rows_of()
    request = SubmitRequest(sweep=loaded, results=str(tmp_path / "r"), budget_s=150)
    slow = DriverClock(now=lambda: clock[0])
    backend = Slow(make_inventory(), rows, source="tape")
    _, outcome = submission.run(request, backend, lambda _: None, now=NOW, clock=slow)
    assert (outcome.stored, outcome.not_reached) == (2, 1)
    assert replay(loaded, tmp_path / "r", rows=rows).stored == 10


def test_progress_counts_what_the_search_adds_and_rounds_are_announced(tmp_path: Path) -> None:
    seen: list[Progress] = []
    submit(load(tmp_path), tmp_path / "r", make_replay(*rows_of()), seen.append)
    with_rows = [progress for progress in seen if progress.event is not None and progress.event.row is not None]
    assert all(progress.done <= progress.total for progress in with_rows)
    assert (with_rows[-1].done, with_rows[-1].total) == (13, 13)
    assert [progress.text for progress in seen if (progress.text or "").startswith("search")] == [
        "search: retinaface long on CPU: batch 8, 16, 32 side by side, 2 invocations of each"
    ]


def test_values_of_a_round_share_processes(tmp_path: Path) -> None:
    names: list[tuple[int, ...]] = []

    class Noting(Replay):
        def start(self, planned: PlannedInvocation, store: str) -> None:
            names.append(tuple(sorted(cell.batch_size for cell in planned.invocation.cells)))
            super().start(planned, store)

    submit(load(tmp_path), tmp_path / "r", Noting(make_inventory(), rows_of(), source="tape"))
    assert names == [(1,), (2,), (4,), (8,), (16,), (32,), (64,), (8, 16, 32), (8, 16, 32)]


def test_a_plan_says_what_may_come(tmp_path: Path) -> None:
    loaded = load(tmp_path)
    request = SubmitRequest(sweep=loaded, results=str(tmp_path / "r"))
    planned = preparation.prepare(request, make_inventory(), now=NOW)
    assert (len(planned.placement.units), planned.plan.remaining) == (10, 1)
    assert planned.search is not None
    assert planned.search.measurements == 9 + 4 * 4
    replay(loaded, tmp_path / "r", rows=rows_of())
    ended = preparation.prepare(request, make_inventory(), now=NOW)
    assert (ended.plan.remaining, ended.search and ended.search.measurements) == (0, 0)


def test_a_limit_of_memory_ends_the_climb_below_it(tmp_path: Path) -> None:
    text = "search: {batch_size: {max: 512, memory: 3 GB}}\n"
    path = curves.write_sweep(tmp_path / "demo.yaml", "measure: {invocations: 3}\n")
    path.write_text(path.read_text().replace("search: {batch_size: {max: 512}}\n", text))
    loaded = sweep.load(path, probe_clip=clips.probe)
    rows = [_with_memory(row) for row in rows_of()]
    planned = preparation.prepare(SubmitRequest(sweep=loaded, results=str(tmp_path / "r")), make_inventory(), now=NOW)
    invocation = planned.plan.invocations[0].invocation
    row = record(from_mapping(to_mapping(invocation)), invocation.cells[0], status="ok", started_at=rows[0].started_at)
    assert row.search_limits == '{"axis":"batch_size","memory_b":3000000000}'
    replay(loaded, tmp_path / "r", rows=rows)
    assert counts(tmp_path / "r") == {1: 1, 2: 3, 4: 3, 8: 1}  # batch 8 takes 4 GB


def _with_memory(row: Row) -> Row:
    return dataclasses.replace(row, rss_peak_b=row.batch_size * 500 * 10**6)
