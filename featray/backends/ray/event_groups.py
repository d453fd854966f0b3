"""Event groups: events that come close together travel from the host to the driver as one object of Ray.

Flow: `host.supervisor` in a Ray task -> `gather` -> Ray -> `backend`.
Ray takes over a millisecond of processor time for an object, on the host and at the driver together, whatever is in it.
"""

import time
from collections.abc import Iterable, Iterator

from featray.core.events import EventKind, PlainEvent

APART_S = 0.05  # between two groups, as long as events come

HELD = frozenset({EventKind.STARTED, EventKind.ROW})
"""Kinds that may wait for the next event. It comes within `host.child_run.TICK_S`, if only to say that nothing
happens; after the others it may take as long as a lease does."""


def gather(events: Iterable[PlainEvent]) -> Iterator[list[PlainEvent]]:
    """Gather events into groups; what had come is given before an error.

    Args:
        events: Of `supervise`, which must tell when nothing happens.
    """
    group: list[PlainEvent] = []
    sent_at = -APART_S
    try:
        for event in events:
            if event["kind"] != EventKind.IDLE:
                group.append(event)
            if group and (event["kind"] not in HELD or time.monotonic() - sent_at >= APART_S):
                yield group
                group, sent_at = [], time.monotonic()
    except Exception:
        if group:
            yield group
        raise
