"""Time and memory of a large store.

    uv run python -m tests.benchmarks.store_scale [FOLDER]

Builds 200 000 rows of 1000 sweeps, compacts them, and reads one sweep in a fresh process. Then it builds 10 000 files
of one row and reads their keys. Each line is one measurement, with the promise and whether it was kept. The exit code
is 1 when a promise was missed, or when a step failed or returned wrong rows.
"""

import argparse
import contextlib
import dataclasses
import math
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from featray import store
from featray.core.row import Row
from tests.support.builders import make_row

SWEEPS = 1000
CELLS = 40
INVOCATIONS = 5
SMALL_FILES = 10_000
SUMMARY_COLUMNS = 50  # what one py-feat call has once landmarks are pooled
missed: list[str] = []  # promises that this process missed


@dataclasses.dataclass(frozen=True)
class Promise:
    """The most that a step may take: time, and memory above the peak before it."""

    seconds: float
    more_b: float = math.inf

    def __str__(self) -> str:
        memory = "" if self.more_b == math.inf else f", {self.more_b / 1e6:.0f} MB"
        return f"under {self.seconds:g} s{memory}"


ONE_OF_THOUSAND = Promise(2.0, 1e9)  # report or compare of one sweep, after imports
MANY_SMALL = Promise(10.0)
LOAD_LARGE, LOAD_SMALL = 5.0, 1.5  # times what Arrow takes, which knows no keys, attempts, order and faults


def main() -> int:
    """Run every measurement, each reading in a process of its own; print the ones that missed a promise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="FOLDER", nargs="?", help="keep the rows here for another run")
    chosen = parser.parse_args().folder
    with contextlib.ExitStack() as stack:
        folder = chosen or stack.enter_context(tempfile.TemporaryDirectory())
        large, small = Path(folder) / "large", Path(folder) / "small"
        if not large.exists():
            build_large(large)
        if not small.exists():
            build_small(small)
        for name in READINGS:
            command = [sys.executable, "-m", "tests.benchmarks.store_scale", "--reading", name, str(large), str(small)]
            if subprocess.run(command, check=False).returncode:
                missed.append(name)
    print(f"missed: {', '.join(missed)}" if missed else "every promise was kept", flush=True)
    return 1 if missed else 0


def build_large(large: Path) -> None:
    """Write each sweep as one file, then compact them."""
    with timed(f"append {SWEEPS} sweeps of {CELLS * INVOCATIONS} rows"):
        for number in range(SWEEPS):
            store.append(large, list(sweep_rows(number)))
    with timed("compact them"):
        compacted = store.compact(large)
    size_b = sum(file.stat().st_size for file in (large / "rows").iterdir())
    print(f"{compacted.rows} rows in {compacted.files_after} files, {size_b / 1e6:.0f} MB", flush=True)
    if (compacted.rows, compacted.problems) != (SWEEPS * CELLS * INVOCATIONS, ()):
        missed.append("compact every row")


def sweep_rows(number: int) -> Iterator[Row]:
    """Make the rows of one sweep; repeats differ, and invocations of a cell have the same output."""
    draw = random.Random(number)
    for cell in range(CELLS):
        summary = {f"column {index}": [draw.random(), draw.random(), 472.0] for index in range(SUMMARY_COLUMNS)}
        template = make_row(sweep=f"sweep-{number}", run_id=f"sweep-{number}-1", batch_size=cell + 1)
        for invocation in range(1, INVOCATIONS + 1):
            yield dataclasses.replace(
                template,
                invocation=invocation,
                output_summary=summary,
                timed_s=[draw.lognormvariate(0, 0.04) for _ in range(5)],
                started_at=f"2026-05-{1 + number % 28:02d}T{number // 42:02d}:{cell:02d}:{invocation:02d}.000+00:00",
            )


def build_small(small: Path) -> None:
    """Write one row per file, as submits do."""
    template = make_row()
    with timed(f"append {SMALL_FILES} rows one by one"):
        for number in range(SMALL_FILES):
            store.append(small, [dataclasses.replace(template, invocation=number + 1)])


@contextlib.contextmanager
def timed(step: str, promise: Promise | None = None) -> Iterator[None]:
    """Print the time of a step, and by how much it raised the peak memory."""
    before_b = peak_b()
    started = time.perf_counter()
    yield
    took_s, more_b = time.perf_counter() - started, peak_b() - before_b
    line = f"{step}: {took_s:.2f} s, {more_b / 1e6:.0f} MB more"
    if promise is not None:
        is_kept = took_s < promise.seconds and more_b < promise.more_b
        line += f" (promised: {promise}): {'kept' if is_kept else 'MISSED'}"
        missed.extend([] if is_kept else [step])
    print(line, flush=True)


def peak_b() -> int:
    """Read the peak resident memory of this process, in bytes; getrusage would count the parent process before exec."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def read_one_sweep(large: Path, _: Path) -> None:
    """Read one sweep out of a thousand, as report and compare do."""
    with timed("latest run of 200 000 rows"):
        store.latest_run(large)
    with timed("read one sweep of 1000", ONE_OF_THOUSAND):
        reading = store.read(large, sweep="sweep-517")
    assert len(reading.rows) == CELLS * INVOCATIONS


def report_one_sweep(large: Path, _: Path) -> None:
    """Report one sweep out of a thousand."""
    from featray.api import report

    import_lazy_modules()
    with timed("report one sweep of 1000", ONE_OF_THOUSAND):
        report("sweep-517", results=str(large), output=Path("-"))


def compare_two_sweeps(large: Path, _: Path) -> None:
    """Compare two sweeps out of a thousand."""
    from featray.api import compare

    import_lazy_modules()
    with timed("compare two sweeps of 1000", ONE_OF_THOUSAND):
        compared = compare("sweep-517", "sweep-518", results=str(large))
    assert len(compared.comparison.pairs) == CELLS


def import_lazy_modules() -> None:
    """Import what functions import when they are called: the promise is about the time after imports."""
    import jinja2  # noqa: F401
    import pandas  # noqa: F401
    import scipy.stats  # noqa: F401


def read_keys_of_large(large: Path, _: Path) -> None:
    """Read the keys that resume needs."""
    with timed("keys of one sweep of 1000", ONE_OF_THOUSAND):
        keys = store.keys(large, sweep="sweep-517", every_attempt=True)
    assert len(keys.units) == CELLS * INVOCATIONS


def list_runs(large: Path, _: Path) -> None:
    """Read what `store ls` prints."""
    with timed("summaries of 1000 runs"):
        runs, _problems = store.runs(large)
    assert len(runs) == SWEEPS


def load_large(large: Path, _: Path) -> None:
    """Read a few columns of all rows into pandas."""
    compare_with_arrow("load 5 columns of 200 000 rows", large, SWEEPS * CELLS * INVOCATIONS, LOAD_LARGE)


def load_small(_: Path, small: Path) -> None:
    """Read a few columns of many small files into pandas."""
    compare_with_arrow(f"load 5 columns of {SMALL_FILES} files", small, SMALL_FILES, LOAD_SMALL)


def compare_with_arrow(step: str, folder: Path, rows: int, promised: float) -> None:
    """Load five columns by featray and by Arrow alone, in turn; judge the ratio of processor times."""
    import pandas  # noqa: F401
    import pyarrow.parquet as pq

    columns = ["sweep", "detector", "batch_size", "timed_s", "status"]
    ratios = []
    for _ in range(3):
        moments = [time.process_time()]
        frame, _problems = store.load(folder, columns=columns)
        moments.append(time.process_time())
        plain = pq.read_table(folder / "rows", columns=columns).to_pandas()
        moments.append(time.process_time())
        assert len(frame) == len(plain) == rows
        ratios.append((moments[1] - moments[0]) / (moments[2] - moments[1]))
    ratio = statistics.median(ratios)
    print(f"{step}: {ratio:.1f} times Arrow's processor time (promised: {promised:g})", flush=True)
    missed.extend([step] if ratio > promised else [])


def read_small_keys(_: Path, small: Path) -> None:
    """Read the keys of as many files as an uncompacted submit leaves."""
    with timed(f"keys of {SMALL_FILES} files", MANY_SMALL):
        keys = store.keys(small, sweep="demo", every_attempt=True)
    assert len(keys.units) == SMALL_FILES


READINGS = {
    reading.__name__: reading
    for reading in (
        read_one_sweep,
        report_one_sweep,
        compare_two_sweeps,
        read_keys_of_large,
        list_runs,
        load_large,
        load_small,
        read_small_keys,
    )
}

if __name__ == "__main__":
    if sys.argv[1:2] == ["--reading"]:
        READINGS[sys.argv[2]](Path(sys.argv[3]), Path(sys.argv[4]))
        sys.exit(1 if missed else 0)
    sys.exit(main())
