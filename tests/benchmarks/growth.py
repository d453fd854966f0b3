"""Growth: how the processor time of each step grows with its size, as an exponent: 1 is in proportion, 2 is quadratic.

    uv run python -m tests.benchmarks.growth [--large] [STEP...]

It takes two minutes. Every step is run at two sizes, ten times apart, in one process; `--large` adds larger sizes, up
to a million units or rows and 1000 hosts, and takes long. The exponent is that from one size to the next. It exits 1
when one is above the goal. STEP is a part of a step's name. Small sizes have fixed costs, so an exponent may also be
far below 1.
"""

import argparse
import dataclasses
import datetime
import heapq
import io
import itertools
import math
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

import featray
from featray import store
from featray.backends import Event
from featray.cli.progress import LiveView
from featray.core import detectors
from featray.core.cell import Cell
from featray.core.choices import Exclusive
from featray.core.events import EventKind
from featray.core.row import Row
from featray.planning.plan import Plan
from featray.planning.planned_invocation import PlannedInvocation
from featray.planning.schedule import Schedule
from featray.running.progress import Progress
from tests.support import sides
from tests.support.builders import make_row, make_rows
from tests.support.plans import make_cell, make_host, make_plan, place

GOAL = 1.1
CELLS_PER_DETECTOR = 100


def make_cells(count: int) -> list[Cell]:
    """Make cells of many detectors."""
    kinds = [
        dataclasses.replace(detectors.CATALOGUE["retinaface"], name=f"d{number}", keywords={"n": number})
        for number in range(max(1, count // CELLS_PER_DETECTOR))
    ]
    sizes = range(1, min(count, CELLS_PER_DETECTOR) + 1)
    return [make_cell(detector=kind, batch_size=size) for kind in kinds for size in sizes]


def plan_cells(count: int) -> float:
    """Match cells with ten hosts and plan them; return CPU seconds."""
    cells, hosts = make_cells(count), [make_host(f"h{number}") for number in range(10)]
    started = time.process_time()
    make_plan(place(cells, *hosts), n=2)
    return time.process_time() - started


def make_processes(count: int) -> list[Cell]:
    """Make cells that need a process each."""
    kind = detectors.CATALOGUE["retinaface"]
    names = [f"d{number}" for number in range(count)]
    return [make_cell(detector=dataclasses.replace(kind, name=name, keywords={"n": name})) for name in names]


def take_all(count: int) -> float:
    """Run so many processes to the end on each of ten hosts; return the schedule's CPU seconds."""
    hosts = [make_host(f"h{number}") for number in range(10)]
    return run(make_plan(place(make_processes(count), *hosts), n=1))


def take_on_hosts(count: int) -> float:
    """Run 2000 processes to the end on interchangeable hosts; return the schedule's CPU seconds."""
    hosts = [make_host(f"h{number}") for number in range(count)]
    return run(make_plan(place(make_processes(2000), *hosts, interchangeable=True), n=1))


def run(work: Plan) -> float:
    """Take and release on a virtual clock until nothing waits; return CPU seconds."""
    schedule = Schedule(work.invocations, exclusive=Exclusive.HOST)
    running: list[tuple[float, int, PlannedInvocation]] = []
    now, ticks, started = 0.0, itertools.count(), time.process_time()
    while schedule.waiting or running:
        while (planned := schedule.take(now)) is not None:
            heapq.heappush(running, (now + planned.expected_s, next(ticks), planned))
        now, _, ended = heapq.heappop(running)
        schedule.release(ended.target)
    return time.process_time() - started


def plan_on_hosts(count: int) -> float:
    """Plan 100 cells on many hosts; return CPU seconds."""
    cells, hosts = make_cells(100), [make_host(f"h{number}") for number in range(count)]
    started = time.process_time()
    make_plan(place(cells, *hosts), n=2)
    return time.process_time() - started


def announce(count: int) -> float:
    """Tell a watcher of every start in a process of many cells; return CPU seconds."""
    placed = place([make_cell(batch_size=size) for size in range(1, count + 1)], make_host())
    (planned,) = make_plan(placed, n=1).invocations
    started = time.process_time()
    for cell_id in planned.cell_ids:
        Progress(event=Event(planned=planned, kind=EventKind.STARTED, cell_id=cell_id)).to_mapping()
    return time.process_time() - started


def draw(count: int) -> float:
    """Draw the live view of many targets once; return CPU seconds."""
    view = LiveView()
    for number in range(count):
        names = {"target": f"t{number}", "target_label": f"target {number}", "cell_id": "c", "cell": "a cell"}
        view.show({"done": 1, "total": 2, "event": "started", "invocation": "i", "detector": "d", **names})
    console = Console(width=100, file=io.StringIO(), force_terminal=True)
    started = time.process_time()
    console.print(view)
    return time.process_time() - started


def of_store(work: Callable[[str], object]) -> Callable[[int], float]:
    """Make a step of something that is done with a store of many files, of ten rows or of a thousandth of all."""

    def step(count: int) -> float:
        with tempfile.TemporaryDirectory(prefix="featray-growth-") as folder:
            row, size = make_row(), max(10, count // 1000)
            for first in range(0, count, size):
                store.append(Path(folder), [dataclasses.replace(row, invocation=first + 1 + at) for at in range(size)])
            started = time.process_time()
            work(folder)
            return time.process_time() - started

    return step


def report_curve(count: int) -> float:
    """Report five processes of one curve of so many batch sizes; return CPU seconds."""
    rng = random.Random(count)
    rows = [
        make_row(batch_size=size, invocation=number, timed_s=[(1 + 1 / size) * rng.uniform(0.95, 1.05)] * 3)
        for number in range(1, 6)
        for size in range(1, count + 1)
    ]
    return report(rows)


def report_settings(count: int) -> float:
    """Report so many settings, ten batch sizes of each detector; return CPU seconds."""
    rows = [
        make_row(detector=f"d{number}", cell_id=f"{number}-{size}", batch_size=size, timed_s=[1.0 / size] * 3)
        for number in range(count // 10)
        for size in range(1, 11)
    ]
    return report(rows)


def report_on_hosts(count: int) -> float:
    """Report 40 settings, four batch sizes of each detector, on so many hosts; return CPU seconds."""
    rows = [
        make_row(
            detector=f"d{number}",
            cell_id=f"{number}-{size}",
            batch_size=size,
            timed_s=[(1 + host % 7) / size] * 3,
            target_id=f"GPU-{host}",
            gpu_uuid=f"GPU-{host}",
            hostname=f"host-{host}",
        )
        for host in range(count)
        for number in range(10)
        for size in (1, 2, 4, 8)
    ]
    return report(rows)


def compare_on_hosts(count: int) -> float:
    """Compare two runs of four batch sizes on so many hosts; return CPU seconds."""
    with tempfile.TemporaryDirectory(prefix="featray-growth-") as folder:
        for sweep, factor, day in (("before", 1.0, 1), ("after", 1.1, 3)):
            store.append(
                Path(folder),
                [
                    row
                    for host in range(count)
                    for size in (1, 2, 4, 8)
                    for row in make_rows(
                        sides.scale(factor),
                        sweep=sweep,
                        run_id=f"{sweep}-1",
                        batch_size=size,
                        target_id=f"GPU-{host}",
                        gpu_uuid=f"GPU-{host}",
                        started_at=datetime.datetime(2026, 5, day, tzinfo=datetime.UTC),
                    )
                ],
            )
        started = time.process_time()
        featray.compare("before", "after", results=folder)
        return time.process_time() - started


def report(rows: list[Row]) -> float:
    """Store rows and report them; return CPU seconds."""
    with tempfile.TemporaryDirectory(prefix="featray-growth-") as folder:
        store.append(Path(folder), rows)
        started = time.process_time()
        featray.report(results=folder, output="-")
        return time.process_time() - started


STEPS: dict[str, tuple[Callable[[int], float], tuple[int, ...], tuple[int, ...]]] = {
    "match and make, cells on 10 hosts": (plan_cells, (1000, 10_000), (100_000,)),
    "match and make, 100 cells on hosts": (plan_on_hosts, (20, 200), (1000,)),
    "take, processes on 10 hosts": (take_all, (100, 1000), (10_000,)),
    "take, 2000 on interchangeable hosts": (take_on_hosts, (10, 100), (1000,)),
    "starts told, cells of a process": (announce, (400, 4000), (40_000,)),
    "live view drawn, targets": (draw, (400, 4000), (40_000,)),
    "store.keys, rows": (of_store(store.keys), (300, 3000), (10_000, 100_000, 1_000_000)),
    "store.load of 3 columns, rows": (
        of_store(lambda to: store.load(to, columns=["sweep", "status", "timed_s"])),
        (300, 3000),
        (10_000, 100_000, 1_000_000),
    ),
    "store.compact, rows": (of_store(store.compact), (300, 3000), (10_000, 100_000)),
    "report, batch sizes of a curve": (report_curve, (100, 1000), ()),
    "report, settings": (report_settings, (100, 1000), (10_000,)),
    "report, 40 settings on hosts": (report_on_hosts, (10, 100), (1000,)),
    "compare, 4 settings on hosts": (compare_on_hosts, (10, 100), (1000,)),
}
"""Name -> the step, its sizes, and those that `--large` adds."""


def main() -> int:
    """Print every step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true", help="up to a million units or rows and 1000 hosts")
    parser.add_argument("steps", metavar="STEP", nargs="*", help="only steps with this in their name")
    arguments, missed = parser.parse_args(), 0
    for name, (step, sizes, larger) in STEPS.items():
        if arguments.steps and not any(part in name for part in arguments.steps):
            continue
        step(sizes[0])  # imports and caches
        took_s = {size: step(size) for size in (*sizes, *(larger if arguments.large else ()))}
        exponents = [
            math.log(max(took_s[large], 1e-6) / max(took_s[small], 1e-6)) / math.log(large / small)
            for small, large in itertools.pairwise(took_s)
        ]
        missed += max(exponents) > GOAL
        times = ", ".join(f"{size}: {1000 * seconds:.1f}" for size, seconds in took_s.items())
        grows = ", ".join(f"{exponent:.2f}" for exponent in exponents)
        print(f"{name:35s} {times} ms CPU; exponent {grows} (goal {GOAL})", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
