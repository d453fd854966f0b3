"""Hardware: which host and device a row belongs to, and what people call them.

Rows of a host that was lost, or of a child that died, may know little more than their target's id; what another row of
the same target knows stands in.
"""

import collections
import dataclasses
from collections.abc import Iterable

from featray.report import wording
from featray.row import NO_TARGET, Row

CPU = "cpu"
ID_LENGTH = 20  # characters of an id that tells namesakes apart: both ends of a UUID
DEVICES = (CPU, "mps", "cuda")  # order of the tables in py-feat's reports


@dataclasses.dataclass(frozen=True, order=True)
class Target:
    """One physical device of one host, as far as the rows tell."""

    host: str  # host id, or the best name there is
    hostname: str
    device: str
    target_id: str
    gpu_name: str | None = dataclasses.field(default=None, compare=False)
    is_twin: bool = dataclasses.field(default=False, compare=False)  # the host has another one of this name

    @property
    def label(self) -> str:
        """Name the device: the GPU's name, else `CPU` or `MPS`."""
        if self.target_id == NO_TARGET:
            return "no target"
        name = wording.shortened(self.gpu_name) if self.gpu_name else self.device.upper()
        return f"{name} ({wording.shortened(self.target_id, ID_LENGTH)})" if self.is_twin else name


def targets(rows: Iterable[Row]) -> dict[str, Target]:
    """Describe every target of the rows, by target id."""
    known: dict[str, Row] = {}
    for row in rows:
        have = known.get(row.target_id)
        if have is None or _knowledge(row) > _knowledge(have):
            known[row.target_id] = row
    names = {row.host_id: row.hostname for row in known.values() if row.host_id and row.hostname}
    found = [_target(row, names) for row in known.values()]
    named = collections.Counter((each.host, each.label) for each in found)
    hosts = {each.hostname: {other.host for other in found if other.hostname == each.hostname} for each in found}
    return {
        each.target_id: dataclasses.replace(
            each,
            is_twin=named[each.host, each.label] > 1,
            hostname=each.hostname
            if len(hosts[each.hostname]) == 1
            else f"{wording.shortened(each.hostname)} ({wording.shortened(each.host, ID_LENGTH)})",
        )
        for each in found
    }


def _knowledge(row: Row) -> int:
    return sum(each is not None for each in (row.host_id, row.hostname, row.gpu_name))


def _target(row: Row, names: dict[str, str]) -> Target:
    where = row.target_id.rpartition("@")[2] if "@" in row.target_id else None
    host = row.host_id or where or row.hostname or ("" if row.target_id == NO_TARGET else "unknown host")
    return Target(
        host=host,
        hostname=row.hostname or names.get(host) or host,
        device=row.device,
        target_id=row.target_id,
        gpu_name=row.gpu_name,
    )


def grouped(found: Iterable[Target]) -> list[tuple[Target, ...]]:
    """Decide which targets share a block of a report: hardware is never collapsed.

    A host's only accelerator and its CPU stand in one block, told apart by the device column, as in py-feat's reports.
    With several accelerators each has its own block, and so has the CPU.

    Returns:
        Blocks by host name, accelerators first; cells without a target come last.
    """
    by_host: dict[tuple[str, str], list[Target]] = {}
    for target in sorted(found, key=lambda each: (each.hostname, each.host, each.gpu_name or "", each.target_id)):
        key = ("", "") if target.target_id == NO_TARGET else (target.hostname, target.host)
        by_host.setdefault(key, []).append(target)
    nowhere = by_host.pop(("", ""), [])
    blocks = [block for members in by_host.values() for block in _blocks(members)]
    return blocks + ([tuple(nowhere)] if nowhere else [])


def _blocks(members: list[Target]) -> list[tuple[Target, ...]]:
    fast = [each for each in members if each.device != CPU]
    slow = [each for each in members if each.device == CPU]
    if len(fast) <= 1:
        return [tuple(fast + slow)]
    return [(each,) for each in fast] + ([tuple(slow)] if slow else [])


def heading(block: tuple[Target, ...]) -> str:
    """Head a block: host and device."""
    first = block[0]
    if first.target_id == NO_TARGET:
        return "no target can run these"
    return f"{wording.shortened(first.hostname)}: {first.label}"
