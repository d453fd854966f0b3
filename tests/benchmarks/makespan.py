"""Makespan of the real planner and schedule on a virtual clock, divided by a lower bound for any schedule.

    uv run python -m tests.benchmarks.makespan [HOSTS...]

The hosts differ in speed by up to 20 times. There are 5000 cells in five invocations each. The real duration of an
invocation differs from the expected one by up to 20%. "fixed": every cell runs on every host. "interchangeable": every
cell runs once, on any host.

The bound is the larger of two times: the longest invocation on the fastest host, and all work spread perfectly. The
goal is 1.05. Whole invocations cannot always reach it: with 100 hosts each has 12 invocations, and the slowest host has
time for 1.9. So the program also prints the ratio with durations exactly as expected. The rest is the price of not
knowing them.
"""

import argparse
import dataclasses
import heapq
import itertools
import random
import time

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


def real_s(planned: PlannedInvocation, noise: dict[str, float]) -> float:
    """Compute how long an invocation really takes on its host."""
    return planned.expected_s * noise[planned.invocation.name]


def simulate(work: Plan, noise: dict[str, float]) -> float:
    """Run the schedule on a virtual clock; return the time at which the last invocation ends."""
    schedule, now = Schedule(work.invocations, exclusive=Exclusive.HOST), 0.0
    running: list[tuple[float, int, PlannedInvocation]] = []
    tick = itertools.count()
    while schedule.waiting or running:
        while (planned := schedule.take(now)) is not None:
            heapq.heappush(running, (now + real_s(planned, noise), next(tick), planned))
        now, _, ended = heapq.heappop(running)
        schedule.release(ended.target)
    return now


def bound(work: Plan, speed: dict[str, float], noise: dict[str, float], *, interchangeable: bool) -> float:
    """Compute the lower bound of the makespan."""
    if interchangeable:
        planned_speed = next(iter(speed.values()))
        seconds_at_speed_1 = [
            (real_s(planned, noise) - LOAD_S * noise[planned.invocation.name]) * planned_speed
            for planned in work.invocations
        ]
        return max(sum(seconds_at_speed_1) / sum(speed.values()), max(seconds_at_speed_1) / max(speed.values()))
    per_host: dict[str, float] = {}
    for planned in work.invocations:
        host = planned.target.host.host_id
        per_host[host] = per_host.get(host, 0.0) + real_s(planned, noise)
    return max(per_host.values())


def run_case(count: int, *, interchangeable: bool, cells: list[cell.Cell]) -> None:
    """Plan, simulate and print one case."""
    rng = random.Random(count)
    speed = speeds(count, rng)
    hosts: list[Host] = [make_host(name.removeprefix("id-")) for name in speed]
    chosen = cells if interchangeable else cells[: CELLS * 3 // count // 20 * 20 or 20]
    stored = stored_s(chosen, speed)
    started = time.perf_counter()
    placed = place(chosen, *hosts, interchangeable=interchangeable)
    work = make_plan(placed, n=5, durations=stored)
    planning = time.perf_counter() - started
    noise = {planned.invocation.name: rng.uniform(0.8, 1.2) for planned in work.invocations}
    started = time.process_time()
    makespan = simulate(work, noise)
    running = time.process_time() - started
    ratio = makespan / bound(work, speed, noise, interchangeable=interchangeable)
    exact = dict.fromkeys(noise, 1.0)
    exact_ratio = simulate(work, exact) / bound(work, speed, exact, interchangeable=interchangeable)
    kind = "interchangeable" if interchangeable else "fixed"
    print(
        f"{count:4d} hosts, {kind:15s} {len(work.invocations):6d} invocations: makespan / bound = {ratio:.4f}"
        f" (goal {GOAL}; {exact_ratio:.4f} if durations were known),"
        f" planned in {planning:.1f} s, {1e3 * running / len(work.invocations):.2f} ms of CPU time per decision"
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
