"""Child processes: their events, limits on waiting, and what is left when they end."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from featray.backends.ray.server_process import wait_until_ended
from featray.cluster import raylet_records
from featray.host.child import Child, Garbled, describe_exit


@contextmanager
def running(code: str, hello: object = 1) -> Iterator[Child]:
    child = Child([sys.executable, "-c", code], env={"PATH": os.environ["PATH"]}, request={"hello": hello})
    try:
        yield child
    finally:
        child.end()
        child.close()


def test_a_child_gets_its_request_and_its_event_is_received() -> None:
    with running("import json,sys; print(json.dumps({'event': 'got', 'request': json.loads(input())}))") as child:
        assert child.receive(10) == {"event": "got", "request": {"hello": 1}}
        assert child.receive(10) is None


def test_no_event_in_time_is_a_timeout() -> None:
    with running("import time; time.sleep(60)") as child, pytest.raises(TimeoutError):
        child.receive(0.1)


def test_a_child_that_never_reads_a_long_request_does_not_block_this_process() -> None:
    with running("import time; time.sleep(60)", hello="x" * 1_000_000) as child, pytest.raises(TimeoutError):
        child.receive(0.1)


@pytest.mark.parametrize("line", ["not json", "[1]", '{"event": "row", "ro', "\\x00\\xff"])
def test_a_line_that_is_no_event_is_garbled(line: str) -> None:
    with (
        running(f"import sys; sys.stdout.write({line!r}); sys.stdout.flush()") as child,
        pytest.raises(Garbled),
    ):
        child.receive(10)


def test_the_exit_code_is_the_childs_own() -> None:
    with running("import os; os._exit(3)") as child:
        assert child.receive(10) is None
        assert child.end() == 3


@pytest.mark.long
def test_a_child_that_is_done_ends_by_itself_with_its_own_exit_code() -> None:
    with running('import os, time; print(\'{"event": "done"}\', flush=True); time.sleep(1); os._exit(7)') as child:
        assert child.receive(10) == {"event": "done"}
        assert child.end() == 7


def test_a_child_that_is_not_done_is_killed_at_once() -> None:
    with running('import time; print(\'{"event": "loading"}\', flush=True); time.sleep(60)') as child:
        assert child.receive(10) == {"event": "loading"}
        assert describe_exit(child.end()) == "SIGKILL"


def test_a_child_that_is_done_and_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("featray.host.child.EXIT_S", 0.2)
    with running('import time; print(\'{"event": "done"}\', flush=True); time.sleep(60)') as child:
        child.receive(10)
        assert describe_exit(child.end()) == "SIGKILL"


def test_a_killed_child_names_its_signal() -> None:
    with running("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)") as child:
        assert child.receive(10) is None
        assert describe_exit(child.end()) == "SIGSEGV"


@pytest.mark.parametrize(("code", "text"), [(3, "exit code 3"), (-9, "SIGKILL"), (-63, "signal 63")])
def test_an_exit_code_is_named_for_people(code: int, text: str) -> None:
    assert describe_exit(code) == text


@pytest.mark.parametrize("last", ["row", "done"])
def test_what_a_child_started_in_another_session_is_ended_with_it(last: str) -> None:
    code = (
        "import subprocess\n"
        "other = subprocess.Popen(['sleep', '60'], start_new_session=True)\n"
        'print(\'{"event": "row", "pid": %d}\' % other.pid, flush=True); input(); input()\n'
        f'print(\'{{"event": "{last}"}}\', flush=True)'
    )
    with running(code) as child:
        event = child.receive(10)
        assert event is not None
        child.send("go on")
        child.receive(10)
        other = psutil.Process(event["pid"])
        child.end()
        wait_until_ended([other], 10)
        assert not raylet_records.is_running(other)


@pytest.mark.long
def test_a_running_child_and_its_own_children_are_killed() -> None:
    code = 'import os,time,sys\nif os.fork()==0: time.sleep(60)\nprint(\'{"event": "x"}\', flush=True); time.sleep(60)'
    with running(code) as child:
        child.receive(10)
        group = child.pid
        begun = time.monotonic()
        child.end()
        assert time.monotonic() - begun < 10  # of the 60 s that they would live
        deadline = time.monotonic() + 10
        with pytest.raises(ProcessLookupError):  # noqa: PT012 - polled until the kernel has reaped the group
            while time.monotonic() < deadline:
                os.killpg(group, 0)


def test_the_end_of_stderr_is_kept() -> None:
    with running("import sys; [print('line', n, file=sys.stderr) for n in range(100)]") as child:
        assert child.receive(10) is None
        child.end()
        tail = child.stderr_tail()
        assert tail is not None
        assert tail.splitlines()[-1] == "line 99"
        assert len(tail.splitlines()) == 20


def test_of_a_fatal_signals_report_the_innermost_calls_are_kept() -> None:
    lines = ["before", "Fatal Python error: Segmentation fault", *(f"  call {n}" for n in range(100))]
    with running(f"import sys; print({'|'.join(lines)!r}.replace('|', chr(10)), file=sys.stderr)") as child:
        assert child.receive(10) is None
        child.end()
        tail = (child.stderr_tail() or "").splitlines()
    assert (tail[0], tail[1], len(tail)) == ("Fatal Python error: Segmentation fault", "  call 0", 20)
