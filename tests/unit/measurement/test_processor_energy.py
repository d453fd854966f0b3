"""Energy counters of processors, on recorded trees and with a stand-in for Apple's package."""

import types
from pathlib import Path
from typing import Any

import pytest

from featray.measurement import processor_energy
from featray.measurement.processor_energy import AppleEnergy, AppleGpu, PackageEnergy
from featray.measurement.telemetry import RecordedGpu, Sampler, TelemetrySample, columns
from tests.support.recorded_trees import write_tree

POWERCAP = "class/powercap"


def package(number: str, energy_uj: int, most: int = 1_000_000_000) -> dict[str, str]:
    folder = f"{POWERCAP}/{number}"
    return {f"{folder}/energy_uj": f"{energy_uj}\n", f"{folder}/max_energy_range_uj": f"{most}\n"}


def set_energy(tree: Path, number: str, energy_uj: int) -> None:
    (tree / POWERCAP / number / "energy_uj").write_text(f"{energy_uj}\n")


def test_the_packages_are_added_up_and_their_parts_are_not(tmp_path: Path) -> None:
    parts = package("intel-rapl:0:0", 7) | package("intel-rapl-mmio:0", 7)
    tree = write_tree(tmp_path, package("intel-rapl:0", 5_000_000) | package("intel-rapl:1", 9_000_000) | parts)
    counter, reason = processor_energy.open_counter(tree, platform="linux")
    assert counter
    assert reason is None
    assert counter.read_j() == 0.0
    set_energy(tree, "intel-rapl:0", 8_000_000)  # 3 J
    set_energy(tree, "intel-rapl:1", 9_500_000)  # 0.5 J
    assert counter.read_j() == 3.5


def test_a_counter_that_starts_again_goes_on(tmp_path: Path) -> None:
    tree = write_tree(tmp_path, package("intel-rapl:0", 262_000_000, most=262_143_328))
    counter = PackageEnergy([tree / POWERCAP / "intel-rapl:0"])
    set_energy(tree, "intel-rapl:0", 856_672)
    assert counter.read_j() == pytest.approx(1.0)  # 143,328 uJ to the end, and 856,672 after it
    set_energy(tree, "intel-rapl:0", 2_856_672)
    assert counter.read_j() == pytest.approx(3.0)


def test_a_counter_that_vanishes_is_unknown(tmp_path: Path) -> None:
    tree = write_tree(tmp_path, package("intel-rapl:0", 1))
    counter = PackageEnergy([tree / POWERCAP / "intel-rapl:0"])
    (tree / POWERCAP / "intel-rapl:0" / "energy_uj").unlink()
    assert counter.read_j() is None


def test_without_counters_there_is_a_reason(tmp_path: Path) -> None:
    assert processor_energy.open_counter(tmp_path, platform="linux") == (
        None,
        "the kernel shows no energy counters of the processors (RAPL), as in most virtual machines",
    )
    tree = write_tree(tmp_path, package("intel-rapl:0", 1))
    (tree / POWERCAP / "intel-rapl:0" / "energy_uj").write_text("broken")
    counter, reason = processor_energy.open_counter(tree, platform="linux")
    assert counter is None
    assert reason
    assert "cannot be read (invalid literal" in reason


def test_a_counter_for_root_alone_is_named_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = write_tree(tmp_path, package("intel-rapl:0", 1))

    def refuse(file: Path) -> int:
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(processor_energy, "_read_number", refuse)  # root may read every file
    counter, reason = processor_energy.open_counter(tree, platform="linux")
    assert counter is None
    assert reason
    assert reason.startswith(f"only root may read {tree / POWERCAP}/intel-rapl:0/")
    assert "sudo chmod a+r" in reason


class Monitor:
    """Stands in for zeus_apple_silicon.AppleEnergyMonitor."""

    def __init__(self) -> None:
        self._calls = 0

    def get_cumulative_energy(self) -> Any:
        self._calls += 1
        return types.SimpleNamespace(cpu_total_mj=1000 * self._calls, gpu_mj=None if self._calls > 2 else 500)


def test_a_mac_counts_processors_and_gpu_with_the_package_that_reads_them() -> None:
    counter, reason = processor_energy.open_counter(platform="darwin", open_apple=Monitor)
    assert isinstance(counter, AppleEnergy)
    assert reason is None
    assert counter.read_j() == 1.0
    gpu = AppleGpu(counter)
    assert (gpu.energy_j(), gpu.energy_j()) == (0.5, None)
    assert (gpu.read(), gpu.read_settings(), gpu.foreign_processes()) == (TelemetrySample(), {}, None)


def test_a_mac_without_the_package_or_its_counters_says_so() -> None:
    def missing() -> Any:
        raise ImportError("zeus_apple_silicon")

    def broken() -> Any:
        raise RuntimeError("no channel")

    assert processor_energy.open_counter(platform="darwin", open_apple=missing) == (
        None,
        "a Mac's energy counters need the package zeus-apple-silicon, which is not installed",
    )
    assert processor_energy.open_counter(platform="darwin", open_apple=broken)[1] == (
        "Apple's energy counters cannot be read (no channel)"
    )


def test_a_timed_call_has_the_energy_of_the_processors_beside_that_of_the_gpu(tmp_path: Path) -> None:
    tree = write_tree(tmp_path, package("intel-rapl:0", 0))
    gpu = RecordedGpu([TelemetrySample()], energy_j=[100.0, 130.0])
    sampler = Sampler(gpu, processors=PackageEnergy([tree / POWERCAP / "intel-rapl:0"]), period_s=60.0)
    sampler.resume()
    set_energy(tree, "intel-rapl:0", 12_000_000)
    window = sampler.pause()
    sampler.close()
    found = columns([window, window])
    assert (found["energy_j"], found["cpu_energy_j"]) == (60.0, 24.0)
