"""Cell run: the calls of one cell, and the columns of its row that come from them.

Flow: `bench` -> `CellRun.run` -> `protocol` (warm-up, repeats), `stages`, `sustained` -> columns. A call's time counts
only after its output passed the same-work check.
"""

import dataclasses
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from featray.core import identity, inputs, label_files, row_texts
from featray.core.cell import Cell
from featray.core.choices import ProtocolName
from featray.core.output_table import OutputTable
from featray.core.rules import SUSTAINED_REST_S, Rules
from featray.measurement import (
    accuracy,
    device,
    machine_state,
    memory,
    outcome,
    output_tables,
    protocol,
    repeats,
    stages,
    sustained,
    telemetry,
    torch_flags,
)
from featray.measurement.detector import LoadedDetector
from featray.measurement.face_check import FaceCheck
from featray.measurement.outcome import Failure
from featray.measurement.outputs import Output
from featray.measurement.protocol import Calls, JointRun, Repeat, Timings
from featray.measurement.telemetry import GpuSource, Sampler, TelemetryWindow

T = TypeVar("T")

TimeSpan = tuple[float, float]
"""Begin and end by the clock of `time.perf_counter`, which all processes of a machine share."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Instruments:
    """What the cells of one invocation are measured with."""

    loaded: LoadedDetector
    rules: Rules
    gpu: GpuSource | None
    sampler: Sampler | None
    sleep: Callable[[float], None]
    others: JointRun | None = None  # processes side by side with this one
    clocks_hz: list[float] = dataclasses.field(default_factory=list)  # of this GPU, in its timed calls so far


class CellRun:
    """One cell under measurement."""

    def __init__(self, instruments: Instruments, cell: Cell, files: Sequence[Path]) -> None:
        """Start the cell's clock."""
        self._started = time.perf_counter()
        self._instruments, self._cell, self._files = instruments, cell, files
        self._detect = instruments.loaded.prepare(cell, files)
        self._output: Output | None = None
        self._faces = FaceCheck(cell.input, names_every_frame=instruments.loaded.spec.is_pyfeat)
        self._result: Any = None  # of the last timed call
        self.output: OutputTable | None = None  # the same, once all calls are timed
        self._is_pyfeat = instruments.rules.protocol == ProtocolName.PYFEAT
        self._synchronize = _no_wait if self._is_pyfeat else instruments.loaded.synchronize
        self._unmet: list[str] = []
        self._reasons: list[str] = []
        self.timed_spans: list[TimeSpan] = []  # of the timed repeats
        self.other_spans: list[TimeSpan] = []  # of the calls that were made while other processes timed theirs

    def run(self) -> dict[str, Any]:
        """Warm up, time, profile and sustain; return the columns."""
        memory.reset_peaks()
        foreign = self._foreign_processes()
        before = {"load_1m": machine_state.read_load_1m(), "swap_used_b": machine_state.read_swap_used_b()}
        calls = Calls(
            warm=self._warm,
            time=self._time,
            elapsed=self._elapsed,
            sleep=self._instruments.sleep,
            others=self._instruments.others,
            accompany=self._accompany,
        )
        timings = protocol.measure(
            calls, self._instruments.rules, frames=self._cell.input.frames, batch_size=self._cell.batch_size
        )
        if timings.measured_again:
            self._reasons.append(f"{timings.measured_again} throttled calls were measured again")
        windows = [repeat.window for repeat in timings.repeats if repeat.window is not None]
        columns = {
            **_timing_columns(timings, has_reasons=any(_has_reasons(window) for window in windows)),
            **telemetry.columns(windows),
            **memory.columns(size for window in windows for size in window.resident_b),
            **before,
            **self._read_gpu_settings(),
            "foreign_gpu_processes": max(telemetry.without_none([foreign, self._foreign_processes()]), default=None),
        }
        self.output, self._result = output_tables.read(self._result).renumbered(self._faces.frame_factor), None
        columns |= self._score() | self._profile(timings) | self._sustain(timings)
        columns |= {"unmet_rules": [*timings.unmet_rules, *self._unmet], "reason": "; ".join(self._reasons) or None}
        columns |= torch_flags.columns(sys.modules.get("torch"))
        return {**columns, **self._output_columns(), **self._faces.columns(timings.timed_s), **self._work_columns()}

    def _elapsed(self) -> float:
        return time.perf_counter() - self._started

    def _call(self, calls: int = 1) -> tuple[float, Any]:
        return repeats.time_calls(
            self._detect,
            calls=calls,
            synchronize=self._synchronize,
            clock=time.perf_counter,
            delay_s=self._cell.delay_s_per_frame * self._cell.input.frames,
            sleep=self._instruments.sleep,
        )

    def _warm(self, calls: int = 1) -> float:
        seconds, result = self._call(calls)
        self._check(result)
        self._result = result
        loaded = self._instruments.loaded
        torch = sys.modules.get("torch")
        device.check_used(loaded.device, torch, loaded.detector, is_pyfeat=loaded.spec.is_pyfeat)
        return seconds

    def _accompany(self) -> None:
        self._result = None
        start = time.perf_counter()
        _, self._result = self._call()
        self.other_spans.append((start, time.perf_counter()))
        self._check(self._result)

    def _time(self, calls: int) -> Repeat:
        self._result = None  # two results at a time would raise the peak of memory
        sampler = self._instruments.sampler
        if sampler is None:
            return Repeat(seconds=self._warm(calls))
        sampler.workers = self._cell.num_workers > 0
        sampler.resume()
        start = time.perf_counter()
        try:
            seconds, result = self._call(calls)
            self.timed_spans.append((start, time.perf_counter()))
        finally:
            window = sampler.pause()
        self._check(result)
        self._result = result
        return Repeat(seconds=seconds, window=window, throttled=self._is_throttled(window))

    def _is_throttled(self, window: TelemetryWindow) -> bool:
        clocks = self._instruments.clocks_hz
        if telemetry.is_throttled(window, telemetry.median(clocks)):
            return True
        if not telemetry.is_explained(window):  # a low clock with a reason is not this GPU's usual clock
            clocks.extend(telemetry.without_none([window.sm_clock_hz]))
        return False

    def _score(self) -> dict[str, Any]:
        """Score the last timed call's output against the input's labels; a failure here costs no timing."""
        given, table = self._cell.input, self.output
        if given.labels is None or table is None:
            return {}
        path, images = Path(given.labels), [file.name for file in self._files] if given.kind == inputs.IMAGES else []
        scores = outcome.attempt(lambda: accuracy.score(table, label_files.read(path, images), len(images) or None))
        if isinstance(scores, Failure):
            self._reasons.append(f"no accuracy: {scores.reason}")
            return {}
        return {"accuracy": scores}

    def _profile(self, timings: Timings) -> dict[str, Any]:
        """Make one more call, stage by stage, unless it might pass the time limit; a failure here costs no timing."""
        if not self._instruments.rules.stages or self._is_pyfeat:
            return {}
        calls: list[tuple[float, Any]] = []
        profiled = self._attempt(
            protocol.STAGES,
            "the profiled call",
            timings,
            lambda: stages.profile(self._instruments.loaded, lambda: calls.append(self._call())),
        )
        if profiled is None or not calls:  # no call: a custom detector, whose stages are unknown
            return {}
        profiled_s, result = calls[0]
        self._check(result)
        median_s = statistics.median(timings.timed_s)
        return {"stages_s": profiled, "profiled_ratio": profiled_s / median_s if median_s > 0 else None}

    def _sustain(self, timings: Timings) -> dict[str, Any]:
        """Make the sustained run, if one is asked for; then let the machine cool, so that the next cell starts alike.

        It comes last: it heats the machine up.
        """
        run_s = self._instruments.rules.sustained_s
        if run_s is None or self._is_pyfeat:
            return {}
        results: list[Any] = []

        def call() -> None:
            results[:] = [self._call()[1]]

        def measure() -> list[float]:
            if self._instruments.others is not None:
                self._instruments.others.assemble()
            frames = self._cell.input.frames
            return sustained.measure_rates(call, frames=frames, run_s=run_s, clock=time.perf_counter)

        rates = self._attempt(protocol.SUSTAINED, "the sustained run", timings, measure)
        if results:
            self._instruments.sleep(SUSTAINED_REST_S)
        if rates is not None:
            self._check(results[0])
        return {"sustained_hz": rates}

    def _attempt(self, rule: str, name: str, timings: Timings, step: Callable[[], T]) -> T | None:
        """Make calls after the timed ones, unless one as long as those might pass the time limit.

        Returns:
            What the step returned; None where it was left out or failed, and then the row names the rule.
        """
        longest_s = statistics.median(timings.timed_s) * protocol.SLACK
        if self._elapsed() + longest_s > self._instruments.rules.time_limit_s:
            self._unmet.append(rule)
            return None
        extra = outcome.attempt(step)
        if isinstance(extra, Failure):
            self._unmet.append(rule)
            self._reasons.append(f"{name} failed: {extra.reason}")
            return None
        return extra

    def _read_gpu_settings(self) -> Mapping[str, Any]:
        """Read the GPU's settings while it is still awake: when idle, its PCIe link falls to generation 1."""
        return self._instruments.gpu.read_settings() if self._instruments.gpu is not None else {}

    def _foreign_processes(self) -> int | None:
        return self._instruments.gpu.foreign_processes() if self._instruments.gpu is not None else None

    def _output_columns(self) -> dict[str, Any]:
        output = self._output
        if output is None:
            return {}
        sums = None if self.output is None else output_tables.add_up(self.output)
        return {
            "fex_rows": output.fex_rows,
            "faces": output.faces,
            "output_summary": output.summary,
            "output_sums": sums,
        }

    def _work_columns(self) -> dict[str, Any]:
        """Resolve what was computed, after the last call, since calls may load or replace a model."""
        loaded = self._instruments.loaded
        resolved = {**loaded.resolve(), **loaded.resolve_input(self._cell, self._files)}
        work = row_texts.bounded("work", resolved)  # as the row holds it: whoever reads it computes `work_id` again
        return {"work": work, "work_id": identity.digest(work)}

    def _check(self, result: Any) -> None:
        """Compare what a call found with what was planned, and with what the first call found.

        Raises:
            WrongWork: they differ.
        """
        output = self._instruments.loaded.inspect(result)
        self._faces.check(output)
        self._output = output


def _has_reasons(window: TelemetryWindow) -> bool:
    """Return True if the driver gave clock event reasons; without them a GPU cannot be shown to run unthrottled."""
    return any(reading.reasons is not None for reading in window.readings)


def _timing_columns(timings: Timings, *, has_reasons: bool) -> dict[str, Any]:
    return {
        "warmup_s": list(timings.warmup_s),
        "first_call_s": timings.warmup_s[0],
        "timed_s": timings.timed_s,
        "calls_per_repeat": timings.calls_per_repeat,
        "throttled": timings.throttled if has_reasons or timings.throttled else None,
    }


def _no_wait() -> None:
    """Do not wait for the device, as py-feat's own script does not."""
