"""Nodes: the Ray processes that featray starts on this machine, one raylet per GPU, and how they end.

Flow: `featray cluster start|join` -> `raylets` (what to start, pure) -> `start`; `stop` ends what `start` began and
nothing else, since other people's Ray may run on the same machine.

Ray has one GPU type per raylet and cannot tell the GPUs of one raylet apart; so each raylet sees one GPU, by UUID, and
carries it as a label.
"""

import contextlib
import dataclasses
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from featray.cluster import token
from featray.core.files import write_whole
from featray.core.version import __version__
from featray.errors import BackendError, Busy
from featray.measurement import provenance, weights

HOST_LABEL, GPU_LABEL, VERSION_LABEL = "featray.host", "featray.gpu", "featray.version"

START_S = 180.0  # a head took 13 to 40 s on a busy 2-core host, a raylet 4 to 20 s
STOP_S = 20.0  # Ray's own processes end within 5 s
POLL_S = 0.2
SAME_S = 0.5  # boot times are told in whole seconds or fewer; a process id is not given anew within one
STARTED = "Ray runtime started"  # what `ray start` prints when the raylet is up


@dataclasses.dataclass(frozen=True, kw_only=True)
class Raylet:
    """One raylet to start: its arguments for `ray start`, and the only GPU that it may see."""

    arguments: tuple[str, ...]
    gpu: str | None
    head: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class Running:
    """One raylet that featray started on this machine.

    `created` (seconds since 1970) and `after_boot_s` tell its process from a later one of the same id. Where the clock
    is set, Linux tells another time of creation for a process that runs, and macOS another time of the boot.
    """

    pid: int
    created: float
    address: str  # of the head
    head: bool
    gpu: str | None
    log: str
    after_boot_s: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class HeadOptions:
    """What a head needs to know beside its machine."""

    port: int
    dashboard_port: int


def raylets(
    *,
    address: str,
    ip: str,
    name: str,
    gpus: Sequence[str],
    cpus: int,
    labels: Mapping[str, str],
    head: HeadOptions | None = None,
) -> list[Raylet]:
    """Plan this machine's raylets: one per GPU, or one without; the first is the head where there is to be one.

    Args:
        address: `host:port` of the head.
        ip: The address that the other hosts reach this machine by.
        name: Value of the label `featray.host`.
        gpus: UUIDs.
        cpus: Processors of this machine, shared out evenly; each raylet gets at least one.
        labels: Further labels.
        head: Given on the machine that runs the head.
    """
    made = []
    for index, gpu in enumerate(gpus or [None]):
        tags = {**labels, HOST_LABEL: name, VERSION_LABEL: own_version()} | ({GPU_LABEL: gpu} if gpu else {})
        here = head if index == 0 else None
        place = [f"--port={here.port}", "--head"] if here else [f"--address={address}"]
        board = ["--dashboard-host=127.0.0.1", f"--dashboard-port={here.dashboard_port}"] if here else []
        arguments = (
            *place,
            *board,
            f"--node-ip-address={ip}",
            f"--num-cpus={max(1, cpus // max(1, len(gpus)))}",
            f"--num-gpus={1 if gpu else 0}",
            "--labels=" + ",".join(f"{key}={value}" for key, value in sorted(tags.items())),
            "--dashboard-agent-listen-port=0",  # any: the usual one may be taken by another Ray of this machine
            "--disable-usage-stats",
            "--block",
        )
        made.append(Raylet(arguments=arguments, gpu=gpu, head=here is not None))
    return made


def own_version() -> str:
    """Write featray's version as a label, in which Ray takes no `+`."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", __version__)


def start(planned: Sequence[Raylet], address: str) -> list[Running]:
    """Start raylets one after the other: started at once, two of one machine take the same socket and one aborts.

    Raises:
        Busy: raylets of featray's run on this machine already.
        BackendError: one does not come up; those started with it are ended again.
    """
    already = running()
    if already:
        raise Busy(f"this machine is in the cluster of {already[0].address} already; leave it: featray cluster stop")
    begun: list[Running] = []
    try:
        for each in planned:
            begun.append(_spawn(each, address))
            _await(begun[-1])
    except BaseException:
        _end(begun)
        raise
    return begun


def _spawn(raylet: Raylet, address: str) -> Running:
    place = _folder()
    place.mkdir(parents=True, exist_ok=True)
    log = place / f"{raylet.gpu or 'host'}.log"
    command = [sys.executable, "-P", "-m", "ray.scripts.scripts", "start", *raylet.arguments]
    with log.open("wb") as file:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, **variables(raylet.gpu)},
            start_new_session=True,
        )
    begun = Running(
        pid=process.pid,
        created=psutil.Process(process.pid).create_time(),
        after_boot_s=_after_boot_s(psutil.Process(process.pid)),
        address=address,
        head=raylet.head,
        gpu=raylet.gpu,
        log=str(log),
    )
    process.returncode = 0  # it is to outlive this process, which must not wait for it
    keep(begun)
    return begun


def keep(begun: Running) -> None:
    """Write down that a raylet runs, whole or not at all: others may look at any moment."""
    write_whole(_record(begun), json.dumps(dataclasses.asdict(begun)))


def variables(gpu: str | None) -> dict[str, str]:
    """Give the variables of a raylet and all that it starts."""
    return {
        **token.demanded(),
        "CUDA_VISIBLE_DEVICES": gpu or "",
        "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    }


def _await(begun: Running) -> None:
    deadline = time.monotonic() + START_S
    while True:
        text = Path(begun.log).read_text(errors="replace")
        if STARTED in text:
            return
        if "InvalidAuthToken" in text:
            raise BackendError(f"{begun.address} refuses this machine's token; give it the head's: {token.path()}")
        if not _is_alive(begun):
            raise BackendError(f"Ray did not start: {_reason(text)} (all of it: {begun.log})")
        if time.monotonic() > deadline:
            raise BackendError(f"Ray did not come up within {START_S:.0f} s: {_reason(text)} (all of it: {begun.log})")
        time.sleep(POLL_S)


def _reason(log: str) -> str:
    """Take the line of a log that says most: the last error, else the last line."""
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in log.splitlines() if line.strip()]
    telling = [line for line in lines if re.match(r"\w*(Error|Exception)\b|Version mismatch", line)]
    return (telling or lines or ["it said nothing"])[-1]


def running() -> list[Running]:
    """List the raylets of featray's that run on this machine, the head first; forget those that ended.

    Raises:
        BackendError: a record cannot be read, while its process still runs.
    """
    known = [(file, _read(file)) for file in sorted(_folder().glob("*.json"))]
    found = []
    for file, each in known:
        if each is not None and _is_alive(each):
            found.append(each)
        else:
            file.unlink(missing_ok=True)
    return sorted(found, key=lambda each: not each.head)


def _read(record: Path) -> Running | None:
    """Read a record; None where it cannot be read and no process of its number runs."""
    try:
        known = Running(**json.loads(record.read_text(encoding="utf-8")))
        if str(known.pid) != record.stem:
            raise ValueError(f"it is of process {known.pid}")
        return known
    except FileNotFoundError:  # another command has just forgotten it
        return None
    except (OSError, ValueError, TypeError) as wrong:
        if record.stem.isdigit() and not psutil.pid_exists(int(record.stem)):
            return None
        raise BackendError(
            f"{record}: not a record of a raylet ({wrong}); end process {record.stem} if it is a Ray of featray's, and "
            "remove the file"
        ) from wrong


def stop() -> list[Running]:
    """End every raylet that featray started on this machine, the head last; return them."""
    found = running()
    _end(found[::-1])
    return found


def _end(raylets_: Sequence[Running]) -> None:
    for each in raylets_:
        if _is_alive(each):
            process = psutil.Process(each.pid)
            family = [process, *process.children(recursive=True)]
            process.terminate()  # `ray start --block` ends all that it started
            deadline = time.monotonic() + STOP_S
            while (left := [member for member in family if _runs(member)]) and time.monotonic() < deadline:
                time.sleep(POLL_S)
            for member in left:
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.kill()
        _record(each).unlink(missing_ok=True)


def _runs(process: psutil.Process) -> bool:
    """Tell whether a process still does anything; in a container without an init, ended ones stay as zombies."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _is_alive(each: Running) -> bool:
    try:
        process = psutil.Process(each.pid)
    except psutil.NoSuchProcess:
        return False
    is_same = process.create_time() == each.created or (
        each.after_boot_s is not None and abs(_after_boot_s(process) - each.after_boot_s) < SAME_S
    )
    return is_same and _runs(process)


def _after_boot_s(process: psutil.Process) -> float:
    return process.create_time() - psutil.boot_time()


def _folder() -> Path:
    """Find this machine's own folder: a home may be shared by many."""
    return weights.featray_cache() / "cluster" / provenance.host_id()


def _record(each: Running) -> Path:
    return _folder() / f"{each.pid}.json"
