"""The measuring child as a real process: how it ends, and that nothing of it stays."""

import contextlib
import dataclasses
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import ROOT
from tests.support.failing_sweeps import wait_until
from tests.support.measuring_child import (
    CLOCKWORK,
    FAILING,
    QUICK,
    MeasuringChild,
    ask,
    clockwork_cell,
    failing_cell,
    invocation_of,
)

SOON_S = 5  # of calls that would last 600 s


@pytest.mark.parametrize("class_name", [CLOCKWORK, FAILING])
def test_closing_stdin_ends_the_child_in_the_middle_of_a_call(class_name: str) -> None:
    lasting = "seconds_per_call" if class_name == CLOCKWORK else "seconds"
    with MeasuringChild() as child:
        child.say(ask(invocation_of(clockwork_cell(1, class_name=class_name, **{lasting: 600.0}))))
        assert child.hear()["event"] == "loading"
        assert child.hear()["event"] == "started"
        child.stdin.close()
        assert child.popen.wait(SOON_S) != 0


def test_closing_stdin_ends_the_child_while_it_waits_for_next() -> None:
    with MeasuringChild() as child:
        child.say(ask(invocation_of(clockwork_cell(1), clockwork_cell(2))))
        while child.hear()["event"] != "row":
            pass
        child.stdin.close()
        assert child.popen.wait(SOON_S) != 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_child_at_once_even_in_a_call_that_holds_the_interpreter(number: signal.Signals) -> None:
    with MeasuringChild() as child:
        child.say(ask(invocation_of(failing_cell(fault="hang"))))
        assert child.hear()["event"] == "loading"
        assert child.hear()["event"] == "started"
        time.sleep(0.1)
        child.popen.send_signal(number)
        assert child.popen.wait(SOON_S) == -number


def test_a_call_that_never_ends_is_ended_by_the_childs_own_deadline_without_a_supervisor() -> None:
    rules = dataclasses.replace(QUICK, time_limit_s=0.2)
    with MeasuringChild() as child:
        child.say(ask(invocation_of(failing_cell(fault="hang"), rules=rules)))
        code, stderr = child.ended()
    assert code == 1
    assert "Timeout" in stderr
    assert "_hang" in stderr


FORKING_DETECTOR = """
import os, pathlib, time
class Forking:
    def detect(self, inputs, **settings):
        worker = os.fork()
        if worker == 0:
            time.sleep(600)
        pathlib.Path(os.environ["NOTE"]).write_text(str(worker))
        time.sleep(600)
"""


@contextlib.contextmanager
def child_with_a_worker(folder: Path) -> Iterator[tuple[MeasuringChild, int]]:
    (folder / "forking.py").write_text(FORKING_DETECTOR)
    note = folder / "worker"
    with MeasuringChild({"PYTHONPATH": f"{folder}:{ROOT}", "NOTE": str(note)}) as child:
        child.say(ask(invocation_of(clockwork_cell(class_name="forking:Forking"))))
        assert [child.hear()["event"] for _ in range(2)] == ["loading", "started"]
        wait_until(lambda: note.exists() and note.read_text(), 10)
        yield child, int(note.read_text())


def test_a_worker_does_not_keep_the_dead_childs_pipes_open(tmp_path: Path) -> None:
    with child_with_a_worker(tmp_path) as (child, worker):
        child.popen.kill()
        start = time.monotonic()
        assert child.stdout.read() == b""
        assert time.monotonic() - start < SOON_S
        os.kill(worker, signal.SIGKILL)


def is_gone(process: int) -> bool:
    """Tell whether a process has ended, collected by its parent or not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_closing_stdin_ends_the_workers_too(tmp_path: Path) -> None:
    with child_with_a_worker(tmp_path) as (child, worker):
        child.stdin.close()
        assert child.popen.wait(SOON_S) != 0
        wait_until(lambda: is_gone(worker), SOON_S)


FAULTY_TORCH = """
class version: cuda = None
__version__ = "0"
class cuda:
    is_available = staticmethod(lambda: False)
    is_initialized = staticmethod(lambda: True)
    @staticmethod
    def synchronize(): raise RuntimeError("CUDA error: an illegal memory access was encountered")
def get_num_threads(): return 1
"""

FAULTY_DETECTOR = """
import torch
class Faulty:
    def detect(self, inputs, **settings): torch.cuda.synchronize()
"""


def test_after_a_device_fault_the_child_sends_its_row_and_asks_for_a_new_process(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text(FAULTY_TORCH)
    (tmp_path / "faulty.py").write_text(FAULTY_DETECTOR)
    asked = [clockwork_cell(size, class_name="faulty:Faulty") for size in (1, 2)]
    with MeasuringChild({"PYTHONPATH": f"{tmp_path}:{ROOT}"}) as child:
        child.say(ask(invocation_of(*asked)))
        while (event := child.hear())["event"] != "row":
            pass
        child.say("next")
        assert child.ended()[0] == 75
        assert child.stdout.read() == b""
    assert event["row"]["status"] == "failed"
    assert "illegal memory access" in event["row"]["reason"]


@pytest.mark.parametrize("line", ["not json", "[]", "{}", '{"invocation": {"sweep": "x"}}'])
def test_what_is_no_request_ends_with_a_message(line: str) -> None:
    with MeasuringChild() as child:
        child.say(line)
        code, stderr = child.ended()
    assert code == 2
    assert stderr.startswith("featray.measurement: ")
    assert "Traceback" not in stderr


def test_no_request_at_all_ends_with_a_message() -> None:
    with MeasuringChild() as child:
        child.stdin.close()
        code, stderr = child.ended()
    assert code == 2
    assert "send one line of JSON" in stderr
