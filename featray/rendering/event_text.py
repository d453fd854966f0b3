"""Event text: what happens in a submit, one line per event: for the live view, for plain lines and for notebooks.

Flow: `running.progress.Progress` as plain values -> `event_line`, `row_line`. Pure.
"""

import statistics
from collections.abc import Iterator, Mapping
from typing import Any

from featray.core import wording
from featray.core.events import EventKind, PlainEvent
from featray.core.quantities import frames_per_second

REASON_LENGTH = 160  # characters of a reason in a line; the row holds all: torch's words on memory are 500


def event_line(event: PlainEvent) -> str:
    """Describe an event in one line; empty for one that says nothing new, such as a row that was found in a spool."""
    place = event.get("place")
    if "row" in event and "invocation" in event:
        ends = [part for part in (time_left(event), event.get("text")) if part]  # text: a warning about the row
        return ", ".join([f"[{event['done']}/{event['total']}] {row_line(event['row'], place)}", *ends])
    if event.get("event") in (EventKind.QUEUED, EventKind.WAITING):
        return f"{event['invocation']}{_on(place or event['target_label'])}: waiting for {event.get('text')}"
    text = str(event.get("text", ""))
    return f"{event['invocation']}{_on(place)}: {text}" if text and "invocation" in event else text


def _on(place: str | None) -> str:
    return f" on {place}" if place else ""


def row_line(row: Mapping[str, Any], place: str | None = None) -> str:
    """Describe a row in one line: its time per frame, or why it has none.

    Args:
        row: Its columns.
        place: Name of its target and host; None leaves it out.
    """
    name = _row_name(row) + _on(place)
    if row["timed_s"] and row["frames"]:
        call_s = statistics.median(row["timed_s"])
        fps = frames_per_second(row["frames"], call_s)
        return f"{name}: {wording.milliseconds(call_s / row['frames'])} ms/frame, {wording.rate(fps)} fps"
    return f"{name}: {row['status']} ({wording.shortened(str(row['reason']), REASON_LENGTH)})"


def _row_name(row: Mapping[str, Any]) -> str:
    """Name what a row measured."""
    name = f"{row['detector']} {row['input']} {row['device']} b={row['batch_size']} #{row['invocation']}"
    return ", ".join([name, *_settings(row)])


def _settings(row: Mapping[str, Any]) -> Iterator[str]:
    """Name what is set and what is unusual, so that two cells of a grid have unlike lines."""
    if workers := row.get("num_workers"):
        yield wording.count(workers, "worker")
    if (threads := row.get("omp_num_threads") or "1") != "1":
        yield f"{threads} threads"
    if (processes := row.get("processes") or 1) > 1:
        yield f"{processes} processes"
    if row.get("gpus"):
        yield f"{len(row['gpus'])} GPUs"
    if row.get("environment"):
        yield row["environment"]
    if row["attempt"] > 1:
        yield f"try {row['attempt']}"


def split_row_line(row: Mapping[str, Any]) -> tuple[str, str]:
    """Describe a row as its figure, which may be a status, and the name of what was measured."""
    name = _row_name(row)
    if row["timed_s"] and row["frames"]:
        return wording.milliseconds(statistics.median(row["timed_s"]) / row["frames"]), name
    return str(row["status"]), name


def time_left(event: PlainEvent) -> str:
    """Say how long the rest takes; empty where nobody knows, and where nothing more will be measured."""
    if not event.get("left_s") or event["done"] == event["total"]:
        return ""
    return f"about {wording.duration(event['left_s'])} left"
