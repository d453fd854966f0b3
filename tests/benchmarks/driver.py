"""Driver: how many rows per second one driver schedules, stores and tells, when its backend answers at once.

    uv run python -m tests.benchmarks.driver [HOSTS...] [--rows ROWS] [--kills KILLS] [--s3]

Every host measures detectors of 20 cells each, 20,000 rows in all. Each case runs in a process of its own. `--kills`
also kills such drivers at random moments: what they had told, and what hosts were let drop, must be in the store, once.
`--s3` also stores in a bucket that answers each request after 30 ms. It exits 1 when a promise is broken.
"""

import argparse
import collections
import dataclasses
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from featray import store
from featray.backends import Backend, Event
from featray.core import detectors, invocation
from featray.core.cell import Cell, cell_id
from featray.core.events import EventKind
from featray.core.row import Row, RowKey
from featray.measurement.weights import HubFile
from featray.planning.inventory import Inventory
from featray.planning.planned_invocation import PlannedInvocation
from featray.running.progress import Progress
from featray.running.runner import Runner
from tests.benchmarks.store_scale import peak_b
from tests.support.builders import make_row
from tests.support.plans import make_cell, make_host, make_plan, place

HOSTS = (100, 1000)
ROWS = 20_000
CELLS = 20  # of one detector, so of one invocation
GOAL = 1000.0  # rows per second
S3_GOAL = 200.0
S3_ROWS = 2000
LATENCY_S = 0.03
KILLS_TOLD = 10  # a line for so many killed drivers: beside other work each takes ten seconds


class Instant(Backend):
    """A backend whose hosts give their next row at every poll."""

    def __init__(self, note: Any = None) -> None:
        self._note = note or (lambda *_: None)
        self._waiting: collections.deque[tuple[PlannedInvocation, collections.deque[Cell]]] = collections.deque()
        self._measured = make_row()

    def inventory(self) -> Inventory:
        return Inventory(hosts=())

    def fetch(self, needs: Mapping[str, Collection[HubFile]]) -> Mapping[str, Sequence[str]]:  # noqa: ARG002
        return {}

    def start(self, planned: PlannedInvocation, store: str) -> None:  # noqa: ARG002
        self._waiting.append((planned, collections.deque(planned.invocation.cells)))

    def poll(self, timeout_s: float) -> Sequence[Event]:  # noqa: ARG002
        events: list[Event] = []
        for _ in range(len(self._waiting)):
            planned, cells = self._waiting.popleft()
            if not cells:
                events.append(Event(planned=planned, kind=EventKind.ENDED))
                continue
            events += self._measure(planned, cells.popleft())
            self._waiting.append((planned, cells))
        return events

    def _measure(self, planned: PlannedInvocation, cell: Cell) -> list[Event]:
        """Make the events of a cell; its row is a usual one in all that is measured."""
        asked = invocation.record(planned.invocation, cell, status="ok", started_at="2026-05-14T23:15:32.000+00:00")
        keys = ("sweep", "run_id", "cell_id", "target_id", "invocation", "block", "order_index", "attempt", "asked")
        row = dataclasses.replace(self._measured, **{key: getattr(asked, key) for key in keys})
        return [
            Event(planned=planned, kind=EventKind.STARTED, cell_id=cell_id(cell)),
            Event(planned=planned, kind=EventKind.ROW, row=row),
        ]

    def cancel(self, planned: PlannedInvocation) -> None:
        self._waiting = collections.deque(pair for pair in self._waiting if pair[0] is not planned)

    def collect(self, store: str) -> Sequence[Row]:  # noqa: ARG002
        return ()

    def forget(self, store: str, stored: Sequence[Row]) -> None:  # noqa: ARG002
        for row in stored:
            self._note(row)


def run(hosts: int, rows: int, results: str, note: Any = None) -> tuple[float, float, int, int]:
    """Run one driver; return wall and CPU seconds, and the peak memory at a quarter of the rows and at the end."""
    kinds = max(1, rows // hosts // CELLS)
    cells = [
        make_cell(detector=dataclasses.replace(detectors.CATALOGUE["retinaface"], name=f"d{kind}"), batch_size=size)
        for kind in range(kinds)
        for size in range(1, CELLS + 1)
    ]
    work = make_plan(place(cells, *(make_host(f"h{number}") for number in range(hosts))), n=1)
    early_b = 0

    def watch(progress: Progress) -> None:
        nonlocal early_b
        if progress.event is not None and progress.event.row is not None:
            if note is not None:
                note(progress.event.row)
            if progress.done == work.remaining // 4:
                early_b = peak_b()

    runner = Runner(work, Instant(note), results, watch)
    wall, cpu = time.perf_counter(), time.process_time()
    runner.run()
    return time.perf_counter() - wall, time.process_time() - cpu, early_b, peak_b()


def run_alone(arguments: Sequence[str]) -> None:
    """Run one case in this process and print it, or every row's key as it is told or dropped."""
    hosts, rows, results, tells = int(arguments[0]), int(arguments[1]), arguments[2], arguments[3] == "tells"

    def note(row: Row) -> None:
        sys.stdout.write(f"{row.cell_id} {row.target_id}\n")
        sys.stdout.flush()

    wall_s, cpu_s, early_b, end_b = run(hosts, rows, results, note if tells else None)
    if not tells:
        print(wall_s, cpu_s, early_b, end_b)


def case(hosts: int, rows: int, results: str, environment: Mapping[str, str] | None = None) -> tuple[float, ...]:
    """Run one case in a process of its own; return what `run` does."""
    command = [sys.executable, "-m", "tests.benchmarks.driver", "--alone", str(hosts), str(rows), results, "counts"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return tuple(map(float, done.stdout.split()))


def judge_speed(hosts: int, rows: int) -> bool:
    """Print one case; return whether its promise holds, in CPU seconds: other work may share the machine."""
    with tempfile.TemporaryDirectory(prefix="featray-driver-") as folder:
        wall_s, cpu_s, early_b, end_b = case(hosts, rows, folder)
        files = len(list((Path(folder) / "rows").glob("*.parquet")))
        stored = len(store.keys(folder).units)
    print(
        f"{hosts:5d} hosts, {stored} rows: {stored / wall_s:.0f} rows/s wall, {stored / cpu_s:.0f} per CPU second"
        f" (goal {GOAL:.0f}), {files} files, {(end_b - early_b) / 1e6:.0f} MB more from a quarter of the rows on",
        flush=True,
    )
    return stored / cpu_s >= GOAL


def judge_s3() -> bool:
    """Store in a bucket that answers late; return whether its promise holds."""
    from moto.server import ThreadedMotoServer
    from pyarrow import fs

    environment = {
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    os.environ |= environment
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"{host}:{port}"
    fs.S3FileSystem(
        endpoint_override=address, scheme="http", region="us-east-1", allow_bucket_creation=True
    ).create_dir("benchmark")
    answer = server._server.app  # moto has no other place for a delay

    def late(*arguments: Any) -> Any:
        time.sleep(LATENCY_S)
        return answer(*arguments)

    server._server.app = late
    uri = f"s3://benchmark/results?endpoint_override={address}&scheme=http&region=us-east-1"
    wall_s = case(HOSTS[0], S3_ROWS, uri, dict(os.environ))[0]
    server.stop()
    print(f"bucket with {1000 * LATENCY_S:.0f} ms: {S3_ROWS / wall_s:.0f} rows/s wall (goal {S3_GOAL:.0f})", flush=True)
    return S3_ROWS / wall_s >= S3_GOAL


def judge_kills(kills: int) -> bool:
    """Kill drivers at random moments; return whether nothing was lost, doubled or damaged."""
    draw, lost, doubled, damaged = random.Random(7), 0, 0, 0
    for number in range(1, kills + 1):
        with tempfile.TemporaryDirectory(prefix="featray-driver-") as folder:
            known = kill_one(folder, draw.uniform(0.0, 1.5))
            keys: list[RowKey] = [unit.key() for unit in store.keys(folder, every_attempt=True).units]
            store.compact(folder)  # finishes what a killed driver was merging
            checked = store.check(folder)
        stored = {f"{cell} {target}" for _, cell, target, *_ in keys}
        lost += len(known - stored)
        doubled += len(keys) - len(set(keys)) + checked.duplicates
        damaged += len(checked.problems)
        if number % KILLS_TOLD == 0 or number == kills:
            found = f"{lost} known rows lost, {doubled} doubled, {damaged} files damaged"
            print(f"{number} of {kills} drivers killed: {found}", flush=True)
    return lost == doubled == damaged == 0


def kill_one(folder: str, after_s: float) -> set[str]:
    """Start a driver and kill it some time after its first row; return the rows that it had told or let drop."""
    command = [sys.executable, "-m", "tests.benchmarks.driver", "--alone", "100", str(ROWS), folder, "tells"]
    known: set[str] = set()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        known.add(driver.stdout.readline().strip())
        killing = threading.Timer(after_s, driver.kill)
        killing.start()
        known.update(line.strip() for line in driver.stdout if line.endswith("\n"))
        killing.cancel()
    return known


def main() -> int:
    """Print every case."""
    if sys.argv[1:2] == ["--alone"]:
        run_alone(sys.argv[2:])
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hosts", metavar="HOSTS", type=int, nargs="*", default=HOSTS)
    parser.add_argument("--rows", type=int, default=ROWS, help="in all")
    parser.add_argument("--kills", type=int, default=0, help="drivers to kill")
    parser.add_argument("--s3", action="store_true", help="also a bucket")
    options = parser.parse_args()
    kept = [judge_speed(hosts, options.rows) for hosts in options.hosts]
    kept += [judge_s3()] if options.s3 else []
    kept += [judge_kills(options.kills)] if options.kills else []
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
