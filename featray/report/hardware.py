"""Hardware: which host and device a row belongs to, and what people call them.

Rows of a host that was lost, or of a child that died, may know little more than their target's id; what another row of
the same target knows stands in.
"""

import collections
import dataclasses
import re
from collections.abc import Iterable

from featray.report import wording
from featray.row import NO_TARGET, Row

CPU = "cpu"
HOST_LENGTH = 28  # characters of a host's name beside a plot, which would have no room for itself otherwise
GPU_LENGTH = 42  # and of a GPU's: "RTX PRO 6000 Blackwell Workstation Edition" in full
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
    short_name: str | None = dataclasses.field(default=None, compare=False)  # of the GPU, where no other has the same

    @property
    def label(self) -> str:
        """Name the device: the GPU's name, else `CPU` or `MPS`."""
        if self.target_id == NO_TARGET:
            return "no target"
        return self._marked(wording.shortened(self.gpu_name) if self.gpu_name else self.device.upper())

    @property
    def short_label(self) -> str:
        """Name the device where there is little room: `RTX 3090`, `RTX PRO 6000 Blackwell`."""
        return self._marked(wording.shortened(self.short_name, GPU_LENGTH)) if self.short_name else self.label

    @property
    def place(self) -> str:
        """Name the device and its host shortly: `RTX 3090 of box`."""
        if self.target_id == NO_TARGET:
            return self.label
        return f"{self.short_label} of {wording.shortened(self.hostname, HOST_LENGTH)}"

    def _marked(self, name: str) -> str:
        return f"{name} ({wording.shortened(self.target_id, ID_LENGTH)})" if self.is_twin else name


def targets(rows: Iterable[Row]) -> dict[str, Target]:
    """Describe every target of the rows, by target id."""
    known: dict[str, Row] = {}
    for row in rows:
        have = known.get(row.target_id)
        if have is None or _knowledge(row) > _knowledge(have):
            known[row.target_id] = row
    names = {row.host_id: row.hostname for row in known.values() if row.host_id and row.hostname}
    short = _short_names(row.gpu_name for row in known.values() if row.gpu_name)
    found = [_target(row, names, short) for row in known.values()]
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


_VENDOR = re.compile(r"^NVIDIA (GeForce )?")
_EDITION = re.compile(r" (Workstation|Server) Edition$")


def _short_names(names: Iterable[str]) -> dict[str, str]:
    """Leave out of each GPU's name what tells it from no other: the vendor, and the edition where there is but one."""
    plain = {name: _VENDOR.sub("", name) for name in dict.fromkeys(names)}
    bare = {name: _EDITION.sub("", text) for name, text in plain.items()}
    counted = collections.Counter(bare.values())
    return {name: text if counted[text] == 1 else plain[name] for name, text in bare.items()}


def _target(row: Row, names: dict[str, str], short: dict[str, str]) -> Target:
    where = row.target_id.rpartition("@")[2] if "@" in row.target_id else None
    host = row.host_id or where or row.hostname or ("" if row.target_id == NO_TARGET else "unknown host")
    return Target(
        host=host,
        hostname=row.hostname or names.get(host) or host,
        device=row.device,
        target_id=row.target_id,
        gpu_name=row.gpu_name,
        short_name=short.get(row.gpu_name or ""),
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
