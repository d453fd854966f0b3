"""The runner on a backend that plays a script: losses, deadlines, figures. No process is started."""

import collections
import dataclasses
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import pytest

from featray import store
from featray.backends import Event
from featray.core.choices import Exclusive
from featray.core.detectors import CATALOGUE
from featray.core.events import EventKind
from featray.core.rules import Rules
from featray.core.status import Status
from featray.planning.outlook import DOUBT, Outlook
from featray.planning.planned_invocation import PlannedInvocation
from featray.running import kept_outputs, runner
from featray.running.gauges import Gauges
from featray.running.progress import Progress, Watch
from featray.running.runner import DriverClock, Runner
from tests.support.plans import BLACKWELL, RTX3090, make_cell, make_host, make_plan, make_stored, place
from tests.support.scripted_backend import (
    Script,
    ScriptedBackend,
    attempts,
    cells,
    falls_silent,
    goes_well,
    lost,
    lost_in_the_second,
    row,
    run,
    started,
)


def test_a_target_set_aside_at_a_first_attempt_ends_the_run(tmp_path: Path) -> None:
    wanted = [
        cell for name in ("retinaface", "mpdetector", "detectorv2") for cell in cells(1, 4, detector=CATALOGUE[name])
    ]
    outcome = run(ScriptedBackend(lost), tmp_path, wanted, n=2)
    assert outcome.problems == ["CPU was set aside after 3 invocations in a row were lost with their process"]
    last = store.read(str(tmp_path)).rows
    assert len(last) == 12
    assert {row.status for row in last} == {"lost"}


def test_a_detector_that_takes_its_worker_down_every_time_keeps_no_other_from_being_measured(tmp_path: Path) -> None:
    def script(planned: PlannedInvocation) -> Iterator[Event]:
        is_deadly = planned.invocation.cells[0].detector.name == "mpdetector"
        return lost(planned, Status.CRASHED) if is_deadly else goes_well(planned)

    wanted = [cell for name in ("retinaface", "mpdetector") for cell in cells(1, detector=CATALOGUE[name])]
    run(ScriptedBackend(script), tmp_path, wanted, n=5)
    rows = store.read(str(tmp_path)).rows
    statuses = {name: {row.status for row in rows if row.detector == name} for name in ("retinaface", "mpdetector")}
    assert statuses == {"retinaface": {"ok"}, "mpdetector": {"crashed"}}


def deadly(*names: str) -> Script:
    """Make a script whose detectors of these names take their Ray worker down at each cell."""

    def script(planned: PlannedInvocation) -> Iterator[Event]:
        first = planned.invocation.cells[0]
        if first.detector.name not in names:
            return goes_well(planned)
        ended = Event(planned=planned, kind=EventKind.ENDED, status=Status.CRASHED, text="gone")
        return iter([started(planned, first), ended])

    return script


def test_the_cells_left_by_a_dead_worker_come_after_all_that_was_never_tried(tmp_path: Path) -> None:
    names = ("retinaface", "mpdetector", "detectorv2")
    backend = ScriptedBackend(deadly("mpdetector"))
    run(backend, tmp_path, [cell for name in names for cell in cells(1, 4, 16, detector=CATALOGUE[name])])
    tried = [planned.invocation.cells[0].detector.name for planned in backend.started]
    first = tried.index("mpdetector")
    assert sorted(tried[: first + 1] + tried[first + 1 : 3]) == sorted(names)
    statuses = {row.status for row in store.read(str(tmp_path)).rows if row.detector != "mpdetector"}
    assert statuses == {"ok"}


def test_many_detectors_that_take_their_worker_down_keep_no_other_from_being_measured(tmp_path: Path) -> None:
    made = [dataclasses.replace(CATALOGUE["retinaface"], name=f"d{n}", class_name=f"own:D{n}") for n in range(9)]
    bad = [detector.name for detector in made[:6]]
    outcome = run(ScriptedBackend(deadly(*bad)), tmp_path, [make_cell(detector=detector) for detector in made])
    rows = store.read(str(tmp_path)).rows
    assert {row.status for row in rows if row.detector not in bad} == {"ok"}
    assert {row.status for row in rows if row.detector in bad} == {"crashed"}
    assert [problem.partition(" invocations")[0] for problem in outcome.problems] == ["CPU was set aside after 3"]


def test_a_target_on_which_no_worker_lives_is_set_aside_whatever_was_never_tried(tmp_path: Path) -> None:
    made = [dataclasses.replace(CATALOGUE["retinaface"], name=f"d{n}", class_name=f"own:D{n}") for n in range(30)]
    backend = ScriptedBackend(deadly(*(detector.name for detector in made)))
    outcome = run(backend, tmp_path, [make_cell(detector=detector) for detector in made])
    assert len(backend.started) == runner.CRASHES_MAX
    assert outcome.problems == [
        f"CPU was set aside after {runner.CRASHES_MAX} invocations in a row were lost with their process"
    ]


def test_outputs_are_kept_before_their_rows_are_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept_with: list[int] = []

    def keep(results: str, outputs: Collection[object]) -> list[str]:
        if outputs:
            kept_with.append(len(store.read(results).rows))
        return []

    def script(planned: PlannedInvocation) -> Iterator[Event]:
        for event in goes_well(planned):
            yield dataclasses.replace(event, output={}) if event.row else event

    monkeypatch.setattr(kept_outputs, "keep", keep)
    run(ScriptedBackend(script), tmp_path, cells(1))
    assert kept_with == [0]


def test_rows_that_come_again_before_a_worker_s_end_leave_the_cell_that_it_was_at(tmp_path: Path) -> None:
    def script(planned: PlannedInvocation) -> Iterator[Event]:
        first, second = planned.invocation.cells
        yield started(planned, first)
        yield row(planned, first)
        yield started(planned, second)
        yield row(planned, first)
        yield Event(planned=planned, kind=EventKind.ENDED, status=Status.CRASHED, text="gone")

    run(ScriptedBackend(script, goes_well), tmp_path, cells(1, 4))
    assert sorted((attempt, status) for _, attempt, status in attempts(tmp_path)) == [
        *((1, "crashed"), (1, "ok"), (2, "ok"))
    ]


def test_a_stopped_sweep_of_many_units_is_stored_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "CANCELLED_ROWS", 2)
    plan = make_plan(place(cells(1, 2, 4, 8, 16), make_host()), n=1)
    Runner(plan, ScriptedBackend(goes_well), str(tmp_path), lambda _: None).cancel()
    assert [row.status for row in store.read(str(tmp_path)).rows] == ["cancelled"] * 5
    assert len(list((tmp_path / "rows").glob("*.parquet"))) == 3


def test_a_lost_worker_costs_the_cell_that_it_was_at(tmp_path: Path) -> None:
    backend = ScriptedBackend(lost_in_the_second, goes_well)
    run(backend, tmp_path, cells(1, 2, 4, 8))
    first = backend.started[0].invocation.cells
    assert attempts(tmp_path) == sorted(
        [
            *((cell.batch_size, 1, "ok") for cell in first if cell is not first[1]),
            (first[1].batch_size, 1, "lost"),
            (first[1].batch_size, 2, "ok"),
        ]
    )


def test_a_worker_that_ran_out_of_memory_skips_larger_batches_only(tmp_path: Path) -> None:
    backend = ScriptedBackend(lambda planned: lost_in_the_second(planned, Status.OOM), goes_well)
    run(backend, tmp_path, cells(1, 2, 4, 8))
    first = [cell.batch_size for cell in backend.started[0].invocation.cells]
    ends = dict.fromkeys(first, "ok")
    ends |= {size: "skipped" for size in first[2:] if size > first[1]} | {first[1]: "oom"}
    assert attempts(tmp_path) == sorted((size, 1, status) for size, status in ends.items())


def cannot(reason: str) -> Script:
    """Make a script that cannot run the class `own`, and measures the others."""

    def script(planned: PlannedInvocation) -> Iterator[Event]:
        for cell in planned.invocation.cells:
            made = row(planned, cell, "unsupported" if cell.detector.name == "own" else "ok")
            assert made.row is not None
            yield dataclasses.replace(made, row=dataclasses.replace(made.row, reason=reason))
        yield Event(planned=planned, kind=EventKind.ENDED)

    return script


def test_a_class_that_a_host_does_not_find_is_tried_once(tmp_path: Path) -> None:
    wrong = dataclasses.replace(CATALOGUE["retinaface"], name="own", class_name="mydet:Detectr")
    wanted = [*cells(1, 4, detector=wrong), *cells(1)]
    backend = ScriptedBackend(cannot("mydet has no Detectr"))
    outcome = run(backend, tmp_path, wanted, n=5)
    names = [{cell.detector.name for cell in planned.invocation.cells} for planned in backend.started]
    assert (names.count({"own"}), names.count({"retinaface"})) == (1, 5)
    rows = store.read(str(tmp_path)).rows
    assert [row.reason for row in rows if row.status == "unsupported"] == ["mydet has no Detectr"] * 10
    assert (len(rows), outcome.stored) == (15, 15)


def test_what_may_work_later_is_tried_in_every_invocation(tmp_path: Path) -> None:
    wrong = dataclasses.replace(CATALOGUE["retinaface"], name="own", class_name="mydet:Detector")
    backend = ScriptedBackend(cannot("the environment cannot be built: no network"))
    run(backend, tmp_path, cells(1, 4, detector=wrong), n=5)
    assert len(backend.started) == 5


def test_interchangeable_work_of_a_lost_host_goes_to_another(tmp_path: Path) -> None:
    def lost_on_box(planned: PlannedInvocation) -> Iterator[Event]:
        return lost_in_the_second(planned) if planned.target.host.hostname == "box" else goes_well(planned)

    def lost_at_once_on_box(planned: PlannedInvocation) -> Iterator[Event]:
        return lost(planned) if planned.target.host.hostname == "box" else goes_well(planned)

    placed = place(cells(1, 2, 4, 8, 16, 32), *map(make_host, ("box", "shelf", "desk")), interchangeable=True)
    backend = ScriptedBackend(lost_on_box, lost_at_once_on_box)
    outcome = Runner(make_plan(placed, n=6), backend, str(tmp_path), lambda _: None).run()
    final = store.read(str(tmp_path)).rows
    assert len({(row.cell_id, row.invocation) for row in final if row.status == "ok"}) == 36
    every = store.read(str(tmp_path), every_attempt=True).rows
    assert max(row.attempt for row in every) == 2
    assert outcome.stored == len(every) == len(set(outcome.key_hashes))


def test_a_pilot_that_is_over_tells_the_outlook_what_it_asked_for(tmp_path: Path) -> None:
    quick, slow = cells(1, threads=1), cells(1, 2, 4, 8, 16, 32, threads=2)
    placed = place([*quick, *slow], *map(make_host, ("box", "shelf", "desk")), interchangeable=True)
    rest = [
        planned
        for planned in make_plan(placed, n=4).invocations
        if planned.invocation.invocation > 2 and len(planned.cell_ids) == 1
    ]
    outlook = Outlook(make_plan(placed, n=2).invocations, pilot=2, most=4)

    def find_more(idle: Collection[str]) -> Sequence[PlannedInvocation]:
        assert idle
        stored = store.read(str(tmp_path)).rows
        done = {row.invocation for row in stored if row.cell_id == rest[0].cell_ids[0]}
        return [planned for planned in rest if planned.invocation.invocation not in done] if len(done) >= 2 else ()

    backend, still = ScriptedBackend(goes_well), DriverClock(now=lambda: 0.0)
    plan = make_plan(placed, n=2)
    Runner(plan, backend, str(tmp_path), lambda _: None, clock=still, find_more=find_more, outlook=outlook).run()
    assert [len(planned.cell_ids) for planned in backend.started].count(1) == 4
    assert outlook.each in {2 / (over + DOUBT) for over in (1, 2, 3)}  # the slow ones ask for nothing


def test_a_process_lost_before_any_cell_is_every_cells_failure(tmp_path: Path) -> None:
    run(ScriptedBackend(lost, goes_well), tmp_path, cells(1, 4))
    assert attempts(tmp_path) == [(1, 1, "lost"), (1, 2, "ok"), (4, 1, "lost"), (4, 2, "ok")]


def test_a_silent_host_is_given_up_after_the_limit_of_what_it_was_doing(tmp_path: Path) -> None:
    wanted = cells(1, 4)
    work = make_plan(place(wanted, make_host()), n=1)
    quick = Rules(load_limit_s=0.1, time_limit_s=60.0)
    planned = tuple(
        dataclasses.replace(started, invocation=dataclasses.replace(started.invocation, rules=quick))
        for started in work.invocations
    )
    backend = ScriptedBackend(falls_silent, goes_well)
    hasty = DriverClock(grace_s=0.0)
    Runner(dataclasses.replace(work, invocations=planned), backend, str(tmp_path), lambda _: None, clock=hasty).run()
    assert len(backend.cancelled) == 1
    assert attempts(tmp_path) == [(1, 1, "lost"), (1, 2, "ok"), (4, 1, "lost"), (4, 2, "ok")]


def striding() -> DriverClock:
    """Make a clock on which 100 s pass between any two readings."""
    times = iter(range(0, 10**9, 100))
    return DriverClock(now=lambda: float(next(times)))


def test_waiting_for_a_host_is_never_too_long(tmp_path: Path) -> None:
    def waits(planned: PlannedInvocation) -> Iterator[Event]:
        for _ in range(50):
            yield Event(planned=planned, kind=EventKind.WAITING, text="ann@box (process 7)")
        yield from goes_well(planned)

    backend = ScriptedBackend(waits)
    run(backend, tmp_path, cells(1), clock=striding())
    assert backend.cancelled == []
    assert attempts(tmp_path) == [(1, 1, "ok")]


def test_what_ray_never_begins_though_nothing_is_in_its_way_is_lost(tmp_path: Path) -> None:
    def never_begins(planned: PlannedInvocation) -> Iterator[Event]:
        while True:
            yield Event(planned=planned, kind=EventKind.QUEUED, text="Ray to start it on box")

    backend = ScriptedBackend(never_begins, goes_well)
    run(backend, tmp_path, cells(1), clock=striding())
    assert len(backend.cancelled) == 1
    assert attempts(tmp_path) == [(1, 1, "lost"), (1, 2, "ok")]


def test_a_gpu_that_keeps_dying_leaves_the_other_one_of_its_host_alone(tmp_path: Path) -> None:
    def dies_on_one(planned: PlannedInvocation) -> Iterator[Event]:
        return lost(planned) if planned.invocation.gpu_uuid == RTX3090.uuid else goes_well(planned)

    placed = place(cells(1, 4, device="cuda"), make_host("box", RTX3090, BLACKWELL))
    outcome = Runner(make_plan(placed, n=5), ScriptedBackend(dies_on_one), str(tmp_path), lambda _: None).run()
    ends = collections.Counter((row.gpu_uuid == RTX3090.uuid, row.status) for row in store.read(str(tmp_path)).rows)
    assert ends == {(True, "lost"): 10, (False, "ok"): 10}
    assert outcome.problems == ["RTX 3090 was set aside after 3 invocations in a row were lost with their process"]


def test_what_an_earlier_submit_tried_stays_in_the_total_when_its_target_is_set_aside(tmp_path: Path) -> None:
    names = ("retinaface", "mpdetector", "detectorv2")
    wanted = [cell for name in names for cell in cells(1, 4, detector=CATALOGUE[name])]
    placed = place(wanted, make_host())
    (target_id,) = placed.targets
    stored = [make_stored(cell, target_id, number, status="lost") for cell in wanted for number in (1, 2)]
    progresses: list[Progress] = []
    backend = ScriptedBackend(lost)
    Runner(make_plan(placed, stored, n=2), backend, str(tmp_path), progresses.append).run()
    # Three invocations of two cells each were lost; the other three, and all retries, are given up.
    assert (progresses[-1].done, progresses[-1].total, progresses[-1].left_s) == (6, 12, 0.0)
    assert backend.published[-1]["units_planned"] == 12


def test_a_watcher_hears_how_many_targets_have_work_of_their_own(tmp_path: Path) -> None:
    placed = place(cells(1, 4, device="cuda"), make_host("box", RTX3090, BLACKWELL))
    heard: set[int | None] = set()
    watch: Watch = lambda progress: heard.add(progress.targets)  # noqa: E731
    Runner(make_plan(placed, n=1), ScriptedBackend(goes_well), str(tmp_path), watch).run()
    assert heard == {2}


def test_rows_that_the_driver_makes_reach_the_watcher_like_those_of_a_host(tmp_path: Path) -> None:
    progresses: list[Progress] = []
    run(ScriptedBackend(lost), tmp_path, cells(1, 4), watch=progresses.append)
    rows = [progress.event.row for progress in progresses if progress.event and progress.event.row]
    assert sorted(row.key() for row in rows) == sorted(
        row.key() for row in store.read(str(tmp_path), every_attempt=True).rows
    )
    assert (progresses[-1].done, progresses[-1].total) == (len(rows), len(rows))


def test_only_rows_that_a_host_sent_are_dropped_from_its_spool(tmp_path: Path) -> None:
    backend = ScriptedBackend(lost_in_the_second, goes_well)
    run(backend, tmp_path, cells(1, 4))
    assert [(row.attempt, row.status) for row in backend.forgotten] == [(1, "ok"), (2, "ok")]


def test_a_larger_batch_is_not_tried_again_in_later_processes(tmp_path: Path) -> None:
    def runs_out(planned: PlannedInvocation) -> Iterator[Event]:
        for cell in planned.invocation.cells:
            yield started(planned, cell)
            yield row(planned, cell, "ok" if cell.batch_size < 4 else "oom")
        yield Event(planned=planned, kind=EventKind.ENDED)

    run(ScriptedBackend(runs_out), tmp_path, cells(1, 4, 8), n=4)
    found = {(row.invocation, row.batch_size): row for row in store.read(str(tmp_path)).rows}
    assert {found[n, 1].status for n in range(1, 5)} == {"ok"}
    assert {found[n, 4].status for n in range(1, 5)} == {"oom"}
    assert {found[n, 8].status for n in range(2, 5)} == {"skipped"}
    assert found[2, 8].reason == "batch 4 already ran out of memory"


def test_a_worker_killed_for_memory_before_it_loaded_anything_is_tried_again(tmp_path: Path) -> None:
    run(ScriptedBackend(lambda planned: lost(planned, Status.OOM), goes_well), tmp_path, cells(1))
    assert attempts(tmp_path) == [(1, 1, "crashed"), (1, 2, "ok")]


def test_what_a_stopped_sweep_leaves_says_so_and_is_planned_again(tmp_path: Path) -> None:
    def stops(progress: Progress) -> None:
        if progress.done == 1:
            raise KeyboardInterrupt

    work = make_plan(place(cells(1, 4), make_host()), n=2)
    running = Runner(work, ScriptedBackend(goes_well), str(tmp_path), stops)
    with pytest.raises(KeyboardInterrupt):
        running.run()
    running.cancel()
    ends = collections.Counter((row.status, row.reason) for row in store.read(str(tmp_path)).rows)
    assert ends == {("ok", None): 1, ("cancelled", "the sweep was stopped"): 3}
    Runner(work, ScriptedBackend(goes_well), str(tmp_path), lambda _: None).run()
    assert {(row.attempt, row.status) for row in store.read(str(tmp_path)).rows} == {(1, "ok")}
    assert store.compact(str(tmp_path)).duplicates == 1  # this test's second run measures the first unit again


def test_figures_are_published_at_most_once_a_second_and_at_the_end(tmp_path: Path) -> None:
    backend = ScriptedBackend(goes_well)
    run(backend, tmp_path, cells(1, 2, 4, 8), n=3)
    assert 1 <= len(backend.published) <= 3
    last = backend.published[-1]
    assert (last["units_planned"], last["units_done"], last["rows"]) == (12, 12, {"ok": 12})
    assert last["fps"] == {"CPU": 144.0}  # 72 frames in 0.5 s
    assert last["lease"] == {"CPU": 0}


def test_a_retry_is_announced_as_one_more_measurement(tmp_path: Path) -> None:
    progresses: list[Progress] = []
    run(ScriptedBackend(lost_in_the_second, goes_well), tmp_path, cells(1, 4), watch=progresses.append)
    assert (progresses[0].total, progresses[-1].done, progresses[-1].total) == (2, 3, 3)


def test_the_counts_of_a_submit_go_on_in_its_later_parts(tmp_path: Path) -> None:
    gauges = Gauges(0.0)
    for part, sizes in enumerate(((1, 2), (4, 8, 16))):
        backend = ScriptedBackend(goes_well)
        work = make_plan(place(cells(*sizes), make_host()), n=1)
        Runner(work, backend, str(tmp_path), lambda _: None, gauges=gauges).run()
        last = backend.published[-1]
        done = 5 if part else 2
        assert (last["units_planned"], last["units_done"], last["rows"]) == (done, done, {"ok": done})


class Bursting(ScriptedBackend):
    """Gives at each poll all events that are left of every invocation."""

    def poll(self, timeout_s: float) -> Sequence[Event]:
        events: list[Event] = []
        while more := super().poll(timeout_s):
            events += more
        return events


def list_files(results: Path) -> list[Path]:
    return sorted((results / "rows").glob("*.parquet"))


def test_the_rows_of_one_poll_become_one_file(tmp_path: Path) -> None:
    outcome = run(Bursting(goes_well), tmp_path, cells(1, 2, 4, 8))
    assert outcome.stored == len(store.read(str(tmp_path)).rows) == 4
    assert len(list_files(tmp_path)) == 1


class Slow(ScriptedBackend):
    """Gives an event at each poll, after so many seconds of a clock of its own; Ctrl-C comes at poll `stops_at`."""

    def __init__(self, seconds: float, stops_at: int = -1) -> None:
        super().__init__(goes_well)
        self.seconds, self.stops_at = seconds, stops_at
        self.clock = DriverClock(now=lambda: self.polls * self.seconds)
        self.polls = 0

    def poll(self, timeout_s: float) -> Sequence[Event]:
        self.polls += 1
        if self.polls == self.stops_at:
            raise KeyboardInterrupt
        return super().poll(timeout_s)


@pytest.mark.parametrize(("seconds", "files"), [(0.001, 2), (10.0, 4)])
def test_rows_that_come_within_a_moment_become_one_file_and_no_row_waits_longer(
    tmp_path: Path, seconds: float, files: int
) -> None:
    backend = Slow(seconds)
    run(backend, tmp_path, cells(1, 2, 4, 8), clock=backend.clock)
    assert len(list_files(tmp_path)) == files


def test_rows_that_wait_for_others_are_stored_when_the_run_is_stopped(tmp_path: Path) -> None:
    backend = Slow(0.001, stops_at=8)
    work = make_plan(place(cells(1, 2, 4, 8), make_host()), n=1)
    stopped = Runner(work, backend, str(tmp_path), lambda _: None, clock=backend.clock)
    with pytest.raises(KeyboardInterrupt):
        stopped.run()
    waited = len(store.read(str(tmp_path)).rows)
    stopped.cancel()
    measured = [row for row in store.read(str(tmp_path)).rows if row.status == Status.OK]
    assert waited < len(measured) == stopped.outcome.stored == len(backend.forgotten)


def test_a_row_is_stored_before_it_is_told_and_told_before_its_host_may_drop_it(tmp_path: Path) -> None:
    backend = Bursting(goes_well)
    counts: list[tuple[int, int, int]] = []

    def note(progress: Progress) -> None:
        if progress.event is not None and progress.event.row is not None:
            counts.append((progress.done, len(store.read(str(tmp_path)).rows), len(backend.forgotten)))

    run(backend, tmp_path, cells(1, 2, 4), watch=note)
    assert counts == [(1, 3, 0), (2, 3, 0), (3, 3, 0)]
    assert len(backend.forgotten) == 3


def test_hosts_drop_stored_rows_of_a_long_invocation_while_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "FORGET_ROWS", 2)
    monkeypatch.setattr(runner, "STORE_S", 0.0)
    backend = ScriptedBackend(goes_well)
    kept: list[int] = []

    def note(progress: Progress) -> None:
        if progress.event is not None and progress.event.row is not None:
            kept.append(progress.done - 1 - len(backend.forgotten))

    run(backend, tmp_path, cells(1, 2, 4, 8, 16), watch=note)
    assert kept == [0, 1, 0, 1, 0]
    assert len(backend.forgotten) == 5


def test_progress_goes_on_where_an_earlier_part_of_the_submit_ended(tmp_path: Path) -> None:
    gauges, counts = Gauges(0.0), []
    for sizes in ((1, 2), (4, 8)):
        work = make_plan(place(cells(*sizes), make_host()), n=1)
        watch: Watch = lambda progress: counts.append((progress.done, progress.total))  # noqa: E731
        Runner(work, ScriptedBackend(goes_well), str(tmp_path), watch, gauges=gauges).run()
    assert counts[-1] == (4, 4)
    assert (2, 2) in counts
    assert counts == sorted(counts)


def test_rows_whose_storing_is_interrupted_stay_on_their_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    backend = Bursting(goes_well)
    running = Runner(make_plan(place(cells(1, 4), make_host()), n=1), backend, str(tmp_path), lambda _: None)
    real = store.Appender.append
    monkeypatch.setattr(store.Appender, "append", interrupted)
    with pytest.raises(KeyboardInterrupt):
        running.run()
    monkeypatch.setattr(store.Appender, "append", real)
    running.cancel()
    assert (backend.forgotten, store.read(str(tmp_path)).rows) == ([], ())


def test_stored_rows_are_told_also_when_the_watcher_was_interrupted(tmp_path: Path) -> None:
    told: list[int] = []

    def stops(progress: Progress) -> None:
        if progress.event is not None and progress.event.row is not None:
            told.append(progress.event.row.batch_size)
            if len(told) == 1:
                raise KeyboardInterrupt

    running = Runner(make_plan(place(cells(1, 4), make_host()), n=1), Bursting(goes_well), str(tmp_path), stops)
    with pytest.raises(KeyboardInterrupt):
        running.run()
    running.cancel()
    assert sorted(told) == [1, 4]
    assert running.outcome.stored == 2
    assert sorted((row.batch_size, row.status) for row in store.read(str(tmp_path)).rows) == [(1, "ok"), (4, "ok")]


@pytest.mark.parametrize(("one_at_a_time", "at_once"), [(True, 1), (False, 2)])
def test_a_backend_that_runs_one_at_a_time_gets_the_next_when_the_last_has_ended(
    tmp_path: Path, one_at_a_time: bool, at_once: int
) -> None:
    class Counting(ScriptedBackend):
        most = 0

        def poll(self, timeout_s: float) -> Sequence[Event]:
            self.most = max(self.most, len(self._live))
            return super().poll(timeout_s)

    backend = Counting(goes_well)
    backend.runs_one_at_a_time = one_at_a_time
    placed = place([make_cell(device="cuda")], make_host("box", BLACKWELL, RTX3090))
    work = make_plan(placed, n=2, exclusive=Exclusive.GPU)
    outcome = Runner(work, backend, str(tmp_path), lambda _: None).run()
    assert (outcome.stored, backend.most) == (4, at_once)
