"""Readiness: what a host still lacks for a sweep, and the command that mends it.

Flow: an inventory and a sweep's cells -> `check` -> `featray hosts --check`.
Pure: everything known about a host is in the inventory; what an inventory does not tell is not held against the host.
"""

import dataclasses
import itertools
import shlex
from collections.abc import Iterable, Mapping, Sequence

from featray.core import wording
from featray.core.cell import Cell
from featray.core.choices import WeightsKind
from featray.planning import placement
from featray.planning.inventory import Host, Inventory, Target
from featray.sweep import Selector

DISK_B = 2 * 1024**3  # all weights are 1.3 GB, synthetic ones alike; rows and clips are small beside them

MEND_TORCH = "uv pip install --torch-backend=auto --upgrade torch torchvision torchcodec"
"""Lets uv choose the build for the GPUs that are there."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lack:
    """One thing that a host lacks, and the command (run on that host) that mends it, if one can."""

    host: str
    what: str
    mend: str | None = None


def check(
    cells: Sequence[Cell],
    inventory: Inventory,
    selector: Selector,
    *,
    weights: Mapping[str, Sequence[str]],
    version: str,
    here: str,
) -> tuple[Lack, ...]:
    """List what each selected host lacks, host by host, the gravest first.

    Args:
        cells: Of the sweep.
        inventory: As probed.
        selector: Of the sweep.
        weights: Detector name -> files that it loads, as `repository/file`; empty for synthetic weights.
        version: featray's own, which every host must have.
        here: Name of the machine that has the sweep's own files.

    Raises:
        NothingMatches: the selector picks nothing; the message lists what exists.
    """
    picked = placement.select(inventory, selector)
    lacks: list[Lack] = []
    for host in inventory.hosts:
        targets = [target for target in picked if target.host is host]
        if host.error is not None:
            lacks.append(Lack(host=host.hostname, what=host.error))
        elif targets:
            lacks += _packages(host, cells, version)
            lacks += _devices(host, targets, cells)
            lacks += _weights(host, cells, weights)
            lacks += _clips(host, cells, here)
            lacks += _disk(host)
    return tuple(dict.fromkeys(lacks))


def _packages(host: Host, cells: Sequence[Cell], version: str) -> Iterable[Lack]:
    """Look at what must be installed; an inventory without packages says nothing about them."""
    if not host.packages:
        return
    found = host.packages.get("featray")
    if found != version:
        lacks = f"featray {found} where {version} is needed" if found else "featray is not installed"
        what = f"{lacks}; `uv build --wheel` makes its wheel here"
        yield Lack(host=host.hostname, what=what, mend=f"python -m pip install featray-{version}-py3-none-any.whl")
    if any(cell.detector.is_pyfeat and not cell.requirements for cell in cells):
        for name in ("torch", "torchcodec", "py-feat"):
            if name not in host.packages:
                yield Lack(host=host.hostname, what=f"{name} is not installed", mend=f"python -m pip install {name}")
        if host.ffmpeg is None and "torchcodec" in host.packages:
            what = "no FFmpeg that torchcodec can load"
            yield Lack(host=host.hostname, what=what, mend="python -m pip install av")
    if any(cell.requirements for cell in cells) and "uv" not in host.packages:
        what = "uv, which builds the sweep's environments, is not installed"
        yield Lack(host=host.hostname, what=what, mend="python -m pip install uv")


def _devices(host: Host, targets: Sequence[Target], cells: Sequence[Cell]) -> Iterable[Lack]:
    for device in dict.fromkeys(cell.device for cell in cells):
        able = [target for target in targets if target.device == device]
        if not able:
            yield Lack(host=host.hostname, what=f"no {device} device that the sweep selects")
        for target in able:
            reasons = (placement.why_not(cell, target) for cell in cells if cell.device == device)
            for reason in filter(None, reasons):
                if "is not installed" not in reason:
                    yield Lack(host=host.hostname, what=reason, mend=_mend(reason))


def _mend(reason: str) -> str | None:
    if "has no kernels for" in reason:
        return MEND_TORCH
    return "python -m pip install --upgrade py-feat" if reason.startswith("py-feat") else None


def _weights(host: Host, cells: Sequence[Cell], weights: Mapping[str, Sequence[str]]) -> Iterable[Lack]:
    names = dict.fromkeys(cell.detector.name for cell in cells if cell.weights == WeightsKind.PRETRAINED)
    wanted = dict.fromkeys(file for name in names for file in weights.get(name, ()))
    by_repository: dict[str, list[str]] = {}
    for file in wanted:
        if file not in host.weights_cached:
            repository, _, name = file.rpartition("/")
            by_repository.setdefault(repository, []).append(name)
    for repository, files in by_repository.items():
        what = f"weights are not cached: {repository}: {', '.join(files)}"
        # `submit` fetches them too; this command also works beforehand, and on a host with a network for one without.
        mend = f"hf download {repository} {' '.join(files)} --cache-dir ${{FEATRAY_CACHE:-~/.cache/featray}}/hub"
        yield Lack(host=host.hostname, what=what, mend=mend)


def _clips(host: Host, cells: Sequence[Cell], here: str) -> Iterable[Lack]:
    """Look for the sweep's own files, which `submit` does not carry to other hosts."""
    if host.clips is None:
        return
    for path, digest in own_clips(cells).items():
        mend = shlex.join(["rsync", "-a", "--mkpath", f"{here}:{path}", path])
        if path not in host.clips:
            yield Lack(host=host.hostname, what=f"{path} is not there, or cannot be read", mend=mend)
        elif digest not in (None, host.clips[path]):
            yield Lack(host=host.hostname, what=f"{path} is another file than on {here}", mend=mend)


def own_clips(cells: Iterable[Cell]) -> dict[str, str | None]:
    """List the files that a sweep names by path: path -> SHA-256, None where it was not read."""
    clips = {cell.input for cell in cells}
    return {path: digest for clip in clips for path, digest in itertools.zip_longest(clip.paths, clip.sha256)}


def _disk(host: Host) -> Iterable[Lack]:
    if host.disk_free_b is not None and host.disk_free_b < DISK_B:
        what = f"{wording.size(host.disk_free_b)} of disk free; weights and clips may take {wording.size(DISK_B)}"
        yield Lack(host=host.hostname, what=what, mend="export FEATRAY_CACHE=/a/larger/disk")
