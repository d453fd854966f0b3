"""Probe: what this machine is and has, as an `inventory.Host`.

Flow: `featray hosts`, `plan` and the backends call `this_host`, on a cluster once per Ray node; it runs
`python -m featray.host.probe`, which prints the host as a recorded inventory.

A child, because drivers and network disks hang and libraries crash: that costs the host its line, never the command.
The child imports neither torch nor py-feat; torch's own facts come from a grandchild with a deadline of its own.
"""

import contextlib
import importlib.metadata
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from featray import errors
from featray.core import detectors
from featray.host import environments
from featray.measurement import ffmpeg, nvml, provenance, weights
from featray.planning import inventory
from featray.planning.inventory import Gpu, Host, Inventory

PACKAGES = ("featray", "ray", "torch", "torchvision", "torchcodec", "py-feat")

TORCH_S = 60.0  # importing torch took 2 s compiled and up to 50 s on a cold disk
PROBE_S = 90.0  # torch's share and a margin; everything else takes half a second
UV_S = 10.0  # it answers in 10 ms; a shim in front of it in half a second
ENDING_S = 2.0  # a process stuck in a driver cannot be killed, and is not waited for

_TORCH = """
import json, torch
flags = getattr(torch._C, "_cuda_getArchFlags", None)
architectures = (flags() or "").split() if flags else torch.cuda.get_arch_list()
mps = getattr(torch.backends, "mps", None)
print(json.dumps([torch.version.cuda, architectures, bool(mps and mps.is_available())]))
"""
# torch.cuda.get_arch_list() is empty in a process that sees no GPU, though the kernels are built in.


def this_host(*, thorough: bool = False) -> Host:
    """Probe the machine that this process runs on.

    Args:
        thorough: Ask torch for its kernels also where no GPU needs them, which takes seconds.

    Returns:
        The host; with `error` set, and nothing but its name, when the probe hangs, crashes or makes no sense.
    """
    command = [sys.executable, "-P", "-m", "featray.host.probe", *(["--thorough"] if thorough else [])]
    return probed(command, limit_s=PROBE_S)


def probed(command: Sequence[str], *, limit_s: float) -> Host:
    """Run a command that prints one host, and never fail."""
    code, out, talk = _run(command, limit_s)
    if code is None:
        return _failed(f"its probe did not answer within {limit_s:.0f} s")
    if code != 0:
        last = talk.strip().splitlines()[-1] if talk.strip() else f"exit code {code}"
        return _failed(f"its probe failed: {last}")
    try:
        return inventory.from_json(out, "the probe's answer").hosts[0]
    except (errors.InventoryFileError, IndexError):
        return _failed("its probe answered something else than a host")


def _run(command: Sequence[str], limit_s: float) -> tuple[int | None, str, str]:
    """Run to the end or the limit; return the exit code (None past the limit), stdout and stderr."""
    search = [str(environments.source()), *filter(None, [os.environ.get("PYTHONPATH")])]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(search)},
        start_new_session=True,
    )
    try:
        out, talk = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=ENDING_S)
        return None, "", ""
    return process.returncode, out, talk


def _failed(reason: str) -> Host:
    return Host(host_id=provenance.host_id(), hostname=os.uname().nodename, error=reason)


def look(*, thorough: bool) -> Host:
    """Probe this machine in this process; may hang or crash with what it asks."""
    context = provenance.host_context()
    cache = weights.featray_cache()
    gpus = _gpus()
    asks_torch = thorough or bool(gpus) or platform.system() == "Darwin"
    cuda, architectures, mps = _torch_facts() if asks_torch else (provenance.torch_build()[1], (), False)
    return Host(
        host_id=context["host_id"],
        hostname=context["hostname"],
        os=context["os"],
        arch=context["arch"],
        cpu_model=context["cpu_model"],
        cpu_count=context["cpu_count"],
        memory_b=context["memory_b"],
        mps=mps,
        gpus=gpus,
        python=platform.python_version(),
        packages=packages(),
        cuda=cuda,
        cuda_architectures=architectures,
        ffmpeg=ffmpeg.describe(ffmpeg.find(cache)),
        weights_cached=_weights_cached(cache),
        disk_free_b=shutil.disk_usage(_existing(cache)).free,
        load_1m=os.getloadavg()[0],
    )


def _gpus() -> tuple[Gpu, ...]:
    return tuple(
        Gpu(
            uuid=board.uuid,
            name=board.name or "unnamed GPU",
            memory_b=board.memory_b,
            driver=board.driver,
            compute_capability=board.compute_capability,
            foreign_processes=board.foreign_processes,
        )
        for board in nvml.boards()
    )


def _torch_facts() -> tuple[str | None, tuple[str, ...], bool]:
    """Ask torch for its CUDA version, the kernel architectures built in, and whether MPS works."""
    code, out, _ = _run([sys.executable, "-P", "-c", _TORCH], TORCH_S)
    if code != 0:
        return (provenance.torch_build()[1], (), False)
    cuda, architectures, mps = json.loads(out)
    return (cuda, tuple(architectures), mps)


def packages() -> dict[str, str]:
    """Read the versions of the packages that matter, without importing them."""
    found: dict[str, str] = {}
    for name in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    build = provenance.torch_build()[0]
    return found | ({"torch": build} if build else {}) | _uv()


def _uv() -> dict[str, str]:
    """Ask uv, which builds environments, for its version: it is a program and need not be a package."""
    program = shutil.which("uv")
    code, out, _ = _run([program, "--version"], UV_S) if program else (1, "", "")
    return {"uv": out.split()[1]} if code == 0 and len(out.split()) > 1 else {}


def _weights_cached(cache: Path) -> tuple[str, ...]:
    """List the hub files of the catalogue's detectors that featray's cache holds."""
    try:
        wanted = {file for each in detectors.CATALOGUE.values() for file in weights.required(each)}
    except errors.NotReady:  # py-feat is not installed; the packages say so
        return ()
    found = weights.cached(weights.pretrained_folder(cache), sorted(wanted))
    return tuple(f"{each.repository}/{each.file}" for each in found)


def _existing(path: Path) -> Path:
    """Find the nearest folder above a path that is there already."""
    return next(folder for folder in (path, *path.parents) if folder.exists())


if __name__ == "__main__":
    sys.stdout.write(inventory.to_json(Inventory(hosts=(look(thorough="--thorough" in sys.argv[1:]),))))
