"""MPS daemon: NVIDIA's Multi-Process Service, through which several processes share a GPU at the same time.

Flow: `joint_run` -> `running` -> variables of the children. Without it the driver gives the whole GPU to one process
after the other. The daemon has a folder of its own, and ends with the processes: a daemon of the machine's owner stays
as it is and is not used.

Source: NVIDIA, Multi-Process Service, for the program, its variables and its files.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

PROGRAM = "nvidia-cuda-mps-control"
START_S = 10.0  # until its socket is there; the program answers within a second
END_S = 10.0  # for its server to end; then it is killed
POLL_S = 0.05
SOCKET, LOG = "control", "control.log"  # files of the daemon


class CannotRun(Exception):
    """The daemon cannot run here; the message says why."""


def find_program() -> str | None:
    """Find the program that starts the daemon; None where it is not installed."""
    return shutil.which(PROGRAM)


@contextlib.contextmanager
def running(gpu_uuids: Sequence[str]) -> Iterator[Mapping[str, str]]:
    """Run the daemon for one GPU, or for several that work at the same time.

    Yields:
        Variables for the processes that are to share the GPUs through it.

    Raises:
        CannotRun: the program is not there, or did not start; the message holds its last words.
    """
    program = find_program()
    if program is None or not gpu_uuids:
        raise CannotRun(f"NVIDIA's MPS cannot run here: {PROGRAM} is not there")
    folder = Path(tempfile.mkdtemp(prefix="featray-mps-"))  # short: a socket's path has at most 107 characters
    variables = {"CUDA_MPS_PIPE_DIRECTORY": str(folder), "CUDA_MPS_LOG_DIRECTORY": str(folder)}
    environment = {**os.environ, **variables, "CUDA_VISIBLE_DEVICES": ",".join(gpu_uuids)}
    try:
        with _started(program, folder, environment):
            yield variables
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _started(program: str, folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    with (folder / "output").open("wb") as output:
        daemon = subprocess.Popen(
            [program, "-f"], stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=dict(environment)
        )
    try:
        _wait_for_socket(daemon, folder)
        yield
    finally:
        _end(daemon, program, environment)


def _wait_for_socket(daemon: "subprocess.Popen[bytes]", folder: Path) -> None:
    deadline = time.monotonic() + START_S
    while not (folder / SOCKET).exists():
        if daemon.poll() is not None or time.monotonic() > deadline:
            raise CannotRun(f"NVIDIA's MPS did not start: {_last_words(folder)}")
        time.sleep(POLL_S)


def _last_words(folder: Path) -> str:
    for name in ("output", LOG):
        with contextlib.suppress(OSError):
            lines = (folder / name).read_text(encoding="utf-8", errors="replace").strip().splitlines()
            if lines:
                return lines[-1].strip()
    return f"{PROGRAM} -f said nothing"


def _end(daemon: "subprocess.Popen[bytes]", program: str, environment: Mapping[str, str]) -> None:
    """Ask the daemon to end, which ends its server; kill it where it does not."""
    if daemon.poll() is None:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(
                [program], input=b"quit\n", env=dict(environment), capture_output=True, timeout=END_S, check=False
            )
    with contextlib.suppress(subprocess.TimeoutExpired):
        daemon.wait(END_S)
    if daemon.poll() is None:
        daemon.kill()
        daemon.wait()
