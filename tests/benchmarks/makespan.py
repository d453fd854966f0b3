"""Makespan of the real planner and schedule on a virtual clock, divided by a lower bound for any schedule.

    uv run python -m tests.benchmarks.makespan [HOSTS...]

The hosts differ in speed by up to 20 times. There are 5000 cells. Each of their processes has a pilot of five
invocations, which asks for 5 to 12 in all, as `submit` runs them: the rest is planned when a target is idle and the
pilot is over. The real duration of an invocation differs from the expected one by up to 20%. "fixed": every cell runs
on every host. "interchangeable": every cell runs once, on any host.

"after all pilots" is the rule of version 0.1: nothing of the rest starts before the slowest pilot has ended. The median
host is compared by its own work: 1 means that it never waited.

The bound is the larger of two times: the longest invocation on the fastest host, and all work spread perfectly. The
goal is 1.05. Whole invocations cannot always reach it: with 100 hosts each has 12 invocations, and the slowest host has
time for 1.9. So the program also prints the ratio with durations exactly as expected. The rest is the price of not
knowing them.
"""

import argparse
import collections
import dataclasses
import heapq
import itertools
import random
import statistics
import time
from collections.abc import Mapping, Sequence

from featray.core import cell, detectors
from featray.core.choices import Exclusive
from featray.core.rules import Rules
from featray.planning.inventory import Host
from featray.planning.plan import Plan
from featray.planning.planned_invocation import PlannedInvocation
from featray.planning.schedule import Schedule
from featray.planning.time_estimate import LOAD_S, guess_s
from tests.support.plans import make_cell, make_host, make_plan, place

CELLS = 5000
GROUPS = 250  # kinds of detector keywords, so processes; 20 cells each
PILOT, MOST = 5, 12  # invocations of a process
GOAL = 1.05


def speeds(count: int, rng: random.Random) -> dict[str, float]:
    """Draw each host's speed, log-uniform between 1 and 20."""
    return {f"id-h{number}": 20 ** rng.random() for number in range(count)}


def grid() -> list[cell.Cell]:
    """Make the cells: many detectors, few batch sizes."""
    cells = []
    for number in range(GROUPS):
        detector = dataclasses.replace(detectors.CATALOGUE["retinaface"], name=f"d{number}", keywords={"n": number})
        cells += [make_cell(detector=detector, batch_size=size) for size in range(1, CELLS // GROUPS + 1)]
    return cells


def stored_s(cells: list[cell.Cell], speed: dict[str, float]) -> dict[tuple[str, str], float]:
    """Make the durations that a store would hold: each cell on each host's CPU."""
    rules = Rules()
    durations = {}
    for asked in cells:
        cell_id, seconds = cell.cell_id(asked), guess_s(asked, rules)
        durations.update({(cell_id, f"cpu@{host}"): seconds / factor for host, factor in speed.items()})
    return durations


def real_s(planned: PlannedInvocation, noise: Mapping[str, float]) -> float:
    """Compute how long an invocation really takes on its host."""
    return planned.expected_s * noise[planned.invocation.name]


Group = tuple[str, str]
"""A process whose number of invocations is fixed together: its first cell's id, and its target where that is fixed."""


def group_of(planned: PlannedInvocation) -> Group:
    """Name the process that an invocation is one of."""
    return min(planned.cell_ids), "" if planned.alternatives else planned.target.target_id


def draw_numbers(work: Plan, rng: random.Random) -> dict[Group, int]:
    """Draw how many invocations the pilot of each process asks for."""
    return {group: rng.randint(PILOT, MOST) for group in sorted({group_of(planned) for planned in work.invocations})}


class Simulation:
    """A submit on a virtual clock: the pilots first, and the rest of each process when its pilot is over."""

    def __init__(self, work: Plan, numbers: Mapping[Group, int], noise: Mapping[str, float], *, waits: bool) -> None:
        """Take a plan of the largest number of invocations; `waits` for all pilots, as version 0.1 did."""
        self._noise, self._waits = noise, waits
        needed = [
            planned for planned in work.invocations if planned.invocation.invocation <= numbers[group_of(planned)]
        ]
        pilots = [planned for planned in needed if planned.invocation.invocation <= PILOT]
        self._open = collections.Counter(group_of(planned) for planned in pilots)
        self._rest: dict[Group, list[PlannedInvocation]] = {}
        for planned in needed:
            if planned.invocation.invocation > PILOT:
                self._rest.setdefault(group_of(planned), []).append(planned)
        self._schedule = Schedule(pilots, exclusive=Exclusive.HOST)
        self.ends_s: dict[str, float] = {}  # host -> when its last invocation ended

    def run(self) -> float:
        """Return the time at which the last invocation ends."""
        schedule, now = self._schedule, 0.0
        running: list[tuple[float, int, PlannedInvocation]] = []
        tick = itertools.count()
        while schedule.waiting or running:
            while (planned := schedule.take(now)) is not None:
                heapq.heappush(running, (now + real_s(planned, self._noise), next(tick), planned))
            now, _, ended = heapq.heappop(running)
            schedule.release(ended.target)
            self.ends_s[ended.target.host.host_id] = now
            self._open[group_of(ended)] -= 1
            self._add_rest(is_over=not (schedule.waiting or running))
        return now

    def _add_rest(self, *, is_over: bool) -> None:
        """Add the rest of each process whose pilot is over, where a target is idle."""
        idle = {target.target_id for target in self._schedule.idle_targets()}
        if not self._rest or not (is_over if self._waits else idle):
            return
        for group in [group for group in self._rest if self._open[group] <= 0]:
            if is_over or group[1] in idle or not group[1]:
                for planned in self._rest.pop(group):
                    self._schedule.add(planned)


def bound(
    needed: Sequence[PlannedInvocation],
    speed: Mapping[str, float],
    noise: Mapping[str, float],
    *,
    interchangeable: bool,
) -> float:
    """Compute the lower bound of the makespan."""
    if interchangeable:
        planned_speed = next(iter(speed.values()))
        seconds_at_speed_1 = [
            (real_s(planned, noise) - LOAD_S * noise[planned.invocation.name]) * planned_speed for planned in needed
        ]
        return max(sum(seconds_at_speed_1) / sum(speed.values()), max(seconds_at_speed_1) / max(speed.values()))
    return max(work_per_host(needed, noise).values())


def work_per_host(needed: Sequence[PlannedInvocation], noise: Mapping[str, float]) -> dict[str, float]:
    """Add up the real seconds of what is bound to each host."""
    seconds: dict[str, float] = {}
    for planned in needed:
        host = planned.target.host.host_id
        seconds[host] = seconds.get(host, 0.0) + real_s(planned, noise)
    return seconds


def run_case(count: int, *, interchangeable: bool, cells: list[cell.Cell]) -> None:
    """Plan, simulate and print one case."""
    rng = random.Random(count)
    speed = speeds(count, rng)
    hosts: list[Host] = [make_host(name.removeprefix("id-")) for name in speed]
    chosen = cells if interchangeable else cells[: CELLS * 3 // count // 20 * 20 or 20]
    stored = stored_s(chosen, speed)
    started = time.perf_counter()
    placed = place(chosen, *hosts, interchangeable=interchangeable)
    work = make_plan(placed, n=MOST, durations=stored)
    planning = time.perf_counter() - started
    numbers = draw_numbers(work, rng)
    needed = [planned for planned in work.invocations if planned.invocation.invocation <= numbers[group_of(planned)]]
    noise = {planned.invocation.name: rng.uniform(0.8, 1.2) for planned in work.invocations}
    exact = dict.fromkeys(noise, 1.0)
    least, exact_least = (bound(needed, speed, known, interchangeable=interchangeable) for known in (noise, exact))
    started = time.process_time()
    own = Simulation(work, numbers, noise, waits=False)
    ratio = own.run() / least
    running = time.process_time() - started
    waiting = Simulation(work, numbers, noise, waits=True)
    old_ratio = waiting.run() / least
    exact_ratio = Simulation(work, numbers, exact, waits=False).run() / exact_least
    kind = "interchangeable" if interchangeable else "fixed"
    print(
        f"{count:4d} hosts, {kind:15s} {len(needed):6d} invocations: makespan / bound = {ratio:.4f}"
        f" (goal {GOAL}; {exact_ratio:.4f} if durations were known; {old_ratio:.4f} after all pilots),"
        f" planned in {planning:.1f} s, {1e3 * running / len(needed):.2f} ms of CPU time per decision"
    )
    if not interchangeable:
        seconds = work_per_host(needed, noise)
        medians = [statistics.median(run.ends_s[host] / seconds[host] for host in seconds) for run in (own, waiting)]
        print(
            f"{'':10s} the median host ends after {medians[0]:.3f} of its own work, {medians[1]:.2f} after all pilots"
        )


def main() -> None:
    """Print every case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hosts", metavar="HOSTS", type=int, nargs="*", default=(3, 10, 30, 100))
    cells = grid()
    for count in parser.parse_args().hosts:
        run_case(count, interchangeable=False, cells=cells)
        run_case(count, interchangeable=True, cells=cells)


if __name__ == "__main__":
    main()
