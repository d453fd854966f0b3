"""Quickstart: where the time of the README's first command goes.

    uv run python -m tests.benchmarks.quickstart [--cache FOLDER] [--rows STORE]

It submits sweeps/quickstart.yaml into a temporary store, waits for its prompt, and prints the time by phase: timed
calls, warm-up, import and construction of the detectors, and the rest. `--cache` names another cache than the user's:
an empty folder makes the weights too, as at first. With `--rows` nothing is run: it prints the phases of the latest
run of a store, whose whole time is not known. It exits 1 when the command takes longer than promised: 2 minutes, and 3
where weights are made. Run it on an idle machine.
"""

import argparse
import dataclasses
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from featray import store
from featray.core.row import Row

ROOT = Path(__file__).parents[2]
SWEEP = ROOT / "sweeps" / "quickstart.yaml"
PROMISED_S, PROMISED_FIRST_S = 120.0, 180.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Phases:
    """Seconds of a run by phase, added up over its processes."""

    timed_s: float
    warmup_s: float
    import_s: float
    load_s: float
    processes: int

    @property
    def known_s(self) -> float:
        """Add up the phases."""
        return self.timed_s + self.warmup_s + self.import_s + self.load_s


def split(rows: Sequence[Row]) -> Phases:
    """Split the time of a run's rows. Each row of a process holds its import and load; they count once."""
    by_process = {row.process or f"{row.cell_id} {row.invocation}": row for row in rows}
    return Phases(
        timed_s=sum(sum(row.timed_s or ()) * (row.calls_per_repeat or 1) for row in rows),
        warmup_s=sum(sum(row.warmup_s or ()) for row in rows),
        import_s=sum(row.import_s or 0.0 for row in by_process.values()),
        load_s=sum(row.load_s or 0.0 for row in by_process.values()),
        processes=len(by_process),
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Moments:
    """Seconds from the start of the command."""

    first_row_s: float
    last_row_s: float
    prompt_s: float
    cpu_s: float  # processor time of the command and of its children that were waited for


def submit(results: Path, cache: str | None) -> Moments:
    """Run the command to its prompt."""
    command = [sys.executable, "-m", "featray", "submit", str(SWEEP), "--results", str(results), "--json"]
    environment = os.environ | ({"FEATRAY_CACHE": cache} if cache else {})
    started, rows_s = time.perf_counter(), list[float]()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as driver:
        assert driver.stdout is not None
        for line in driver.stdout:
            if "row" in json.loads(line):
                rows_s.append(time.perf_counter() - started)
    prompt_s = time.perf_counter() - started
    assert driver.returncode == 0, driver.returncode
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Moments(first_row_s=rows_s[0], last_row_s=rows_s[-1], prompt_s=prompt_s, cpu_s=used.ru_utime + used.ru_stime)


def read_rows(results: str | Path) -> tuple[Row, ...]:
    """Read the rows of a store's latest run."""
    rows = store.read(str(results)).rows
    latest = max(rows, key=lambda row: row.started_at).run_id
    return tuple(row for row in rows if row.run_id == latest)


def print_phases(phases: Phases) -> None:
    """Print what the rows know."""
    print(f"timed calls                     {phases.timed_s:6.1f} s")
    print(f"warm-up calls                   {phases.warmup_s:6.1f} s")
    print(f"imports of {phases.processes:2d} processes         {phases.import_s:6.1f} s")
    print(f"construction of the detectors   {phases.load_s:6.1f} s")


def has_weights(cache: str | None) -> bool:
    """Say whether a cache holds synthetic weights of any generator."""
    from featray.measurement import synthetic, weights

    folder = synthetic.folder(Path(cache) if cache else weights.featray_cache())
    return any(folder.glob("models--*"))


def main() -> int:
    """Run and print; return 1 where a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", metavar="FOLDER", help="featray's cache; default: the user's")
    parser.add_argument("--rows", metavar="STORE", help="print the phases of this store's latest run")
    chosen = parser.parse_args()
    if chosen.rows is not None:
        print_phases(split(read_rows(chosen.rows)))
        return 0
    is_first = not has_weights(chosen.cache)
    with tempfile.TemporaryDirectory(prefix="featray-quickstart-") as name:
        moments = submit(Path(name) / "r", chosen.cache)
        phases = split(read_rows(Path(name) / "r"))
    promised_s = PROMISED_FIRST_S if is_first else PROMISED_S
    print_phases(phases)
    print(f"the rest                        {moments.prompt_s - phases.known_s:6.1f} s")
    print(f"  to the first row              {moments.first_row_s:6.1f} s")
    print(f"  from the last row to the end  {moments.prompt_s - moments.last_row_s:6.1f} s")
    print(f"all                             {moments.prompt_s:6.1f} s (promised: {promised_s:.0f})")
    print(f"processor time, without Ray's   {moments.cpu_s:6.1f} s")
    return 0 if moments.prompt_s < promised_s else 1


if __name__ == "__main__":
    sys.exit(main())
