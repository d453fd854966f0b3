"""Invocations: what a fresh process per measurement costs beyond import, load and the calls themselves, without Ray.

    uv run python -m tests.benchmarks.invocations [--pyfeat]

Each invocation measures one cell of a detector that does nothing, through the supervisor and its child. The floor is an
interpreter that starts and ends. With `--pyfeat` also a real py-feat detector is measured, with synthetic weights of
featray's cache. It exits 1 when a promise is broken. Beside other work read the ratio to the floor.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

from featray.core.cell import Cell
from featray.core.choices import Device
from featray.core.detectors import Detector
from featray.core.inputs import CATALOGUE
from featray.core.invocation import Invocation, to_mapping
from featray.core.rules import Rules
from featray.host import supervisor
from tests.benchmarks.trust import cheap_cell

COUNT = 20
PYFEAT_COUNT = 3
ISOLATED_S = 0.15  # promised for an invocation that does nothing
DEAD_S = 0.4  # promised for a real py-feat child

TICK = Detector(
    name="tick", class_name="featray.measurement.clockwork:Clockwork", keywords={"frames": 72}, heading="tick"
)
QUICK = Rules(warmup_min=1, warmup_max=1, repeats_min=1, repeats_max=1, min_time_s=0.0, stages=False)


def make_request(cell: Cell) -> dict[str, Any]:
    """Write a request for one cell."""
    invocation = Invocation(
        sweep="benchmark",
        run_id="benchmark",
        target_id="cpu@here",
        device=Device.CPU,
        invocation=1,
        block=1,
        order=(0,),
        cells=(cell,),
        rules=QUICK,
    )
    return {"invocation": to_mapping(invocation), "store": "benchmark", "holder": "benchmark"}


def measure(cell: Cell) -> tuple[float, float]:
    """Run one invocation; return its wall time, and what of it is not import, load or a call, in seconds."""
    started = time.perf_counter()
    events = list(supervisor.supervise(make_request(cell), watch_parent=True))  # as in a Ray task
    wall_s = time.perf_counter() - started
    (row,) = (json.loads(event["row"]) for event in events if event["kind"] == "row")
    assert row["status"] == "ok", row["reason"]
    known_s = (row["import_s"] or 0.0) + (row["load_s"] or 0.0) + sum(row["warmup_s"]) + sum(row["timed_s"])
    return wall_s, wall_s - known_s


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
        dead = [measure(cheap_cell())[1] for _ in range(PYFEAT_COUNT)]
        dead_s = statistics.median(dead)
        texts = ", ".join(f"{seconds:.2f}" for seconds in dead)
        print(f"py-feat child beyond import, load and calls  {dead_s:.2f} s of {texts} (promised: {DEAD_S})")
    with tempfile.TemporaryDirectory(prefix="featray-invocations-") as name:
        os.environ["FEATRAY_CACHE"] = name
        tick = Cell(detector=TICK, input=CATALOGUE["short"], device=Device.CPU, batch_size=1)
        pairs = [(measure(tick)[0], floor_s()) for _ in range(COUNT)]
    walls, floors = [pair[0] for pair in pairs[1:]], [pair[1] for pair in pairs[1:]]
    isolated_s, python_s = statistics.median(walls), statistics.median(floors)
    print(f"interpreter that does nothing                {python_s:.3f} s of {len(floors)}")
    print(f"invocation that does nothing                 {isolated_s:.3f} s of {len(walls)} (promised: {ISOLATED_S})")
    print(f"  times the interpreter                      {isolated_s / python_s:.1f}")
    return 0 if isolated_s < ISOLATED_S and dead_s < DEAD_S else 1


if __name__ == "__main__":
    sys.exit(main())
