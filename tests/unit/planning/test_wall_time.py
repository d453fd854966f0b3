"""Wall time: that of the schedule itself, which does the same work on a virtual clock."""

import heapq
import itertools

import pytest

from featray.core.choices import Exclusive
from featray.planning.plan import Plan
from featray.planning.planned_invocation import PlannedInvocation
from featray.planning.schedule import Schedule
from tests.support.plans import make_cell, make_host, make_plan, place

CELLS = [make_cell(batch_size=size, threads=size) for size in range(1, 41)]
SPEEDS = (1.0, 3.0, 10.0)


def simulate(work: Plan) -> float:
    """Carry a plan out as expected; return when the last invocation ends."""
    schedule, now, tick = Schedule(work.invocations, exclusive=Exclusive.HOST), 0.0, itertools.count()
    running: list[tuple[float, int, PlannedInvocation]] = []
    while schedule.waiting or running:
        while (planned := schedule.take(now)) is not None:
            heapq.heappush(running, (now + planned.expected_s, next(tick), planned))
        now, _, ended = heapq.heappop(running)
        schedule.release(ended.target)
    return now


@pytest.mark.parametrize("speeds", [SPEEDS, (1.0,), tuple(1.0 + number for number in range(60))])
def test_interchangeable_work_is_expected_to_take_as_long_as_its_schedule(speeds: tuple[float, ...]) -> None:
    hosts = [make_host(f"h{number}") for number in range(len(speeds))]
    placed = place(CELLS, *hosts, interchangeable=True)
    cpus = {f"cpu@{host.host_id}": speed for host, speed in zip(hosts, speeds, strict=True)}
    durations = {(unit.cell_id, cpu): 1000.0 / speed for unit in placed.units for cpu, speed in cpus.items()}
    work = make_plan(placed, n=2, durations=durations)
    assert work.expected_s == pytest.approx(simulate(work), rel=0.06)


def test_cells_of_unlike_length_are_expected_to_go_where_the_schedule_sends_them() -> None:
    hosts = [make_host(name) for name in "abc"]
    placed = place(CELLS[:6], *hosts, interchangeable=True)
    lengths = dict(zip((unit.cell_id for unit in placed.units), (64.0, 32.0, 16.0, 8.0, 4.0, 2.0), strict=True))
    speeds = {"cpu@id-a": 2.0, "cpu@id-b": 1.0, "cpu@id-c": 0.5}
    durations = {(cell, cpu): 10 * length / speed for cell, length in lengths.items() for cpu, speed in speeds.items()}
    work = make_plan(placed, n=1, durations=durations)
    # The start of each process takes 15 s. a: 64 and 8 in 335 + 55 s; b: 32 and 4; c: 16 and 2 in the same time.
    assert work.expected_s == simulate(work) == pytest.approx(390.0)


def test_interchangeable_work_waits_for_what_is_bound_to_a_host() -> None:
    hosts = [make_host("a"), make_host("b")]
    shared, bound = place(CELLS[:2], *hosts, interchangeable=True), place(CELLS[2:], hosts[0])
    durations = {
        (unit.cell_id, target.target_id): 100.0 for unit in (*shared.units, *bound.units) for target in unit.targets
    }
    plans = [make_plan(part, n=1, durations=durations) for part in (shared, bound)]
    both = Plan(
        run=plans[0].run,
        invocations=tuple(planned for part in plans for planned in part.invocations),
        refusals=(),
        progress={},
    )
    assert both.expected_s == pytest.approx(plans[1].expected_s)
    assert plans[0].expected_s == pytest.approx(100.0 + 15.0)
