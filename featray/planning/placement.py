"""Placement: which cells run on which targets, and why the others do not.

Flow: `cell.expand`, an inventory and the sweep's selector -> `match` -> `plan`.
Pure: everything known about a host is in the inventory; nothing here asks a machine.
"""

import dataclasses
import fnmatch
from collections.abc import Callable, Iterable, Sequence

from featray import errors
from featray.core import cell as cells
from featray.core import gpus, wording
from featray.core.cell import Cell
from featray.planning.inventory import Host, Inventory, Target
from featray.sweep import Selector

DETECTOR_MEMORY_B = 1 * 1024**3
"""The least memory any of py-feat's detectors needs with its weights loaded.

Peak resident memory was 1.6 to 4.7 GB on a CPU; a device with less than 1 GiB cannot hold the smallest.
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlacedUnit:
    """A cell on a target; where the sweep calls targets interchangeable, `alternatives` are the others.

    `is_home`: the cell was measured on `target` before; its other invocations belong there, to be evidence together.
    """

    cell: Cell
    cell_id: str
    target: Target
    alternatives: tuple[Target, ...] = ()
    is_interchangeable: bool = False
    is_home: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Refusal:
    """A cell that cannot run: on one target (which can never run it), or anywhere (`target` is None)."""

    cell: Cell
    cell_id: str
    target: Target | None
    reason: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Placement:
    """Every cell's targets, in sweep order, and every refusal."""

    units: tuple[PlacedUnit, ...]
    refusals: tuple[Refusal, ...]


def match(
    cells_: Sequence[Cell], inventory: Inventory, selector: Selector, *, interchangeable: bool = False
) -> Placement:
    """Put each cell on every target that the selector picks and that can run it.

    Raises:
        NothingMatches: the selector picks no host or GPU at all; the message lists what exists.
    """
    picked = select(inventory, selector)
    units: list[PlacedUnit] = []
    refusals: list[Refusal] = []
    for each in cells_:
        name = cells.cell_id(each)
        able: list[Target] = []
        of_device = [target for target in picked if target.device == each.device]
        for target in of_device:
            reason = why_not(each, target)
            if reason is None:
                able.append(target)
            else:
                refusals.append(Refusal(cell=each, cell_id=name, target=target, reason=reason))
        if not of_device:
            reason = f"no {each.device} device among {_looked_at(inventory.hosts)}"
            refusals.append(Refusal(cell=each, cell_id=name, target=None, reason=reason))
        if interchangeable and able:
            others = tuple(able[1:])
            units.append(
                PlacedUnit(cell=each, cell_id=name, target=able[0], alternatives=others, is_interchangeable=True)
            )
        else:
            units.extend(PlacedUnit(cell=each, cell_id=name, target=target) for target in able)
    return Placement(units=tuple(units), refusals=tuple(refusals))


def without(placement: Placement, why: Callable[[Cell, Target], str | None]) -> Placement:
    """Refuse what a later look at the hosts rules out; interchangeable cells keep the targets that are left.

    Args:
        placement: As matched.
        why: Says why a target cannot run a cell after all, or None.
    """
    units: list[PlacedUnit] = []
    refusals = list(placement.refusals)
    for unit in placement.units:
        reasons = {target.target_id: why(unit.cell, target) for target in (unit.target, *unit.alternatives)}
        able = [target for target in (unit.target, *unit.alternatives) if reasons[target.target_id] is None]
        refusals += [
            Refusal(cell=unit.cell, cell_id=unit.cell_id, target=target, reason=reason)
            for target in (unit.target, *unit.alternatives)
            if (reason := reasons[target.target_id])
        ]
        if able:
            is_home = unit.is_home and able[0] is unit.target
            units.append(dataclasses.replace(unit, target=able[0], alternatives=tuple(able[1:]), is_home=is_home))
    return Placement(units=tuple(units), refusals=tuple(refusals))


def select(inventory: Inventory, selector: Selector) -> tuple[Target, ...]:
    """List the targets that a selector picks.

    A GPU pattern picks the GPUs that it matches and the CPU of their hosts; every other part picks whole hosts.

    Raises:
        NothingMatches: it picks nothing though there are hosts; the message lists names and the nearest one.
    """
    targets = inventory.targets()
    picked = tuple(target for target in targets if _is_picked(target, selector))
    if targets and not picked:
        raise errors.NothingMatches(_nothing(inventory, selector))
    return picked


def _is_picked(target: Target, selector: Selector) -> bool:
    host = target.host
    if selector.host and not any(_matches(name, selector.host) for name in (host.hostname, host.host_id)):
        return False
    if any(host.labels.get(key) != value for key, value in selector.label.items()):
        return False
    least_b, memory_b = selector.memory_min_b, _memory(target)
    if least_b is not None and memory_b is not None and memory_b < least_b:
        return False
    if not selector.gpu:
        return True
    if target.gpu is not None:
        return _matches(target.gpu.name, selector.gpu) or _matches(target.gpu.uuid, selector.gpu)
    return any(_matches(gpu.name, selector.gpu) or _matches(gpu.uuid, selector.gpu) for gpu in host.gpus)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name.casefold(), pattern.casefold()) for pattern in patterns)


def _memory(target: Target) -> int | None:
    """Give a device's memory; None where its driver does not tell, as of a GPU that shares the host's."""
    return target.gpu.memory_b if target.gpu else target.host.memory_b


def _nothing(inventory: Inventory, selector: Selector) -> str:
    hosts = [host.hostname for host in inventory.hosts]
    gpus = sorted({gpu.name for host in inventory.hosts for gpu in host.gpus})
    for wanted, known, kind in ((selector.host, hosts, "host"), (selector.gpu, gpus, "GPU")):
        missed = [pattern for pattern in wanted if not any(_matches(name, [pattern]) for name in known)]
        if missed:
            known_names = errors.suggest(missed[0], known)
            return f"hosts: no {kind} matches '{missed[0]}'{known_names} ({_looked_at(inventory.hosts)})"
    labels = sorted({f"{key}={value}" for host in inventory.hosts for key, value in host.labels.items()})
    asked = [f"{key}={value}" for key, value in selector.label.items()]
    if asked and not set(asked) <= set(labels):
        missing = next(label for label in asked if label not in labels)
        return f"hosts: no host is labelled '{missing}'{errors.suggest(missing, labels)}"
    return f"hosts: no host meets every part of the selector together; looked at {_looked_at(inventory.hosts)}"


def _looked_at(hosts: Sequence[Host]) -> str:
    if not hosts:
        return "no hosts"
    return "; ".join(_describe(host) for host in hosts)


def _describe(host: Host) -> str:
    if host.error is not None:
        return f"{host.hostname} (not probed: {host.error})"
    devices = [gpu.name for gpu in host.gpus] or ["no GPU"]
    return f"{host.hostname} ({', '.join(devices)})"


def why_not(cell: Cell, target: Target) -> str | None:
    """Say why a target can never run a cell, or None when nothing speaks against it.

    What the inventory does not know (null) never speaks against a target: the child will find out.
    """
    host, gpu = target.host, target.gpu
    if cell.detector.is_pyfeat and not cell.requirements:
        if host.packages and "py-feat" not in host.packages:
            return f"py-feat is not installed on {host.hostname}; install featray there"
        lacking = _lacking_class(cell.detector.class_name, host.packages.get("py-feat"))
        if lacking:
            return lacking
    if gpu is not None and not cell.requirements and cell.detector.is_pyfeat:
        lacking = lacking_kernels(gpu.compute_capability, host.cuda_architectures)
        if lacking:
            return f"torch {host.packages.get('torch', '')} on {host.hostname} {lacking}"
    memory_b = _memory(target)
    if cell.detector.is_pyfeat and memory_b and memory_b < DETECTOR_MEMORY_B:
        return f"{wording.size(memory_b)} of memory; a detector needs {wording.size(DETECTOR_MEMORY_B)}"
    return None


FIRST_PYFEAT = {"Detectorv1": (2, 0), "MPDetector": (0, 7), "Detectorv2": (2, 0)}
"""The first py-feat release that has a class of this name."""


def _lacking_class(class_name: str, version: str | None) -> str | None:
    first = FIRST_PYFEAT.get(class_name)
    if version is None or first is None:
        return None
    have = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if have >= first:
        return None
    return f"py-feat {version} lacks {class_name}; it needs {'.'.join(map(str, first))} or newer"


def lacking_kernels(compute_capability: str | None, architectures: Sequence[str]) -> str | None:
    """Say that a torch build has no kernels for a GPU, or None when it has or when that is not known."""
    if compute_capability is None or not architectures or gpus.has_kernels(architectures, compute_capability):
        return None
    return f"has no kernels for sm_{compute_capability.replace('.', '')} (it has {', '.join(architectures)})"
