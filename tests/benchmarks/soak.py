"""Soak: 2000 cheap cells with 5% random faults on embedded Ray; no row may be lost or doubled, no process may remain.

    uv run python -m tests.benchmarks.soak [CELLS]

It needs no GPU and no weights, and takes about 6 minutes on two cores. It exits 1 when a promise is broken.
"""

import argparse
import collections
import contextlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from featray import store

CELLS = 2000
DETECTORS = 20  # one invocation each
SHARE = 0.05
GROWTH_B = 100 * 1024**2  # the driver may grow by this from its first row to its end

SWEEP = """
detectors:
{detectors}
inputs: [short]
axes: {{device: cpu, batch_size: {sizes}}}
measure: {{warmup: 1, repeats: 2, min_time_s: 0, stages: false, invocations: 1}}
"""
DETECTOR = """  - name: d{number}
    class: "featray.measurement.fakes.failing_detector:FailingDetector"
    keywords: {{fault: any, share: {share}, seconds: {seconds}}}
"""


class Meter:
    """The driver's resident memory, read four times a second."""

    def __init__(self, pid: int) -> None:
        self.read_b: list[int] = []
        self.after_b: list[int] = []
        self.measuring = True
        self._process = psutil.Process(pid)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(psutil.Error):
            while not self._stopped.wait(0.25):
                (self.read_b if self.measuring else self.after_b).append(self._process.memory_info().rss)

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()


Key = tuple[str, str, int, int]


def soak(folder: Path, cells: int) -> tuple[int, float, Meter, collections.Counter[Key]]:
    """Run the sweep.

    Returns:
        Its exit code, seconds from the first row to the end, the driver's memory, and how often each row was printed.
    """
    printed: collections.Counter[Key] = collections.Counter()
    detectors = "".join(
        DETECTOR.format(number=number, share=SHARE, seconds=number * 1e-5) for number in range(DETECTORS)
    )
    sweep = folder / "soak.yaml"
    sweep.write_text(SWEEP.format(detectors=detectors, sizes=list(range(1, cells // DETECTORS + 1))), encoding="utf-8")
    command = [sys.executable, "-m", "featray", "submit", sweep, "--results", folder / "r", "--json"]
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        meter, started = None, 0.0
        for line in driver.stdout:
            event = json.loads(line)
            if row := event.get("row"):
                printed[row["cell_id"], row["target_id"], row["invocation"], row["attempt"]] += 1
            if meter is None and "row" in event:
                meter, started = Meter(driver.pid), time.monotonic()
            if meter is not None:
                meter.measuring = event["done"] < event["total"]
            if event["done"] % 200 == 0 and "row" in event:
                print(f"{event['done']}/{event['total']}", file=sys.stderr)
    assert meter is not None
    took = time.monotonic() - started
    meter.stop()
    return driver.returncode, took, meter, printed


def main() -> int:
    """Run the soak, print the figures and judge them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cells", metavar="CELLS", type=int, nargs="?", default=CELLS)
    cells: int = parser.parse_args().cells
    with tempfile.TemporaryDirectory(prefix="featray-soak-") as name:
        folder = Path(name)
        code, took, meter, printed = soak(folder, cells)
        attempts = store.read(str(folder / "r"), every_attempt=True)
        final = store.read(str(folder / "r")).rows
        checked = store.check(str(folder / "r"))
    units = collections.Counter((row.cell_id, row.target_id, row.invocation) for row in final)
    while_measuring = max(meter.read_b) - meter.read_b[0]
    growth = max(*meter.read_b, *meter.after_b) - meter.read_b[0]
    processes = psutil.process_iter(["cmdline"])
    left = [process.pid for process in processes if name in " ".join(process.info["cmdline"] or ())]
    print(f"cells            {cells} in {DETECTORS} invocations, {took:.0f} s, {1000 * took / cells:.0f} ms each")
    print(f"rows             {len(attempts.rows)}: {dict(collections.Counter(row.status for row in attempts.rows))}")
    print(f"final            {dict(collections.Counter(row.status for row in final))}")
    print(f"lost             {cells - len(units)}")
    doubled = checked.duplicates + sum(count - 1 for count in printed.values())
    unprinted = len(attempts.rows) - len(printed)
    print(f"doubled          {doubled} of {printed.total()} printed rows, which compaction cannot hide")
    print(f"unprinted        {unprinted}")
    print(f"damaged          {len(checked.problems) + len(checked.unfinished)}")
    print(f"driver's memory  {meter.read_b[0] / 1024**2:.0f} MiB at its first row")
    print(f"  grew by        {while_measuring / 1024**2:.0f} MiB while it measured")
    print(f"                 {growth / 1024**2:.0f} MiB in all, with compaction and report")
    print(f"exit code        {code}")
    whole = len(units) == cells == len(final) and not doubled and not unprinted and not checked.problems
    return 0 if whole and growth < GROWTH_B and code in (0, 1) and not left else 1


if __name__ == "__main__":
    sys.exit(main())
