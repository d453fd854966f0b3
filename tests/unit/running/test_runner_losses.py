"""The runner on a backend whose workers die, hosts fall silent and targets are set aside. No process is started."""

import collections
import dataclasses
from collections.abc import Iterator
from pathlib import Path

from featray import store
from featray.backends import Event
from featray.core.detectors import CATALOGUE
from featray.core.events import EventKind
from featray.core.rules import Rules
from featray.core.status import Status
from featray.planning.planned_invocation import PlannedInvocation
from featray.running import runner
from featray.running.progress import Progress
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


def test_a_worker_killed_for_memory_before_it_loaded_anything_is_tried_again(tmp_path: Path) -> None:
    run(ScriptedBackend(lambda planned: lost(planned, Status.OOM), goes_well), tmp_path, cells(1))
    assert attempts(tmp_path) == [(1, 1, "crashed"), (1, 2, "ok")]
