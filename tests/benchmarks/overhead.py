"""Overhead: what featray adds to cheap cells, next to Ray Tune on the same machine in the same run.

    uv run python -m tests.benchmarks.overhead

It needs no GPU and no weights, and takes about 3 minutes on two cores. Read the differences within one run.
"""

import argparse
import datetime
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from featray import store
from featray.core.row import Row

CELLS = 200
TRIALS = 20  # Ray Tune starts an actor for each, in about 3 s

SWEEP = """
detectors:
  - name: tick
    class: "featray.measurement.clockwork:Clockwork"
    keywords: {{frames: 72}}
inputs: [short]
axes: {{device: cpu, batch_size: {sizes}}}
measure: {{warmup: 1, repeats: 2, min_time_s: 0, stages: false, invocations: 1}}
"""

EMBEDDED = """
import time
started = time.perf_counter()
import ray
ray.init("local", include_dashboard=True, log_to_driver=False, logging_level=40, _node_ip_address="127.0.0.1")
@ray.remote(num_cpus=1)
def task():
    return None
ray.get(task.remote())
print(time.perf_counter() - started)
"""
"""Starts the same Ray and runs one task in it, without featray."""

TUNE = """
import sys, time
import ray
from ray import tune
ray.init("local", include_dashboard=False, log_to_driver=False, logging_level=40)
begun = time.perf_counter()
def trial(config):
    for _ in range(3):
        [{"frame": float(frame), "FaceScore": 1.0} for frame in range(72)]
    return {"score": config["batch_size"]}
space = {"batch_size": tune.grid_search(list(range(int(sys.argv[1]))))}
tune.Tuner(trial, param_space=space, run_config=tune.RunConfig(verbose=0, storage_path=sys.argv[2])).fit()
print("seconds", time.perf_counter() - begun)
"""


def run_alone(code: str, *arguments: str | Path) -> float:
    """Run Python code in a process of its own; the last word that it prints is its time in seconds."""
    # Under `uv run` Ray would upload this folder and build an environment before its first task.
    environment = {**os.environ, "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0"}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=900, env=environment)
    return float(done.stdout.split()[-1])


def submit(folder: Path) -> tuple[float, list[Row]]:
    """Submit cells that do nothing; return the seconds to the first row, and all rows in measured order."""
    sweep = folder / "overhead.yaml"
    sweep.write_text(SWEEP.format(sizes=list(range(1, CELLS + 1))), encoding="utf-8")
    command = [sys.executable, "-m", "featray", "submit", sweep, "--results", folder / "r", "--json"]
    started, first = time.perf_counter(), 0.0
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        for line in driver.stdout:
            if not first and "row" in json.loads(line):
                first = time.perf_counter() - started
    assert driver.returncode == 0
    return first, sorted(store.read(str(folder / "r")).rows, key=lambda row: row.started_at)


def calls_s(row: Row) -> float:
    """Add up the calls of a cell: the time that remains without featray."""
    return sum(row.warmup_s or ()) + sum(row.timed_s or ())


def wall_per_cell_s(rows: list[Row]) -> list[float]:
    """Compute the time from each cell's start to the next cell's start, within one warm process."""
    moments = [datetime.datetime.fromisoformat(row.started_at).timestamp() for row in rows]
    return [after - before for before, after in itertools.pairwise(moments)]


def main() -> None:
    """Measure and print."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    with tempfile.TemporaryDirectory(prefix="featray-overhead-") as name:
        ray_s = run_alone(EMBEDDED)
        first_s, rows = submit(Path(name))
        tune_s = run_alone(TUNE, str(TRIALS), Path(name) / "tune")
    walls = wall_per_cell_s(rows)
    added = [wall - calls_s(row) for wall, row in zip(walls, rows, strict=False)]
    load_s = (rows[0].import_s or 0.0) + (rows[0].load_s or 0.0)
    print(f"embedded Ray and one task, without featray        {ray_s:6.1f} s")
    print(f"submit to the first row                           {first_s:6.1f} s")
    print(f"  without Ray and without the detector's load     {first_s - ray_s - load_s:6.1f} s")
    print(
        f"cell in a warm invocation, wall, median           {1000 * statistics.median(walls):6.1f} ms of {len(walls)}"
    )
    print(f"  beyond its own calls, median                    {1000 * statistics.median(added):6.1f} ms (goal: 20)")
    print(f"a Ray Tune trial of the same, mean                {1000 * tune_s / TRIALS:6.0f} ms of {TRIALS}")
    print(f"Ray Tune's trial / featray's cell                {tune_s / TRIALS / statistics.median(walls):6.0f} times")


if __name__ == "__main__":
    main()
