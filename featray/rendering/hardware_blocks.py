"""Hardware blocks: which targets share a block of a report, and how it is headed."""

from collections.abc import Iterable

from featray.core.row import NO_TARGET
from featray.core.targets import NamedTarget


def grouped(targets: Iterable[NamedTarget]) -> list[tuple[NamedTarget, ...]]:
    """Decide which targets share a block of a report: hardware is never collapsed.

    A host's only accelerator and its CPU stand in one block, told apart by the device column, as in py-feat's reports.
    With several accelerators each has its own block, and so has the CPU.

    Returns:
        Blocks by host name, accelerators first; cells without a target come last.
    """
    by_host: dict[tuple[str, str], list[NamedTarget]] = {}
    for target in sorted(targets, key=_order):
        key = ("", "") if target.target_id == NO_TARGET else (target.host_name, target.host_id)
        by_host.setdefault(key, []).append(target)
    nowhere = by_host.pop(("", ""), [])
    blocks = [block for members in by_host.values() for block in _blocks(members)]
    return blocks + ([tuple(nowhere)] if nowhere else [])


def _order(target: NamedTarget) -> tuple[str, str, str, str]:
    return (target.host_name, target.host_id, target.gpu_name or "", target.target_id)


def _blocks(members: list[NamedTarget]) -> list[tuple[NamedTarget, ...]]:
    accelerators = [target for target in members if target.device != "cpu"]
    cpus = [target for target in members if target.device == "cpu"]
    if len(accelerators) <= 1:
        return [tuple(accelerators + cpus)]
    return [(target,) for target in accelerators] + ([tuple(cpus)] if cpus else [])


def heading(block: tuple[NamedTarget, ...]) -> str:
    """Head a block: host and device."""
    first = block[0]
    return "no target can run these" if first.target_id == NO_TARGET else f"{first.host_name}: {first.device_name}"
