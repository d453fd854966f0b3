"""Schedules: what starts next on which free lease."""

import dataclasses
import random

import pytest

from featray.core import cell
from featray.core.choices import Exclusive
from featray.core.status import Status
from featray.planning.inventory import Gpu
from featray.planning.outlook import Outlook
from featray.planning.plan import Plan
from featray.planning.planned_invocation import PlannedInvocation
from featray.planning.schedule import Schedule
from tests.support.outlooks import make_outlook
from tests.support.plans import BLACKWELL, RTX3090, make_cell, make_host, make_plan, make_stored, place


def drain(schedule: Schedule) -> list[PlannedInvocation]:
    """Take everything, ending each invocation before the next starts."""
    taken = []
    while (planned := schedule.take()) is not None:
        taken.append(planned)
        schedule.release(planned.target)
    return taken


def test_a_host_measures_one_invocation_at_a_time() -> None:
    work = make_plan(place([make_cell(device="cuda")], make_host("a", BLACKWELL, RTX3090)), n=1)
    schedule = Schedule(work.invocations, exclusive=Exclusive.HOST)
    first = schedule.take()
    assert first is not None
    assert schedule.take() is None
    schedule.release(first.target)
    assert schedule.take() is not None


def test_gpus_of_one_host_run_side_by_side_with_exclusive_gpu() -> None:
    work = make_plan(
        place([make_cell(device="cuda")], make_host("a", BLACKWELL, RTX3090)), n=1, exclusive=Exclusive.GPU
    )
    schedule = Schedule(work.invocations, exclusive=Exclusive.GPU)
    assert {planned.target.gpu for planned in (schedule.take(), schedule.take()) if planned} == {BLACKWELL, RTX3090}


def test_hosts_do_not_wait_for_each_other() -> None:
    work = make_plan(place([make_cell()], make_host("a"), make_host("b")), n=2)
    schedule = Schedule(work.invocations, exclusive=Exclusive.HOST)
    taken = [schedule.take(), schedule.take()]
    assert {planned.target.host.hostname for planned in taken if planned} == {"a", "b"}


def test_blocks_of_a_target_are_never_overtaken() -> None:
    cells = [make_cell(batch_size=1, threads=1), make_cell(batch_size=2, threads=2)]
    work = make_plan(place(cells), n=3)
    blocks = [planned.invocation.block for planned in drain(Schedule(work.invocations, exclusive=Exclusive.HOST))]
    assert blocks == [1, 1, 2, 2, 3, 3]


def first_threads(work: Plan) -> list[int | None]:
    """Give the threads of the first process of each block, by which the test tells processes apart."""
    started = drain(Schedule(work.invocations, exclusive=Exclusive.HOST))
    return [
        next(planned for planned in started if planned.invocation.block == n).invocation.cells[0].threads
        for n in BLOCKS
    ]


BLOCKS = range(1, 41)


def test_the_processes_of_a_block_start_in_an_order_that_favours_none() -> None:
    short, long = make_cell(threads=1), make_cell(threads=2)
    durations = {(cell.cell_id(short), "cpu@id-box"): 1.0, (cell.cell_id(long), "cpu@id-box"): 9.0}
    work = make_plan(place([short, long]), n=len(BLOCKS), durations=durations)
    first = first_threads(work)
    assert 10 <= first.count(2) <= 30  # of 40 fair draws: fewer or more come once in a thousand times
    assert first_threads(work) == first


def test_the_longest_interchangeable_work_starts_first() -> None:
    short, long = make_cell(threads=1), make_cell(threads=2)
    durations = {
        (cell.cell_id(asked), f"cpu@id-{host}"): seconds
        for asked, seconds in ((short, 1.0), (long, 9.0))
        for host in "ab"
    }
    placed = place([short, long], make_host("a"), make_host("b"), interchangeable=True)
    started = drain(Schedule(make_plan(placed, n=1, durations=durations).invocations, exclusive=Exclusive.HOST))
    assert [planned.invocation.cells[0].threads for planned in started] == [2, 1]


def test_interchangeable_work_goes_to_whichever_host_is_free() -> None:
    cells = [make_cell(threads=number) for number in (1, 2)]
    work = make_plan(place(cells, make_host("a"), make_host("b"), interchangeable=True), n=1)
    schedule = Schedule(work.invocations, exclusive=Exclusive.HOST)
    taken = [planned for planned in (schedule.take(), schedule.take()) if planned]
    assert {planned.target.host.hostname for planned in taken} == {"a", "b"}
    assert all(planned.invocation.target_id == planned.target.target_id for planned in taken)
    assert schedule.waiting == 0


@pytest.mark.parametrize("seed", range(8))
def test_the_invocations_of_a_cell_stay_where_its_first_one_ran(seed: int) -> None:
    cells = [make_cell(threads=number) for number in range(1, 7)]
    work = make_plan(place(cells, make_host("a"), make_host("b"), interchangeable=True), n=5, seed=seed)
    schedule, running = Schedule(work.invocations, exclusive=Exclusive.HOST), list[PlannedInvocation]()
    where: dict[str, list[str]] = {}
    now = 0.0
    while schedule.waiting:
        while (planned := schedule.take(now)) is not None:
            running.append(planned)
            for id_ in planned.cell_ids:
                where.setdefault(id_, []).append(planned.target.target_id)
        now += running[0].expected_s
        for planned in running:
            schedule.release(planned.target)
        running.clear()
    assert sorted(targets[0] for targets in where.values()) == ["cpu@id-a"] * 3 + ["cpu@id-b"] * 3
    # Two of 30 may move near the end, where the sweep might otherwise end later.
    assert sum(target != targets[0] for targets in where.values() for target in targets) <= 2


def test_a_retry_starts_where_the_last_try_was_or_anywhere_else() -> None:
    placed = place([make_cell()], make_host("a"), make_host("b"), interchangeable=True)
    crashed = make_stored(make_cell(), "cpu@id-b", status=Status.CRASHED)
    schedule = Schedule(make_plan(placed, [crashed], n=1).invocations, exclusive=Exclusive.HOST)
    planned = schedule.take()
    assert planned is not None
    assert planned.invocation.attempt == 2


def test_what_failed_before_comes_after_what_was_never_tried() -> None:
    first, *others = make_plan(place([make_cell()], make_host()), n=3).invocations
    schedule = Schedule([dataclasses.replace(first, tries=1), *others], exclusive=Exclusive.HOST)
    tries = []
    while (planned := schedule.take()) is not None:
        tries.append(planned.tries)
        schedule.release(planned.target)
    assert tries == [0, 0, 1]


def test_an_idle_target_takes_what_would_make_the_sweep_late() -> None:
    work = make_plan(place([make_cell()], make_host("a"), make_host("b"), interchangeable=True), n=4)
    schedule = Schedule(work.invocations, exclusive=Exclusive.HOST)
    assert {planned.target.host.hostname for planned in (schedule.take(), schedule.take()) if planned} == {"a", "b"}


def test_a_target_set_aside_gives_up_its_own_work_and_moves_the_rest() -> None:
    fixed = make_plan(place([make_cell(threads=1)], make_host("a")), n=2).invocations
    moving = make_plan(place([make_cell(threads=2)], make_host("a"), make_host("b"), interchangeable=True), n=1)
    schedule = Schedule((*fixed, *moving.invocations), exclusive=Exclusive.HOST)
    assert len(schedule.drop("cpu@id-a")) == 2
    assert [planned.target.host.hostname for planned in drain(schedule)] == ["b"]


def test_work_that_no_target_is_left_for_is_given_up() -> None:
    work = make_plan(place([make_cell()], make_host("a"), make_host("b"), interchangeable=True), n=1)
    schedule = Schedule(work.invocations, exclusive=Exclusive.HOST)
    assert schedule.drop("cpu@id-a") == []
    assert len(schedule.drop("cpu@id-b")) == 1
    assert schedule.waiting == 0


def test_every_invocation_starts_once_also_when_ends_differ_and_a_target_is_set_aside() -> None:
    draw = random.Random(3)
    cells = [make_cell(threads=number) for number in range(1, 121)]
    hosts = [make_host(f"h{number}") for number in range(60)]
    work = make_plan(place(cells, *hosts, interchangeable=True), n=2)
    schedule = Schedule(work.invocations, exclusive=Exclusive.HOST)
    running, started, now = list[PlannedInvocation](), list[tuple[str, int]](), 0.0
    while schedule.waiting or running:
        while (planned := schedule.take(now)) is not None:
            running.append(planned)
            started += [(id_, planned.invocation.invocation) for id_ in planned.cell_ids]
            assert len({at.target.target_id for at in running}) == len(running)
        ended = running.pop(draw.randrange(len(running)))
        now += draw.uniform(0.1, 10.0)
        schedule.release(ended.target)
        if len(started) == 150:
            assert schedule.drop("cpu@id-h7") == []
    assert len(started) == len(set(started)) == 240


def test_interchangeable_work_waits_near_the_end_for_the_host_that_would_end_it_first() -> None:
    asked = [make_cell(threads=number) for number in (1, 2)]
    durations = {
        (cell.cell_id(one), f"cpu@id-{host}"): seconds for one in asked for host, seconds in (("a", 10.0), ("b", 900.0))
    }
    placed = place(asked, make_host("a"), make_host("b"), interchangeable=True)
    schedule = Schedule(make_plan(placed, n=1, durations=durations).invocations, exclusive=Exclusive.HOST)
    first = schedule.take()
    assert first is not None
    assert first.target.host.hostname == "a"
    assert schedule.take() is None
    schedule.release(first.target)
    second = schedule.take()
    assert second is not None
    assert second.target.host.hostname == "a"


def plan_on_a_fast_and_a_slow_host(threads: int, n: int) -> Plan:
    """Plan one cell: 100 s for an invocation on the fast host, 600 s on the slow one, and the load."""
    asked = make_cell(threads=threads)
    durations = {(cell.cell_id(asked), f"cpu@id-{name}"): s for name, s in (("fast", 100.0), ("slow", 600.0))}
    return make_plan(
        place([asked], make_host("fast"), make_host("slow"), interchangeable=True), n=n, durations=durations
    )


def names_of(*taken: PlannedInvocation | None) -> set[str]:
    return {planned.target.host.hostname for planned in taken if planned}


@pytest.mark.parametrize(("each", "names"), [(0, {"fast"}), (10, {"slow", "fast"})])
def test_a_slow_host_waits_unless_so_much_more_is_expected_that_it_will_be_needed(each: int, names: set[str]) -> None:
    pilots = [planned for threads in (1, 2) for planned in plan_on_a_fast_and_a_slow_host(threads, 2).invocations]
    schedule = Schedule(pilots, exclusive=Exclusive.HOST, outlook=make_outlook(pilots, pilot=2, each=each))
    assert names_of(schedule.take(), schedule.take()) == names


def test_a_slow_host_that_waits_starts_what_comes_after_the_pilots() -> None:
    pilots = plan_on_a_fast_and_a_slow_host(1, 2).invocations
    schedule = Schedule(pilots, exclusive=Exclusive.HOST, outlook=make_outlook(pilots, pilot=2, each=6))
    assert names_of(schedule.take(), schedule.take()) == {"fast"}  # a pilot on the slow one leaves no time for its rest
    for planned in plan_on_a_fast_and_a_slow_host(2, 6).invocations[2:]:
        schedule.add(planned)
    assert names_of(schedule.take()) == {"slow"}


def test_what_is_expected_and_never_comes_keeps_nothing_waiting() -> None:
    pilots = plan_on_a_fast_and_a_slow_host(1, 4).invocations
    schedule = Schedule(pilots, exclusive=Exclusive.HOST, outlook=make_outlook(pilots, pilot=4, each=13))
    assert len(drain(schedule)) == 4


def test_what_comes_too_late_for_every_place_that_was_kept_for_it_starts_all_the_same() -> None:
    pilots = plan_on_a_fast_and_a_slow_host(1, 2).invocations
    schedule = Schedule(pilots, exclusive=Exclusive.HOST, outlook=make_outlook(pilots, pilot=2, each=1))
    first = schedule.take()
    assert first is not None
    schedule.release(first.target)
    second = schedule.take(1.0)
    assert second is not None
    schedule.add(plan_on_a_fast_and_a_slow_host(1, 4).invocations[2])  # the only one that was expected
    schedule.release(second.target)
    assert schedule.take(1e6) is not None


class ForgetfulSchedule(Schedule):
    """Weighs every free target at every choice, and keeps no choice from one to the next."""

    def _update_choices(self, now_s: float) -> None:
        self._doubt(self._targets)
        super()._update_choices(now_s)


Started = list[tuple[int, str, tuple[str, ...], int]]


def simulate(
    schedule: Schedule, outlook: Outlook | None, rest: list[PlannedInvocation], draw: random.Random
) -> Started:
    """Run pilots that ask for their rest when they are over, with retries and a target that is set aside."""
    running: list[PlannedInvocation] = []
    started: Started = []
    now = 0.0
    while schedule.waiting or running:
        while (planned := schedule.take(now)) is not None:
            running.append(planned)
            started.append((len(running), planned.target.target_id, planned.cell_ids, planned.invocation.invocation))
        ended = running.pop(draw.randrange(len(running)))
        now += draw.uniform(0.1, 20.0)
        schedule.release(ended.target)
        if draw.random() < 0.1 and schedule.accepts(ended):
            schedule.add(ended)
        elif ended.invocation.invocation == 2:
            asked = [planned for planned in rest if planned.cell_ids == ended.cell_ids][: draw.randrange(5)]
            if outlook is not None:
                outlook.finish(ended, len(asked))
            for planned in asked:
                schedule.add(planned)
        if len(started) == 30:
            schedule.drop(draw.choice(sorted({planned.target.target_id for planned in rest})))
    return started


@pytest.mark.parametrize("seed", range(12))
def test_choices_that_are_kept_are_those_that_would_be_made_anew(seed: int) -> None:
    draw = random.Random(seed)
    exclusive, device = draw.choice(list(Exclusive)), draw.choice(("cpu", "cuda"))
    hosts = [make_host(f"h{number}", *make_gpus(number)) for number in range(draw.choice((3, 8, 20)))]
    cells = [make_cell(threads=number, device=device) for number in range(1, 9)]
    cells += [make_cell(device="cuda", targets="all")] if device == "cuda" else []
    placed = place(cells, *hosts, interchangeable=True)
    targets = {target.target_id for unit in placed.units for target in unit.targets}
    durations = {(cell.cell_id(one), id_): draw.uniform(1, 60) for one in cells for id_ in sorted(targets)}
    fixed = make_plan(place([make_cell(threads=90)], *hosts[: draw.randrange(3)]), n=2, exclusive=exclusive).invocations
    planned = make_plan(placed, n=6, durations=durations, exclusive=exclusive).invocations
    pilots = [one for one in planned if one.invocation.invocation <= 2] + list(fixed if len(hosts) > 3 else ())
    found = []
    for kind in (Schedule, ForgetfulSchedule):
        outlook = make_outlook(pilots, pilot=2, each=2) if seed % 3 else None
        schedule = kind(pilots, exclusive=exclusive, outlook=outlook)
        found.append(simulate(schedule, outlook, list(planned), random.Random(seed)))
    assert found[0] == found[1]
    assert len(found[0]) >= len(pilots) - 2


def make_gpus(host: int) -> list[Gpu]:
    """Make two GPUs with UUIDs of their own."""
    return [dataclasses.replace(RTX3090, uuid=f"GPU-{host:08x}-0000-4000-8000-{number:012x}") for number in (1, 2)]


BOTH = [make_cell(device="cuda"), make_cell(device="cuda", targets="all")]


def run_all(schedule: Schedule, random_ends: random.Random) -> list[list[PlannedInvocation]]:
    """Run everything, ending in a random order; give what ran side by side after each start."""
    running: list[PlannedInvocation] = []
    beside: list[list[PlannedInvocation]] = []
    while schedule.waiting or running:
        while (planned := schedule.take()) is not None:
            running.append(planned)
            beside.append(list(running))
        ended = running.pop(random_ends.randrange(len(running)))
        schedule.release(ended.target)
    return beside


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("interchangeable", [False, True])
def test_nothing_ever_runs_beside_all_gpus_of_a_host_and_they_take_their_turn(seed: int, interchangeable: bool) -> None:
    hosts = make_host("a", BLACKWELL, RTX3090), make_host("b", *TWINS)
    cells = [*BOTH, make_cell(), *(make_cell(device="cuda", threads=number) for number in (2, 3))]
    placed = place(cells, *hosts, interchangeable=interchangeable)
    work = make_plan(placed, n=5, exclusive=Exclusive.GPU, seed=seed)
    started = run_all(Schedule(work.invocations, exclusive=Exclusive.GPU), random.Random(seed))
    assert len(started) == len(work.invocations)
    for beside in started:
        for planned in beside:
            others = [other for other in beside if other is not planned and other.target.host is planned.target.host]
            assert not (planned.target.is_whole and others)
    blocks = [
        (beside[-1].target.host.hostname, beside[-1].invocation.block, beside[-1].target.is_whole) for beside in started
    ]
    for host in "ab" if not interchangeable else "":
        own = [(block, is_whole) for name, block, is_whole in blocks if name == host]
        assert own == sorted(own)  # block by block, all GPUs at the end of each


TWINS = [dataclasses.replace(RTX3090, uuid=f"GPU-twin-{number}") for number in (1, 2)]


def test_gpus_run_side_by_side_until_all_of_them_are_needed() -> None:
    work = make_plan(place(BOTH, make_host("a", BLACKWELL, RTX3090)), n=2, exclusive=Exclusive.GPU)
    schedule = Schedule(work.invocations, exclusive=Exclusive.GPU)
    first, second = schedule.take(), schedule.take()
    assert first is not None
    assert second is not None
    assert {first.target.gpu, second.target.gpu} == {BLACKWELL, RTX3090}
    assert schedule.take() is None
    schedule.release(first.target)
    assert schedule.take() is None  # its next block waits for all GPUs, and these for the other GPU
    schedule.release(second.target)
    whole = schedule.take()
    assert whole is not None
    assert whole.target.is_whole
    assert schedule.take() is None
    schedule.release(whole.target)
    assert schedule.take() is not None


def test_a_gpu_that_is_set_aside_keeps_nobody_waiting() -> None:
    work = make_plan(place(BOTH, make_host("a", BLACKWELL, RTX3090)), n=2, exclusive=Exclusive.GPU)
    schedule = Schedule(work.invocations, exclusive=Exclusive.GPU)
    schedule.drop(BLACKWELL.uuid)
    assert [planned.target.is_whole for planned in drain(schedule)] == [False, True, False, True]
    schedule = Schedule(work.invocations, exclusive=Exclusive.GPU)
    (whole,) = {planned.target.target_id for planned in work.invocations if planned.target.is_whole}
    assert len(schedule.drop(whole)) == 2
    assert len(drain(schedule)) == 4


def test_a_retry_of_all_gpus_comes_before_later_blocks() -> None:
    work = make_plan(place(BOTH, make_host("a", BLACKWELL, RTX3090)), n=3, exclusive=Exclusive.GPU)
    schedule = Schedule(work.invocations, exclusive=Exclusive.GPU)
    started: list[PlannedInvocation] = []
    while not started or not started[-1].target.is_whole:
        planned = schedule.take()
        assert planned is not None
        started.append(planned)
        schedule.release(planned.target)
    schedule.add(started[-1])
    again = schedule.take()
    assert again is started[-1]
