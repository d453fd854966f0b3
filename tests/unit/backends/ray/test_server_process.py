"""The server's process: it answers in order, ends with its driver, and says how it ended."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from featray.backends.ray.server_process import ServerGone, ServerProcess, wait_until_ended


@pytest.fixture
def server() -> Iterator[ServerProcess]:
    started = ServerProcess()
    yield started
    started.end()


def test_a_server_that_is_asked_to_leave_ends_by_itself(server: ServerProcess) -> None:
    assert server.call("close", limit_s=60) is None
    process = psutil.Process(server.pid)
    server.end(30)
    assert not process.is_running()


def test_a_server_that_is_killed_is_gone_by_name_and_stays_gone(server: ServerProcess) -> None:
    server.call("close", limit_s=60)
    os.kill(server.pid, signal.SIGSEGV)
    for _ in range(2):
        with pytest.raises(ServerGone, match="SIGSEGV"):
            server.call("close", limit_s=60)


def test_a_server_that_hangs_is_given_up_and_an_answer_that_comes_late_is_dropped(server: ServerProcess) -> None:
    server.call("close", limit_s=60)
    os.kill(server.pid, signal.SIGSTOP)
    with pytest.raises(ServerGone, match="did not answer"):
        server.call("close", limit_s=0.1)
    os.kill(server.pid, signal.SIGCONT)
    assert server.call("close", limit_s=60) is None


def test_an_error_that_nobody_made_on_purpose_ends_the_server_with_its_last_line(server: ServerProcess) -> None:
    with pytest.raises(ServerGone, match=r"exit code 1; its last words: .*no attribute 'nosuch'"):
        server.call("nosuch", limit_s=60)


def test_ctrl_c_at_the_terminal_does_not_reach_the_server(server: ServerProcess) -> None:
    assert os.getpgid(server.pid) != os.getpgid(0)


def test_a_server_ends_with_its_driver() -> None:
    code = (
        "import os, time\n"
        "from featray.backends.ray.server_process import ServerProcess\n"
        "server = ServerProcess()\n"
        "server.call('close', limit_s=60)\n"
        "print(server.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    deadline = time.monotonic() + 30
    while psutil.pid_exists(int(done.stdout)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_process_that_nobody_has_collected_has_ended_and_one_that_runs_is_waited_for_in_vain() -> None:
    with subprocess.Popen(["true"]) as ended:
        began = time.monotonic()
        wait_until_ended([psutil.Process(ended.pid)], 60)
        assert time.monotonic() - began < 30
    with subprocess.Popen(["sleep", "60"]) as running:
        began = time.monotonic()
        wait_until_ended([psutil.Process(running.pid)], 0.1)
        assert time.monotonic() - began >= 0.1
        running.kill()
