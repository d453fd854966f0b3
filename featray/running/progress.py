"""Progress: what a watcher of a run gets, as values and as lines of JSON.

Flow: `runner`, `spooled_rows`, `api.submit` -> `Progress` -> the live view. As JSON:
`featray submit --json` -> log of a detached submit -> `read_line` -> `submit_status`, `featray status`, `featray logs`.

People read the log of a detached submit too, in Ray's dashboard. There each line begins with a text, and its JSON
follows after a tab.
"""

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from featray.backends import Event
from featray.core import json_text, wording
from featray.core.events import EventKind, PlainEvent
from featray.core.row import Row
from featray.rendering import event_text
from featray.running import logged_event
from featray.running.logged_event import ENDED_RUN

TEXT_VARIABLE = "FEATRAY_LOG_TEXT"
"""Environment variable of a detached driver: each line of JSON is to begin with a text for people."""

JSON_START = '{"done"'  # of every line that `write_line` writes

FOUND = "found"
"""The `event` of a line that says what a search found, in `search`."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunEnd:
    """How a submit ended: its exit code and, where that is not 0, the reason."""

    code: int
    message: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Progress:
    """What a watcher gets at one call; `done` and `total` are 0 where there are no counts."""

    event: Event | None = None
    done: int = 0
    total: int = 0
    left_s: float | None = None
    text: str | None = None
    row: Row | None = None  # stored without an event: it was in a spool, or no target can run its cell
    other: Row | None = None  # the same, of another run: left by a killed driver of this store
    found: Mapping[str, Any] | None = None  # what a search found, as plain values
    end: RunEnd | None = None  # given at the last call
    targets: int | None = None  # that have work which may run nowhere else, in this part of the submit
    has_many_targets: bool = False  # the run; then lines about an event say where it happened

    def to_mapping(self) -> dict[str, object]:
        """Write it as plain values; what is not known is left out."""
        event, row = self.event, self.event.row if self.event is not None else self.row
        values: dict[str, object] = {"done": self.done, "total": self.total, "left_s": self.left_s, "text": self.text}
        values["targets"] = self.targets
        values["row"] = dict(vars(row)) if row is not None else None
        values["other"] = dict(vars(self.other)) if self.other is not None else None
        if event is not None:
            invocation, target = event.planned.invocation, event.planned.target
            values |= {"event": event.kind, "invocation": invocation.name}
            values |= {"detector": invocation.cells[0].detector.name, "target": target.target_id}
            values |= {"target_label": target.label, "target_short_name": target.named.short_name}
            values |= {"place": target.place if self.has_many_targets else None}
            values |= {"cell_id": event.cell_id, "cell": _cell_label(event)}
        if self.found is not None:
            values |= {"event": FOUND, "search": dict(self.found)}
        if self.end is not None:
            values |= {"event": ENDED_RUN, "code": self.end.code, "message": self.end.message}
        return {key: value for key, value in values.items() if value is not None}


Watch = Callable[[Progress], None]


def _cell_label(event: Event) -> str | None:
    if not event.cell_id:
        return None
    invocation = event.planned.invocation
    index = invocation.indices.get(event.cell_id)
    return None if index is None else invocation.cells[index].label


def write_line(progress: Progress, clock: str | None = None) -> str:
    """Write it as a line of JSON.

    Args:
        progress: To write.
        clock: The time for people; given, the line begins with it and a text, and the JSON follows after a tab.
    """
    event = progress.to_mapping()
    line = json_text.write(event, indent=None)
    return line if clock is None else f"{clock} {_describe(event)}\t{line}"


def _describe(event: PlainEvent) -> str:
    """Describe an event in one line, also where `event_line` leaves it out because a live view shows it otherwise."""
    if event.get("event") == ENDED_RUN:
        return wording.plain(f"ended with exit code {event['code']}. {event.get('message') or ''}")
    if line := event_text.event_line(event):
        return wording.plain(line)
    kind = event.get("event")
    what = {EventKind.LOADING: "loads its detector", EventKind.STARTED: f"measures {event.get('cell')}"}
    said = what[EventKind(kind)] if kind in what else kind or "found in a spool"
    return wording.plain(f"{event.get('invocation', 'a row')}: {said}")


def read_line(line: str) -> PlainEvent | None:
    """Read one line of a log; None for a line that is no event, such as a message of Ray.

    Whoever can print into a log, an older or a newer featray may have written it. So what cannot be is left out; the
    event says of a row why, under `set_aside` and in its text.
    """
    text, tab, rest = line.partition(f"\t{JSON_START}")
    if not tab and not text.startswith(JSON_START):
        return None
    try:
        event = json.loads(JSON_START + rest if tab else line)
    except (ValueError, RecursionError):  # the driver died while it wrote the line
        return None
    return logged_event.check(event)


def read_lines(lines: Iterable[str]) -> Iterator[PlainEvent]:
    """Read the events of a log."""
    for line in lines:
        if (event := read_line(line)) is not None:
            yield event


def read_end(events: Iterable[PlainEvent]) -> RunEnd | None:
    """Find how a submit ended; None while it runs, and where its driver died before it could say so."""
    ends = [event for event in events if event.get("event") == ENDED_RUN]
    return RunEnd(code=ends[-1]["code"], message=ends[-1].get("message")) if ends else None
