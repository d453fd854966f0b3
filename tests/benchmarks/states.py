"""States: is a run beside other work called slower than one without?

    uv run python -m tests.benchmarks.states              beside one busy loop
    uv run python -m tests.benchmarks.states --loops 4    beside four

One cheap cell that keeps every CPU busy is measured three times: alone, alone again, and beside busy loops. The second
run must not be called different. The third must be INCONCLUSIVE, and the reason must name the other processes. Exit
code 1 when one of them fails. Run it on an idle machine: what else runs there counts as other processes too. Rows go to
a temporary store.
"""

import argparse
import contextlib
import json
import math
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent

SWEEP = """
name: {name}
detectors:
  - {{name: burning, class: "tests.support.burning_detector:BurningDetector", keywords: {{frames: 4}}}}
inputs: [{{like: short, skip_frames: 18}}]
axes: {{device: cpu, batch_size: 1}}
measure: {{min_time_s: 1.0, stages: false, invocations: 5}}
"""


@contextlib.contextmanager
def busy_loops(number: int) -> Iterator[None]:
    """Keep processes busy that have nothing to do with featray."""
    command = [sys.executable, "-S", "-c", "while True: pass"]
    loops = [subprocess.Popen(command) for _ in range(number)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def measure(folder: Path, name: str) -> None:
    """Submit the cell as a run of its own and print what its rows say of the machine."""
    from featray import store

    path = folder / f"{name}.yaml"
    path.write_text(SWEEP.format(name=name), encoding="utf-8")
    command = ["submit", str(path), "--results", str(folder / "r"), "--quiet"]
    subprocess.run([sys.executable, "-m", "featray", *command], cwd=ROOT, check=True, capture_output=True)
    rows = [row for row in store.read(str(folder / "r")).rows if row.sweep == name]
    call_s = [statistics.median(row.timed_s or [math.nan]) for row in rows]
    others = " ".join("unknown" if row.cpu_other is None else f"{row.cpu_other:.0%}" for row in rows)
    print(
        f"{name:>6}: {statistics.median(call_s):.3f} s per call; other processes took {others} of the CPUs", flush=True
    )


def compare(folder: Path, baseline: str, candidate: str) -> dict[str, Any]:
    """Compare two runs and print featray's verdict with everything that it says."""
    command = ["compare", baseline, candidate, "--results", str(folder / "r"), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "featray", *command], cwd=ROOT, check=True, capture_output=True, text=True
    )
    pair: dict[str, Any]
    (pair,) = json.loads(done.stdout)["pairs"]
    remarks = "; ".join([*pair["reasons"], *pair["cautions"], pair["next"]])
    print(f"{baseline} against {candidate}: {pair['ratio']:.3f} {pair['verdict']}: {remarks}", flush=True)
    return pair


def main() -> int:
    """Measure three runs and compare them; exit 1 when a verdict is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loops", type=int, default=1, help="busy loops beside the third run")
    loops = parser.parse_args().loops
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measure(folder, "alone")
        measure(folder, "again")
        with busy_loops(loops):
            measure(folder, "beside")
        again, beside = compare(folder, "alone", "again"), compare(folder, "alone", "beside")
    is_named = any(reason.startswith("other processes took") for reason in beside["reasons"])
    holds = again["verdict"] not in ("FASTER", "SLOWER") and beside["verdict"] == "INCONCLUSIVE" and is_named
    print("holds" if holds else "does NOT hold")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
