"""Process tree: processor time of a process and its descendants, from recorded trees and from this machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from featray.measurement import process_tree
from tests.support.recorded_trees import write_tree


def line(pid: int, parent: int, *, name: str = "python", user: int = 0, ended: int = 0) -> str:
    """Write a line of /proc/PID/stat; `user` and `ended` are ticks of the process and of its ended children."""
    return f"{pid} ({name}) S {parent} 1 1 0 -1 0 0 0 0 0 {user} 0 {ended} 0 20 0 1 0 100 0 0\n"


def test_workers_and_their_children_count_with_the_process_and_others_do_not(tmp_path: Path) -> None:
    proc = write_tree(
        tmp_path,
        {
            "10/stat": line(10, 1, user=100, ended=25),
            "11/stat": line(11, 10, name="pt_data (worker) 1", user=30),
            "12/stat": line(12, 11, user=5),
            "20/stat": line(20, 1, user=7000),
            "stat": "cpu  9 9 9 9\n",
            "self/stat": line(10, 1, user=100),
        },
    )
    assert process_tree.read_cpu_s(proc, pid=10, ticks_per_s=100) == 1.6


def test_the_kernels_lists_of_children_say_the_same_without_looking_at_others(tmp_path: Path) -> None:
    proc = write_tree(
        tmp_path,
        {
            "10/stat": line(10, 1, user=100, ended=25),
            "10/task/10/children": "11 ",
            "10/task/14/children": "13 99 ",  # 99 has ended meanwhile
            "11/stat": line(11, 10, user=30),
            "11/task/11/children": "12 ",
            "12/stat": line(12, 11, user=5),
            "13/stat": line(13, 10, user=40),
            "15/stat": line(15, 10, user=7000),  # in no list: it is not looked at
        },
    )
    assert process_tree.read_cpu_s(proc, pid=10, ticks_per_s=100) == 2.0


def test_many_children_of_one_thread_all_count(tmp_path: Path) -> None:
    children = range(100_000, 101_000)
    files = {"10/stat": line(10, 1), "10/task/10/children": " ".join(map(str, children))}
    proc = write_tree(tmp_path, files | {f"{child}/stat": line(child, 10, user=1) for child in children})
    assert process_tree.read_cpu_s(proc, pid=10, ticks_per_s=100) == 10.0


def test_a_process_that_ends_while_it_is_read_is_left_out(tmp_path: Path) -> None:
    proc = write_tree(tmp_path, {"10/stat": line(10, 1, user=100), "11/stat": "", "12/status": "Name: gone\n"})
    assert process_tree.read_cpu_s(proc, pid=10, ticks_per_s=100) == 1.0


def test_without_proc_psutil_gives_the_time(tmp_path: Path) -> None:
    assert process_tree.read_cpu_s(tmp_path / "none", pid=10, by_psutil=lambda pid: pid / 4) == 2.5
    assert process_tree.read_cpu_s(tmp_path / "none", pid=10, by_psutil=lambda _: None) is None


def test_psutil_agrees_with_proc(tmp_path: Path) -> None:
    from_proc, from_psutil = process_tree.read_cpu_s(), process_tree.read_cpu_s(tmp_path / "none")
    assert from_proc == pytest.approx(from_psutil, abs=0.5)


BURN = "import time\nwhile time.process_time() < 0.3: pass"


def test_a_child_that_has_ended_still_counts() -> None:
    before = process_tree.read_cpu_s()
    subprocess.run([sys.executable, "-S", "-c", BURN], check=True)
    after = process_tree.read_cpu_s()
    assert before is not None
    assert after is not None
    assert after - before >= 0.25


def test_a_living_child_counts() -> None:
    command = [sys.executable, "-S", "-c", f"{BURN}\nprint(flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        alone = process_tree.read_cpu_s(pid=child.pid)
        together = process_tree.read_cpu_s(pid=os.getpid())
        child.communicate(b"\n")
    assert alone is not None
    assert together is not None
    assert 0.25 <= alone <= together
