"""Telemetry: what the machine did while the timed calls ran.

Flow: `bench` resumes the sampler just before a timed call and pauses it just after; the windows become columns.
A thread reads the GPU a few times per second while a call runs. Counters (CPU time, energy) are read before and after
the call instead, outside the timing. Nothing here may fail a measurement: what cannot be read is None.
"""

import contextlib
import dataclasses
import statistics
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from featray.measurement import machine_state, memory, process_tree
from featray.measurement.machine_state import CpuTimes

_T = TypeVar("_T")

PERIOD_S = 0.15  # 6.7 Hz: NVML's own figures change about ten times per second
UTILIZATION_SPAN_S, POWER_SPAN_S = 0.25, 1.1
"""How far back the driver's averages reach; an H200's trace shows 0.2 s for utilisation and 1 s for power. A reading
that comes earlier in a call holds what came before it too."""
THROTTLING_REASONS = frozenset({"hw_slowdown", "sw_thermal_slowdown", "hw_thermal_slowdown", "hw_power_brake"})
"""Reasons that slow a GPU below what its power limit allows. A power cap is how a GPU normally runs when busy."""
EXPECTED_REASONS = frozenset({"sw_power_cap", "gpu_idle"})
"""Reasons that explain a low clock: a large batch at the power limit, or a call that leaves the GPU idle most of the
time. Both are how this cell runs on this GPU, and a cool-down changes neither."""
IDLE = "gpu_idle"
SLOW_CLOCK = 0.75  # of the GPU's own median: boost clocks vary by 10%, a throttled GPU falls to half


@dataclasses.dataclass(frozen=True, kw_only=True)
class TelemetrySample:
    """One reading of a GPU: SI units, utilisation 0 to 1, clock event reasons by name (empty when there are none).

    `age_s` are the seconds from the start of the call to the reading; None: not known, as in a reading made by hand.
    """

    sm_clock_hz: float | None = None
    power_w: float | None = None
    temperature_c: float | None = None
    utilization: float | None = None
    memory_used_b: int | None = None
    reasons: tuple[str, ...] | None = None
    age_s: float | None = None

    def reaches(self, span_s: float) -> bool:
        """Return False if an average over `span_s` would hold what came before the call."""
        return self.age_s is None or self.age_s >= span_s


class EnergySource(Protocol):
    """Processors whose energy is counted: `processor_energy.PackageEnergy`."""

    def read_j(self) -> float | None:
        """Give the joules used so far."""


class GpuSource(Protocol):
    """A GPU that can be read: `nvml.NvmlGpu`, or `RecordedGpu`."""

    def read(self) -> TelemetrySample:
        """Read what changes while a call runs."""

    def read_settings(self) -> Mapping[str, Any]:
        """Read what changes rarely, as columns of a row."""

    def energy_j(self) -> float | None:
        """Read the counter of energy used so far, in joules."""

    def foreign_processes(self) -> int | None:
        """Count the processes that compute on the GPU besides this one."""


class RecordedGpu:
    """A GPU with recorded readings: it returns them in order, then the last one again and again."""

    def __init__(
        self,
        readings: Sequence[TelemetrySample],
        *,
        energy_j: Sequence[float] = (),
        foreign: int | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """`energy_j` are the energy counter's values, returned in the same way."""
        self._readings, self._energy, self._foreign = list(readings), list(energy_j), foreign
        self._settings = settings or {}

    def read(self) -> TelemetrySample:
        """Return the next reading."""
        return self._readings.pop(0) if len(self._readings) > 1 else self._readings[0]

    def read_settings(self) -> Mapping[str, Any]:
        """Return the recorded settings."""
        return self._settings

    def energy_j(self) -> float | None:
        """Return the counter's next value; None when none was recorded."""
        if not self._energy:
            return None
        return self._energy.pop(0) if len(self._energy) > 1 else self._energy[0]

    def foreign_processes(self) -> int | None:
        """Return the recorded count."""
        return self._foreign


@dataclasses.dataclass(frozen=True, kw_only=True)
class TelemetryWindow:
    """One timed call: GPU readings, resident bytes of child and workers, and how far each counter rose."""

    readings: tuple[TelemetrySample, ...] = ()
    resident_b: tuple[int, ...] = ()
    energy_j: float | None = None
    cpu_energy_j: float | None = None
    cpu: CpuTimes | None = None
    own_cpu_s: float | None = None  # processor time of child and workers

    @property
    def sm_clock_hz(self) -> float | None:
        """Median SM clock."""
        return median(reading.sm_clock_hz for reading in self.readings)

    @property
    def other_cpu_s(self) -> float | None:
        """Processor time of all other processes of the host."""
        if self.cpu is None or self.own_cpu_s is None:
            return None
        return self.cpu.busy_s - (self.cpu.steal_s or 0.0) - self.own_cpu_s


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Counters:
    """What only grows: energy of GPU and processors, processor time of this process with its children and the host."""

    energy_j: float | None
    cpu_energy_j: float | None
    own_cpu_s: float | None
    cpu: CpuTimes | None


class Sampler:
    """Reads the machine from a thread between `resume` and `pause`."""

    def __init__(
        self,
        gpu: GpuSource | None,
        *,
        processors: EnergySource | None = None,
        workers: bool = False,
        period_s: float = PERIOD_S,
    ) -> None:
        """Start a thread that sleeps until `resume`.

        Args:
            gpu: The GPU, if any.
            processors: The energy counter of the processors, if any.
            workers: Add the memory of this process's children, DataLoader's workers.
            period_s: Time between two readings; the first is half a period after `resume`.
        """
        self._gpu, self._processors = gpu, processors
        self.workers = workers
        self._period_s = period_s
        self._change = threading.Condition()
        self._running = self._closed = False
        self._readings: list[TelemetrySample] = []
        self._resident: list[int] = []
        self._begun_s = 0.0
        self._before = _Counters(energy_j=None, cpu_energy_j=None, own_cpu_s=None, cpu=None)
        threading.Thread(target=self._run, name="featray-sampler", daemon=True).start()

    def resume(self) -> None:
        """Start a window."""
        self._before = self._count()
        with self._change:
            self._readings, self._resident = [], []
            self._begun_s = time.monotonic()
            self._running = True
            self._change.notify()

    def pause(self) -> TelemetryWindow:
        """End the window; read once now if the call was too short for the thread."""
        with self._change:
            self._running = False
            self._change.notify()
        before, after = self._before, self._count()
        if not self._readings and not self._resident:
            self._look()
        return TelemetryWindow(
            readings=tuple(self._readings),
            resident_b=tuple(self._resident),
            energy_j=_rise(before.energy_j, after.energy_j),
            cpu_energy_j=_rise(before.cpu_energy_j, after.cpu_energy_j),
            cpu=after.cpu - before.cpu if after.cpu and before.cpu else None,
            own_cpu_s=_rise(before.own_cpu_s, after.own_cpu_s),
        )

    def close(self) -> None:
        """End the thread."""
        with self._change:
            self._closed = True
            self._change.notify()

    def _run(self) -> None:
        with self._change:
            while not self._closed:
                self._change.wait_for(lambda: self._running or self._closed)
                wait_s = self._period_s / 2
                while not self._change.wait_for(lambda: not self._running or self._closed, timeout=wait_s):
                    self._look()
                    wait_s = self._period_s

    def _look(self) -> None:
        if self._gpu is not None:
            age_s = time.monotonic() - self._begun_s
            self._readings.append(dataclasses.replace(self._gpu.read(), age_s=age_s))
        with contextlib.suppress(OSError):
            self._resident.append(memory.read_resident_b(children=self.workers))

    def _count(self) -> _Counters:
        energy_j = self._gpu.energy_j() if self._gpu is not None else None
        cpu_energy_j = self._processors.read_j() if self._processors is not None else None
        return _Counters(
            energy_j=energy_j,
            cpu_energy_j=cpu_energy_j,
            own_cpu_s=process_tree.read_cpu_s(),
            cpu=machine_state.read_cpu_times(),
        )


def _rise(before: float | None, after: float | None) -> float | None:
    return after - before if before is not None and after is not None else None


def is_throttled(window: TelemetryWindow, usual_clock_hz: float | None) -> bool:
    """Return True if hardware or heat slowed the GPU, or if its clock was far below its usual one without a reason.

    Args:
        window: That of the timed call.
        usual_clock_hz: Median SM clock of this GPU over the timed calls so far.
    """
    if any(THROTTLING_REASONS.intersection(reading.reasons or ()) for reading in window.readings):
        return True
    clock = window.sm_clock_hz if not is_explained(window) else None
    return clock is not None and usual_clock_hz is not None and clock < SLOW_CLOCK * usual_clock_hz


def is_explained(window: TelemetryWindow) -> bool:
    """Return True if most readings give an expected reason for a low clock."""
    explained = sum(bool(EXPECTED_REASONS.intersection(reading.reasons or ())) for reading in window.readings)
    return 2 * explained > len(window.readings)


def columns(windows: Sequence[TelemetryWindow]) -> dict[str, Any]:
    """Summarise the timed calls of one cell as columns of its row."""
    readings = [reading for window in windows for reading in window.readings]
    reasons = [reading.reasons for reading in readings if reading.reasons is not None]
    temperatures = [float(value) for value in without_none(reading.temperature_c for reading in readings)]
    return {
        "gpu_utilization_median": median(
            reading.utilization for reading in readings if reading.reaches(UTILIZATION_SPAN_S)
        ),
        "sm_clock_median_hz": median(reading.sm_clock_hz for reading in readings),
        "power_median_w": median(reading.power_w for reading in readings if reading.reaches(POWER_SPAN_S)),
        "energy_j": sum_if_complete(window.energy_j for window in windows),
        "cpu_energy_j": sum_if_complete(window.cpu_energy_j for window in windows),
        "temperature_max_c": max(temperatures, default=None),
        "gpu_memory_used_peak_b": max(without_none(reading.memory_used_b for reading in readings), default=None),
        "throttle_reasons": sorted(set().union(*reasons) - {IDLE}) if reasons else None,
        "cpu_utilization": _share_of_time(windows, (window.cpu.busy_s if window.cpu else None for window in windows)),
        "cpu_other": _share_of_time(windows, (window.other_cpu_s for window in windows)),
        "steal_share": _share_of_time(windows, (window.cpu.steal_s if window.cpu else None for window in windows)),
    }


def _share_of_time(windows: Sequence[TelemetryWindow], parts_s: Iterable[float | None]) -> float | None:
    """Divide a part of the host's processor time, one figure for each window, by all of it; None if one is unknown."""
    part_s = sum_if_complete(parts_s)
    total_s = sum_if_complete(window.cpu.total_s if window.cpu else None for window in windows)
    return min(1.0, max(0.0, part_s / total_s)) if part_s is not None and total_s else None


def median(values: Iterable[float | None]) -> float | None:
    """Compute the median of the values that are not None; None if there are none."""
    numbers = list(without_none(values))
    return float(statistics.median(numbers)) if numbers else None


def sum_if_complete(values: Iterable[float | None]) -> float | None:
    """Add up the values; None if one of them is None or there are none."""
    parts = list(values)
    numbers = list(without_none(parts))
    return sum(numbers) if parts and len(numbers) == len(parts) else None


def without_none(values: Iterable[_T | None]) -> Iterator[_T]:
    """Leave out the values that are None."""
    return (value for value in values if value is not None)
