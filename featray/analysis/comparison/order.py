"""Order: which of the units of one side is the baseline of the others. Pure.

Flow: `matching.match_within` -> `Order`. What is small, old, off or first in a catalogue or in the sweep's list of
environments comes first. The time of measuring says nothing: a block starts with any of them.
"""

from collections.abc import Sequence

from featray.analysis.comparison import keys
from featray.analysis.unit import Unit

ENVIRONMENT = "environment"


class Order:
    """The order of units along keys."""

    def __init__(self, units: Sequence[Unit], over: Sequence[str]) -> None:
        """Take all units of a group, which differ in the keys `over` alone."""
        self._over = over
        self._ranks = [
            keys.rank_values([keys.value(unit, key) or "" for unit in units]) for key in over if key != ENVIRONMENT
        ]
        self._named = [key for key in over if key != ENVIRONMENT]
        self._detectors = keys.rank_values([unit.row.detector for unit in units])
        self._environments = next((unit.row.environments for unit in units if unit.row.environments), [])

    def sort(self, units: Sequence[Unit]) -> list[Unit]:
        """Sort units; those without an order go by the texts of their values, so that it is always the same."""
        return sorted(units, key=lambda unit: (self._known(unit), self._texts(unit), unit.row.started_at))

    def is_known(self, first: Unit, other: Unit) -> bool:
        """Return True if something says which of two units comes first."""
        return self._known(first) != self._known(other)

    def _known(self, unit: Unit) -> tuple[tuple[int, ...], int, int]:
        """Give the ranks along the keys, then those of the environment and of the detector."""
        ranks = (ranks[keys.value(unit, key) or ""] for key, ranks in zip(self._named, self._ranks, strict=True))
        names = self._environments
        place = names.index(unit.row.environment) if unit.row.environment in names else len(names)
        return tuple(ranks), place, self._detectors[unit.row.detector]

    def _texts(self, unit: Unit) -> list[str]:
        return [keys.value(unit, key) or "" for key in self._over]
