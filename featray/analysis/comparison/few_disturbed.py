"""Few disturbed invocations: whether a verdict also holds without the invocations that alone had a state.

Flow: two units, the states in which they are unlike -> `without_disturbed` -> `pairs.judge`, which looks again. Pure.
One disturbed process of eight need not void a difference that the other seven show as well. Invocations are left
out by their state, never by their times, and the verdict of all of them has to stand.
"""

import dataclasses
from collections.abc import Collection

from featray.analysis import disturbances
from featray.analysis.comparison import state
from featray.analysis.comparison.state import StateDifference
from featray.analysis.unit import Unit
from featray.core import wording
from featray.core.row import Row, RowKey
from featray.stats import Design


@dataclasses.dataclass(frozen=True)
class Undisturbed:
    """Both sides without the invocations that had a state, and how many these were."""

    baseline: Unit
    candidate: Unit
    left_out: int
    of: int

    @property
    def sentence(self) -> str:
        """Say why the state is only a caution."""
        had = f"only {self.left_out} of {wording.count(self.of, 'invocation')} had it"
        return f"{had}, and the verdict holds without {'it' if self.left_out == 1 else 'them'}"


def without_disturbed(
    baseline: Unit, candidate: Unit, differences: Collection[StateDifference], design: Design
) -> Undisturbed | None:
    """Leave out the invocations that had one of these states; None if none had it, or more than a few of a side."""
    names = {difference.name for difference in differences}
    disturbed = state.find_disturbed(baseline, candidate, names, design)
    sides = [_rows(unit) for unit in (baseline, candidate)]
    had = [sum(row.key() in disturbed for row in rows) for rows in sides]
    is_many = any(count > disturbances.SOME * len(rows) for count, rows in zip(had, sides, strict=True))
    if not disturbed or is_many:
        return None
    kept = [_without(unit, disturbed) for unit in (baseline, candidate)]
    return Undisturbed(kept[0], kept[1], sum(had), sum(map(len, sides)))


def _rows(unit: Unit) -> list[Row]:
    return [*(row for earlier in unit.earlier for row in earlier.measured), *unit.measured]


def _without(unit: Unit, disturbed: Collection[RowKey]) -> Unit:
    kept = tuple(row for row in unit.rows if row.key() not in disturbed)
    earlier = tuple(_without(other, disturbed) for other in unit.earlier)
    return dataclasses.replace(unit, rows=kept, earlier=tuple(other for other in earlier if other.rows))
