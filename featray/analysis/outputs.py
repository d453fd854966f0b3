"""Outputs: the kept output of each unit, and the drift between two units.

Flow: a function that reads one kept output -> `Outputs` -> `comparison`, `rendering`.
Reading is the caller's: nothing here knows of files. Each output is read, and each drift measured, once.
"""

import functools
from collections.abc import Callable

from featray.analysis import drift
from featray.analysis.drift import Drift
from featray.analysis.unit import Unit
from featray.core.output_table import OutputTable
from featray.core.row import Row

TABLES_MAX = 16  # outputs in memory: 16 MB each at the most (`output_table.VALUES_MAX`)


class Outputs:
    """The kept outputs of a store."""

    def __init__(self, read: Callable[[Row], OutputTable | None], has: Callable[[Row], bool] = lambda _: True) -> None:
        """Take what is needed of a store.

        Args:
            read: Reads the output of the unit that a row belongs to; None where none was kept.
            has: Says in no time whether one was kept; it may say so of one that cannot be read.
        """
        self._has = has
        self._read = functools.lru_cache(maxsize=TABLES_MAX)(lambda unit: read(unit.row))
        self._drifts: dict[tuple[int, int], tuple[Unit, Unit, Drift | None]] = {}

    def has(self, unit: Unit) -> bool:
        """Return True if a unit's output was kept."""
        return self._has(unit.row)

    def between(self, reference: Unit, other: Unit) -> Drift | None:
        """Measure how far a unit's output lies from a reference's; None unless both were kept."""
        if not self.has(reference) or not self.has(other):
            return None
        key = id(reference), id(other)
        if key not in self._drifts:
            # The units stay here too, so that no other unit can get their ids.
            self._drifts[key] = reference, other, self._measure(reference, other)
        return self._drifts[key][2]

    def _measure(self, reference: Unit, other: Unit) -> Drift | None:
        before, after = self._read(reference), self._read(other)
        return None if before is None or after is None else drift.measure(before, after)


NO_OUTPUTS = Outputs(lambda _: None, lambda _: False)
"""No output was kept, or none is to be looked at."""
