"""Logged event: what of an event in a log can be believed. Pure.

Flow: `progress.read_line` -> `check` -> the live view, `submit_status`, `spooled_rows.store_reported`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from featray.core import row, wording
from featray.core.events import EventKind, PlainEvent
from featray.core.row import Row
from featray.core.row_values import LONGEST_S

ENDED_RUN = "ended_run"
"""The `event` of the last line of `featray submit --json`."""

ROWS = ("row", "other")
"""Keys of rows: of the submit's own run, and of another run that a killed driver left."""

SET_ASIDE = "set_aside"
"""Key of the text that says why a row was left out."""

_TEXTS = (
    *("text", "event", "invocation", "detector", "cell_id", "cell", "message"),
    *("target", "target_label", "target_short_name", "place"),
)
_PLACE = frozenset({"invocation", "target", "target_label"})  # a view needs all of them, or none
_NEEDS: Mapping[Any, str] = {
    EventKind.LOADING: "detector",
    EventKind.STARTED: "cell_id",
}  # what a view shows of an event of this kind
_NAME_LENGTH, _REASON_LENGTH = 60, 200  # characters of a run and of a reason in a message


def check(event: Any) -> PlainEvent | None:
    """Leave out of an event what cannot be; None for what is no event at all."""
    if not isinstance(event, dict) or not all(_is_count(event.get(key)) for key in ("done", "total")):
        return None
    checked = {key: value for key, value in event.items() if key not in _TEXTS or isinstance(value, str)}
    if not _is_whole(checked):
        checked = {key: value for key, value in checked.items() if key not in _PLACE | {"event"}}
    if not _is_duration(checked.get("left_s", 0.0)):
        del checked["left_s"]
    if not _is_count(checked.get("targets", 0)):
        del checked["targets"]
    for key in ROWS:
        if key in checked:
            try:
                checked[key] = dict(vars(_read_row(checked[key])))  # with every column, for those who show it
            except _SetAside as fault:
                del checked[key]
                checked[SET_ASIDE] = checked["text"] = str(fault)
    return checked


def read_rows(events: Iterable[PlainEvent], *keys: str) -> tuple[list[Row], tuple[str, ...]]:
    """Read the rows of events.

    Args:
        events: As `check` gives them, or as they came.
        keys: Those of `ROWS` to read.

    Returns:
        The rows that can be, and for each of the others why it was set aside.
    """
    rows, problems = [], list[str]()
    for event in events:
        problems += [event[SET_ASIDE]] if SET_ASIDE in event else []
        for key in keys:
            if key in event:
                try:
                    rows.append(_read_row(event[key]))
                except _SetAside as fault:
                    problems.append(str(fault))
    return rows, tuple(dict.fromkeys(problems))


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_duration(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= LONGEST_S


def _is_whole(event: PlainEvent) -> bool:
    """Return True where an event has what its kind needs."""
    kind = event.get("event")
    if kind == ENDED_RUN:
        return type(event.get("code")) is int
    is_placed = event.keys() >= _PLACE if kind is not None else not _PLACE & event.keys()
    return is_placed and _NEEDS.get(kind, "done") in event


class _SetAside(ValueError):
    """A row cannot be; the message has the names that it gives itself, and why."""


def _read_row(values: Any) -> Row:
    """Read a row.

    Raises:
        _SetAside: it cannot be.
    """
    try:
        return row.from_mapping(values)
    except (ValueError, TypeError, AttributeError, RecursionError) as wrong:
        own = values if isinstance(values, dict) else {}
        names = [str(own.get(key, "?")) for key in ("run_id", "cell_id", "target_id")]
        name = "/".join(wording.shortened(wording.plain(name), _NAME_LENGTH) for name in names)
        why = wording.shortened(wording.plain(str(wrong)), _REASON_LENGTH)
        raise _SetAside(f"the row {name} was set aside: {why}") from wrong
