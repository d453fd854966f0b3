"""Overhead: what featray adds to cheap cells, next to Ray Tune on the same machine in the same run.

    uv run python -m tests.benchmarks.overhead

A cell does nothing, and one process measures 10, 100, 1000 and 4000 of them. The wall time from one cell to the next
holds all that featray does for a row, since everything shares the machine: child, supervisor, driver, store and its
merging of files. How long the last row takes to be stored and told shows whether the driver keeps up. It exits 1 when a
row takes longer than promised, or a driver falls behind. It needs no GPU and no weights, and takes about 5 minutes on
two idle cores.
"""

import argparse
import dataclasses
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

CELLS = (10, 100, 1000, 4000)
RUNS = 3  # of each: on one machine the mean of a run varies by a sixth, with the disk
ROW_S, FLAT = 0.008, 1.2  # promised for a row, and for the dearest of `CELLS` beside the cheapest
BEHIND_S = 0.5  # promised for the last row of a run until it is told; rows wait 0.2 s for others
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


@dataclasses.dataclass(frozen=True)
class Submitted:
    """One submit of cells that do nothing."""

    first_s: float  # from its start to the first row
    behind_s: float  # from the end of the last cell until its row was told
    rows: list[Row]  # in measured order

    @property
    def row_s(self) -> float:
        """Give the mean wall time from one cell to the next; rows tell the moment to a millisecond."""
        return statistics.fmean(wall_per_cell_s(self.rows))


def submit(folder: Path, cells: int) -> Submitted:
    """Submit cells that do nothing."""
    sweep, results = folder / f"overhead-{cells}.yaml", folder / f"r{cells}"
    sweep.write_text(SWEEP.format(sizes=list(range(1, cells + 1))), encoding="utf-8")
    command = [sys.executable, "-m", "featray", "submit", sweep, "--results", results, "--json"]
    started, first_s, told = time.perf_counter(), 0.0, 0.0
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        for line in driver.stdout:
            if '"row"' in line and "row" in json.loads(line):
                told = time.time()
                first_s = first_s or time.perf_counter() - started
    assert driver.returncode == 0
    rows = sorted(store.read(str(results)).rows, key=lambda row: row.started_at)
    ended = datetime.datetime.fromisoformat(rows[-1].ended_at or "").timestamp()
    return Submitted(first_s, told - ended, rows)


def submit_often(folder: Path, cells: int) -> Submitted:
    """Submit the same several times; give the run whose rows took the median time."""
    runs = []
    for number in range(RUNS):
        (folder / str(number)).mkdir(exist_ok=True)
        runs.append(submit(folder / str(number), cells))
    return sorted(runs, key=lambda run: run.row_s)[RUNS // 2]


def wall_per_cell_s(rows: list[Row]) -> list[float]:
    """Compute the time from each cell's start to the next cell's start, within one warm process."""
    moments = [datetime.datetime.fromisoformat(row.started_at).timestamp() for row in rows]
    return [after - before for before, after in itertools.pairwise(moments)]


def main() -> int:
    """Measure and print; return 1 where a promise is broken."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    with tempfile.TemporaryDirectory(prefix="featray-overhead-") as name:
        ray_s = run_alone(EMBEDDED)
        submitted = {cells: submit_often(Path(name), cells) for cells in CELLS}
        tune_s = run_alone(TUNE, str(TRIALS), Path(name) / "tune")
    first_s, rows = submitted[CELLS[0]].first_s, submitted[CELLS[0]].rows
    load_s = (rows[0].import_s or 0.0) + (rows[0].load_s or 0.0)
    walls = [each.row_s for each in submitted.values()]
    print(f"embedded Ray and one task, without featray        {ray_s:6.1f} s")
    print(f"submit to the first row                           {first_s:6.1f} s")
    print(f"  without Ray and without the detector's load     {first_s - ray_s - load_s:6.1f} s")
    for cells, each in submitted.items():
        print(f"row of a process of {cells:4d} cells, wall, mean        {1000 * each.row_s:6.1f} ms (promised: 8)")
        print(f"  the last one is told after                      {1000 * each.behind_s:6.0f} ms (promised: 500)")
    print(f"a Ray Tune trial of the same, mean                {1000 * tune_s / TRIALS:6.0f} ms of {TRIALS}")
    print(f"Ray Tune's trial / featray's cell                {tune_s / TRIALS / statistics.median(walls):6.0f} times")
    keeps_up = all(each.behind_s < BEHIND_S for each in submitted.values())
    return 0 if max(walls) < min(ROW_S, FLAT * min(walls)) and keeps_up else 1


if __name__ == "__main__":
    sys.exit(main())
