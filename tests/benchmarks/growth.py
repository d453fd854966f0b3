"""Growth: how the processor time of each step grows with its size, as an exponent: 1 is in proportion, 2 is quadratic.

    uv run python -m tests.benchmarks.growth

It takes one to two minutes. Every step is run at two sizes, ten times apart, in one process. It exits 1 when an
exponent is above the goal. Small sizes have fixed costs, so an exponent may also be far below 1.
"""

import argparse
import dataclasses
import io
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
from featray.core.events import EventKind
from featray.running.progress import Progress
from tests.support.builders import make_row
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
    """Make a step of something that is done with a store of many files of ten rows."""

    def step(count: int) -> float:
        with tempfile.TemporaryDirectory(prefix="featray-growth-") as folder:
            row = make_row()
            for first in range(0, count, 10):
                store.append(Path(folder), [dataclasses.replace(row, invocation=first + 1 + at) for at in range(10)])
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
    with tempfile.TemporaryDirectory(prefix="featray-growth-") as folder:
        store.append(Path(folder), rows)
        started = time.process_time()
        featray.report(results=folder, output="-")
        return time.process_time() - started


STEPS: dict[str, tuple[Callable[[int], float], int]] = {
    "plan, cells on 10 hosts": (plan_cells, 1000),
    "plan, 100 cells on hosts": (plan_on_hosts, 20),
    "starts told, cells of a process": (announce, 400),
    "live view drawn, targets": (draw, 400),
    "store.keys, rows": (of_store(store.keys), 300),
    "store.load of 3 columns, rows": (of_store(lambda to: store.load(to, columns=["sweep", "status", "timed_s"])), 300),
    "store.compact, rows": (of_store(store.compact), 300),
    "report, batch sizes of a curve": (report_curve, 100),
}
"""Name -> the step, and its smaller size."""


def main() -> int:
    """Print every step."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    missed = 0
    for name, (step, size) in STEPS.items():
        step(size)  # imports and caches
        small_s, large_s = step(size), step(10 * size)
        exponent = math.log10(max(large_s, 1e-6) / max(small_s, 1e-6))
        missed += exponent > GOAL
        print(
            f"{name:32s} {size:6d}: {1000 * small_s:8.1f} ms, {10 * size:6d}: {1000 * large_s:8.1f} ms CPU,"
            f" exponent {exponent:.2f} (goal {GOAL})",
            flush=True,
        )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
