"""Submits on the replay backend: a small sweep, the rows to replay, and what the store holds afterwards.

No process is started.
"""

import datetime
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from featray import store, sweep
from featray.backends.replay import Faults, Replay
from featray.core.row import Row
from featray.host import clips
from featray.measurement.weights import HubFile
from featray.planning.inventory import Inventory
from featray.running import submission
from featray.running.preparation import SubmitRequest
from featray.running.progress import Watch
from featray.running.run_outcome import RunOutcome
from featray.running.runner import REAL_TIME, DriverClock
from featray.sweep import Sweep, expand
from tests.support.builders import make_row
from tests.support.plans import make_host, make_inventory

NOW = datetime.datetime(2026, 5, 14, 23, 15, 32, tzinfo=datetime.UTC)

SWEEP = """
detectors: [retinaface]
inputs: [short]
axes: {device: cpu, batch_size: [1, 4]}
weights: synthetic
"""


def load_sweep(folder: Path, text: str = "", *, weights: str = "synthetic") -> Sweep:
    """Write a sweep of two cells, `demo.yaml`, with more keys as text, and load it."""
    path = folder / "demo.yaml"
    path.write_text(SWEEP.replace("synthetic", weights) + text, encoding="utf-8")
    return sweep.load(path, probe_clip=clips.probe)


def make_rows_of(loaded: Sweep, times: Sequence[float] = (1.0,), **changes: object) -> list[Row]:
    """Make a row per cell and time, as a store to replay holds them."""
    return [
        make_row(
            detector=cell.detector.name,
            input=cell.input.name,
            device=cell.device,
            batch_size=cell.batch_size,
            num_workers=cell.num_workers,
            threads=cell.threads,
            weights=cell.weights,
            environment=cell.environment,
            invocation=number,
            timed_s=[seconds] * 3,
            **changes,
        )
        for cell in expand(loaded)
        for number, seconds in enumerate(times, 1)
    ]


def make_replay(*rows: Row, hosts: Inventory | None = None) -> Replay:
    """Make a backend that answers from these rows, by default on one host."""
    return Replay(hosts or make_inventory(), rows, source="tape")


def submit(
    loaded: Sweep, results: Path, backend: Replay, watch: Watch = lambda _: None, *, clock: DriverClock = REAL_TIME
) -> tuple[str, RunOutcome]:
    """Submit a sweep to a backend; return the run's id and the outcome."""
    request = SubmitRequest(sweep=loaded, results=str(results))
    return submission.run(request, backend, watch, now=NOW, clock=clock)


def replay(
    loaded: Sweep,
    results: Path,
    *,
    hosts: Inventory | None = None,
    rows: Sequence[Row] | None = None,
    faults: Faults | None = None,
    clock: DriverClock = REAL_TIME,
    **request: Any,
) -> RunOutcome:
    """Submit a sweep to a replay of its own rows, or of others."""
    tape = make_rows_of(loaded) if rows is None else rows
    backend = Replay(hosts or make_inventory(), tape, source="tape", faults=faults)
    asked = SubmitRequest(sweep=loaded, results=str(results), **request)
    return submission.run(asked, backend, lambda _: None, now=NOW, clock=clock)[1]


def stored_rows(results: Path) -> tuple[Row, ...]:
    """Read the rows of a store, the attempt that counts of each unit and invocation."""
    return store.read(str(results)).rows


class LateWeights(Replay):
    """Hosts `a` and `late`; `late` gets its weights only when `has_weights` says so; `joins` makes it a newcomer."""

    has_weights = False
    joins = False
    arriving: Sequence[str] = ()

    def inventory(self) -> Inventory:
        both = not self.joins
        self.joins = False
        return make_inventory(make_host("a"), make_host("late")) if both else make_inventory(make_host("a"))

    def newcomers(self) -> Sequence[str]:
        arriving, self.arriving = self.arriving, ()
        return arriving

    def fetch(self, needs: Mapping[str, Collection[HubFile]]) -> dict[str, list[str]]:
        return {host: ["no network"] for host in needs if host == "id-late" and not self.has_weights}
