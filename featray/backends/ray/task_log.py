"""Task log: what an invocation does now, where Ray's dashboard shows it: in the task's log and as its process's title.

Flow: `supervisor` in a Ray task -> `note` -> the worker's stdout and title; Ray sets its own title when the task ends.
Ray fixes a task's name when the task is sent, and has no state for a task that waits for something outside Ray. So a
task that waits for its machine is RUNNING; the title of its process says that it waits, and its log for whom. A title
is also a label of Ray's metrics, so there are few titles: each one makes series of its own in Prometheus.
"""

import json
from collections.abc import Mapping

from ray import _raylet

from featray.core import wording
from featray.core.events import EventKind, PlainEvent

TITLES: Mapping[str, str] = {
    EventKind.WAITING: "ray::featray waits for its machine",
    EventKind.LOADING: "ray::featray loads its detector",
    EventKind.STARTED: "ray::featray measures",
}
"""Kind of an event -> the title of the process from then on. Ray ends what begins with `ray::` together with itself."""


def describe(event: PlainEvent) -> str | None:
    """Describe an event of the supervisor in a line; None for one that says nothing to people."""
    kind = event["kind"]
    if kind == EventKind.WAITING:
        return wording.plain(f"waits for {event.get('text')}")
    if kind == EventKind.LOADING:
        return "loads its detector"
    if kind == EventKind.STARTED:
        return f"measures cell {event.get('cell_id')}"
    if kind == EventKind.ROW:
        return _row(event["row"])
    return "has ended" if kind == EventKind.ENDED else None


def _row(text: str) -> str:
    """Name the cell of a row, as the supervisor sends it, and how it ended."""
    row = json.loads(text)
    reason = f" ({wording.plain(row['reason'])})" if row.get("reason") else ""
    return f"cell {row['cell_id']}: {row['status']}{reason}"


def note(event: PlainEvent) -> None:
    """Print an event into the task's log, and show its kind as the title of this worker's process."""
    if (text := describe(event)) is not None:
        print(text, flush=True)
    if (title := TITLES.get(event["kind"])) is not None:
        _raylet.setproctitle(title)  # type: ignore[attr-defined] # made in C
