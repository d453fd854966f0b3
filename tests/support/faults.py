"""Faults: what may befall a running submit, as functions that do it to a process and its store.

Flow: `tests.benchmarks.campaign` draws faults -> `act` on a `RunningSubmit` -> whether there was something to hit.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
LIMIT_S = 300.0  # for one submit: with no fault it takes 35 s on two quiet cores, and a silent head costs 20 s


@dataclass
class RunningSubmit:
    """A submit under way, and what went wrong with a fault itself."""

    process: "subprocess.Popen[str]"
    sweep: Path
    results: Path
    problems: list[str] = field(default_factory=list)


Fault = Callable[[RunningSubmit], bool]
"""Does its harm; returns False where there was nothing to harm, such as no child at that moment."""


def list_below(pid: int, word: str) -> list[psutil.Process]:
    """List the processes below another whose command line has a word."""
    found = []
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if word in " ".join(child.cmdline()):
                    found.append(child)
    return found


def _kill(word: str, number: signal.Signals = signal.SIGKILL) -> Fault:
    """Make a fault that sends a signal to one process below the driver whose command line has a word."""

    def act(submit: RunningSubmit) -> bool:
        processes = list_below(submit.process.pid, word)
        for process in processes[:1]:
            with contextlib.suppress(psutil.Error):
                process.send_signal(number)
        return bool(processes)

    return act


def _pause(word: str, seconds: float) -> Fault:
    """Make a fault that stops a process for a while."""

    def act(submit: RunningSubmit) -> bool:
        processes = list_below(submit.process.pid, word)
        for process in processes[:1]:
            with contextlib.suppress(psutil.Error):
                process.suspend()
                time.sleep(seconds)
                process.resume()
        return bool(processes)

    return act


def _signal_driver(*numbers: signal.Signals) -> Fault:
    def act(submit: RunningSubmit) -> bool:
        for number in numbers:
            submit.process.send_signal(number)
            time.sleep(0.05)
        return True

    return act


def _run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "featray", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=LIMIT_S)


def _second_submit(submit: RunningSubmit) -> bool:
    """Submit the same sweep to the same store; it must be refused."""
    done = _run("submit", submit.sweep, "--results", submit.results)
    if done.returncode != 5 and submit.process.poll() is None:
        submit.problems.append(f"a second submit ends with exit code {done.returncode}: {done.stderr[-200:]}")
    return True


def _compact(submit: RunningSubmit) -> bool:
    if not submit.results.exists():
        return False
    done = _run("store", "compact", "--results", submit.results)
    if done.returncode != 0:
        submit.problems.append(f"compaction ends with exit code {done.returncode}: {done.stderr[-200:]}")
    return True


def _remove_store(submit: RunningSubmit) -> bool:
    shutil.rmtree(submit.results / "rows", ignore_errors=True)
    return True


def _fill_disk(submit: RunningSubmit) -> bool:
    """Fill the disk until the submit has ended, then make room again."""
    filler = submit.results / "filler"
    with contextlib.suppress(OSError), filler.open("wb") as file:
        while True:
            file.write(b"\0" * 4096)
            file.flush()
    with contextlib.suppress(subprocess.TimeoutExpired):
        submit.process.wait(LIMIT_S)
    filler.unlink()
    return True


def _lock_disk(submit: RunningSubmit) -> bool:
    """Lay a file system over the rows that cannot be written, until the submit has ended."""
    rows = str(submit.results / "rows")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", rows], check=True)
    with contextlib.suppress(subprocess.TimeoutExpired):
        submit.process.wait(LIMIT_S)
    subprocess.run(["umount", "-l", rows], check=True)
    return True


RESTARTING: Mapping[str, Fault] = {
    "raylet killed": _kill("/raylet/raylet"),
    "head killed": _kill("/gcs/gcs_server"),
    "Ray's process crashes": _kill("featray submit", signal.SIGSEGV),
}
"""Faults after which Ray is started again; a run gives up after three in a row without a row between them."""

PASSING: Mapping[str, Fault] = {
    **RESTARTING,
    "child killed": _kill("featray.measurement"),
    "worker killed": _kill("ray::featray"),
    "child stopped": _pause("featray.measurement", 2.0),
    "raylet stopped": _pause("/raylet/raylet", 3.0),
    "Ray's process stopped": _pause("featray submit", 3.0),
    "second submit": _second_submit,
    "compaction": _compact,
}
"""Faults that a submit must live through."""

DISK: Mapping[str, Fault] = {"full disk": _fill_disk, "read-only disk": _lock_disk}
"""Faults that need root, and a small file system for the store alone."""

ENDING: Mapping[str, Fault] = {
    "driver killed": _signal_driver(signal.SIGKILL),
    "SIGTERM": _signal_driver(signal.SIGTERM),
    "SIGHUP": _signal_driver(signal.SIGHUP),
    "Ctrl-C twice": _signal_driver(signal.SIGINT, signal.SIGINT),
    "store removed": _remove_store,
    **(DISK if os.geteuid() == 0 else {}),
}
"""Faults that end a submit."""

CODES: Mapping[str, set[int]] = {
    "driver killed": {-signal.SIGKILL},
    "SIGTERM": {130},
    "SIGHUP": {130},
    "Ctrl-C twice": {130},
    "store removed": {3},
    "full disk": {3},
    "read-only disk": {3},
}
"""Fault that ends a submit -> the exit codes that it may have."""
