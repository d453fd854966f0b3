"""Child processes: start one, receive its events until a deadline, end it and everything that it started.

Flow: `child_run` -> `Child` -> `python -m featray.measurement`: a request on stdin, one JSON event per line on stdout.
The child leads a session and process group of its own, so that one `killpg` ends its DataLoader workers too. What it
started in other sessions is ended one by one; only what has left it (a daemon, whose parent has ended) stays. It ends
itself when its stdin closes, so it also ends when this process is killed.
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psutil

from featray.core.events import EventKind
from featray.measurement import process_tree

STDERR_LINES = 20  # kept with a failed row: the end of a Python traceback and its message
STDERR_BYTES = 16384
FATAL = "Fatal Python error"  # first line of faulthandler's report
EXIT_S = 5.0  # from closing stdout to exit: interpreter and CUDA teardown took under 2 s


class Garbled(Exception):
    """The child wrote something that is not a line of its protocol."""


class Child:
    """One running child and its pipes."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        request: Mapping[str, Any],
        open_files: Sequence[int] = (),
        arrived: Callable[[], object] = lambda: None,
    ) -> None:
        """Start the child and send it its request.

        Args:
            command: Program and arguments.
            env: The child's whole environment.
            request: Sent as one line of JSON.
            open_files: File descriptors that the child keeps open (its lease).
            arrived: Called from a thread whenever `receive` has something to give: once per line, and at the end.

        Raises:
            OSError: the program cannot be started.
        """
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        try:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                env=dict(env),
                start_new_session=True,
                pass_fds=tuple(open_files),
            )
        except OSError:
            self._stderr.close()
            raise
        self._is_finished = False
        self._code: int | None = None  # once it was ended
        self._started: dict[int, psutil.Process] = {}  # by the child and its descendants
        self._arrived = arrived
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        # In a thread: a child that hangs before it reads a request longer than a pipe holds would block this process.
        text = json.dumps(request, ensure_ascii=False)
        self._writer = threading.Thread(target=self.send, args=(text,), daemon=True)
        self._writer.start()

    @property
    def pid(self) -> int:
        """Return the process id, which is also the process group's."""
        return self._process.pid

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
            self._arrived()
        self._lines.put(None)
        self._arrived()

    def send(self, line: str) -> None:
        """Send one line; that the child has ended shows in `receive`, not here."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()

    def receive(self, timeout_s: float) -> dict[str, Any] | None:
        """Wait for the next event.

        Returns:
            The event, or None when the child has closed its stdout.

        Raises:
            TimeoutError: no event came in time.
            Garbled: the line is not a JSON object with an `event`, or was cut short.
        """
        try:
            line = self._lines.get(timeout=max(0.0, timeout_s))
        except queue.Empty:
            raise TimeoutError from None
        if line is None:
            self._lines.put(None)
            self._is_finished = True
            return None
        try:
            event = json.loads(line)
        except (UnicodeDecodeError, json.JSONDecodeError):
            raise Garbled(f"not JSON: {line[:80]!r}") from None
        if not isinstance(event, dict) or "event" not in event:
            raise Garbled(f"no event: {line[:80]!r}")
        self._is_finished = event["event"] == EventKind.DONE
        if event["event"] == EventKind.ROW:
            self._note_started()
        return event

    def _note_started(self) -> None:
        """Note what the child has started, while it waits: once it has ended, nobody knows."""
        for pid in process_tree.list_started(self._process.pid):
            if pid not in self._started:
                with contextlib.suppress(psutil.NoSuchProcess):
                    self._started[pid] = psutil.Process(pid)

    def end(self) -> int:
        """Kill the child and whatever it started, and return the child's exit code, negative for a signal.

        Called again, it returns the same: the id may belong to another process by then.

        A child that was heard to be done, or to have closed its stdout, gets a moment to exit, so that its own exit
        code is seen.
        """
        if self._code is not None:
            return self._code
        if self._is_finished:
            self._reader.join(EXIT_S)  # it ends with the child; waiting for the child itself would poll
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=0.0 if self._reader.is_alive() else EXIT_S)
        if self._process.poll() is None:
            self._note_started()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for process in self._started.values():
            with contextlib.suppress(psutil.Error):  # it has ended; another process with its id is left alone
                process.kill()
        code = self._code = self._process.wait()
        self._writer.join(EXIT_S)  # nobody reads any more, unless a process left the group with the pipe
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        return code

    def stderr_tail(self) -> str | None:
        """Read the last lines of the child's stderr; None when it is empty.

        Of the interpreter's report of a fatal signal the first lines are kept: they hold the innermost calls.
        """
        size = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, size - STDERR_BYTES))
        lines = self._stderr.read().decode(errors="replace").strip().splitlines()
        reports = [index for index, line in enumerate(lines) if line.startswith(FATAL)]
        tail = lines[reports[-1] :][:STDERR_LINES] if reports else lines[-STDERR_LINES:]
        return "\n".join(tail) or None

    def close(self) -> None:
        """Drop the captured stderr; call it after `end`."""
        self._stderr.close()


def describe_exit(code: int) -> str:
    """Name an exit code for people: `SIGSEGV`, `exit code 3`."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


class ParentWatch:
    """Ends the children, and this process, when this process's parent is gone.

    A Ray worker whose raylet alone was killed goes on running and gets no message; only its parent id changes.
    """

    def __init__(self, poll_s: float = 1.0) -> None:
        """Start watching, in a daemon thread."""
        self.child_pids: set[int] = set()
        self._parent = os.getppid()
        self._stop = threading.Event()
        threading.Thread(target=self._watch, args=(poll_s,), daemon=True).start()

    def _watch(self, poll_s: float) -> None:
        while not self._stop.wait(poll_s):
            if os.getppid() == self._parent:
                continue
            for pid in tuple(self.child_pids):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
            time.sleep(0.1)
            os._exit(1)

    def stop(self) -> None:
        """Stop watching."""
        self._stop.set()
