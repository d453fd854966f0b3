"""Footprint: how much of its device's memory a unit took, and how much there is.

Pure. A row that does not tell its GPU's memory, such as one of an imported report, is helped out by the GPU's name.
"""

from collections.abc import Iterable

from featray.analysis.units import Unit
from featray.core import gpus
from featray.core.choices import Device


def used_b(unit: Unit) -> int | None:
    """Give the peak over invocations: on a GPU what anybody used, else what torch held; on a CPU resident memory."""
    if unit.row.device == Device.CPU:
        return _peak(row.rss_peak_b for row in unit.measured)
    by_anybody = _peak(row.gpu_memory_used_peak_b for row in unit.measured)
    return by_anybody if by_anybody is not None else _peak(row.gpu_memory_reserved_peak_b for row in unit.measured)


def _peak(values: Iterable[int | None]) -> int | None:
    return max((each for each in values if each is not None), default=None)


def total_b(unit: Unit) -> int | None:
    """Give the memory of the unit's device."""
    if unit.row.device != Device.CUDA:
        return unit.row.memory_b
    return unit.row.gpu_memory_b if unit.row.gpu_memory_b is not None else gpus.memory_b(unit.row.gpu_name)
