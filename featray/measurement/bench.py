"""Bench: measures one cell after another with a loaded detector.

Flow: `invocation_run` -> `Bench.measure` -> columns of the cell's row. A call's time counts only after its output
passed the same-work check.
"""

import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from featray.core import identity
from featray.core.cell import Cell
from featray.core.choices import ProtocolName
from featray.core.rules import Rules
from featray.measurement import (
    device,
    ffmpeg,
    machine_state,
    memory,
    outcome,
    protocol,
    repeats,
    stages,
    telemetry,
    torch_flags,
)
from featray.measurement.detector import LoadedDetector
from featray.measurement.outcome import Failure, WrongWork
from featray.measurement.outputs import Output
from featray.measurement.protocol import Calls, Repeat, Timings
from featray.measurement.telemetry import GpuSource, Sampler, TelemetryWindow


class Bench:
    """A loaded detector, the measuring rules, and the instruments."""

    def __init__(
        self,
        loaded: LoadedDetector,
        *,
        rules: Rules,
        gpu: GpuSource | None = None,
        sampled: bool = True,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Set the instruments up.

        Args:
            loaded: The detector.
            rules: How to measure.
            gpu: The GPU to read, if any.
            sampled: Read the machine during the timed calls; False serves to measure what reading costs.
            sleep: Waits for a GPU to cool, and for an injected delay.
        """
        self.loaded, self.rules, self.gpu, self.sleep = loaded, rules, gpu, sleep
        self.sampler = Sampler(gpu) if sampled and rules.protocol == ProtocolName.FEATRAY else None
        self.clocks_hz: list[float] = []  # of this GPU, in its timed calls so far
        self._ffmpeg: str | None = None

    def measure(self, cell: Cell, files: Sequence[Path]) -> dict[str, Any]:
        """Measure one cell.

        Returns:
            Columns of its row: measurement, resources and identity.

        Raises:
            WrongWork: a call found other faces or frames than planned.
            Refused: the detector did not compute on the device that was asked for.
            Exception: whatever the detector raises.
        """
        return _CellRun(self, cell, files).run()

    def ffmpeg_column(self) -> dict[str, Any]:
        """Return the FFmpeg that this process has loaded, as a column; empty until one is loaded."""
        self._ffmpeg = self._ffmpeg or ffmpeg.describe(ffmpeg.find_loaded())
        return {"ffmpeg": self._ffmpeg} if self._ffmpeg else {}


class _CellRun:
    """One cell on the bench."""

    def __init__(self, bench: Bench, cell: Cell, files: Sequence[Path]) -> None:
        """Start the cell's clock."""
        self._started = time.perf_counter()
        self._bench, self._cell, self._files = bench, cell, files
        self._detect = bench.loaded.prepare(cell, files)
        self._output: Output | None = None
        is_pyfeat = bench.rules.protocol == ProtocolName.PYFEAT
        self._synchronize = _no_wait if is_pyfeat else bench.loaded.synchronize

    def run(self) -> dict[str, Any]:
        """Warm up, time and profile; return the columns."""
        memory.reset_peaks()
        foreign = self._foreign_processes()
        before = {"load_1m": machine_state.read_load_1m(), "swap_used_b": machine_state.read_swap_used_b()}
        calls = Calls(warm=self._warm, time=self._time, elapsed=self._elapsed, sleep=self._bench.sleep)
        timings = protocol.measure(
            calls, self._bench.rules, frames=self._cell.input.frames, batch_size=self._cell.batch_size
        )
        windows = [repeat.window for repeat in timings.repeats if repeat.window is not None]
        columns = {
            **_timing_columns(timings, has_reasons=any(_has_reasons(window) for window in windows)),
            **telemetry.columns(windows),
            **memory.columns(size for window in windows for size in window.resident_b),
            **before,
            **self._read_gpu_settings(),
            "foreign_gpu_processes": max(telemetry.without_none([foreign, self._foreign_processes()]), default=None),
        }
        columns |= self._profile(timings)
        columns |= torch_flags.columns(sys.modules.get("torch"))
        return {**columns, **self._output_columns(), **self._work_columns(), **self._bench.ffmpeg_column()}

    def _elapsed(self) -> float:
        return time.perf_counter() - self._started

    def _call(self, calls: int = 1) -> tuple[float, Any]:
        return repeats.time_calls(
            self._detect,
            calls=calls,
            synchronize=self._synchronize,
            clock=time.perf_counter,
            delay_s=self._cell.delay_s_per_frame * self._cell.input.frames,
            sleep=self._bench.sleep,
        )

    def _warm(self, calls: int = 1) -> float:
        seconds, result = self._call(calls)
        self._check(result)
        loaded = self._bench.loaded
        torch = sys.modules.get("torch")
        device.check_used(loaded.device, torch, loaded.detector, is_pyfeat=loaded.spec.is_pyfeat)
        return seconds

    def _time(self, calls: int) -> Repeat:
        sampler = self._bench.sampler
        if sampler is None:
            return Repeat(seconds=self._warm(calls))
        sampler.workers = self._cell.num_workers > 0
        sampler.resume()
        try:
            seconds, result = self._call(calls)
        finally:
            window = sampler.pause()
        self._check(result)
        return Repeat(seconds=seconds, window=window, throttled=self._is_throttled(window))

    def _is_throttled(self, window: TelemetryWindow) -> bool:
        clocks = self._bench.clocks_hz
        if telemetry.is_throttled(window, telemetry.median(clocks)):
            return True
        if not telemetry.is_explained(window):  # a low clock with a reason is not this GPU's usual clock
            clocks.extend(telemetry.without_none([window.sm_clock_hz]))
        return False

    def _profile(self, timings: Timings) -> dict[str, Any]:
        """Make one more call, stage by stage, unless it might pass the time limit; a failure here costs no timing."""
        rules = self._bench.rules
        if not rules.stages or rules.protocol == ProtocolName.PYFEAT:
            return {}
        median_s = statistics.median(timings.timed_s)
        if self._elapsed() + median_s * protocol.SLACK > rules.time_limit_s:
            return {"unmet_rules": [*timings.unmet_rules, protocol.STAGES]}
        calls: list[tuple[float, Any]] = []
        profiled = outcome.attempt(lambda: stages.profile(self._bench.loaded, lambda: calls.append(self._call())))
        if isinstance(profiled, Failure):
            reason = f"the profiled call failed: {profiled.reason}"
            return {"unmet_rules": [*timings.unmet_rules, protocol.STAGES], "reason": reason}
        if not calls:  # a custom detector: its stages are unknown
            return {}
        profiled_s, result = calls[0]
        self._check(result)
        return {"stages_s": profiled, "profiled_ratio": profiled_s / median_s if median_s > 0 else None}

    def _read_gpu_settings(self) -> Mapping[str, Any]:
        """Read the GPU's settings while it is still awake: when idle, its PCIe link falls to generation 1."""
        return self._bench.gpu.read_settings() if self._bench.gpu is not None else {}

    def _foreign_processes(self) -> int | None:
        return self._bench.gpu.foreign_processes() if self._bench.gpu is not None else None

    def _output_columns(self) -> dict[str, Any]:
        output = self._output
        if output is None:
            return {}
        return {"fex_rows": output.fex_rows, "faces": output.faces, "output_summary": output.summary}

    def _work_columns(self) -> dict[str, Any]:
        """Resolve what was computed, after the last call, since calls may load or replace a model."""
        loaded = self._bench.loaded
        work = {**loaded.resolve(), **loaded.resolve_input(self._cell, self._files)}
        return {"work": work, "work_id": identity.digest(work)}

    def _check(self, result: Any) -> None:
        """Compare what a call found with what was planned.

        Raises:
            WrongWork: they differ.
        """
        clip, output = self._cell.input, self._bench.loaded.inspect(result)
        planned = clip.frames * clip.faces
        if output.frames not in (None, clip.frames) or output.faces != planned:
            raise WrongWork(
                f"found {output.faces} faces in {output.frames} frames, "
                f"planned were {planned} faces in {clip.frames} frames"
            )
        self._output = output


def _has_reasons(window: TelemetryWindow) -> bool:
    """Return True if the driver gave clock event reasons; without them a GPU cannot be shown to run unthrottled."""
    return any(reading.reasons is not None for reading in window.readings)


def _timing_columns(timings: Timings, *, has_reasons: bool) -> dict[str, Any]:
    replaced = timings.measured_again
    return {
        "warmup_s": list(timings.warmup_s),
        "first_call_s": timings.warmup_s[0],
        "timed_s": timings.timed_s,
        "calls_per_repeat": timings.calls_per_repeat,
        "unmet_rules": list(timings.unmet_rules),
        "throttled": timings.throttled if has_reasons or timings.throttled else None,
        "reason": f"{replaced} throttled calls were measured again" if replaced else None,
    }


def _no_wait() -> None:
    """Do not wait for the device, as py-feat's own script does not."""
