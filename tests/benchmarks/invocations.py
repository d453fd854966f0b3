"""Invocations: what a process costs beyond import, load and the calls themselves, fresh or warm, without Ray.

    uv run python -m tests.benchmarks.invocations [--pyfeat]

Each invocation measures one cell of a detector that does nothing, through the supervisor and its child. The floor is an
interpreter that starts and ends. With `--pyfeat` also a real py-feat detector is measured, with synthetic weights of
featray's cache, and the part of its process in which the time passes. Then processes measure 10, 100, 1000 and 4000
cells each: a row must cost the same in all, wall time and CPU time of the supervisor and its child. It exits 1 when a
promise is broken. Beside other work read the CPU times. It takes about a minute, two with `--pyfeat`.
"""

import argparse
import dataclasses
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from typing import Any

from featray.core.cell import Cell
from featray.core.choices import Device
from featray.core.detectors import Detector
from featray.core.events import EventKind
from featray.core.inputs import CATALOGUE
from featray.core.invocation import to_mapping
from featray.core.rules import Rules
from featray.host import supervisor
from tests.benchmarks.trust import cheap_cell
from tests.support.measuring_child import invocation_of

COUNT = 20
PYFEAT_COUNT = 3
ISOLATED_S = 0.15  # promised for an invocation that does nothing
WARM_CELLS = (10, 100, 1000, 4000)
WARM_S = 0.008  # promised for a row of a process that measures many
FLAT = 1.2  # promised for the dearest of `WARM_CELLS` beside the cheapest
DEAD_S = 0.4  # promised for a real py-feat child

TICK = Detector(
    name="tick", class_name="featray.measurement.clockwork:Clockwork", keywords={"frames": 72}, heading="tick"
)
QUICK = Rules(warmup_min=1, warmup_max=1, repeats_min=1, repeats_max=1, min_time_s=0.0, stages=False)


def make_request(*cells: Cell) -> dict[str, Any]:
    """Write a request for some cells."""
    return {"invocation": to_mapping(invocation_of(*cells, rules=QUICK)), "store": "benchmark", "holder": "benchmark"}


def measure_warm(count: int) -> tuple[float, float]:
    """Measure many cells in one process; return wall and CPU seconds per row from the first to the last."""
    cells = [make_tick(size) for size in range(1, count + 1)]
    started_s = cpu_s()
    moments = [
        time.perf_counter() for event in supervisor.supervise(make_request(*cells)) if event["kind"] == EventKind.ROW
    ]
    assert len(moments) == count
    return (moments[-1] - moments[0]) / (count - 1), (cpu_s() - started_s) / count


def cpu_s() -> float:
    """Read the CPU seconds of this process and of its children that have ended."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def make_tick(batch_size: int) -> Cell:
    """Make a cell that does nothing."""
    return Cell(detector=TICK, input=CATALOGUE["short"], device=Device.CPU, batch_size=batch_size)


PARTS = {
    "start": "lease, FFmpeg and interpreter, until it begins to load",
    "load": "device, weights and versions, beside import and construction",
    "cells": "outputs, checks and rows, beside warm-up and timed calls",
    "end": "from the last row until it has ended",
}
"""Parts of an invocation whose time is neither import nor construction nor a call."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Measured:
    """What one invocation of one cell took, in seconds of wall time."""

    wall_s: float
    parts_s: Mapping[str, float]  # of `PARTS`

    @property
    def dead_s(self) -> float:
        """Add up what is not import, construction or a call."""
        return sum(self.parts_s.values())


def measure(cell: Cell) -> Measured:
    """Run one invocation, and see when its events come."""
    moments = {"begin": time.perf_counter()}
    text = None
    for event in supervisor.supervise(make_request(cell), watch_parent=True):  # as in a Ray task
        moments[event["kind"]] = time.perf_counter()
        text = event.get("row", text)
    assert text is not None
    row = json.loads(text)
    assert row["status"] == "ok", row["reason"]
    loads_s = (row["import_s"] or 0.0) + (row["load_s"] or 0.0)
    parts_s = {
        "start": moments[EventKind.LOADING] - moments["begin"],
        "load": moments[EventKind.STARTED] - moments[EventKind.LOADING] - loads_s,
        "cells": moments[EventKind.ROW] - moments[EventKind.STARTED] - sum(row["warmup_s"]) - sum(row["timed_s"]),
        "end": moments[EventKind.ENDED] - moments[EventKind.ROW],
    }
    return Measured(wall_s=moments[EventKind.ENDED] - moments["begin"], parts_s=parts_s)


def floor_s() -> float:
    """Start and end an interpreter that does nothing; return its wall time in seconds."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-S", "-E", "-c", "pass"], check=True)
    return time.perf_counter() - started


def main() -> int:
    """Measure, print and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pyfeat", action="store_true", help="also a real py-feat detector, about a minute")
    with_pyfeat: bool = parser.parse_args().pyfeat
    dead_s = 0.0
    if with_pyfeat:
        children = [measure(cheap_cell()) for _ in range(PYFEAT_COUNT)]
        dead_s = statistics.median(child.dead_s for child in children)
        texts = ", ".join(f"{child.dead_s:.2f}" for child in children)
        print(f"py-feat child beyond import, load and calls  {dead_s:.2f} s of {texts} (promised: {DEAD_S})")
        for part, meaning in PARTS.items():
            print(f"  {meaning:60s} {statistics.median(child.parts_s[part] for child in children):.2f} s")
    with tempfile.TemporaryDirectory(prefix="featray-invocations-") as name:
        os.environ["FEATRAY_CACHE"] = name
        pairs = [(measure(make_tick(1)).wall_s, floor_s()) for _ in range(COUNT)]
        warm = {count: measure_warm(count) for count in WARM_CELLS}
    walls, floors = [pair[0] for pair in pairs[1:]], [pair[1] for pair in pairs[1:]]
    isolated_s, python_s = statistics.median(walls), statistics.median(floors)
    print(f"interpreter that does nothing                {python_s:.3f} s of {len(floors)}")
    print(f"invocation that does nothing                 {isolated_s:.3f} s of {len(walls)} (promised: {ISOLATED_S})")
    print(f"  times the interpreter                      {isolated_s / python_s:.1f}")
    for count, (wall_s, per_row_s) in warm.items():
        shown = f"{1000 * wall_s:.1f} ms wall, {1000 * per_row_s:.1f} ms CPU with the start of the process"
        print(f"row of a process of {count:4d} cells                {shown} (promised: {1000 * WARM_S:.0f} ms wall)")
    walls = [wall_s for wall_s, _ in warm.values()]
    is_flat = max(walls) < FLAT * min(walls) and max(walls) < WARM_S
    return 0 if isolated_s < ISOLATED_S and dead_s < DEAD_S and is_flat else 1


if __name__ == "__main__":
    sys.exit(main())
