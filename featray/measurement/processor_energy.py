"""Processor energy: what the processors of the host have used so far, where a counter of it can be read.

Flow: `invocation_run` -> `open_counter` -> `telemetry.Sampler`, `idle_power` -> columns of a row.
On Linux the kernel's powercap folders hold one counter per processor package (RAPL, of Intel and of AMD); memory and
graphics beside the package are left out. On a Mac the package zeus-apple-silicon reads Apple's counters, if it is
installed. Where neither can be read there is a reason instead, for the row.

Source: Linux, Documentation/power/powercap; Intel SDM, volume 3, chapter 16.10.
"""

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from featray.measurement.machine_state import SYS
from featray.measurement.telemetry import EnergySource, TelemetrySample

POWERCAP = Path("class/powercap")
_PACKAGE = re.compile(r"intel-rapl:\d+")  # a package; `intel-rapl:0:0` is a part of it, and AMD has the same names


class PackageEnergy:
    """The counters of all packages, added up. Each starts again from 0 at its range, after some 20 minutes."""

    def __init__(self, packages: Sequence[Path]) -> None:
        """Read each package once.

        Raises:
            OSError: a counter cannot be read.
            ValueError: a counter holds no number.
        """
        self._files = [folder / "energy_uj" for folder in packages]
        self._ranges = [_read_number(folder / "max_energy_range_uj") for folder in packages]
        self._last = [_read_number(file) for file in self._files]
        self._total_uj = 0

    def read_j(self) -> float | None:
        """Give the joules since the counter was opened."""
        try:
            now = [_read_number(file) for file in self._files]
        except (OSError, ValueError):
            return None
        rises = zip(now, self._last, self._ranges, strict=True)
        self._total_uj += sum(
            after - before if after >= before else after - before + most for after, before, most in rises
        )
        self._last = now
        return self._total_uj / 1e6


def _read_number(file: Path) -> int:
    return int(file.read_text(encoding="ascii"))


class AppleEnergy:
    """Apple's counters of processors and GPU, as zeus-apple-silicon gives them, in millijoules."""

    def __init__(self, monitor: Any) -> None:
        """Take the package's monitor."""
        self._monitor = monitor

    def read_j(self) -> float | None:
        """Give the joules of all processor cores."""
        return _joules(self._monitor.get_cumulative_energy().cpu_total_mj)

    def read_gpu_j(self) -> float | None:
        """Give the joules of the GPU."""
        return _joules(self._monitor.get_cumulative_energy().gpu_mj)


def _joules(millijoules: float | None) -> float | None:
    return None if millijoules is None else millijoules / 1e3


class AppleGpu:
    """The GPU of a Mac as a `telemetry.GpuSource`: its energy is all that it tells."""

    def __init__(self, energy: AppleEnergy) -> None:
        """Take the counters of the machine."""
        self._energy = energy

    def read(self) -> TelemetrySample:
        """Read nothing."""
        return TelemetrySample()

    def read_settings(self) -> dict[str, Any]:
        """Know no settings."""
        return {}

    def energy_j(self) -> float | None:
        """Give the joules of the GPU so far."""
        return self._energy.read_gpu_j()

    def foreign_processes(self) -> int | None:
        """Know of no processes."""
        return None


def open_counter(
    sysfs: Path = SYS, *, platform: str = sys.platform, open_apple: Callable[[], Any] | None = None
) -> tuple[EnergySource | None, str | None]:
    """Open the counter of this machine.

    Args:
        sysfs: The folder /sys.
        platform: As `sys.platform`.
        open_apple: Opens the monitor of zeus-apple-silicon; None imports the package.

    Returns:
        The counter and None, or None and why there is none.
    """
    if platform == "darwin":
        return _open_apple(open_apple or _import_apple)
    packages = sorted(folder for folder in (sysfs / POWERCAP).glob("*") if _PACKAGE.fullmatch(folder.name))
    if not packages:
        return None, "the kernel shows no energy counters of the processors (RAPL), as in most virtual machines"
    try:
        return PackageEnergy(packages), None
    except PermissionError as refused:
        return (
            None,
            f"only root may read {refused.filename}; `sudo chmod a+r` on it lets featray read it until a reboot",
        )
    except (OSError, ValueError) as wrong:
        return None, f"the energy counters in {sysfs / POWERCAP} cannot be read ({wrong})"


def _import_apple() -> Any:
    from zeus_apple_silicon import AppleEnergyMonitor

    return AppleEnergyMonitor()


def _open_apple(open_monitor: Callable[[], Any]) -> tuple[AppleEnergy | None, str | None]:
    try:
        return AppleEnergy(open_monitor()), None
    except ImportError:
        return None, "a Mac's energy counters need the package zeus-apple-silicon, which is not installed"
    except RuntimeError as wrong:
        return None, f"Apple's energy counters cannot be read ({wrong})"
