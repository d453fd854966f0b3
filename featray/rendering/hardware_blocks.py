"""Hardware blocks: which targets share a block of a report, and the block's heading. Pure."""

from collections.abc import Iterable

from featray.core.row import NO_TARGET
from featray.core.targets import NamedTarget


def grouped(targets: Iterable[NamedTarget]) -> list[tuple[NamedTarget, ...]]:
    """Group the targets that share a block of a report: different hardware is never merged.

    A host's only accelerator and its CPU share one block, as in py-feat's reports.
    On a host with several accelerators each has its own block, and so has the CPU.

    Returns:
        Blocks by host name, accelerators first; cells without a target come last.
    """
    by_host: dict[tuple[str, str], list[NamedTarget]] = {}
    for target in sorted(targets, key=_order):
        key = ("", "") if target.target_id == NO_TARGET else (target.host_name, target.host_id)
        by_host.setdefault(key, []).append(target)
    without_target = by_host.pop(("", ""), [])
    blocks = [block for members in by_host.values() for block in _blocks(members)]
    return blocks + ([tuple(without_target)] if without_target else [])


def _order(target: NamedTarget) -> tuple[str, str, str, str]:
    return (target.host_name, target.host_id, target.gpu_name or "", target.target_id)


def _blocks(members: list[NamedTarget]) -> list[tuple[NamedTarget, ...]]:
    accelerators = [target for target in members if target.device != "cpu"]
    cpus = [target for target in members if target.device == "cpu"]
    if len(accelerators) <= 1:
        return [tuple(accelerators + cpus)]
    return [(target,) for target in accelerators] + ([tuple(cpus)] if cpus else [])


def heading(block: tuple[NamedTarget, ...]) -> str:
    """Name host and device: `box: RTX 3090`."""
    first = block[0]
    return "no target can run these" if first.target_id == NO_TARGET else f"{first.host_name}: {first.device_name}"
