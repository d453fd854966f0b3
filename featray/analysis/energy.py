"""Energy: what the timed calls of a unit took of a GPU's power, per frame and per face.

Flow: `units.Unit` -> `frame_j`, `face_j`, `film_kwh` -> `estimate.forecast`, `rendering`. Pure.
The whole GPU is meant, its idle power included.
"""

from collections.abc import Iterable
from statistics import median

from featray.analysis.units import Unit
from featray.core.row import Row

J_PER_KWH = 3.6e6


def frame_j(unit: Unit) -> float | None:
    """Give the joules per frame or image, the median over invocations; None where none has its energy."""
    return _median(_call_j(row, row.frames) for row in unit.measured)


def face_j(unit: Unit) -> float | None:
    """Give the joules per face, the median over invocations; None where none has its energy or a face."""
    return _median(_call_j(row, row.faces) for row in unit.measured)


def _call_j(row: Row, parts: int | None) -> float | None:
    """Divide the energy of all timed calls by the calls, and by the frames or faces of a call."""
    calls = len(row.timed_s or ()) * (row.calls_per_repeat or 1)
    return row.energy_j / calls / parts if row.energy_j and calls and parts else None


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def film_kwh(unit: Unit) -> float | None:
    """Give the kilowatt hours of 1000 hours of film; None for images, and where the energy or the rate is unknown."""
    per_frame_j, realtime = frame_j(unit), unit.realtime
    if per_frame_j is None or not realtime or not unit.call_s or not unit.row.frames:
        return None
    film_s = realtime * unit.call_s
    return kwh(per_frame_j * unit.row.frames / film_s * 1000 * 3600)


def kwh(energy_j: float) -> float:
    """Convert joules to kilowatt hours."""
    return energy_j / J_PER_KWH
