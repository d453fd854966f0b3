"""Notebook progress: how far a submit is, shown under the cell of a notebook that runs it.

Flow: `submit`, `calibrate` -> `shown` -> a watcher that moves a bar of tqdm; nothing outside notebooks unless asked.
"""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from featray.core.events import EventKind, PlainEvent
from featray.core.status import Status
from featray.rendering import event_text
from featray.running.progress import Progress, Watch


@contextlib.contextmanager
def shown(watch: Watch | None, *, progress: bool | None) -> Iterator[Watch]:
    """Give a watcher that shows progress and then calls `watch`.

    Args:
        watch: The caller's own; None for none.
        progress: True shows it, False does not; None shows it in a notebook where the caller does not watch.
    """
    if not (is_in_notebook() and watch is None if progress is None else progress):
        yield watch or (lambda _: None)
        return
    bar = ProgressBar()

    def show(event: Progress) -> None:
        bar.show(event.to_mapping())
        if watch is not None:
            watch(event)

    try:
        yield show
    finally:
        bar.close()


def is_in_notebook() -> bool:
    """Return True in a process that serves a notebook: IPython with a kernel, as in Jupyter, VS Code and Colab."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


class ProgressBar:
    """A bar with what was measured last; failures and messages are lines above it."""

    def __init__(self) -> None:
        """Start without a length, since nothing is planned yet."""
        from tqdm.std import tqdm

        self._bar: Any = tqdm(total=None, unit="cell", desc="starting", file=sys.stderr, dynamic_ncols=True)

    def show(self, event: PlainEvent) -> None:
        """Take in an event."""
        if event["total"] and self._bar.total != event["total"]:
            self._bar.reset(total=event["total"])
        if event["total"]:
            self._bar.update(event["done"] - self._bar.n)
        if "row" in event and "invocation" in event:
            self._bar.set_description_str(event_text.row_line(event["row"], event.get("place")))
        elif event.get("event") == EventKind.LOADING:
            self._bar.set_description_str(f"loads {event['detector']}")
        if line := _line_above(event):
            self._bar.write(line, file=sys.stderr)

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.close()


def _line_above(event: PlainEvent) -> str:
    """Give what must not be overwritten: messages, and rows without a number."""
    if "row" in event:
        has_failed = event["row"]["status"] != Status.OK
        return event_text.event_line(event) if has_failed else str(event.get("text", ""))
    return "" if event.get("event") in (EventKind.QUEUED, EventKind.WAITING) else event_text.event_line(event)
