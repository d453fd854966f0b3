"""Invocation run: measures one invocation in this process.

Flow: `request` -> `device.check` -> `detector.load` -> `bench` for each cell -> row -> `channel`.
The supervisor has a cell's row before the next cell begins. A Python error costs the row of its own cell and no more.
"""

import dataclasses
import faulthandler
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from featray.core import clock, invocation, row
from featray.core.cell import Cell, cell_id
from featray.core.choices import Device, ProtocolName
from featray.core.events import EventKind
from featray.core.status import Status
from featray.measurement import (
    cuda,
    detector,
    device,
    idle_power,
    machine_state,
    memory,
    nvml,
    outcome,
    processor_energy,
    provenance,
)
from featray.measurement.bench import Bench
from featray.measurement.channel import Channel
from featray.measurement.frames import LOOK_S
from featray.measurement.outcome import Failure
from featray.measurement.processor_energy import AppleEnergy, AppleGpu
from featray.measurement.request import ChildRequest
from featray.measurement.telemetry import EnergySource, GpuSource

GRACE_S = 5.0  # beyond a limit: the supervisor acts first; only without a supervisor does this process end itself
STDERR = 2  # file descriptor: a detector may close `sys.stderr`, or put None in its place
NEW_PROCESS = 75  # exit code after a device fault: the supervisor starts a new process for the cells that are left


class InvocationRun:
    """What the cells of one invocation share."""

    def __init__(
        self, request: ChildRequest, channel: Channel, *, driver: Callable[[], Any] = cuda.open_driver
    ) -> None:
        """Take the request; nothing is loaded yet. `driver` opens CUDA's driver."""
        self._request, self._channel, self._driver = request, channel, driver
        self._remaining = list(request.invocation.cells)
        self._context: dict[str, Any] = dict(request.context or provenance.describe_host())
        if request.member is not None:
            machine_state.pin(request.member.cpus)
        self._context |= machine_state.columns(affinity=machine_state.count_allowed_cpus())
        self._context |= {"process": uuid.uuid4().hex}

    def run(self) -> int:
        """Measure every cell; return the exit code."""
        self._channel.send(EventKind.LOADING)
        with _ends_after(self._request.invocation.rules.load_limit_s):
            opened = outcome.attempt(self._open, catches=BaseException)
        if self._request.member is not None and not isinstance(opened, Failure):
            self._channel.assemble()
        while self._remaining:
            if isinstance(opened, Failure):
                self._send(self._remaining[0], opened, clock.utc_now())
            elif not self._measure(self._remaining[0], opened):
                return NEW_PROCESS
        self._channel.send(EventKind.DONE)
        return 0

    def _open(self) -> Bench | Failure:
        """Check the device and load the detector.

        Raises:
            Refused: another device than asked for, or one that torch cannot use.
        """
        asked, first = self._request.invocation, self._request.invocation.cells[0]
        facts = device.check(asked.device, asked.gpu_uuid, self._driver)
        gpu = nvml.attach(asked.gpu_uuid) if asked.gpu_uuid else None
        self._context |= {**facts, **(gpu.read_settings() if gpu else {}), "driver": gpu.driver() if gpu else None}
        meters = self._open_meters(gpu)
        loaded = outcome.attempt(
            lambda: detector.load(first, cache=self._request.cache, device=asked.device), catches=BaseException
        )
        self._context |= {**provenance.describe_software(), "ffmpeg": self._request.ffmpeg}
        device.check_torch(asked.device, facts, sys.modules.get("torch"))
        if isinstance(loaded, Failure):
            return loaded
        self._context |= {"import_s": loaded.import_s, "load_s": loaded.load_s}
        others = None if self._request.member is None else self._channel
        return Bench(loaded, rules=asked.rules, gpu=meters.gpu, processors=meters.processors, others=others)

    def _open_meters(self, gpu: GpuSource | None) -> "EnergyMeters":
        """Open what counts energy, and measure the idle power before anything is loaded."""
        asked = self._request.invocation
        if asked.rules.protocol != ProtocolName.FEATRAY:
            return EnergyMeters(gpu, None)
        processors, reason = processor_energy.open_counter()
        if gpu is None and asked.device == Device.MPS and isinstance(processors, AppleEnergy):
            gpu = AppleGpu(processors)
        counters: dict[str, Callable[[], float | None]] = {}
        if gpu is not None:
            counters["idle_power_w"] = gpu.energy_j
        if processors is not None:
            counters["cpu_idle_power_w"] = processors.read_j
        self._context |= idle_power.measure(counters, clock=time.perf_counter, sleep=time.sleep)
        self._context |= {"energy_reason": _why_no_energy(gpu, asked.device, reason)}
        return EnergyMeters(gpu, processors)

    def _measure(self, cell: Cell, opened: Bench) -> bool:
        """Measure one cell and send its row; return True if this process can measure another."""
        self._channel.send(EventKind.STARTED, cell_id=cell_id(cell))
        started_at, began = clock.utc_now(), time.monotonic()
        with _ends_after(self._request.invocation.rules.cell_limit_s):
            measured = outcome.attempt(
                lambda: opened.measure(cell, self._request.input_files(cell), self._request.cut_from(cell)),
                catches=BaseException,
            )
            has_time = time.monotonic() - began + LOOK_S < self._request.invocation.rules.cell_limit_s
            if isinstance(measured, Failure) and has_time:
                measured = opened.explain(cell, self._request.input_files(cell), measured)
            output = None if isinstance(measured, Failure) else self._output_to_keep(opened)
        is_faulted = isinstance(measured, Failure) and device.is_faulted(sys.modules.get("torch"))
        if isinstance(measured, Failure) and not is_faulted:
            memory.free()
        spans = {} if self._request.member is None else {"timed": opened.timed_spans, "other": opened.other_spans}
        self._send(cell, measured, started_at, output, **spans)
        if isinstance(measured, Failure) and measured.status is Status.OOM:
            for larger in invocation.larger_batches(cell, self._remaining):
                skipped = Failure(status=Status.SKIPPED, reason=invocation.why_skipped(cell))
                self._send(larger, skipped, clock.utc_now())
        return not is_faulted

    def _output_to_keep(self, bench: Bench) -> dict[str, Any] | None:
        """Give the output of the cell just measured, in a unit's first invocation."""
        is_first = self._request.invocation.invocation == 1
        return bench.output.thinned().to_plain() if is_first and bench.output is not None else None

    def _send(
        self,
        cell: Cell,
        measured: dict[str, Any] | Failure,
        started_at: str,
        output: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> None:
        """Send a cell's row and its output, and wait until they are on disk; `fields` are not part of the row."""
        columns: dict[str, Any] = {"started_at": started_at, "ended_at": clock.utc_now()}
        if isinstance(measured, Failure):
            columns |= {"status": measured.status.value, "reason": measured.reason, "stderr_tail": measured.trace}
        else:
            columns |= {"status": Status.OK.value, **measured}
        record = invocation.record(self._request.invocation, cell, **(self._context | columns))
        self._remaining.remove(cell)
        self._channel.send_row(row.to_json(record), output, **fields)


@dataclasses.dataclass(frozen=True)
class EnergyMeters:
    """What tells how much energy was used: the GPU and the processors, where they do."""

    gpu: GpuSource | None
    processors: EnergySource | None


def _why_no_energy(gpu: GpuSource | None, kind: Device, reason: str | None) -> str | None:
    """Say why a row lacks the energy of its GPU or of the processors; None where it has both, or needs only one."""
    reasons = [] if reason is None else [f"processors: {reason}"]
    if gpu is not None and gpu.energy_j() is None:
        reasons.insert(0, "GPU: the driver gives no counter of its energy")
    elif gpu is None and kind != Device.CPU:
        reasons.insert(0, "GPU: nothing on this machine counts its energy")
    return "; ".join(reasons) or None


@contextmanager
def _ends_after(limit_s: float) -> Iterator[None]:
    """End this process, with a traceback on stderr, if the block runs `GRACE_S` beyond its limit.

    The timer needs no interpreter lock, so it also ends a call that never releases it.
    """
    faulthandler.dump_traceback_later(limit_s + GRACE_S, exit=True, file=STDERR)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
