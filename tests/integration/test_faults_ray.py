"""Parts of an embedded Ray that die under a running sweep: it ends in bounded time and loses nothing."""

import contextlib
import itertools
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from featray import store
from tests.support.command import featray, list_children, start
from tests.support.failing_sweeps import (
    final_rows,
    list_attempts,
    wait_until,
    wait_until_stalled,
    write_stalling,
    write_sweep,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

AGENTS_S = 75  # Ray's own agents notice after 60 s that their head is gone


def below(pid: int, word: str) -> list[int]:
    """List the processes below another whose command line holds a word."""
    pids = []
    for child in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if word in " ".join(child.cmdline()):
                pids.append(child.pid)
    return pids


@contextlib.contextmanager
def submitted(
    sweep: Path, results: Path, stalled: Path, orphans: list[psutil.Process] | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """Submit and wait until it stalls in the middle of a cell; afterwards no process of it may be left.

    Those that may be for a while are added to `orphans`, where it is given.
    """
    with start("submit", sweep, "--results", results) as process:
        wait_until_stalled(stalled, results)
        family = psutil.Process(process.pid).children(recursive=True)
        yield process
        if orphans is None:
            wait_until(lambda: not any(map(_runs, family)), AGENTS_S)
        else:
            orphans += family


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def end_of(process: "subprocess.Popen[str]", seconds: float) -> tuple[int, str]:
    _, err = process.communicate(timeout=seconds)
    return process.returncode, err


@pytest.fixture(scope="module")
def orphans() -> Iterator[list[psutil.Process]]:
    """Wait at the end of this module for the agents of a Ray that died; other tests run meanwhile."""
    left: list[psutil.Process] = []
    yield left
    wait_until(lambda: not any(map(_runs, left)), AGENTS_S)


RAY_ITSELF = {
    "raylet": ("/raylet/raylet", signal.SIGKILL),
    "head": ("/gcs/gcs_server", signal.SIGKILL),
    "server": ("featray submit", signal.SIGSEGV),
}


@pytest.mark.parametrize("part", RAY_ITSELF)
def test_an_embedded_ray_that_dies_is_started_again_and_costs_no_try(
    tmp_path: Path, orphans: list[psutil.Process], part: str
) -> None:
    word, number = RAY_ITSELF[part]
    (sweep, stalled), results = write_stalling(tmp_path), tmp_path / "r"
    with submitted(sweep, results, stalled, orphans) as process:
        (pid,) = below(process.pid, word)
        os.kill(pid, number)
        code, err = end_of(process, 200)
    assert code == 0, err
    assert {row.status for row in final_rows(results).values()} == {"ok"}
    assert len(final_rows(results)) == 6
    lost = [row for row in store.read(str(results), every_attempt=True).rows if row.status == "lost"]
    # The row of one cell, those of all cells of an invocation that had not begun one, or none.
    assert len(lost) in (0, 1, 3), list_attempts(results)
    assert len({(row.invocation, row.attempt) for row in lost}) <= 1
    assert "report: " in err
    assert "Traceback" not in err


def test_a_driver_killed_outright_takes_its_children_along_and_the_next_goes_on(
    tmp_path: Path, orphans: list[psutil.Process]
) -> None:
    (sweep, stalled), results = write_stalling(tmp_path, sizes=[1, 4]), tmp_path / "r"
    with submitted(sweep, results, stalled, orphans) as process:
        process.kill()
        wait_until(lambda: not list_children(), 5)
        process.communicate(timeout=30)
    measured = len(list_attempts(results))
    assert measured == 1
    done = featray("submit", sweep, "--results", results)
    assert done.code == 0, done.err
    assert len(list_attempts(results)) == len(final_rows(results)) == 4
    assert {row.status for row in final_rows(results).values()} == {"ok"}


def test_a_killed_worker_costs_one_try_of_the_cell_it_was_at(tmp_path: Path) -> None:
    (sweep, stalled), results = write_stalling(tmp_path), tmp_path / "r"
    with submitted(sweep, results, stalled) as process:
        (worker,) = below(process.pid, "ray::featray measures")
        os.kill(worker, signal.SIGKILL)
        code, err = end_of(process, 120)
    assert code == 0, err
    ends = [(attempt, status) for _, attempt, status in list_attempts(results)]
    assert sorted(ends) == [(1, "crashed"), *[(1, "ok")] * 5, (2, "ok")]
    assert {row.status for row in final_rows(results).values()} == {"ok"}


@pytest.fixture
def stopped() -> Iterator[Callable[[Path, Path], "subprocess.Popen[str]"]]:
    """Submit; at the end, stop like Ctrl-C what still runs."""
    begun: list[subprocess.Popen[str]] = []

    def submit(sweep: Path, results: Path) -> "subprocess.Popen[str]":
        begun.append(start("submit", sweep, "--results", results))
        return begun[-1]

    yield submit
    for process in begun:
        process.terminate()
        process.communicate(timeout=60)


def test_two_peoples_sweeps_never_overlap_on_one_host(
    tmp_path: Path, stopped: Callable[[Path, Path], "subprocess.Popen[str]"]
) -> None:
    sweeps = {name: write_sweep(tmp_path, "seconds: 0.2", sizes=[1, 4], n=12, name=name) for name in ("ann", "bob")}
    processes = [stopped(sweep, tmp_path / name) for name, sweep in sweeps.items()]
    wait_until(lambda: all(len(store.read(str(tmp_path / name)).rows) >= 4 for name in sweeps), 200)
    for process in processes:
        process.terminate()
    ends = [end_of(process, 60) for process in processes]
    assert [code for code, _ in ends] == [130, 130], ends
    spans = sorted(
        (str(row.started_at), str(row.ended_at), name)
        for name in sweeps
        for row in store.read(str(tmp_path / name)).rows
    )
    for before, after in itertools.pairwise(spans):
        assert before[1] <= after[0]
    turns = [name for _, _, name in spans]
    assert sum(before != after for before, after in itertools.pairwise(turns)) >= 3, turns  # they did take turns
    assert any("waiting for" in err and "process" in err for _, err in ends)
