"""Trust: are featray's numbers right, on this machine, with a real detector?

    uv run python -m tests.benchmarks.trust aa          one cheap cell, measured twice: is it called different?
    uv run python -m tests.benchmarks.trust slowdown    the same, with a delay of 10% the second time: is it found?
    uv run python -m tests.benchmarks.trust fidelity    featray and a plain loop, whole processes in turn
    uv run python -m tests.benchmarks.trust sampler     timed calls with and without telemetry, in one process

Run it on an idle machine. Rows go to a temporary store; weights stay in featray's cache. The exit code is 1 when a
promise does not hold. One in twenty pairs of identical sweeps may be called different.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

from featray import stats
from featray.core.cell import Cell, cell_id
from featray.core.choices import Device, WeightsKind
from featray.core.detectors import CATALOGUE as DETECTORS
from featray.core.inputs import CATALOGUE as INPUTS
from featray.core.invocation import Invocation
from featray.core.rules import Rules
from featray.host import environments, input_files, supervisor
from featray.measurement import ffmpeg, weights

ROOT = Path(__file__).parent.parent.parent
PAIRS = 12  # of whole processes in `fidelity`
SAMPLER_PAIRS = 60
SAMPLER_COST = 0.01  # of a call: a third of the smallest difference that counts

SWEEP = """
name: {name}
detectors: [detectorv2]
inputs: [{{like: short, skip_frames: 18}}]
axes: {{device: cpu, batch_size: 4, threads: 1}}
weights: synthetic
measure: {{warmup: 3, repeats: 5, min_time_s: 0, stages: false, invocations: 5, delay_s_per_frame: {delay}}}
"""


def sweep_twice(delay_share: float) -> bool:
    """Measure one cell, then again with a delay of a share of its own time, and print the verdict.

    Returns:
        True if the verdict is right. Without a delay: no difference. With one: SLOWER, with the true ratio inside the
        interval, or INCONCLUSIVE, with the number of invocations that would find it.
    """
    with tempfile.TemporaryDirectory() as folder:
        run_sweep(Path(folder), "first", 0.0)
        rows = load(Path(folder))
        per_frame = statistics.median(statistics.median(row["timed_s"]) for row in rows) / rows[0]["frames"]
        run_sweep(Path(folder), "second", delay_share * per_frame)
        print(f"true ratio {1 + delay_share:.3f}; featray's verdict:", flush=True)
        compare = ("compare", "first", "second", "--results", str(Path(folder) / "r"))
        featray(*compare)
        printed = subprocess.run(
            [sys.executable, "-m", "featray", *compare, "--json"], cwd=ROOT, check=True, capture_output=True, text=True
        )
    pair: dict[str, Any]
    (pair,) = json.loads(printed.stdout)["pairs"]
    if not delay_share:
        return pair["verdict"] in ("EQUIVALENT", "INCONCLUSIVE")
    if pair["verdict"] == "INCONCLUSIVE":
        return pair["invocations_needed"] is not None
    return bool(pair["verdict"] == "SLOWER" and pair["ratio_low"] <= 1 + delay_share <= pair["ratio_high"])


def run_sweep(folder: Path, name: str, delay: float) -> None:
    """Submit one sweep."""
    path = folder / f"{name}.yaml"
    path.write_text(SWEEP.format(name=name, delay=round(delay, 6)), encoding="utf-8")
    featray("submit", str(path), "--results", str(folder / "r"))


def featray(*arguments: str) -> None:
    """Run the command and let it print."""
    subprocess.run([sys.executable, "-m", "featray", *arguments], cwd=ROOT, check=True)


def load(folder: Path) -> list[dict[Hashable, Any]]:
    """Read the store's rows as dicts."""
    from featray import api

    return api.load(str(folder / "r")).to_dict("records")


def cheap_cell() -> Cell:
    """Make the cheap cell: four frames in one batch."""
    import dataclasses

    clip = dataclasses.replace(INPUTS["short"], skip_frames=18)
    return Cell(
        detector=DETECTORS["detectorv2"],
        input=clip,
        device=Device.CPU,
        batch_size=4,
        threads=1,
        weights=WeightsKind.SYNTHETIC,
    )


PLAIN = """
import sys, time, json
from pathlib import Path
from featray.core import cell
from featray.core.choices import Device
from featray.measurement import detector
asked = cell.from_asked(json.loads(sys.argv[1]))
loaded = detector.load(asked, cache=Path(sys.argv[2]), device=Device.CPU)
call = loaded.prepare(asked, [Path(sys.argv[3])])
for _ in range(3):
    call()
times = []
for _ in range(5):
    started = time.perf_counter()
    call()
    times.append(time.perf_counter() - started)
print(json.dumps(times))
"""
"""Loads, warms up and times detect() with perf_counter: no protocol, no telemetry, no checks.

featray loads the synthetic weights and plants the faces here too, because both sides must run the same program.
"""


def fidelity() -> bool:
    """Time the same cell by a plain loop and by featray, whole processes in turn.

    Returns:
        True if the interval of their ratio contains 1.
    """
    asked, cache = cheap_cell(), weights.featray_cache()
    rules = Rules(warmup_min=3, warmup_max=3, repeats_min=5, repeats_max=5, min_time_s=0, stages=False)
    invocation = Invocation(
        sweep="fidelity",
        run_id="fidelity",
        target_id="cpu@here",
        device=Device.CPU,
        invocation=1,
        block=1,
        order=(0,),
        cells=(asked,),
        rules=rules,
    )
    plain, measured = [], []
    for number in range(PAIRS):
        for side in ("plain", "featray") if number % 2 == 0 else ("featray", "plain"):
            if side == "plain":
                plain.append(stats.log_median(plain_times(asked, invocation, cache)))
            else:
                measured.append(stats.log_median(featray_times(invocation)))
        print(f"pair {number + 1}: featray / plain = {math.exp(measured[-1] - plain[-1]):.4f}", flush=True)
    logs = [with_featray - without for with_featray, without in zip(measured, plain, strict=True)]
    ratio = print_ratio(logs, "featray / plain loop")
    return ratio.low_s <= 1 <= ratio.high_s


def plain_times(asked: Cell, invocation: Invocation, cache: Path) -> list[float]:
    """Run the plain loop in a process of its own, with the environment variables of featray's child."""
    from featray.core import cell

    variables = environments.build_variables(
        invocation, inherited=os.environ, cache=cache, libraries=ffmpeg.find(cache)
    )
    clip = input_files.find_packaged(asked.input.packaged or "")
    done = subprocess.run(
        [sys.executable, "-P", "-c", PLAIN, json.dumps(cell.to_asked(asked)), str(cache), str(clip)],
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    )
    times: list[float] = json.loads(done.stdout.strip().splitlines()[-1])
    return times


def featray_times(invocation: Invocation) -> list[float]:
    """Run the same cell through the supervisor and its child."""
    from featray.core.invocation import to_mapping

    request = {"invocation": to_mapping(invocation), "store": "benchmark", "holder": "benchmark"}
    rows = [json.loads(event["row"]) for event in supervisor.supervise(request) if event["kind"] == "row"]
    assert rows[0]["status"] == "ok", rows[0]["reason"]
    assert rows[0]["cell_id"] == cell_id(invocation.cells[0])
    times: list[float] = rows[0]["timed_s"]
    return times


def sampler() -> bool:
    """Time calls with and without the sampler in one process, in pairs whose order alternates.

    Returns:
        True if the interval of the sampler's cost lies below `SAMPLER_COST`.
    """
    from featray.measurement import detector, telemetry

    asked, cache = cheap_cell(), weights.featray_cache()
    loaded = detector.load(asked, cache=cache, device=Device.CPU)
    call = loaded.prepare(asked, [input_files.find_packaged(asked.input.packaged or "")])
    telemetry_sampler = telemetry.Sampler(None)
    for _ in range(3):
        call()
    differences = []
    for number in range(SAMPLER_PAIRS):
        seconds = {}
        for sampled in (True, False) if number % 2 else (False, True):
            if sampled:
                telemetry_sampler.resume()
            started = time.perf_counter()
            call()
            seconds[sampled] = time.perf_counter() - started
            if sampled:
                telemetry_sampler.pause()
        differences.append(math.log(seconds[True] / seconds[False]))
    telemetry_sampler.close()
    return print_ratio(differences, f"with / without the sampler, {SAMPLER_PAIRS} pairs").high_s < 1 + SAMPLER_COST


def print_ratio(logs: Sequence[float], label: str) -> stats.Interval:
    """Print a ratio with its 95% interval over pairs, and return it."""
    interval = stats.interval(logs)
    assert interval is not None
    contains = "contains" if interval.low_s <= 1 <= interval.high_s else "does NOT contain"
    print(
        f"{label}: {interval.centre_s:.4f}, 95% interval {interval.low_s:.4f} to {interval.high_s:.4f}"
        f" (half-width {interval.half_width:.2%}), which {contains} 1"
    )
    return interval


def restart_with_ffmpeg() -> None:
    """Start this process again with FFmpeg's libraries on the loader's path: `sampler` decodes in this process."""
    cache = weights.featray_cache()
    path = ffmpeg.make_library_path(ffmpeg.find(cache), os.environ.get(ffmpeg.PATH_VARIABLE))
    if path and os.environ.get("TRUST_REEXECUTED") != "1":
        os.environ |= {ffmpeg.PATH_VARIABLE: path, "TRUST_REEXECUTED": "1", "OMP_NUM_THREADS": "1"}
        os.execv(sys.executable, [sys.executable, "-m", "tests.benchmarks.trust", *sys.argv[1:]])


def main() -> int:
    """Answer one question; exit 1 when its promise does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("question", choices=("aa", "slowdown", "fidelity", "sampler"))
    chosen = parser.parse_args().question
    if chosen == "sampler":
        restart_with_ffmpeg()
    questions: Mapping[str, Callable[[], bool]] = {
        "aa": lambda: sweep_twice(0.0),
        "slowdown": lambda: sweep_twice(0.10),
        "fidelity": fidelity,
        "sampler": sampler,
    }
    holds = questions[chosen]()
    print("holds" if holds else "does NOT hold")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
