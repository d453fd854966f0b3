"""Fake bench: what `featray bisect` measures, made from known times instead of processes."""

import dataclasses
import datetime
import random
from collections.abc import Collection, Mapping

from featray.backends import Backend
from featray.core import clock
from featray.core.cell import Cell, cell_id
from featray.core.row import Row
from featray.errors import Interrupted
from featray.running.bisection import StepBench
from featray.sweep import Sweep, expand
from tests.support.builders import STARTED, make_row


def no_backend() -> Backend:
    """Stand for a backend that must not be started."""
    raise AssertionError("no backend is needed")


class FakeBench(StepBench):
    """Makes rows whose times are those of their version, with a scatter between processes.

    It stops like Ctrl-C when it has made as many rows as it may.
    """

    def __init__(self, seconds: Mapping[str, float], *, sd: float = 0.005, rows_max: int = 100_000) -> None:
        super().__init__(no_backend, "nowhere", lambda _: None)
        self.seconds, self.sd, self.rows_max = seconds, sd, rows_max
        self.made: dict[tuple[str, str, int], Row] = {}
        self.broken: set[str | None] = set()
        self.asked: list[tuple[str, int]] = []

    def find_run(self, name: str) -> str | None:
        return name if any(key[0] == name for key in self.made) else None

    def has(self, sweep: Sweep, cell_ids: Collection[str], target_id: str) -> bool:  # noqa: ARG002 - one device here
        numbers = range(1, sweep.invocations.max + 1)
        return all((sweep.name, one, number) in self.made for one in cell_ids for number in numbers)

    def measure(self, sweep: Sweep, *, rerun: bool = False, retry_failed: bool = False) -> None:
        if rerun:
            self.made = {key: row for key, row in self.made.items() if key[0] != sweep.name}
        if retry_failed:
            self.made = {key: row for key, row in self.made.items() if row.timed_s or key[0] != sweep.name}
        self.asked.append((sweep.name, sweep.invocations.max))
        for number in range(1, sweep.invocations.max + 1):
            for place, cell in enumerate(expand(sweep)):
                key = (sweep.name, cell_id(cell), number)
                if key in self.made:
                    continue
                if len(self.made) >= self.rows_max:
                    raise Interrupted("stopped; finished rows are stored, the next submit goes on from there")
                self.made[key] = self._row(sweep.name, cell, number, place)

    def rows(self, name: str) -> tuple[Row, ...]:
        return tuple(row for key, row in self.made.items() if key[0] == name)

    def _row(self, run_id: str, cell: Cell, number: int, place: int) -> Row:
        rng = random.Random(f"{run_id} {cell_id(cell)} {number}")
        call_s = self.seconds[cell.environment or ""] * rng.lognormvariate(0, self.sd)
        began = STARTED + datetime.timedelta(minutes=number, seconds=place)
        if cell.environment in self.broken:
            row = make_row(run_id=run_id, invocation=number, status="unsupported", reason="no wheel")
        else:
            row = make_row(run_id=run_id, invocation=number, timed_s=[call_s], started_at=clock.utc_text(began))
        return dataclasses.replace(row, cell_id=cell_id(cell), environment=cell.environment, sweep=run_id)
