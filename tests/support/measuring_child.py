"""The measuring child for tests: a real process with a clockwork detector, and what is asked of it."""

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any, Self

from featray.core import inputs
from featray.core import invocation as invocations
from featray.core.cell import Cell
from featray.core.choices import Device
from featray.core.detectors import Detector, Keyword
from featray.core.events import EventKind
from featray.core.invocation import Invocation
from featray.core.rules import Rules
from tests.support.command import ROOT

QUICK = Rules(warmup_min=1, warmup_max=1, repeats_min=2, repeats_max=2, min_time_s=0.0, spread_max=10.0)
CLOCKWORK = "featray.measurement.clockwork:Clockwork"
FAILING = "featray.measurement.fakes.failing_detector:FailingDetector"


class MeasuringChild:
    """A child and its two pipes; its stderr goes to a file."""

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the pipes
        self.popen = subprocess.Popen(
            [sys.executable, "-P", "-m", "featray.measurement"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "CUDA_VISIBLE_DEVICES": "", **(env or {})},
            start_new_session=True,
        )
        assert self.popen.stdin is not None
        assert self.popen.stdout is not None
        self.stdin, self.stdout = self.popen.stdin, self.popen.stdout

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()
        for file in (self.stdin, self.stdout, self._stderr):
            file.close()

    def ended(self) -> tuple[int, str]:
        """Wait for the end: exit code and stderr."""
        code = self.popen.wait(10)
        self._stderr.seek(0)
        return code, self._stderr.read().decode()

    def say(self, line: str) -> None:
        """Send a line."""
        self.stdin.write(line.encode() + b"\n")
        self.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """Wait for the next event."""
        line = self.stdout.readline()
        assert line, "the child closed its stdout"
        event: dict[str, Any] = json.loads(line)
        return event

    def rows(self) -> Iterator[dict[str, Any]]:
        """Hear every event to the end, and let the child go on after each row."""
        while (event := self.hear())["event"] != EventKind.DONE:
            if event["event"] == EventKind.ROW:
                yield event["row"]
                self.say(invocations.NEXT)
        assert self.popen.wait(10) == 0


def clockwork_cell(batch_size: int = 1, *, class_name: str = CLOCKWORK, **keywords: Keyword) -> Cell:
    """Make a cell of a detector whose calls last as long as they are told."""
    return Cell(
        detector=Detector(name="clock", class_name=class_name, keywords=keywords, heading="clock"),
        input=inputs.Input(name="list", kind=inputs.IMAGES, paths=(__file__,), copies=8, source_frames=1),
        device=Device.CPU,
        batch_size=batch_size,
    )


def failing_cell(batch_size: int = 1, **keywords: Keyword) -> Cell:
    """Make a cell of a detector that fails on purpose."""
    return clockwork_cell(batch_size, class_name=FAILING, **({"frames": 8} | keywords))


def invocation_of(*asked: Cell, rules: Rules = QUICK, **changes: Any) -> Invocation:
    """Make an invocation of the cells."""
    invocation = Invocation(
        sweep="test",
        run_id="run-1",
        target_id="cpu@here",
        device=Device.CPU,
        invocation=2,
        block=2,
        order=tuple(range(len(asked))),
        cells=asked,
        rules=rules,
    )
    return dataclasses.replace(invocation, **changes)


def ask(invocation: Invocation, **more: Any) -> str:
    """Write the request for an invocation."""
    return json.dumps({"invocation": invocations.to_mapping(invocation), **more})


def measure(invocation: Invocation, **more: Any) -> list[dict[str, Any]]:
    """Run an invocation in a child to its end; give its rows."""
    with MeasuringChild() as child:
        child.say(ask(invocation, **more))
        return list(child.rows())
