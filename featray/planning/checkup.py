"""Checkup: what of this machine is ready to measure, part by part, and what to do about the rest.

Flow: a probed host, its limits -> `check` -> `CheckedPart`s -> `featray doctor`. Pure.
"""

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum

from featray.core import wording
from featray.planning import releases
from featray.planning.inventory import Gpu, Host
from featray.planning.readiness import DISK_B, INSTALL_FFMPEG, NO_FFMPEG, UPGRADE_TORCH

PYTHON_MIN = (3, 11)
PYTHON_TESTED = (3, 13)  # the newest that was tried
SHARED_MEMORY_B = 1 * 1024**3  # rows and clips need little; below this Ray warns and falls back to a disk
OPEN_FILES = 4096  # an embedded Ray on 2 processors opens some hundred; a head of several hosts, thousands

PORTS: Mapping[int, str] = {6379: "the head of a cluster", 8265: "the dashboard"}
"""Port -> what uses it. A submit on this machine alone finds other ports where these are taken."""


class PartState(StrEnum):
    """How a part is."""

    OK = "ok"
    NOTE = "note"  # works, but somebody should know
    FAULT = "fault"  # nothing can be measured, or not with this part


@dataclasses.dataclass(frozen=True, kw_only=True)
class CheckedPart:
    """One part of the machine: its state, what was found, and what to do."""

    part: str
    state: PartState
    found: str
    remedy: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class MachineFacts:
    """What a checkup needs to know besides the host."""

    cuda_of_driver: str | None  # newest CUDA version that the driver supports
    weights_wanted: int  # files of py-feat's own detectors
    shared_memory_b: int | None
    open_files: int
    open_files_max: int
    taken_ports: Collection[int]
    missing_for_ray: Collection[tuple[str, str]] = ()  # what was found, and what to do


def check(host: Host, facts: MachineFacts) -> list[CheckedPart]:
    """Check a machine, part by part, in the order in which faults are worth mending."""
    if host.error is not None:
        return [_fault("machine", host.error, "run `featray doctor` again; if it stays, look at the GPU driver")]
    return [*_software(host), *_gpus(host, facts), *_files(host, facts), *_limits(facts)]


def _ok(part: str, found: str) -> CheckedPart:
    return CheckedPart(part=part, state=PartState.OK, found=found)


def _note(part: str, found: str, remedy: str) -> CheckedPart:
    return CheckedPart(part=part, state=PartState.NOTE, found=found, remedy=remedy)


def _fault(part: str, found: str, remedy: str) -> CheckedPart:
    return CheckedPart(part=part, state=PartState.FAULT, found=found, remedy=remedy)


def _software(host: Host) -> Iterator[CheckedPart]:
    version = host.python or wording.ABSENT
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if numbers < PYTHON_MIN:
        yield _fault("Python", version, "install Python 3.11 or newer, such as `uv python install 3.13`")
    elif numbers > PYTHON_TESTED:
        yield _note("Python", f"{version}, newer than what was tried", "if something fails, use Python 3.13")
    else:
        yield _ok("Python", version)
    for name in ("torch", "torchcodec", "py-feat", "ray"):
        installed = host.packages.get(name)
        yield (
            _ok(name, installed)
            if installed
            else _fault(name, "not installed", "python -m pip install 'featray[measure]'")
        )
    if host.ffmpeg is not None:
        yield _ok("FFmpeg", host.ffmpeg)
    elif "torchcodec" not in host.packages:
        yield _note("FFmpeg", "not looked for: no torchcodec is there to load it", "install torchcodec first")
    else:
        yield _fault("FFmpeg", host.ffmpeg_lack or NO_FFMPEG, host.ffmpeg_remedy or INSTALL_FFMPEG)
    if "uv" in host.packages:
        yield _ok("uv", host.packages["uv"])
    else:
        remedy = "python -m pip install uv; only sweeps with `environments` need it"
        yield _note("uv", "not installed", remedy)


def _gpus(host: Host, facts: MachineFacts) -> Iterator[CheckedPart]:
    if host.mps:
        yield _ok("GPU", "Apple GPU (mps)")
    if not host.gpus and not host.mps:
        remedy = "nothing, if this machine has none; else install the NVIDIA driver, and see what `nvidia-smi` says"
        yield _note("GPU", "no NVIDIA GPU is seen, so only `device: cpu` can be measured", remedy)
    for gpu in host.gpus:
        yield _gpu(gpu, host, facts)


def _gpu(gpu: Gpu, host: Host, facts: MachineFacts) -> CheckedPart:
    name = f"{gpu.name}, driver {gpu.driver or 'unknown'}"
    if host.cuda is None:
        return _fault("GPU", f"{name}, but this torch is built without CUDA", UPGRADE_TORCH)
    if facts.cuda_of_driver is not None and _major(host.cuda) > _major(facts.cuda_of_driver):
        found = f"{name}, supports CUDA up to {facts.cuda_of_driver}, but torch is built for CUDA {host.cuda}"
        return _fault("GPU", found, f"update the driver, or {UPGRADE_TORCH}")
    lack = releases.why_no_kernels(gpu.compute_capability, host.cuda_architectures)
    if lack is not None:
        return _fault("GPU", f"{name}, but this torch {lack}", UPGRADE_TORCH)
    if gpu.foreign_processes:
        others = wording.count(gpu.foreign_processes, "other process", "other processes")
        return _note("GPU", f"{name}, used by {others}", "end them before you measure; `nvidia-smi` lists them")
    return _ok("GPU", f"{name}, torch's CUDA {host.cuda}")


def _major(version: str) -> int:
    """Read the major version: a driver runs every CUDA of its own major version."""
    return int(version.partition(".")[0])


def _files(host: Host, facts: MachineFacts) -> Iterator[CheckedPart]:
    cached = len(host.weights_cached)
    found = f"{cached} of {facts.weights_wanted} pretrained files of py-feat's detectors"
    if cached < facts.weights_wanted:
        yield _note("weights", found, "featray fetch SWEEP; or `weights: synthetic`, which needs no download")
    else:
        yield _ok("weights", found)
    if host.disk_free_b is None:
        return
    free = f"{wording.size(host.disk_free_b)} free in featray's cache"
    if host.disk_free_b < DISK_B:
        yield _fault("disk", free, "export FEATRAY_CACHE=/a/larger/disk; weights and clips may take 2 GiB")
    else:
        yield _ok("disk", free)


def _limits(facts: MachineFacts) -> Iterator[CheckedPart]:
    for found, remedy in facts.missing_for_ray:
        yield _fault("Ray", found, remedy)
    if facts.shared_memory_b is not None:
        shared = wording.size(facts.shared_memory_b)
        if facts.shared_memory_b < SHARED_MEMORY_B:
            remedy = "in a container: `docker run --shm-size=2g`; elsewhere Ray uses the disk, which is slower"
            yield _note("shared memory", shared, remedy)
        else:
            yield _ok("shared memory", shared)
    if facts.open_files < OPEN_FILES:
        remedy = f"ulimit -n {min(facts.open_files_max, 65536) if facts.open_files_max > 0 else 65536}"
        yield _note("open files", f"{facts.open_files} per process", remedy)
    else:
        yield _ok("open files", f"{facts.open_files} per process")
    taken = [f"{port} ({use})" for port, use in PORTS.items() if port in facts.taken_ports]
    if taken:
        remedy = "nothing for submits on this machine; `featray cluster start` takes --port and --dashboard-port"
        yield _note("ports", f"taken by another program: {', '.join(taken)}", remedy)
    else:
        yield _ok("ports", f"{' and '.join(map(str, PORTS))} are free")
