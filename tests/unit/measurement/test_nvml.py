"""NVML: figures that a driver gives, and those that it refuses, on a made-up driver."""

import os
import types
from typing import Any

from featray.measurement import nvml
from featray.measurement.telemetry import TelemetrySample


class Refusal(Exception):
    """What the driver raises for a figure that a board does not have."""


class OldDriver(Exception):
    """What the library raises for a call whose present form the driver does not have; no Refusal."""


class Driver:
    """Two GPUs, of which the second gives its identity and nothing else."""

    NVMLError = Refusal
    NVMLLibraryMismatchError = OldDriver
    NVML_CLOCK_SM = 1
    NVML_TEMPERATURE_GPU = 0

    def __getattr__(self, name: str) -> Any:
        def ask(handle: int | None = None, *_: object) -> Any:
            if handle == 1 and name not in ("nvmlDeviceGetUUID", "nvmlDeviceGetHandleByIndex"):
                raise Refusal
            return ANSWERS[name]

        return {
            "nvmlDeviceGetHandleByIndex": lambda index: index,
            "nvmlDeviceGetUUID": lambda handle: f"GPU-{handle}",
        }.get(name, ask)


ANSWERS: dict[str, Any] = {
    "nvmlDeviceGetCount": 2,
    "nvmlDeviceGetName": "NVIDIA GeForce RTX 3090",
    "nvmlDeviceGetMemoryInfo": types.SimpleNamespace(total=24_000, used=1_000),
    "nvmlSystemGetDriverVersion": "580.65.06",
    "nvmlDeviceGetCudaComputeCapability": (8, 6),
    "nvmlDeviceGetComputeRunningProcesses": [types.SimpleNamespace(pid=1), types.SimpleNamespace(pid=os.getpid())],
    "nvmlDeviceGetClockInfo": 1695,
    "nvmlDeviceGetPowerUsage": 350_500,
    "nvmlDeviceGetTemperature": 71,
    "nvmlDeviceGetUtilizationRates": types.SimpleNamespace(gpu=93, memory=40),
    "nvmlDeviceGetCurrentClocksEventReasons": 0x1 | 0x4 | 0x20,
    "nvmlDeviceGetTotalEnergyConsumption": 12_345,
    "nvmlDeviceGetEnforcedPowerLimit": 350_000,
    "nvmlDeviceGetMaxClockInfo": 2_100,
    "nvmlDeviceGetApplicationsClock": 1_395,
    "nvmlDeviceGetPersistenceMode": 1,
    "nvmlDeviceGetEccMode": [0, 1],  # current, pending
    "nvmlDeviceGetMigMode": [0, 0],
    "nvmlDeviceGetCurrPcieLinkGeneration": 4,
    "nvmlDeviceGetCurrPcieLinkWidth": 16,
}


def test_boards_are_listed_with_their_figures() -> None:
    first, second = nvml.list_boards(Driver())
    assert first == nvml.Board(
        uuid="GPU-0",
        name="NVIDIA GeForce RTX 3090",
        memory_b=24_000,
        driver="580.65.06",
        compute_capability="8.6",
        foreign_processes=1,
    )
    assert (second.uuid, second.name, second.memory_b, second.compute_capability) == ("GPU-1", None, None, None)


def test_readings_are_in_si_units() -> None:
    gpu = nvml.NvmlGpu(Driver(), 0)
    assert gpu.read() == TelemetrySample(
        sm_clock_hz=1.695e9,
        power_w=350.5,
        temperature_c=71,
        utilization=0.93,
        memory_used_b=1_000,
        reasons=("gpu_idle", "sw_power_cap", "sw_thermal_slowdown"),
    )
    assert gpu.energy_j() == 12.345
    assert gpu.driver() == "580.65.06"
    assert gpu.foreign_processes() == 1


def test_a_figure_that_the_driver_refuses_is_null() -> None:
    gpu = nvml.NvmlGpu(Driver(), 1)
    assert gpu.read() == TelemetrySample()
    assert gpu.energy_j() is None
    assert gpu.foreign_processes() is None


def test_an_old_driver_keeps_its_gpus_and_gives_its_reasons_by_the_old_name() -> None:
    class Old(Driver):
        def __getattr__(self, name: str) -> Any:
            def missing(*_: object) -> Any:
                raise OldDriver if name.endswith("RunningProcesses") else Refusal

            if name in ("nvmlDeviceGetComputeRunningProcesses", "nvmlDeviceGetCurrentClocksEventReasons"):
                return missing
            old = name.replace("ThrottleReasons", "EventReasons")
            return super().__getattr__(old)

    first, _ = nvml.list_boards(Old())
    assert (first.uuid, first.memory_b, first.foreign_processes) == ("GPU-0", 24_000, None)
    assert nvml.NvmlGpu(Old(), 0).read().reasons == ("gpu_idle", "sw_power_cap", "sw_thermal_slowdown")


def test_clock_event_reasons_are_named_bit_by_bit() -> None:
    assert nvml.name_reasons(0) == ()
    assert nvml.name_reasons(0x1) == ("gpu_idle",)
    assert nvml.name_reasons(0x4 | 0x40) == ("sw_power_cap", "hw_thermal_slowdown")


def test_other_processes_on_the_gpu_are_counted_without_this_one() -> None:
    assert nvml.count_foreign([10, 20, 30], 20, at_work=True) == 2
    assert nvml.count_foreign([20], 20, at_work=False) == 0
    assert nvml.count_foreign([10, 30], 20, at_work=False) == 2


def test_in_a_container_one_unknown_process_is_taken_for_this_one() -> None:
    assert nvml.count_foreign([10, 30], 20, at_work=True) == 1
    assert nvml.count_foreign([], 20, at_work=True) == 0


SETTINGS = {
    "power_limit_w": 350.0,
    "sm_clock_max_hz": 2.1e9,
    "sm_clock_application_hz": 1.395e9,
    "gpu_persistence": True,
    "gpu_ecc": False,
    "gpu_mig": False,
    "pcie_generation": 4,
    "pcie_width": 16,
}


def test_settings_are_columns_in_si_units() -> None:
    assert nvml.NvmlGpu(Driver(), 0).read_settings() == SETTINGS


def test_settings_that_the_driver_refuses_are_null() -> None:
    assert nvml.NvmlGpu(Driver(), 1).read_settings() == dict.fromkeys(SETTINGS)


def test_a_library_without_a_call_leaves_its_setting_null() -> None:
    class OldLibrary(Driver):
        def __getattr__(self, name: str) -> Any:
            if name in ("nvmlDeviceGetMigMode", "nvmlDeviceGetEnforcedPowerLimit", "nvmlDeviceGetApplicationsClock"):
                raise AttributeError(name)
            return super().__getattr__(name)

    absent = {"gpu_mig": None, "power_limit_w": None, "sm_clock_application_hz": None}
    assert nvml.NvmlGpu(OldLibrary(), 0).read_settings() == SETTINGS | absent
