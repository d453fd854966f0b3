"""Processes side by side: do featray and a pair of processes made by hand find the same speed of both together?

    uv run python -m tests.benchmarks.processes              detectorv2 on four frames
    uv run python -m tests.benchmarks.processes --burning    a detector that only hashes, which loads in no time

Whole pairs of featray's two processes and of two hand-made ones in turn. Run it on an idle machine. Weights stay in
featray's cache. The exit code is 1 when the interval of the ratio does not hold 1.
"""

import argparse
import dataclasses
import json
import math
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence

from featray.core import cell
from featray.core.cell import Cell
from featray.core.choices import Device
from featray.core.detectors import Detector
from featray.core.inputs import CATALOGUE as INPUTS
from featray.core.invocation import Invocation, to_mapping
from featray.core.rules import Rules
from featray.host import cpu_shares, environments, input_files, supervisor
from featray.measurement import ffmpeg, weights
from tests.benchmarks.trust import cheap_cell, print_ratio

PROCESSES = 2
CALLS = 5  # timed, of each process

BY_HAND = """
import json, os, select, sys, time
from pathlib import Path
if hasattr(os, "sched_setaffinity") and json.loads(sys.argv[4]):
    os.sched_setaffinity(0, json.loads(sys.argv[4]))
from featray.core import cell
from featray.core.choices import Device
from featray.measurement import detector
asked = cell.from_asked(json.loads(sys.argv[1]))
loaded = detector.load(asked, cache=Path(sys.argv[2]), device=Device.CPU)
call = loaded.prepare(asked, [Path(sys.argv[3])])
for _ in range(3):
    call()
print("ready", flush=True)
sys.stdin.readline()
started = time.perf_counter()
for _ in range(int(sys.argv[5])):
    call()
print(json.dumps(time.perf_counter() - started), flush=True)
while not select.select([sys.stdin], [], [], 0)[0]:
    call()
"""
"""Loads, warms up, waits for a line, makes its calls without a pause, and goes on until another line comes."""


BURNING = Detector(
    name="burning",
    class_name="tests.support.burning_detector:BurningDetector",
    keywords={"frames": 72, "size_mib": 128},
    heading="burning",
)


def burning_cell() -> Cell:
    """Make a cell that keeps the processors busy without a network."""
    return Cell(detector=BURNING, input=INPUTS["short"], device=Device.CPU, batch_size=16)


def make_invocation(asked: Cell) -> Invocation:
    """Make the invocation of the cell with as many warm-up and timed calls as the hand-made processes make."""
    rules = Rules(
        warmup_min=3, warmup_max=3, repeats_min=CALLS, repeats_max=CALLS, min_time_s=0, slow_call_s=None, stages=False
    )
    return Invocation(
        sweep="processes",
        run_id="processes",
        target_id="cpu@here",
        device=asked.device,
        invocation=1,
        block=1,
        order=(0,),
        cells=(asked,),
        rules=rules,
    )


def by_featray(invocation: Invocation) -> float:
    """Give the seconds per call of both together, as featray's row has them."""
    request = {"invocation": to_mapping(invocation), "store": "benchmark", "holder": "benchmark"}
    (row,) = [json.loads(event["row"]) for event in supervisor.supervise(request) if event["kind"] == "row"]
    assert row["status"] == "ok", row["reason"]
    assert row["processes"] == PROCESSES
    print(f"  featray: {row['process_timed_s']}, rules not met: {row['unmet_rules']}", flush=True)
    times: list[float] = row["timed_s"]
    return statistics.median(times)


def by_hand(invocation: Invocation) -> float:
    """Give the same of processes made by hand: one over the sum of the calls per second of each."""
    cache, asked = weights.featray_cache(), invocation.cells[0]
    variables = environments.build_variables(
        invocation, inherited=os.environ, cache=cache, libraries=ffmpeg.find(cache)
    )
    clip = input_files.find_packaged(asked.input.packaged or "")
    shares = cpu_shares.share_out(PROCESSES, cpu_shares.allowed_cpus()) or [()] * PROCESSES
    text = json.dumps(cell.to_asked(dataclasses.replace(asked, processes=1)))
    pair = [
        subprocess.Popen(
            [sys.executable, "-P", "-c", BY_HAND, text, str(cache), str(clip), json.dumps(share), str(CALLS)],
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,  # as featray's: Linux shares processors out over sessions (sched_autogroup)
        )
        for share in shares
    ]
    try:
        for process in pair:
            _hear(process, "ready")
        _say(pair)
        elapsed = [float(_hear(process)) for process in pair]
        _say(pair)
        print(f"  by hand: {[seconds / CALLS for seconds in elapsed]}", flush=True)
        return 1 / sum(CALLS / seconds for seconds in elapsed)
    finally:
        for process in pair:
            process.kill()
            process.communicate()


def _say(pair: Sequence["subprocess.Popen[str]"]) -> None:
    for process in pair:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()


def _hear(process: "subprocess.Popen[str]", word: str | None = None) -> str:
    """Wait for a line: a certain one, since loading prints others, or the next."""
    assert process.stdout is not None
    for line in process.stdout:
        if word in (None, line.strip()):
            return line
    raise RuntimeError(f"a hand-made process ended with exit code {process.wait()}")


def main() -> int:
    """Compare both; exit 1 when they do not agree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=12, help="pairs of featray's and of hand-made processes")
    parser.add_argument("--burning", action="store_true", help="a detector that only hashes")
    chosen = parser.parse_args()
    asked = burning_cell() if chosen.burning else cheap_cell()
    invocation = make_invocation(dataclasses.replace(asked, processes=PROCESSES))
    logs = []
    for number in range(1, chosen.pairs + 1):
        sides = (by_featray, by_hand) if number % 2 else (by_hand, by_featray)
        seconds = {side: side(invocation) for side in sides}
        logs.append(math.log(seconds[by_featray] / seconds[by_hand]))
        print(f"pair {number}: featray / by hand = {math.exp(logs[-1]):.4f}", flush=True)
    ratio = print_ratio(logs, "featray / by hand")
    holds = ratio.low_s <= 1 <= ratio.high_s
    print("holds" if holds else "does NOT hold")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
