"""Footprint: how much of its device's memory a unit took, and how much there is.

Pure. If a row does not have its GPU's memory, as in an imported report, the GPU's name gives it.
"""

from collections.abc import Iterable

from featray.analysis.unit import Unit
from featray.core import gpus
from featray.core.choices import Device


def used_b(unit: Unit) -> int | None:
    """Give the peak over invocations.

    On a GPU: what all processes used or, if unknown, what torch reserved. On a CPU: resident memory.
    """
    if unit.row.device == Device.CPU:
        return _peak(row.rss_peak_b for row in unit.measured)
    all_processes_b = _peak(row.gpu_memory_used_peak_b for row in unit.measured)
    if all_processes_b is not None:
        return all_processes_b
    return _peak(row.gpu_memory_reserved_peak_b for row in unit.measured)


def _peak(values: Iterable[int | None]) -> int | None:
    return max((value for value in values if value is not None), default=None)


def total_b(unit: Unit) -> int | None:
    """Give the memory of the unit's device."""
    if unit.row.device != Device.CUDA:
        return unit.row.memory_b
    return unit.row.gpu_memory_b if unit.row.gpu_memory_b is not None else gpus.find_memory_b(unit.row.gpu_name)
