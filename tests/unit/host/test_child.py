"""Child processes: hearing, limits, and what is left when they end."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from featray.host.child import Child, Garbled, describe_exit


@contextmanager
def child(code: str, hello: object = 1) -> Iterator[Child]:
    started = Child([sys.executable, "-c", code], env={"PATH": os.environ["PATH"]}, request={"hello": hello})
    try:
        yield started
    finally:
        started.end()
        started.close()


def test_a_child_gets_its_request_and_is_heard() -> None:
    with child("import json,sys; print(json.dumps({'event': 'got', 'it': json.loads(input())}))") as it:
        assert it.hear(10) == {"event": "got", "it": {"hello": 1}}
        assert it.hear(10) is None


def test_silence_is_a_timeout() -> None:
    with child("import time; time.sleep(60)") as it, pytest.raises(TimeoutError):
        it.hear(0.1)


def test_a_child_that_never_reads_a_long_request_hangs_nobody() -> None:
    with child("import time; time.sleep(60)", hello="x" * 1_000_000) as it, pytest.raises(TimeoutError):
        it.hear(0.1)


@pytest.mark.parametrize("line", ["not json", "[1]", '{"event": "row", "ro', "\\x00\\xff"])
def test_a_line_that_is_no_event_is_garbage(line: str) -> None:
    with child(f"import sys; sys.stdout.write({line!r}); sys.stdout.flush()") as it, pytest.raises(Garbled):
        it.hear(10)


def test_the_exit_code_is_the_childs_own() -> None:
    with child("import os; os._exit(3)") as it:
        assert it.hear(10) is None
        assert it.end() == 3


def test_a_killed_child_names_its_signal() -> None:
    with child("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)") as it:
        assert it.hear(10) is None
        assert describe_exit(it.end()) == "SIGSEGV"


def test_a_running_child_and_its_own_children_are_killed() -> None:
    code = 'import os,time,sys\nif os.fork()==0: time.sleep(60)\nprint(\'{"event": "x"}\', flush=True); time.sleep(60)'
    with child(code) as it:
        it.hear(10)
        group = it.pid
        begun = time.monotonic()
        it.end()
        assert time.monotonic() - begun < 10  # of the 60 s that they would live
        deadline = time.monotonic() + 10
        with pytest.raises(ProcessLookupError):  # noqa: PT012 - polled until the kernel has reaped the group
            while time.monotonic() < deadline:
                os.killpg(group, 0)


def test_the_end_of_stderr_is_kept() -> None:
    with child("import sys; [print('line', n, file=sys.stderr) for n in range(100)]") as it:
        assert it.hear(10) is None
        it.end()
        tail = it.stderr_tail()
        assert tail is not None
        assert tail.splitlines()[-1] == "line 99"
        assert len(tail.splitlines()) == 20
