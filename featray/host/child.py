"""Child processes: start one, hear its lines until a deadline, end it and everything it started.

The child leads a session and process group of its own, so that one `killpg` ends its DataLoader workers too. It ends by
itself when its stdin closes, so it also goes when this process is killed outright.
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
from collections.abc import Mapping, Sequence
from typing import Any

TAIL_LINES = 20  # of stderr, kept with a failed row: a Python traceback's end and the message
TAIL_BYTES = 16384
FATAL = "Fatal Python error"  # faulthandler's first line


class Garbled(Exception):
    """The child wrote something that is not a line of its protocol."""


class Child:
    """One running child and its two pipes."""

    def __init__(
        self, command: Sequence[str], *, env: Mapping[str, str], request: Mapping[str, Any], keep: Sequence[int] = ()
    ) -> None:
        """Start the child and hand it its request.

        Args:
            command: Program and arguments.
            env: The child's whole environment.
            request: Sent as one line of JSON.
            keep: Open files that the child holds on to (its lease).
        """
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by end()
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env=dict(env),
            start_new_session=True,
            pass_fds=tuple(keep),
        )
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        # In a thread: of more cells than a pipe holds, a child that hangs before it reads would hang this process too.
        text = json.dumps(request, ensure_ascii=False)
        self._writer = threading.Thread(target=self.say, args=(text,), daemon=True)
        self._writer.start()

    @property
    def pid(self) -> int:
        """Process id, which is also the process group's."""
        return self._process.pid

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def say(self, line: str) -> None:
        """Send one line; a child that is gone is noticed by `hear`, not here."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()

    def hear(self, timeout_s: float) -> dict[str, Any] | None:
        """Wait for the next event.

        Returns:
            The event, or None when the child has closed its stdout.

        Raises:
            TimeoutError: nothing was heard in time.
            Garbled: the line is not a JSON object with an `event`, or was cut short.
        """
        try:
            line = self._lines.get(timeout=max(0.0, timeout_s))
        except queue.Empty:
            raise TimeoutError from None
        if line is None:
            self._lines.put(None)
            return None
        try:
            event = json.loads(line)
        except (UnicodeDecodeError, json.JSONDecodeError):
            raise Garbled(f"not JSON: {line[:80]!r}") from None
        if not isinstance(event, dict) or "event" not in event:
            raise Garbled(f"no event: {line[:80]!r}")
        return event

    def end(self) -> int:
        """Kill whatever still runs in the child's group and return its exit code, negative for a signal.

        A child that has closed its stdout gets a moment to exit by itself, so that its own exit code is seen.
        """
        if not self._reader.is_alive():
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=EXIT_S)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        code = self._process.wait()
        self._writer.join(EXIT_S)  # nobody reads any more, unless somebody left the group with the pipe
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        return code

    def stderr_tail(self) -> str | None:
        """Read the last lines of the child's stderr; None when it said nothing.

        The interpreter's own report of a fatal signal has its innermost calls first, so that is kept from its start.
        """
        size = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, size - TAIL_BYTES))
        lines = self._stderr.read().decode(errors="replace").strip().splitlines()
        fatal = [index for index, line in enumerate(lines) if line.startswith(FATAL)]
        kept = lines[fatal[-1] :][:TAIL_LINES] if fatal else lines[-TAIL_LINES:]
        return "\n".join(kept) or None

    def close(self) -> None:
        """Drop the captured stderr; call it after `end`."""
        self._stderr.close()


EXIT_S = 5.0  # from closing stdout to exit: interpreter and CUDA teardown took under 2 s


def describe_exit(code: int) -> str:
    """Name an exit code for people: `SIGSEGV`, `exit code 3`."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


class ParentWatch:
    """Ends the child, and this process, when this process's parent is gone.

    A Ray worker whose raylet was killed alone goes on running and hears nothing; its parent id is what changes.
    """

    def __init__(self, poll_s: float = 1.0) -> None:
        """Watch from now on, in a daemon thread."""
        self.child_pid: int | None = None
        self._parent = os.getppid()
        self._stop = threading.Event()
        threading.Thread(target=self._watch, args=(poll_s,), daemon=True).start()

    def _watch(self, poll_s: float) -> None:
        while not self._stop.wait(poll_s):
            if os.getppid() == self._parent:
                continue
            if self.child_pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.child_pid, signal.SIGKILL)
            time.sleep(0.1)
            os._exit(1)

    def stop(self) -> None:
        """Stop watching."""
        self._stop.set()
