"""Nodes: the Ray processes that featray starts on this machine, one raylet per GPU, and how they end.

Flow: `featray cluster start|join` -> `plan_raylets` (what to start, pure) -> `start` -> `raylet_records`;
`featray cluster stop` -> `stop`, which ends what `start` began and nothing else.

A raylet has one GPU type and treats its GPUs as interchangeable. So each raylet sees one GPU, by UUID, and carries the
UUID as a label.
"""

import contextlib
import dataclasses
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from featray.cluster import raylet_records, start_hook, token
from featray.cluster.raylet_records import RunningRaylet
from featray.core.version import __version__
from featray.errors import BackendError, Busy

HOST_LABEL, GPU_LABEL, VERSION_LABEL = "featray.host", "featray.gpu", "featray.version"

START_S = 180.0  # a head took 13 to 40 s on a busy 2-core host, a raylet 4 to 20 s
STOP_S = 20.0  # Ray's own processes end within 5 s
POLL_S = 0.2

STARTED = "Ray runtime started"
"""What `ray start` prints when the raylet is up. Ray has no other signal: with `--block` it does not exit then."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Raylet:
    """One raylet to start: its arguments for `ray start`, and the only GPU that it may see."""

    arguments: tuple[str, ...]
    gpu: str | None
    head: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class HeadOptions:
    """Ports of a head."""

    port: int
    dashboard_port: int


def plan_raylets(
    *,
    address: str,
    ip: str,
    name: str,
    gpus: Sequence[str],
    cpus: int,
    labels: Mapping[str, str],
    head: HeadOptions | None = None,
) -> list[Raylet]:
    """Plan this machine's raylets: one per GPU, or one without a GPU. With `head`, the first is the head.

    Args:
        address: `host:port` of the head.
        ip: The address at which the other hosts reach this machine.
        name: Value of the label `featray.host`.
        gpus: UUIDs.
        cpus: Processors of this machine, divided evenly; each raylet gets at least one.
        labels: Further labels.
        head: Given on the machine that runs the head.
    """
    raylets = []
    for index, gpu in enumerate(gpus or [None]):
        tags = {**labels, HOST_LABEL: name, VERSION_LABEL: version_label()} | ({GPU_LABEL: gpu} if gpu else {})
        options = head if index == 0 else None
        arguments = (
            *(_head_arguments(options) if options else [f"--address={address}"]),
            f"--node-ip-address={ip}",
            f"--num-cpus={max(1, cpus // max(1, len(gpus)))}",
            f"--num-gpus={1 if gpu else 0}",
            "--labels=" + ",".join(f"{key}={value}" for key, value in sorted(tags.items())),
            "--dashboard-agent-listen-port=0",  # any free port: another Ray of this machine may have the usual one
            "--disable-usage-stats",
            "--block",
        )
        raylets.append(Raylet(arguments=arguments, gpu=gpu, head=options is not None))
    return raylets


def _head_arguments(options: HeadOptions) -> list[str]:
    dashboard = ["--dashboard-host=127.0.0.1", f"--dashboard-port={options.dashboard_port}"]
    return [f"--port={options.port}", "--head", *dashboard]


def version_label() -> str:
    """Write featray's version as a label, in which Ray accepts no `+`."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", __version__)


def start(raylets: Sequence[Raylet], address: str) -> list[RunningRaylet]:
    """Start raylets one after the other: of two started at once on one machine, one aborts over a shared socket.

    Raises:
        Busy: raylets of featray already run on this machine.
        BackendError: a raylet does not start; those that were started before it are ended again.
    """
    already = raylet_records.running()
    if already:
        raise Busy(f"this machine is already in the cluster of {already[0].address}; leave it: featray cluster stop")
    started: list[RunningRaylet] = []
    try:
        for raylet in raylets:
            started.append(_spawn(raylet, address))
            _wait_until_up(started[-1])
    except BaseException:
        _end(started)
        raise
    return started


def _spawn(raylet: Raylet, address: str) -> RunningRaylet:
    folder = raylet_records.folder()
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{raylet.gpu or 'host'}.log"
    command = [sys.executable, "-P", "-m", "ray.scripts.scripts", "start", *raylet.arguments]
    with log.open("wb") as file:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, **raylet_variables(raylet.gpu)},
            start_new_session=True,
        )
    started = raylet_records.describe(
        psutil.Process(process.pid), address=address, head=raylet.head, gpu=raylet.gpu, log=log
    )
    process.returncode = 0  # the raylet outlives this process, so Popen must not wait for it
    raylet_records.save(started)
    return started


def raylet_variables(gpu: str | None) -> dict[str, str]:
    """Return the environment variables of a raylet and all that it starts."""
    return {
        **token.raylet_variables(),
        "RAY_START_HOOK": start_hook.NAME,
        "CUDA_VISIBLE_DEVICES": gpu or "",
        "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    }


def _wait_until_up(raylet: RunningRaylet) -> None:
    deadline = time.monotonic() + START_S
    while True:
        text = Path(raylet.log).read_text(errors="replace")
        if STARTED in text:
            return
        if token.REFUSED in text:
            raise BackendError(f"{raylet.address} refuses this machine's token; put the head's in {token.path()}")
        if not raylet_records.is_alive(raylet):
            raise BackendError(f"Ray did not start: {_ray_reason(text)} (whole log: {raylet.log})")
        if time.monotonic() > deadline:
            raise BackendError(
                f"Ray did not start within {START_S:.0f} s: {_ray_reason(text)} (whole log: {raylet.log})"
            )
        time.sleep(POLL_S)


def _ray_reason(log: str) -> str:
    """Choose the line of Ray's log to show: the last error, else the last line."""
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in log.splitlines() if line.strip()]
    error_lines = [line for line in lines if re.match(r"\w*(Error|Exception)\b|Version mismatch", line)]
    return (error_lines or lines or ["the log is empty"])[-1]


def stop() -> list[RunningRaylet]:
    """End every raylet that featray started on this machine, the head last; return them."""
    raylets = raylet_records.running()
    _end(raylets[::-1])
    return raylets


def _end(raylets: Sequence[RunningRaylet]) -> None:
    for raylet in raylets:
        if raylet_records.is_alive(raylet):
            _end_processes(psutil.Process(raylet.pid))
        raylet_records.forget(raylet)


def _end_processes(process: psutil.Process) -> None:
    """End `ray start --block`, which ends all that it started; kill what is left after `STOP_S`."""
    family = [process, *process.children(recursive=True)]
    process.terminate()
    deadline = time.monotonic() + STOP_S
    while (left := [member for member in family if raylet_records.is_running(member)]) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    for member in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
