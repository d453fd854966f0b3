"""NVML: what the driver reports about an NVIDIA GPU. The only module that imports pynvml.

Flow: `host.probe` lists the boards; `invocation_run` attaches the GPU under measurement, which `telemetry` reads.
Each figure is read by itself: where the library, the driver or the board does not give it, it is None.
NVML sees every GPU of the machine, whatever CUDA_VISIBLE_DEVICES says, so GPUs are opened by UUID.
"""

import dataclasses
import functools
import os
from collections.abc import Callable, Mapping
from typing import Any

from featray.measurement.telemetry import TelemetrySample

REASONS: Mapping[int, str] = {
    0x001: "gpu_idle",
    0x002: "application_clocks",
    0x004: "sw_power_cap",
    0x008: "hw_slowdown",
    0x010: "sync_boost",
    0x020: "sw_thermal_slowdown",
    0x040: "hw_thermal_slowdown",
    0x080: "hw_power_brake",
    0x100: "display_clocks",
}
"""Bit -> name of a clock event reason. Source: nvml.h, nvmlClocksEventReasons."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Board:
    """One GPU as the driver describes it: memory in bytes, compute capability such as 12.0."""

    uuid: str
    name: str | None
    memory_b: int | None
    driver: str | None
    compute_capability: str | None
    foreign_processes: int | None


def list_boards(nvml: Any | None = None) -> tuple[Board, ...]:
    """List every GPU of this machine, in the driver's order; empty without a GPU or without NVML.

    Args:
        nvml: The library to use; None opens the machine's own.
    """
    nvml = nvml or _library()
    if nvml is None:
        return ()
    count = _ask(nvml, nvml.nvmlDeviceGetCount) or 0
    handles = [_ask(nvml, nvml.nvmlDeviceGetHandleByIndex, index) for index in range(count)]
    boards = [_board(nvml, handle) for handle in handles if handle is not None]
    return tuple(board for board in boards if board is not None)


def cuda_version(nvml: Any | None = None) -> str | None:
    """Read the newest CUDA version that the driver supports, such as 12.8; None without a driver."""
    nvml = nvml or _library()
    number = _ask(nvml, nvml.nvmlSystemGetCudaDriverVersion_v2) if nvml is not None else None
    return None if number is None else f"{number // 1000}.{number % 1000 // 10}"


def attach(uuid: str) -> "NvmlGpu | None":
    """Open one GPU for reading; None if NVML does not know it."""
    nvml = _library()
    handle = _ask(nvml, nvml.nvmlDeviceGetHandleByUUID, uuid) if nvml is not None else None
    return None if handle is None else NvmlGpu(nvml, handle)


class NvmlGpu:
    """One open GPU; a `telemetry.GpuSource`."""

    def __init__(self, nvml: Any, handle: Any) -> None:
        """Take the library and its handle; `attach` makes both."""
        self._nvml, self._handle = nvml, handle
        self._clock = functools.partial(nvml.nvmlDeviceGetClockInfo, handle, nvml.NVML_CLOCK_SM)
        self._celsius = functools.partial(nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU)
        self._reasons = _reasons_call(nvml, handle)

    def read(self) -> TelemetrySample:
        """Read the figures that change while a call runs; about 1 ms."""
        nvml, handle = self._nvml, self._handle
        megahertz = _ask(nvml, self._clock)
        milliwatts = _ask(nvml, nvml.nvmlDeviceGetPowerUsage, handle)
        rates = _ask(nvml, nvml.nvmlDeviceGetUtilizationRates, handle)
        memory = _ask(nvml, nvml.nvmlDeviceGetMemoryInfo, handle)
        bits = self._reasons()
        return TelemetrySample(
            sm_clock_hz=None if megahertz is None else megahertz * 1e6,
            power_w=None if milliwatts is None else milliwatts / 1e3,
            temperature_c=_ask(nvml, self._celsius),
            utilization=None if rates is None else rates.gpu / 100,
            memory_used_b=None if memory is None else memory.used,
            reasons=None if bits is None else name_reasons(bits),
        )

    def read_settings(self) -> dict[str, Any]:
        """Read what changes rarely, as columns of a row. The link to the board is slower while the GPU is idle."""
        nvml = self._nvml
        milliwatts = self._setting("nvmlDeviceGetEnforcedPowerLimit")
        max_megahertz = self._setting("nvmlDeviceGetMaxClockInfo", nvml.NVML_CLOCK_SM)
        application_megahertz = self._setting("nvmlDeviceGetApplicationsClock", nvml.NVML_CLOCK_SM)
        return {
            "power_limit_w": None if milliwatts is None else milliwatts / 1e3,
            "sm_clock_max_hz": None if max_megahertz is None else max_megahertz * 1e6,
            "sm_clock_application_hz": None if application_megahertz is None else application_megahertz * 1e6,
            "gpu_persistence": _switch(self._setting("nvmlDeviceGetPersistenceMode")),
            "gpu_ecc": _switch(self._setting("nvmlDeviceGetEccMode")),
            "gpu_mig": _switch(self._setting("nvmlDeviceGetMigMode")),
            "pcie_generation": self._setting("nvmlDeviceGetCurrPcieLinkGeneration"),
            "pcie_width": self._setting("nvmlDeviceGetCurrPcieLinkWidth"),
        }

    def _setting(self, call: str, *arguments: Any) -> Any | None:
        ask = getattr(self._nvml, call, None)  # an older pynvml has fewer calls
        return None if ask is None else _ask(self._nvml, ask, self._handle, *arguments)

    def energy_j(self) -> float | None:
        """Read the board's energy counter, in joules since the driver was loaded."""
        millijoules = _ask(self._nvml, self._nvml.nvmlDeviceGetTotalEnergyConsumption, self._handle)
        return None if millijoules is None else millijoules / 1e3

    def driver(self) -> str | None:
        """Read the driver's version."""
        return _ask(self._nvml, self._nvml.nvmlSystemGetDriverVersion)

    def foreign_processes(self) -> int | None:
        """Count the processes that compute on this GPU besides this one."""
        return _foreign(self._nvml, self._handle, at_work=True)


def name_reasons(bits: int) -> tuple[str, ...]:
    """List the names of the clock event reasons in a bit mask, lowest bit first."""
    return tuple(name for bit, name in REASONS.items() if bits & bit)


@functools.cache
def _library() -> Any | None:
    try:
        import pynvml  # absent in some measuring environments
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return pynvml


def _ask(nvml: Any, ask: Callable[..., Any], *arguments: Any) -> Any | None:
    """Read one figure; None where this library, driver or board does not give it."""
    try:
        return ask(*arguments)
    except (
        nvml.NVMLError,
        nvml.NVMLLibraryMismatchError,
    ):  # the second: a driver that is older than this form of the call
        return None


def _switch(value: Any | None) -> bool | None:
    """Read 1 or 0; of a setting that changes at the next reboot, NVML gives the present value and the pending one."""
    present = value[0] if isinstance(value, list | tuple) else value
    return None if present is None else bool(present)


def _reasons_call(nvml: Any, handle: Any) -> Callable[[], int | None]:
    """Choose the call that reads clock event reasons; it had another name before driver 535."""
    for name in ("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"):
        ask = getattr(nvml, name, None)
        if ask is not None and _ask(nvml, ask, handle) is not None:
            return functools.partial(_ask, nvml, ask, handle)
    return lambda: None


def _board(nvml: Any, handle: Any) -> Board | None:
    uuid = _ask(nvml, nvml.nvmlDeviceGetUUID, handle)
    if uuid is None:
        return None
    memory = _ask(nvml, nvml.nvmlDeviceGetMemoryInfo, handle)
    capability = _ask(nvml, nvml.nvmlDeviceGetCudaComputeCapability, handle)
    return Board(
        uuid=uuid,
        name=_ask(nvml, nvml.nvmlDeviceGetName, handle),
        memory_b=None if memory is None else memory.total,
        driver=_ask(nvml, nvml.nvmlSystemGetDriverVersion),
        compute_capability=None if capability is None else f"{capability[0]}.{capability[1]}",
        foreign_processes=_foreign(nvml, handle, at_work=False),
    )


def _foreign(nvml: Any, handle: Any, *, at_work: bool) -> int | None:
    processes = _ask(nvml, nvml.nvmlDeviceGetComputeRunningProcesses, handle)
    if processes is None:
        return None
    return count_foreign([process.pid for process in processes], os.getpid(), at_work=at_work)


def count_foreign(pids: list[int], own_pid: int, *, at_work: bool) -> int:
    """Count the processes on a GPU that are not this one.

    Args:
        pids: Process ids as the driver counts them.
        own_pid: This process's id.
        at_work: This process computes on the GPU. In a container the driver may give it another id; then one of `pids`
            is taken for this process.
    """
    if own_pid in pids:
        return len(pids) - 1
    return max(0, len(pids) - 1) if at_work else len(pids)
