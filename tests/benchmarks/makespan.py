"""Makespan of the real planner and schedule on a virtual clock, over the lower bound that no schedule can beat.

    uv run python -m tests.benchmarks.makespan [HOSTS...]

Hosts of unlike speed (1 to 20 times), 5000 cells in five invocations; what an invocation really takes is off by up to
20% from what is expected. Fixed: every cell on every host. Interchangeable: every cell once, on whichever host.
The bound is the larger of the longest invocation on the fastest host and all work spread perfectly; goal: 1.05. Work in
whole invocations cannot always reach it: 100 hosts have 12 invocations each, and the slowest could do 1.9 by then. So
the same schedule is also printed for durations that are just as expected: what is above that is not knowing them.
"""

import argparse
import dataclasses
import heapq
import itertools
import random
import time

from featray.core import cell, detectors
from featray.core.choices import Exclusive
from featray.core.invocation import Rules
from featray.planning.inventory import Host
from featray.planning.plan import Plan
from featray.planning.planned_invocation import PlannedInvocation
from featray.planning.schedule import Schedule
from featray.planning.time_estimate import LOAD_S, guess_s
from tests.support.plans import make_cell, make_host, make_plan, place

CELLS = 5000
GROUPS = 250  # processes: so many kinds of detector keywords, 20 cells each
GOAL = 1.05


def speeds(count: int, rng: random.Random) -> dict[str, float]:
    """Draw each host's speed, log-uniform between 1 and 20."""
    return {f"id-h{number}": 20 ** rng.random() for number in range(count)}


def grid() -> list[cell.Cell]:
    """Make the cells: many detectors, few batch sizes."""
    made = []
    for number in range(GROUPS):
        detector = dataclasses.replace(detectors.CATALOGUE["retinaface"], name=f"d{number}", keywords={"n": number})
        made += [make_cell(detector=detector, batch_size=size) for size in range(1, CELLS // GROUPS + 1)]
    return made


def stored_s(cells: list[cell.Cell], speed: dict[str, float]) -> dict[tuple[str, str], float]:
    """Make the durations that a store would know: each cell on each host's CPU."""
    rules = Rules()
    known = {}
    for each in cells:
        name, seconds = cell.cell_id(each), guess_s(each, rules)
        known.update({(name, f"cpu@{host}"): seconds / fast for host, fast in speed.items()})
    return known


def real_s(planned: PlannedInvocation, noise: dict[str, float]) -> float:
    """Say how long an invocation really takes on the host that it was given."""
    return planned.expected_s * noise[planned.invocation.name]


def simulate(work: Plan, noise: dict[str, float]) -> float:
    """Run the schedule on a virtual clock; return when the last invocation ends."""
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
    """Compute what no schedule can beat."""
    if interchangeable:
        here = next(iter(speed.values()))
        own = [
            (real_s(planned, noise) - LOAD_S * noise[planned.invocation.name]) * here for planned in work.invocations
        ]
        return max(sum(own) / sum(speed.values()), max(own) / max(speed.values()))
    per_host: dict[str, float] = {}
    for planned in work.invocations:
        host = planned.target.host.host_id
        per_host[host] = per_host.get(host, 0.0) + real_s(planned, noise)
    return max(per_host.values())


def one(count: int, *, interchangeable: bool, cells: list[cell.Cell]) -> None:
    """Plan, simulate and print one case."""
    rng = random.Random(count)
    speed = speeds(count, rng)
    hosts: list[Host] = [make_host(name.removeprefix("id-")) for name in speed]
    chosen = cells if interchangeable else cells[: CELLS * 3 // count // 20 * 20 or 20]
    stored = stored_s(chosen, speed)
    begun = time.perf_counter()
    placed = place(chosen, *hosts, interchangeable=interchangeable)
    work = make_plan(placed, n=5, durations=stored)
    planning = time.perf_counter() - begun
    noise = {planned.invocation.name: rng.uniform(0.8, 1.2) for planned in work.invocations}
    begun = time.perf_counter()
    ends = simulate(work, noise)
    running = time.perf_counter() - begun
    ratio = ends / bound(work, speed, noise, interchangeable=interchangeable)
    exact = dict.fromkeys(noise, 1.0)
    known = simulate(work, exact) / bound(work, speed, exact, interchangeable=interchangeable)
    kind = "interchangeable" if interchangeable else "fixed"
    print(
        f"{count:4d} hosts, {kind:15s} {len(work.invocations):6d} invocations: makespan / bound = {ratio:.4f}"
        f" (goal {GOAL}; {known:.4f} were durations known),"
        f" planned in {planning:.1f} s, {1e3 * running / len(work.invocations):.2f} ms per decision"
    )


def main() -> None:
    """Print every case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hosts", metavar="HOSTS", type=int, nargs="*", default=(3, 10, 30, 100))
    cells = grid()
    for count in parser.parse_args().hosts:
        one(count, interchangeable=False, cells=cells)
        one(count, interchangeable=True, cells=cells)


if __name__ == "__main__":
    main()
