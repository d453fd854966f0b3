"""Time and memory for a large HTML report.

    uv run python -m tests.benchmarks.report_scale [FOLDER]

Builds a run of 100 000 rows (20 targets, 100 detectors, 10 batches, 5 invocations; 50 columns of output each) and makes
its HTML report in a fresh process. Each line prints the promised limit beside the measured figure.
"""

import argparse
import contextlib
import dataclasses
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import featray
from featray import store
from featray.core.row import Row
from tests.support.builders import make_rows

TARGETS, DETECTORS, BATCHES, INVOCATIONS, SUMMARY_COLUMNS = 20, 100, 10, 5, 50


def main() -> None:
    """Build the store unless it exists, and report it in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="FOLDER", nargs="?", help="keep the rows here for another run")
    chosen = parser.parse_args().folder
    with contextlib.ExitStack() as stack:
        folder = Path(chosen or stack.enter_context(tempfile.TemporaryDirectory()))
        if not (folder / "rows").exists():
            for target in range(TARGETS):
                store.append(folder, list(rows(target)))
        command = [sys.executable, "-m", "tests.benchmarks.report_scale"]
        subprocess.run([*command, "--report", str(folder)], check=True)


def rows(target: int) -> Iterator[Row]:
    """Make the rows of one target; all outputs and times differ."""
    templates = make_rows([1.0, 1.01, 0.99, 1.02, 1.0][:INVOCATIONS])
    for number in range(DETECTORS * BATCHES):
        detector, batch = divmod(number, BATCHES)
        for invocation, row in enumerate(templates):
            shift = target + number / 1000 + invocation / 10_000
            yield dataclasses.replace(
                row,
                cell_id=f"{number:012}",
                target_id=f"GPU-{target:04}",
                gpu_uuid=f"GPU-{target:04}",
                detector=f"detector-{detector}",
                batch_size=2**batch,
                timed_s=[value * (1 + shift / 100) for value in row.timed_s or ()],
                output_summary={f"column {index}": [index + shift, shift, 472.0] for index in range(SUMMARY_COLUMNS)},
            )


def report(folder: Path) -> None:
    """Make the page; print its time, memory and size."""
    started = time.perf_counter()
    reported = featray.report(results=str(folder), form="html")
    took_s, cpu_s = time.perf_counter() - started, time.process_time()
    peak_b = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    page = reported.files[0].stat().st_size
    print(f"100000 rows to HTML in {took_s:.1f} s (promised: 20 s), {cpu_s:.1f} s of CPU")
    print(f"peak {peak_b / 2**30:.2f} GiB (promised: 1 GiB)")
    print(f"page {page / 1e6:.1f} MB, {', '.join(file.name for file in reported.files)}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--report"]:
        report(Path(sys.argv[2]))
    else:
        main()
