"""Readiness: what a host still lacks for a sweep, and the command that provides it.

Flow: an inventory and a sweep's cells -> `check` -> `featray hosts --check`.
Pure: everything known about a host is in the inventory; what an inventory does not hold counts as there.
"""

import dataclasses
import itertools
import shlex
from collections.abc import Iterable, Mapping, Sequence

from featray.core import wording
from featray.core.cell import Cell
from featray.core.choices import WeightsKind
from featray.planning import target_selection
from featray.planning.inventory import Host, Inventory, Target
from featray.planning.obstacle import ObstacleCause, find_obstacle
from featray.planning.target_selection import Places
from featray.sweep import Selector

DISK_B = 2 * 1024**3  # all weights are 1.3 GB, synthetic ones alike; rows and clips are small beside them

NO_FFMPEG = "no FFmpeg that torchcodec can load"
INSTALL_FFMPEG = "python -m pip install av"
UPGRADE_TORCH = "uv pip install --torch-backend=auto --upgrade torch torchvision torchcodec"
"""Lets uv choose the build for the GPUs that are there."""

REMEDIES: Mapping[ObstacleCause, str] = {
    ObstacleCause.TORCH_WITHOUT_KERNELS: UPGRADE_TORCH,
    ObstacleCause.PYFEAT_TOO_OLD: "python -m pip install --upgrade py-feat",
}
"""Why a target cannot run a cell -> the command that helps; nothing helps against the other causes."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lack:
    """One thing that a host lacks, and the command (run on that host) that provides it, where there is one."""

    host: str
    what: str
    remedy: str | None = None


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
    picked = target_selection.select(inventory, selector)
    lacks: list[Lack] = []
    for host in inventory.hosts:
        targets = [target for target in picked if target.host is host]
        if host.error is not None:
            lacks.append(Lack(host=host.hostname, what=host.error))
        elif targets:
            lacks += _packages(host, cells, version)
            lacks += _devices(host, targets, cells)
            lacks += _weights(host, cells, weights)
            lacks += check_processors(host, cells, targets)
            lacks += _clips(host, cells, here)
            lacks += _disk(host)
    return tuple(dict.fromkeys(lacks))


def check_software(host: Host, cells: Sequence[Cell], version: str) -> tuple[Lack, ...]:
    """List what a host lacks of packages and disk. Of the cells only the kinds of detectors and environments count."""
    return (*_packages(host, cells, version), *_disk(host))


def check_processors(host: Host, cells: Iterable[Cell], targets: Sequence[Target]) -> tuple[Lack, ...]:
    """List what a host lacks for the processes side by side that its targets can run."""
    count = host.cpu_count
    if count is None:
        return ()
    places = Places(targets)
    too_many = [
        processes
        for cell in cells
        for target in places.of(cell)
        if (processes := cell.processes * max(1, len(target.gpus))) > count and find_obstacle(cell, target) is None
    ]
    if not too_many:
        return ()
    memory = f" and {wording.size(host.memory_b)} of memory" if host.memory_b else ""
    what = (
        f"a processor for each of {max(too_many)} processes side by side; it has {wording.count(count, 'processor')}"
        f"{memory}, and they are not pinned to processors of their own"
    )
    return (Lack(host=host.hostname, what=what),)


def _packages(host: Host, cells: Sequence[Cell], version: str) -> Iterable[Lack]:
    """List packages that must be installed; an inventory without packages says nothing about them."""
    if not host.packages:
        return
    installed = host.packages.get("featray")
    if installed != version:
        fault = f"featray {installed} where {version} is needed" if installed else "featray is not installed"
        what = f"{fault}; `uv build --wheel` makes its wheel here"
        yield Lack(
            host=host.hostname, what=what, remedy=f"python -m pip install 'featray-{version}-py3-none-any.whl[measure]'"
        )
    if any(cell.detector.is_pyfeat and not cell.requirements for cell in cells):
        for name in ("torch", "torchcodec", "py-feat"):
            if name not in host.packages:
                yield Lack(host=host.hostname, what=f"{name} is not installed", remedy=f"python -m pip install {name}")
        if host.ffmpeg is None and "torchcodec" in host.packages:
            what, remedy = host.ffmpeg_lack or NO_FFMPEG, host.ffmpeg_remedy or INSTALL_FFMPEG
            yield Lack(host=host.hostname, what=what, remedy=remedy)
    if any(cell.requirements for cell in cells) and "uv" not in host.packages:
        what = "uv, which builds the sweep's environments, is not installed"
        yield Lack(host=host.hostname, what=what, remedy="python -m pip install uv")


def _devices(host: Host, targets: Sequence[Target], cells: Sequence[Cell]) -> Iterable[Lack]:
    places = Places(targets)
    for device in dict.fromkeys(cell.device for cell in cells):
        of_device = [cell for cell in cells if cell.device == device]
        if not any(target.device == device for target in targets):
            yield Lack(host=host.hostname, what=f"no {device} device that the sweep selects")
        for cell, target in ((each, target) for each in of_device for target in places.of(each)):
            obstacle = find_obstacle(cell, target)
            # `_packages` has named a py-feat that is not installed.
            if obstacle is not None and obstacle.cause is not ObstacleCause.PYFEAT_NOT_INSTALLED:
                yield Lack(host=host.hostname, what=obstacle.reason, remedy=REMEDIES.get(obstacle.cause))


def _weights(host: Host, cells: Sequence[Cell], weights: Mapping[str, Sequence[str]]) -> Iterable[Lack]:
    names = dict.fromkeys(cell.detector.name for cell in cells if cell.weights is WeightsKind.PRETRAINED)
    files = dict.fromkeys(file for name in names for file in weights.get(name, ()))
    missing: dict[str, list[str]] = {}  # repository -> names of its files
    for file in files:
        if file not in host.weights_cached:
            repository, _, name = file.rpartition("/")
            missing.setdefault(repository, []).append(name)
    for repository, file_names in missing.items():
        what = f"weights are not cached: {repository}: {', '.join(file_names)}"
        # `submit` fetches them too; this command also works beforehand, and on a host with a network for one without.
        cache = "${FEATRAY_CACHE:-~/.cache/featray}/hub"
        remedy = f"hf download {repository} {' '.join(file_names)} --cache-dir {cache}"
        yield Lack(host=host.hostname, what=what, remedy=remedy)


def _clips(host: Host, cells: Sequence[Cell], here: str) -> Iterable[Lack]:
    """Look for the sweep's own files, which `submit` does not carry to other hosts."""
    if host.clips is None:
        return
    for path, digest in own_clips(cells).items():
        remedy = shlex.join(["rsync", "-a", "--mkpath", f"{here}:{path}", path])
        if path not in host.clips:
            yield Lack(host=host.hostname, what=f"{path} is not there, or cannot be read", remedy=remedy)
        elif digest not in (None, host.clips[path]):
            yield Lack(host=host.hostname, what=f"{path} is another file than on {here}", remedy=remedy)


def own_clips(cells: Iterable[Cell]) -> dict[str, str | None]:
    """List the files that a sweep names by path: path -> SHA-256, None where it was not read."""
    clips = {cell.input for cell in cells}
    return {path: digest for clip in clips for path, digest in itertools.zip_longest(clip.paths, clip.sha256)}


def _disk(host: Host) -> Iterable[Lack]:
    if host.disk_free_b is not None and host.disk_free_b < DISK_B:
        what = f"{wording.size(host.disk_free_b)} of disk free; weights and clips may take {wording.size(DISK_B)}"
        yield Lack(host=host.hostname, what=what, remedy="export FEATRAY_CACHE=/a/larger/disk")
