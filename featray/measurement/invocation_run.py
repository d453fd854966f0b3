"""Session: one invocation, measured in this process.

Flow: request -> device check -> load the detector -> each cell: warm up, timed calls, profiled call -> row.
A cell's row is handed over before the next cell begins. Whatever fails in Python costs its own row and no more.
"""

import faulthandler
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from featray.core import clock
from featray.core import invocation as invocations
from featray.core import row as rows
from featray.core.cell import Cell, cell_id
from featray.core.events import EventKind
from featray.core.status import Status
from featray.measurement import cuda, detector, device, memory, nvml, outcome, provenance
from featray.measurement.bench import Bench
from featray.measurement.channel import Channel
from featray.measurement.outcome import Failure
from featray.measurement.request import ChildRequest

GRACE_S = 5.0  # past a limit, for the supervisor to act; only without a supervisor does this process end itself
AFRESH = 75  # exit code after a device fault: the supervisor starts a new process for the cells that are left


class InvocationRun:
    """What the cells of one invocation share."""

    def __init__(
        self, request: ChildRequest, channel: Channel, *, driver: Callable[[], Any] = cuda.open_driver
    ) -> None:
        """Take the request; nothing is loaded yet. `driver` opens CUDA's."""
        self._request, self._channel, self._driver = request, channel, driver
        self._left = list(request.invocation.cells)
        self._context: dict[str, Any] = dict(request.context or provenance.describe_host())

    def run(self) -> int:
        """Measure every cell; return the exit code."""
        self._channel.send(EventKind.LOADING)
        with _ends_after(self._request.invocation.rules.load_limit_s):
            opened = outcome.attempt(self._open)
        while self._left:
            if isinstance(opened, Failure):
                self._give(self._left[0], opened, clock.utc_now())
            elif not self._measure(self._left[0], opened):
                return AFRESH
        self._channel.send(EventKind.DONE)
        return 0

    def _open(self) -> Bench | Failure:
        """Check the device and load the detector.

        Raises:
            Refused: not the device that was asked for, or one that torch cannot use.
        """
        invocation, first = self._request.invocation, self._request.invocation.cells[0]
        facts = device.check(invocation.device, invocation.gpu_uuid, self._driver)
        source = nvml.attach(invocation.gpu_uuid) if invocation.gpu_uuid else None
        self._context |= {**facts, "driver": source.driver() if source else None}
        loaded = outcome.attempt(lambda: detector.load(first, cache=self._request.cache, device=invocation.device))
        self._context |= {**provenance.describe_software(), "ffmpeg": self._request.ffmpeg}
        device.check_torch(invocation.device, facts, sys.modules.get("torch"))
        if isinstance(loaded, Failure):
            return loaded
        self._context |= {"import_s": loaded.import_s, "load_s": loaded.load_s}
        return Bench(loaded, rules=invocation.rules, source=source)

    def _measure(self, cell: Cell, opened: Bench) -> bool:
        """Measure one cell and hand its row over; tell whether this process is fit for another."""
        self._channel.send(EventKind.STARTED, cell_id=cell_id(cell))
        started_at = clock.utc_now()
        with _ends_after(self._request.invocation.rules.time_limit_s):
            measured = outcome.attempt(lambda: opened.measure(cell, self._request.files_of(cell)))
        faulted = isinstance(measured, Failure) and device.is_faulted(sys.modules.get("torch"))
        if isinstance(measured, Failure) and not faulted:
            memory.free()
        self._give(cell, measured, started_at)
        if isinstance(measured, Failure) and measured.status is Status.OOM:
            for larger in invocations.larger_batches(cell, self._left):
                reason = invocations.why_skipped(cell)
                self._give(larger, Failure(status=Status.SKIPPED, reason=reason), clock.utc_now())
        return not faulted

    def _give(self, cell: Cell, measured: dict[str, Any] | Failure, started_at: str) -> None:
        """Hand a cell's row over and wait until it is safe."""
        columns: dict[str, Any] = {"started_at": started_at, "ended_at": clock.utc_now()}
        if isinstance(measured, Failure):
            columns |= {"status": measured.status.value, "reason": measured.reason, "stderr_tail": measured.trace}
        else:
            columns |= {"status": Status.OK.value, **measured}
        row = invocations.record(self._request.invocation, cell, **(self._context | columns))
        self._left.remove(cell)
        self._channel.send_row(rows.to_json(row))


@contextmanager
def _ends_after(limit_s: float) -> Iterator[None]:
    """End this process, with a traceback on stderr, when the block outlasts its limit by `GRACE_S`.

    The timer needs no interpreter lock, so that a call which never gives it back is ended too.
    """
    faulthandler.dump_traceback_later(limit_s + GRACE_S, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
