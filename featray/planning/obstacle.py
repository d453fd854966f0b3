"""Obstacles: why a target can never run a cell, as far as the inventory knows.

Flow: a cell and a target -> `find_obstacle` -> `placement` (a refusal), `readiness` (the remedy for its cause).
Pure. What the inventory does not know (null) is no obstacle: the child will find it out.
"""

import dataclasses
import math
from collections.abc import Hashable
from enum import Enum, auto

from featray.core import detectors, wording
from featray.core.cell import Cell
from featray.core.choices import Device
from featray.planning import own_classes, releases
from featray.planning.inventory import Target

DETECTOR_MEMORY_B = 1 * 1024**3
"""The least memory any of py-feat's detectors needs with its weights loaded.

Peak resident memory was 1.6 to 4.7 GB on a CPU; a device with less than 1 GiB cannot hold the smallest.
"""


class ObstacleCause(Enum):
    """What stands in the way."""

    NO_DEVICE = auto()
    PYFEAT_NOT_INSTALLED = auto()
    PYFEAT_TOO_OLD = auto()
    TORCH_WITHOUT_KERNELS = auto()
    TOO_LITTLE_MEMORY = auto()
    WEIGHTS_MISSING = auto()
    NO_MPS_DAEMON = auto()
    CLASS_NOT_IMPORTED = auto()
    ONE_GPU = auto()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Obstacle:
    """Why a cell cannot run; `reason` says it to people."""

    cause: ObstacleCause
    reason: str


def find_obstacle(cell: Cell, target: Target) -> Obstacle | None:
    """Find why a target can never run a cell; None where nothing is known against it.

    Of the cell only `deciding` counts.
    """
    if cell.is_whole and not target.is_whole:
        return Obstacle(cause=ObstacleCause.ONE_GPU, reason=_why_not_several(target))
    if cell.mps_daemon and target.host.mps_daemon is False:
        reason = f"NVIDIA's MPS cannot run on {target.host.hostname}: {MPS_PROGRAM} is not there"
        return Obstacle(cause=ObstacleCause.NO_MPS_DAEMON, reason=reason)
    if not cell.detector.is_pyfeat:
        return _of_own_class(cell, target)
    software = _of_own_class(cell, target) if cell.requirements else _of_pyfeat(cell, target) or _of_torch(target)
    return software or _of_memory(cell, target)


def deciding(cell: Cell) -> Hashable:
    """Give what of a cell decides whether a target can run it."""
    own = own_classes.of_cell(cell)
    name = own.key if own else cell.detector.class_name
    return name, bool(cell.requirements), cell.processes, cell.mps_daemon, cell.targets


def _why_not_several(target: Target) -> str:
    """Say why a host has no two GPUs for a cell, such that the reason is the same for all hosts but for the name."""
    host = target.host
    if target.device is not Device.CUDA:
        return f"`targets: all` is for several CUDA GPUs, and there is one {target.device} device on {host.hostname}"
    whole = [gpu for gpu in host.gpus if not gpu.is_slice]
    count = "there is one" if whole else "there are only slices of one"
    if len(whole) > 1:
        count = "`hosts` of the sweep picks one"
    return f"`targets: all` needs two CUDA GPUs, and {count} on {host.hostname}"


MPS_PROGRAM = "nvidia-cuda-mps-control"


def _of_pyfeat(cell: Cell, target: Target) -> Obstacle | None:
    host, class_name = target.host, cell.detector.class_name
    version = host.packages.get("py-feat")
    if host.packages and version is None:
        reason = f"py-feat is not installed on {host.hostname}; install 'featray[measure]' there"
        return Obstacle(cause=ObstacleCause.PYFEAT_NOT_INSTALLED, reason=reason)
    if releases.has_class(class_name, version) is False:
        reason = f"py-feat {version} lacks {class_name}; it needs {releases.FIRST_PYFEAT[class_name]} or newer"
        return Obstacle(cause=ObstacleCause.PYFEAT_TOO_OLD, reason=reason)
    return None


def _of_own_class(cell: Cell, target: Target) -> Obstacle | None:
    """Say what a host that was asked has found about a class that is not py-feat's."""
    host, own = target.host, own_classes.of_cell(cell)
    why = (host.classes or {}).get(own.key) if own else None
    if not why:
        return None
    where = f"in environment {cell.environment} on {host.hostname}" if cell.requirements else f"on {host.hostname}"
    what_to_do = detectors.how_to_bring(cell.environment if cell.requirements else None)
    if why.startswith(own_classes.NO_PATH):
        what_to_do = "correct it in the sweep, or bring it there"
    elif why == detectors.missing_class(cell.detector.class_name):
        what_to_do = "name a class that the module has"
    reason = f"{cell.detector.class_name} cannot be imported {where} ({why}): {what_to_do}"
    return Obstacle(cause=ObstacleCause.CLASS_NOT_IMPORTED, reason=reason)


def _of_torch(target: Target) -> Obstacle | None:
    host = target.host
    lacks = (releases.why_no_kernels(gpu.compute_capability, host.cuda_architectures) for gpu in target.every_gpu)
    lack = next((lack for lack in lacks if lack is not None), None)
    if lack is None:
        return None
    reason = f"torch {host.packages.get('torch', '')} on {host.hostname} {lack}"
    return Obstacle(cause=ObstacleCause.TORCH_WITHOUT_KERNELS, reason=reason)


def _of_memory(cell: Cell, target: Target) -> Obstacle | None:
    of_all = cell.processes * max(1, len(target.every_gpu))
    places = ((target.memory_b, cell.processes, ""), (target.host.memory_b, of_all, " of the host"))
    for memory_b, processes, where in sorted(places, key=lambda place: place[0] or math.inf):
        if memory_b and memory_b < processes * DETECTOR_MEMORY_B:
            detectors = "a detector needs" if processes == 1 else f"{processes} processes need at least"
            least = wording.size(processes * DETECTOR_MEMORY_B)
            place = where if target.every_gpu else ""
            reason = f"{wording.size(memory_b)} of memory{place}; {detectors} {least}"
            return Obstacle(cause=ObstacleCause.TOO_LITTLE_MEMORY, reason=reason)
    return None
