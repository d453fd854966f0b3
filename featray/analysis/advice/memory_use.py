"""Memory use: how much memory of its device a setting takes itself, without what other processes took beside it.

Flow: `unit.Unit` -> `of_unit` -> `constraints` (memory limit), `recommendation`. Pure.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from enum import StrEnum

from featray.analysis.unit import Unit
from featray.core.choices import Device
from featray.core.row import Row


class MemoryScope(StrEnum):
    """What a figure includes."""

    OWN = "own"  # all that the process took: nobody else computed on the GPU; on a CPU the process and its workers
    TORCH = "torch"  # what torch reserved; the driver's own part, some hundred MiB, comes on top
    SHARED = "shared"  # everything on the GPU: other processes are included, or may be


@dataclasses.dataclass(frozen=True)
class MemoryUse:
    """Peak memory over the invocations of a unit, in bytes."""

    size_b: int
    scope: MemoryScope


def of_unit(unit: Unit) -> MemoryUse | None:
    """Give the narrowest figure that the rows have; None if they have none."""
    return of_rows(unit.measured, unit.row.device)


def of_gpu(unit: Unit, uuid: str) -> MemoryUse | None:
    """Give the same of one of several GPUs that worked at the same time; None if the rows have no figure of each."""
    rows = [
        dataclasses.replace(
            row,
            gpu_memory_reserved_peak_b=(row.gpus_memory_reserved_peak_b or {}).get(uuid),
            gpu_memory_used_peak_b=(row.gpus_memory_used_peak_b or {}).get(uuid),
        )
        for row in unit.measured
    ]
    return of_rows(rows, unit.row.device)


def of_rows(rows: Sequence[Row], device: str) -> MemoryUse | None:
    """Give the narrowest figure that rows of one device have; None if they have none."""
    if device == Device.CPU:
        return _use(MemoryScope.OWN, (row.rss_peak_b for row in rows))
    reserved = [row.gpu_memory_reserved_peak_b for row in rows]
    used = [(row.gpu_memory_used_peak_b, row.foreign_gpu_processes) for row in rows]
    alone = [peak for peak, foreign in used if peak is not None and foreign == 0]
    return (
        _use(MemoryScope.OWN, [*alone, *reserved] if alone else [])
        or _use(MemoryScope.TORCH, reserved)
        or _use(MemoryScope.SHARED, (peak for peak, _ in used))
    )


def _use(scope: MemoryScope, peaks: Iterable[int | None]) -> MemoryUse | None:
    known = [peak for peak in peaks if peak is not None]
    return MemoryUse(max(known), scope) if known else None
