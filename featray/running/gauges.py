"""Gauges: the figures of a run for its watchers: counts by status, rows per second, frames per second, busy targets.

Flow: `runner` -> `Gauges` -> `Backend.publish` -> Ray's metrics, the dashboard, the job's record.
Pure: the caller gives the time, in seconds from any origin.
"""

import collections
import statistics
from typing import Any

from featray.core import quantities
from featray.core.row import Row
from featray.planning.inventory import Target

WINDOW_S = 60.0  # rows per second are counted over the last minute
PUBLISH_EVERY_S = 1.0  # Ray's agents read metrics every few seconds; more often shows nothing


class Gauges:
    """The figures of one run, kept up to date."""

    def __init__(self, now: float) -> None:
        """Start with nothing done at `now`."""
        self._begun = now
        self._published: float | None = None
        self._by_status: collections.Counter[str] = collections.Counter()
        self._arrivals: collections.deque[float] = collections.deque()
        self._fps: dict[str, float] = {}
        self._leases: dict[str, int] = {}
        self._waiting: dict[str, int] = {}

    @property
    def done(self) -> int:
        """Count the rows so far."""
        return self._by_status.total()

    def mark_busy(self, target: Target) -> None:
        """Note that an invocation was started on this target."""
        self._leases[target.label], self._waiting[target.label] = 1, 0

    def mark_free(self, target: Target) -> None:
        """Note that no invocation is on this target any more."""
        self._leases[target.label] = self._waiting[target.label] = 0

    def mark_waiting(self, target: Target, *, waits: bool) -> None:
        """Note whether the invocation on this target waits for others to free it."""
        self._waiting[target.label] = int(waits)

    def add(self, row: Row, target: Target, now: float) -> None:
        """Count a row."""
        self._by_status[row.status] += 1
        self._arrivals.append(now)
        if row.timed_s and row.frames:
            self._fps[target.label] = quantities.frames_per_second(row.frames, statistics.median(row.timed_s))

    def is_due(self, now: float) -> bool:
        """Return True when it is time to publish again; the next time is then counted from now."""
        if self._published is not None and now - self._published < PUBLISH_EVERY_S:
            return False
        self._published = now
        return True

    def figures(self, total: int, now: float) -> dict[str, Any]:
        """Give every figure: name -> number, or name -> {status or target: number}.

        `backends.FIGURES` says what each means; those of `backends.COUNTERS` only ever grow.
        """
        while self._arrivals and now - self._arrivals[0] > WINDOW_S:
            self._arrivals.popleft()
        window = min(WINDOW_S, now - self._begun)
        return {
            "units_planned": total,
            "units_done": self.done,
            "rows": dict(self._by_status),
            "rows_per_second": len(self._arrivals) / window if window > 0 else 0.0,
            "fps": dict(self._fps),
            "lease": dict(self._leases),
            "waiting": dict(self._waiting),
        }
