"""Events: what happens to an invocation, by the same name from the child to the terminal.

Flow: measuring child -> supervisor -> backend -> `running.runner` -> watchers, `featray submit --json`.

Between child and supervisor, and between supervisor and driver, an event is a mapping of plain values, so that
processes of other versions can read it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class EventKind(StrEnum):
    """What happened."""

    QUEUED = "queued"  # the backend has it and has not begun it; no reason is known
    WAITING = "waiting"  # another process holds the host or device
    BEGUN = "begun"  # its supervisor runs on the host
    LOADING = "loading"  # a child imports and loads the detector
    STARTED = "started"  # a cell began; its time limit runs
    ASSEMBLED = "assembled"  # a child waits for the others of its joint run
    TIMED = "timed"  # a child has timed its calls, and goes on calling until the others have
    ROW = "row"  # a cell is done
    DONE = "done"  # a child has measured all its cells
    IDLE = "idle"  # nothing has happened for a moment; told to a driver that waits in the same process
    ENDED = "ended"  # no further event of the invocation follows


PlainEvent = Mapping[str, Any]
"""An event as plain values.

The supervisor writes its kind under `kind`; the child and `featray submit --json` write it under `event`. Neither name
can change: processes of other versions read both.
"""
