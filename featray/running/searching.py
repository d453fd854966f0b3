"""Searching: what a search measures next, while it runs.

Flow: `preparation.SubmitPlan` and stored rows -> `Searching`; `runner` tells it every row, and asks what is due.

The store is its only memory: what it asks for follows from the rows. So a search that was stopped goes on where it was,
and measures nothing twice. Each target goes on by itself, and waits for no other.
"""

import collections
import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from featray.core import wording
from featray.core.row import Row
from featray.core.stored_unit import of_row
from featray.planning import plan, search
from featray.planning.known_times import KnownTimes
from featray.planning.placement import PlacedUnit, Placement
from featray.planning.planned_invocation import PlannedInvocation, RunSettings
from featray.planning.search import LadderOfUnits, UnitId
from featray.running import search_readings
from featray.sweep import Search, Sweep

WORDS = {"batch_size": "batch", "num_workers": "workers"}
"""Axis -> what messages call it, where that is not its name."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchStep:
    """What is measured next of some units, and what to tell people."""

    invocations: tuple[PlannedInvocation, ...]
    text: str | None


class Searching:
    """The searches of one run."""

    def __init__(
        self,
        sweep: Sweep,
        wanted: Search,
        placed: Placement,
        run: RunSettings,
        rows: Iterable[Row],
        known: KnownTimes,
    ) -> None:
        """Take what is planned already.

        Args:
            sweep: With the search `wanted`.
            wanted: The search.
            placed: Its units.
            run: What its invocations share.
            rows: Of the run, every attempt.
            known: What earlier rows tell of times.
        """
        self._search, self._asked, self._run, self._known = wanted, sweep.invocations, run, known
        self._rows: dict[UnitId, list[Row]] = collections.defaultdict(list)
        self._groups = [
            [unit for member in group for unit in member.units] for group in search.gather(wanted, placed.units, {})
        ]
        self._group_of = {_id(unit): index for index, units in enumerate(self._groups) for unit in units}
        self._changed: set[int] = set()
        for row in rows:
            self.note(row)
        self._planned: dict[UnitId, set[int]] = {}
        for units in self._groups:
            self._planned |= self._wanted(units)
        self._changed.clear()

    def note(self, row: Row) -> None:
        """Take in a row."""
        unit = (row.cell_id, row.target_id)
        if unit in self._group_of:
            self._rows[unit].append(row)
            self._changed.add(self._group_of[unit])

    def due(self) -> list[SearchStep]:
        """Give what is to be measured now and was not given before."""
        changed, self._changed = sorted(self._changed), set()
        return [step for index in changed if (step := self._step(self._groups[index])) is not None]

    def _wanted(self, units: Sequence[PlacedUnit]) -> dict[UnitId, set[int]]:
        needed = search.decide(self._search, self._asked, units, self._readings(units))
        return {_id(unit): set(needed(*_id(unit))) for unit in units}

    def _readings(self, units: Sequence[PlacedUnit]) -> search.Readings:
        return search_readings.read(row for unit in units for row in self._rows[_id(unit)])

    def _step(self, units: Sequence[PlacedUnit]) -> SearchStep | None:
        wanted = self._wanted(units)
        fresh = {unit: numbers - self._planned[unit] for unit, numbers in wanted.items()}
        due = [unit for unit in units if fresh[_id(unit)]]
        if not due:
            return None
        self._planned |= wanted
        made = plan.make(
            Placement(units=tuple(due), refusals=()),
            [of_row(row) for unit in due for row in self._rows[_id(unit)]],
            self._run,
            invocations_needed=lambda cell_id, target_id: fresh[cell_id, target_id],
            known=self._known,
        )
        text = "; ".join(self._describe(units, fresh))
        return SearchStep(invocations=made.invocations, text=f"search: {text}" if text else None)

    def _describe(self, units: Sequence[PlacedUnit], fresh: Mapping[UnitId, Collection[int]]) -> Iterator[str]:
        """Name the values that are measured side by side; a step of the climb needs no words."""
        (group,) = search.gather(self._search, units, {})
        for member in group:
            due = [unit for unit in member.units if fresh[_id(unit)]]
            if any(min(fresh[_id(unit)]) > 1 for unit in due):
                yield self._describe_round(member, due, len(fresh[_id(due[0])]))

    def _describe_round(self, member: LadderOfUnits, due: Sequence[PlacedUnit], number: int) -> str:
        cell, axis = member.units[0].cell, self._search.axis
        values = wording.listed(search.value_of(unit.cell, axis) for unit in due)
        times = wording.count(number, "invocation")
        name = f"{cell.detector.name} {cell.input.name} on {member.units[0].target.label}"
        how = f"side by side, {times} of each" if len(due) > 1 else f"{times} more"
        return f"{name}: {WORDS.get(axis, axis)} {values} {how}"


def _id(unit: PlacedUnit) -> UnitId:
    return unit.cell_id, unit.target.target_id
