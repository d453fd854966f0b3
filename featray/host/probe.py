"""Probe: what this machine is and has, as an `inventory.Host`.

Flow: `featray hosts`, `plan` and the backends -> `this_host` (on a cluster once per Ray node) -> a child process,
`python -m featray.host.probe` -> `inspect_machine` -> the host as a recorded inventory on stdout.

GPU drivers and network disks can hang and libraries can crash. In a child, that costs one host and never the command.
The child imports neither torch nor py-feat; it asks torch in a process with a deadline of its own.
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
from featray.host import environments, mps_daemon, venvs
from featray.measurement import ffmpeg, nvml, provenance, weights
from featray.planning import inventory
from featray.planning.inventory import Gpu, Host, Inventory

PACKAGES = ("featray", "ray", "torch", "torchvision", "torchcodec", "py-feat")

TORCH_S = 60.0  # importing torch took 2 s compiled and up to 50 s on a cold disk
PROBE_S = 90.0  # torch's time and a margin; everything else takes half a second
UV_S = 10.0  # uv answers in 10 ms, the Python that starts it in a tenth of a second
ENDING_S = 2.0  # a process that is stuck in a driver cannot be killed, and is not waited for longer

_TORCH = """
import json, torch
flags = getattr(torch._C, "_cuda_getArchFlags", None)
architectures = (flags() or "").split() if flags else torch.cuda.get_arch_list()
mps = getattr(torch.backends, "mps", None)
print(json.dumps([torch.version.cuda, architectures, bool(mps and mps.is_available())]))
"""
# torch.cuda.get_arch_list() is empty in a process that sees no GPU, also where the kernels are built in.


def this_host(*, thorough: bool = False) -> Host:
    """Probe the machine that this process runs on.

    Args:
        thorough: Ask torch for its kernels also where no GPU needs them, which takes seconds.

    Returns:
        The host. When the probe hangs, crashes or prints no host: only its name, with `error` set.
    """
    command = [sys.executable, "-P", "-m", "featray.host.probe", *(["--thorough"] if thorough else [])]
    return run_probe(command, limit_s=PROBE_S)


def run_probe(command: Sequence[str], *, limit_s: float) -> Host:
    """Run a command that prints one host; a failure becomes the host's `error`."""
    code, out, err = _run(command, limit_s)
    if code is None:
        return _failed(f"its probe did not answer within {limit_s:.0f} s")
    if code != 0:
        reason = err.strip().splitlines()[-1] if err.strip() else f"exit code {code}"
        return _failed(f"its probe failed: {reason}")
    try:
        return inventory.from_json(out, "the probe's answer").hosts[0]
    except (errors.InventoryFileError, IndexError):
        return _failed("its probe printed no host")


def _run(command: Sequence[str], limit_s: float) -> tuple[int | None, str, str]:
    """Run to the end or the limit; return the exit code (None past the limit), stdout and stderr."""
    search = [str(environments.source_folder()), *filter(None, [os.environ.get("PYTHONPATH")])]
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
        out, err = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=ENDING_S)
        return None, "", ""
    return process.returncode, out, err


def _failed(reason: str) -> Host:
    return Host(host_id=provenance.compute_host_id(), hostname=os.uname().nodename, error=reason)


def inspect_machine(*, thorough: bool) -> Host:
    """Describe this machine from within this process, which may hang or crash with a driver or disk."""
    context = provenance.describe_host()
    cache = weights.featray_cache()
    libraries = ffmpeg.find(cache)
    gpus = _gpus()
    asks_torch = thorough or bool(gpus) or platform.system() == "Darwin"
    cuda, architectures, mps = _torch_facts() if asks_torch else (provenance.read_torch_build()[1], (), False)
    return Host(
        host_id=context["host_id"],
        hostname=context["hostname"],
        os=context["os"],
        arch=context["arch"],
        cpu_model=context["cpu_model"],
        cpu_count=context["cpu_count"],
        memory_b=context["memory_b"],
        mps=mps,
        mps_daemon=mps_daemon.find_program() is not None,
        gpus=gpus,
        python=platform.python_version(),
        packages=packages(),
        cuda=cuda,
        cuda_architectures=architectures,
        ffmpeg=ffmpeg.describe(libraries),
        ffmpeg_lack=libraries.lack,
        ffmpeg_remedy=libraries.remedy,
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
        for board in nvml.list_boards()
    )


def _torch_facts() -> tuple[str | None, tuple[str, ...], bool]:
    """Ask torch for its CUDA version, the GPU architectures it has kernels for, and whether MPS works."""
    code, out, _ = _run([sys.executable, "-P", "-c", _TORCH], TORCH_S)
    if code != 0:
        return (provenance.read_torch_build()[1], (), False)
    cuda, architectures, mps = json.loads(out)
    return (cuda, tuple(architectures), mps)


def packages() -> dict[str, str]:
    """Read the versions of the packages in `PACKAGES`, without importing them."""
    versions: dict[str, str] = {}
    for name in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    build = provenance.read_torch_build()[0]
    return versions | ({"torch": build} if build else {}) | _uv()


def _uv() -> dict[str, str]:
    """Ask the uv that builds environments here for its version: the one of this interpreter, not one on the path."""
    code, out, _ = _run([*venvs.UV, "--version"], UV_S)
    return {"uv": out.split()[1]} if code == 0 and len(out.split()) > 1 else {}


def _weights_cached(cache: Path) -> tuple[str, ...]:
    """List the hub files of the catalogue's detectors that featray's cache holds."""
    try:
        wanted = {file for detector in detectors.CATALOGUE.values() for file in weights.list_required(detector)}
    except errors.NotReady:  # py-feat is not installed, which `packages` shows
        return ()
    cached = weights.list_cached(weights.pretrained_folder(cache), sorted(wanted))
    return tuple(f"{file.repository}/{file.file}" for file in cached)


def _existing(path: Path) -> Path:
    """Find the nearest folder at or above a path that exists."""
    return next(folder for folder in (path, *path.parents) if folder.exists())


if __name__ == "__main__":
    sys.stdout.write(inventory.to_json(Inventory(hosts=(inspect_machine(thorough="--thorough" in sys.argv[1:]),))))
