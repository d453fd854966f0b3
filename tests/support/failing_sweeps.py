"""Sweeps of detectors that fail on purpose, run on this machine, and what must hold of the store afterwards."""

import datetime
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from featray import store, sweep
from featray.backends import Backend
from featray.backends.inline import Inline
from featray.core.row import Row
from featray.core.status import MAX_ATTEMPTS, RETRIED
from featray.host import clips
from featray.measurement.weights import HubFile
from featray.planning.inventory import Inventory
from featray.running import submission
from featray.running.preparation import SubmitRequest
from featray.running.progress import Watch
from featray.running.run_outcome import RunOutcome
from tests.support.command import list_children

SWEEP = """
detectors:
  - name: bad
    class: "featray.measurement.fakes.failing_detector:FailingDetector"
    keywords: {{{keywords}}}
inputs: [short]
axes: {{device: cpu, batch_size: {sizes}}}
seed: {seed}
measure: {{warmup: 1, repeats: 2, min_time_s: 0, stages: false, invocations: {n}{rules}}}
"""


def write_sweep(
    folder: Path,
    keywords: str = "fault: none",
    *,
    sizes: Collection[int] = (1, 4, 8),
    n: int = 1,
    seed: int = 0,
    rules: str = "",
    name: str = "faulty",
) -> Path:
    """Write a sweep of the failing detector; `n` is the number of invocations."""
    path = folder / f"{name}.yaml"
    text = SWEEP.format(keywords=keywords, sizes=list(sizes), n=n, seed=seed, rules=f", {rules}" if rules else "")
    path.write_text(text, encoding="utf-8")
    return path


def write_stalling(folder: Path, *, sizes: Collection[int] = (1, 4, 8), name: str = "faulty") -> tuple[Path, Path]:
    """Write a sweep of two invocations that measures one cell and stalls in the next one, until it is released.

    What a test does then happens in the middle of a cell, on a slow machine too. Nothing stalls a second time.

    Returns:
        The sweep, and the file that is there as soon as it stalls: `wait_until_stalled` waits for it.
    """
    stalled = folder / f"{name}-stalled"
    path = write_sweep(folder, f"stalled: {stalled}", sizes=sizes, n=2, name=name)
    failing, stalling = "featray.measurement.fakes.failing_detector:Failing", "tests.support.stalling_detector:Stalling"
    path.write_text(path.read_text(encoding="utf-8").replace(failing, stalling), encoding="utf-8")
    return path, stalled


def wait_until_stalled(stalled: Path, results: Path) -> None:
    """Wait until the first cell of a stalling sweep is stored and the next one has begun."""
    deadline = time.monotonic() + 180
    while not (stalled.exists() and list((results / "rows").glob("*.parquet"))):
        assert time.monotonic() < deadline, [(row.status, row.reason) for row in store.read(str(results)).rows]
        time.sleep(0.05)


def release(stalled: Path) -> None:
    """Let what stalls go on."""
    stalled.write_text("go on", encoding="utf-8")


class ThisMachine(Inline):
    """This machine, with an inventory that was probed before; no weights are missing."""

    def __init__(self, inventory: Inventory) -> None:
        super().__init__(holder="a test")
        self._inventory = inventory

    def inventory(self) -> Inventory:
        return self._inventory

    def fetch(self, needs: Mapping[str, Collection[HubFile]]) -> dict[str, list[str]]:  # noqa: ARG002 - the protocol's signature
        return {}


def run_sweep(path: Path, results: Path, backend: Backend, watch: Watch = lambda _: None) -> RunOutcome:
    """Run a sweep in this process; check that no row was stored twice, which compaction would hide."""
    request = SubmitRequest(sweep=sweep.load(path, probe_clip=clips.probe), results=str(results))
    outcome = submission.run(request, backend, watch, now=datetime.datetime.now(datetime.UTC))[1]
    assert not [problem for problem in outcome.problems if "stored twice" in problem]
    return outcome


def list_attempts(results: Path) -> list[tuple[int, int, str]]:
    """List (batch size, attempt, status) of every row, sorted; check that the store is intact and has no row twice."""
    rows = store.read(str(results), every_attempt=True)
    checked = store.check(str(results))
    assert (rows.problems, checked.problems, checked.duplicates, checked.unfinished) == ((), (), 0, ())
    return sorted((row.batch_size, row.attempt, row.status) for row in rows.rows)


def final_rows(results: Path, *, set_aside: bool = False) -> dict[tuple[int, int], Row]:
    """Map (batch size, invocation) to the final row; check that there is one of each and that nothing measures now.

    Unless a host was set aside, also check that crashed and lost cells were tried three times.
    """
    rows = store.read(str(results)).rows
    final = {(row.batch_size, row.invocation): row for row in rows}
    assert len(final) == len(rows)
    assert set_aside or not [row for row in rows if row.status in RETRIED and row.attempt < MAX_ATTEMPTS]
    wait_until(lambda: not list_children(), 5)
    return final


def wait_until(condition: Callable[[], object], seconds: float) -> None:
    """Wait until a condition holds; fail when it does not hold in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)
