"""Peers: what a measurement costs in featray and in other tools, on the same machine in the same run.

    uv run python -m tests.benchmarks.peers [NAME...]

All measure the same work, which does nothing: a call to warm up and a timed one. "isolated": each measurement has a
fresh process, or a fresh actor. "warm": the measurements share one. The cost is the slope between a few and many
measurements, so that starting the tool does not count; the median of three rounds, in which all tools take turns.
hyperfine is used where it is installed. A tool that is not there is named; `uv run --with pyperf --with
pytest-benchmark --with hydra-core --with hydra-joblib-launcher --with optimum-benchmark python -m ...` brings the
others. optimum-benchmark measures models: it gets a backend and a scenario of this work by the names that its
configuration has for them.

It exits 1 when featray misses what it promises.
"""

import argparse
import dataclasses
import importlib.util
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROUNDS = 3
PROMISED_S = {"featray on Ray, isolated": 0.30, "featray without Ray, isolated": 0.15}

WORK = "[{'frame': float(frame), 'FaceScore': 1.0} for frame in range(72)]"

SWEEP = """
detectors:
  - {{name: tick, class: "featray.measurement.clockwork:Clockwork", keywords: {{frames: 72}}}}
inputs: [short]
axes: {{device: cpu, batch_size: {sizes}}}
measure: {{warmup: 1, repeats: 1, min_time_s: 0, stages: false, invocations: {invocations}}}
"""

RAY = """
import sys, time
import ray
ray.init("local", include_dashboard=False, log_to_driver=False, logging_level=40, num_cpus=1)
def work():
    for _ in range(2):
        WORK
class Actor:
    def work(self):
        work()
fresh, task, actor = ray.remote(max_calls=1)(work), ray.remote(work), ray.remote(Actor)
if KIND == "actor, warm":
    one = actor.remote()
    ray.get(one.work.remote())
else:
    ray.get(task.remote())
begun = time.perf_counter()
for _ in range(int(sys.argv[1])):
    if KIND == "worker":
        ray.get(fresh.remote())
    elif KIND == "task":
        ray.get(task.remote())
    elif KIND == "actor":
        another = actor.remote()
        ray.get(another.work.remote())
        ray.kill(another)
    else:
        ray.get(one.work.remote())
print(time.perf_counter() - begun)
"""

TUNE = """
import sys, time
import ray
from ray import tune
ray.init("local", include_dashboard=False, log_to_driver=False, logging_level=40, num_cpus=1)
def trial(config):
    for _ in range(2):
        WORK
    return {"score": config["n"]}
space = {"n": tune.grid_search(list(range(int(sys.argv[1]))))}
begun = time.perf_counter()
tune.Tuner(trial, param_space=space, run_config=tune.RunConfig(verbose=0, storage_path=sys.argv[2])).fit()
print(time.perf_counter() - begun)
"""

HYDRA = """
import hydra
@hydra.main(version_base=None, config_path=None)
def app(config):
    for _ in range(2):
        WORK
app()
"""

OPTIMUM = """
import sys, time
from types import SimpleNamespace
from optimum_benchmark import Benchmark, BenchmarkConfig, BenchmarkReport, ProcessConfig
class Backend:
    def __init__(self, config):
        pass
class Scenario(Backend):
    def run(self, backend):
        for _ in range(2):
            WORK
        return BenchmarkReport.from_list(targets=["call"])
if __name__ == "__main__":
    begun = time.perf_counter()
    for _ in range(int(sys.argv[1])):
        work, calls = SimpleNamespace(_target_="measured.Backend"), SimpleNamespace(_target_="measured.Scenario")
        config = BenchmarkConfig(name="peers", backend=work, scenario=calls, launcher=ProcessConfig())
        Benchmark.launch(config)
    print(time.perf_counter() - begun)
"""

PYTEST = """
import pytest
@pytest.mark.parametrize("number", range({count}))
def test_work(benchmark, number):
    benchmark.pedantic(lambda: WORK, warmup_rounds=1, rounds=1)
"""


@dataclasses.dataclass(frozen=True)
class Peer:
    """A tool and how it measures; `run` takes a number of measurements and a folder, and returns wall seconds."""

    name: str
    run: Callable[[int, Path], float]
    few: int
    many: int
    needs: Sequence[str] = ()

    def missing(self) -> str | None:
        """Name a module that is not installed."""
        return next((module for module in self.needs if importlib.util.find_spec(module) is None), None)

    def cost_s(self) -> float:
        """Measure the slope once: seconds per measurement."""
        with tempfile.TemporaryDirectory(prefix="featray-peers-") as name:
            few_s, many_s = (self.run(count, Path(name) / str(count)) for count in (self.few, self.many))
        return (many_s - few_s) / (self.many - self.few)


def wall_s(command: Sequence[str | Path], folder: Path, times: int = 1) -> float:
    """Run a command in a new folder, one after another; return its wall time in seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    for _ in range(times):
        subprocess.run(
            list(map(str, command)), cwd=folder, check=True, capture_output=True, env=variables(), timeout=900
        )
    return time.perf_counter() - started


def printed_s(code: str, count: int, folder: Path) -> float:
    """Run Python code as a program that prints its own seconds as the last word; its new processes may import it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "measured.py").write_text(code.replace("WORK", WORK), encoding="utf-8")
    command = [sys.executable, "measured.py", str(count), str(folder)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=900, env=variables())
    return float(done.stdout.split()[-1])


def variables() -> dict[str, str]:
    """Keep Ray from making an environment of this folder, as it would under `uv run`; find featray from anywhere."""
    paths = [str(Path.cwd()), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0", "PYTHONPATH": os.pathsep.join(paths)}


def submit(*options: str, warm: bool = False) -> Callable[[int, Path], float]:
    """Submit a sweep of so many invocations of one cell, or of so many cells in one invocation."""

    def run(count: int, folder: Path) -> float:
        folder.mkdir(parents=True)
        sizes, invocations = (list(range(1, count + 1)), 1) if warm else ([1], count)
        (folder / "peers.yaml").write_text(SWEEP.format(sizes=sizes, invocations=invocations), encoding="utf-8")
        command = [sys.executable, "-m", "featray", "submit", "peers.yaml", "--results", "r", "--quiet", *options]
        return wall_s(command, folder)

    return run


def ray(kind: str) -> Callable[[int, Path], float]:
    """Run work in Ray itself."""
    return lambda count, folder: printed_s(RAY.replace("KIND", repr(kind)), count, folder)


def hydra(*overrides: str) -> Callable[[int, Path], float]:
    """Run a Hydra app over a range."""

    def run(count: int, folder: Path) -> float:
        folder.mkdir(parents=True)
        (folder / "app.py").write_text(HYDRA.replace("WORK", WORK), encoding="utf-8")
        sweep = [f"+n=range({count})", "hydra.sweep.dir=out", "hydra.job.chdir=false", *overrides]
        return wall_s([sys.executable, "app.py", "--multirun", *sweep], folder)

    return run


def pytest_benchmark(count: int, folder: Path, times: int = 1) -> float:
    """Run so many benchmarks in one session, so many times."""
    folder.mkdir(parents=True)
    (folder / "test_work.py").write_text(PYTEST.format(count=count).replace("WORK", WORK), encoding="utf-8")
    return wall_s([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_work.py"], folder, times)


def pyperf(count: int, folder: Path) -> float:
    """Let pyperf start so many processes."""
    options = ["--quiet", "--processes", str(count), "--values", "1", "--warmups", "1", "--loops", "1"]
    return wall_s([sys.executable, "-m", "pyperf", "timeit", *options, WORK], folder)


def hyperfine(count: int, folder: Path) -> float:
    """Let hyperfine start so many processes."""
    command = f'{sys.executable} -S -E -c "{WORK}; {WORK}"'
    return wall_s(["hyperfine", "-N", "--style", "none", "--runs", str(count), command], folder)


ISOLATED = [
    Peer("interpreter", lambda count, folder: wall_s([sys.executable, "-S", "-E", "-c", WORK], folder, count), 2, 12),
    *([Peer("hyperfine", hyperfine, 2, 12)] if shutil.which("hyperfine") else []),
    Peer("pyperf", pyperf, 2, 12, ["pyperf"]),
    Peer("featray without Ray, isolated", submit("--backend", "inline"), 2, 22),
    Peer("pytest-benchmark, isolated", lambda n, to: pytest_benchmark(1, to, n), 1, 4, ["pytest_benchmark"]),
    Peer("fresh Ray worker", ray("worker"), 2, 12),
    Peer("featray on Ray, isolated", submit(), 2, 22),
    Peer("Ray actor, isolated", ray("actor"), 2, 8),
    Peer("Ray Tune", lambda count, folder: printed_s(TUNE, count, folder), 2, 8),
    Peer("optimum-benchmark", lambda count, folder: printed_s(OPTIMUM, count, folder), 1, 4, ["optimum_benchmark"]),
]
WARM = [
    Peer("Ray task, warm", ray("task"), 10, 510),
    Peer("Ray actor, warm", ray("actor, warm"), 10, 510),
    Peer("featray, warm", submit("--backend", "inline", warm=True), 10, 210),
    Peer("pytest-benchmark, warm", pytest_benchmark, 10, 210, ["pytest_benchmark"]),
    Peer("Hydra, basic", hydra(), 2, 22, ["hydra"]),
    Peer("Hydra, joblib", hydra("hydra/launcher=joblib", "hydra.launcher.n_jobs=1"), 2, 22, ["hydra", "joblib"]),
]


def main() -> int:
    """Measure, print and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", metavar="NAME", nargs="*", help="only tools whose name contains it")
    names: list[str] = parser.parse_args().names
    peers = [peer for peer in (*ISOLATED, *WARM) if not names or any(name in peer.name for name in names)]
    there = [peer for peer in peers if peer.missing() is None]
    costs: dict[str, list[float]] = {peer.name: [] for peer in there}
    for _ in range(ROUNDS):
        for peer in there:
            costs[peer.name].append(peer.cost_s())
    for peer in peers:
        if peer not in there:
            print(f"{peer.name:32s} not measured: {peer.missing()} is not installed")
            continue
        shown = ", ".join(f"{1000 * cost:.1f}" for cost in costs[peer.name])
        promised = f" (promised: {1000 * PROMISED_S[peer.name]:.0f})" if peer.name in PROMISED_S else ""
        print(f"{peer.name:32s} {1000 * statistics.median(costs[peer.name]):8.1f} ms of {shown}{promised}")
    missed = [name for name in costs if statistics.median(costs[name]) > PROMISED_S.get(name, float("inf"))]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
