"""Energy: what the timed calls of a unit took of its device's power, per frame and per face.

Flow: `unit.Unit` -> `frame_j`, `face_j`, `film_kwh`, `above_idle_j` -> `estimate.forecast`, `rendering`. Pure.
On a GPU the whole GPU is meant, on a CPU the processors of the host, both with their idle power. `above_idle_j` is what
is left without the power that the device drew before the detector was loaded.
"""

from collections.abc import Callable, Iterable
from statistics import median

from featray.analysis.unit import Unit
from featray.core.choices import Device
from featray.core.quantities import FILM_HOURS, FILM_HZ
from featray.core.row import Row

J_PER_KWH = 3.6e6


def frame_j(unit: Unit) -> float | None:
    """Give the joules per frame or image, the median over invocations; None where none has its energy."""
    return _median(_call_j(row, _energy_j, row.frames) for row in unit.measured)


def face_j(unit: Unit) -> float | None:
    """Give the joules per face, the median over invocations; None where none has its energy or a face."""
    return _median(_call_j(row, _energy_j, row.faces) for row in unit.measured)


def above_idle_j(unit: Unit) -> float | None:
    """Give the joules per frame or image that idling would not have taken; None without the idle power."""
    return _median(_call_j(row, _above_idle_j, row.frames) for row in unit.measured)


def idle_w(unit: Unit) -> float | None:
    """Give the power of the device before the detector was loaded, the median over invocations; None if unknown."""
    return _median(_idle_w(row) for row in unit.measured)


def _energy_j(row: Row) -> float | None:
    """Give the energy of the row's device over all timed calls."""
    return (row.cpu_energy_j if row.device == Device.CPU else row.energy_j) or None  # a counter that stands still


def _idle_w(row: Row) -> float | None:
    return row.cpu_idle_power_w if row.device == Device.CPU else row.idle_power_w


def _above_idle_j(row: Row) -> float | None:
    energy_j, idle = _energy_j(row), _idle_w(row)
    if energy_j is None or idle is None:
        return None
    return energy_j - idle * sum(row.timed_s or ()) * (row.calls_per_repeat or 1)


def _call_j(row: Row, energy: Callable[[Row], float | None], parts: int | None) -> float | None:
    """Divide the energy of all timed calls by the calls, and by the frames or faces of a call."""
    calls, energy_j = len(row.timed_s or ()) * (row.calls_per_repeat or 1), energy(row)
    return energy_j / calls / parts if energy_j is not None and calls and parts else None


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def film_kwh(unit: Unit) -> float | None:
    """Give the kilowatt hours of `FILM_HOURS` of film of `FILM_HZ`, every frame analysed; None for images."""
    per_frame_j = frame_j(unit)
    if per_frame_j is None or not unit.is_video:
        return None
    return kwh(per_frame_j * FILM_HZ * 3600 * FILM_HOURS)


def kwh(energy_j: float) -> float:
    """Convert joules to kilowatt hours."""
    return energy_j / J_PER_KWH
