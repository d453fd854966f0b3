"""Search: which invocations of a sweep's units are measured now, where the sweep searches the best value of a setting.

Flow: placed units and readings -> `decide` -> `plan.make`; `outlook` says what may come. Pure.

All values that may be measured are units of the sweep from the start. `ladder` says which of them are measured and how
often. Units that one process can measure, but for the searched setting, go forward together: they share processes.
"""

import collections
import dataclasses
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence

from featray.core.cell import Cell
from featray.planning.ladder import Ladder, Numbers, Rung, RungLimits, RungReading, next_numbers
from featray.planning.placement import PlacedUnit
from featray.sweep import Axes, Invocations, Search

UnitId = tuple[str, str]
"""cell_id and target_id of a unit."""

Readings = Mapping[UnitId, Mapping[int, RungReading]]
"""Unit -> number of the invocation -> what was read. What may be tried again has no reading."""

CONFIRMED = 4  # values of a ladder that are measured further, as a rule: the best, its neighbours, and the fastest

BATCH_SIZE = "batch_size"  # the axis of which a value above the number of frames does the same work


@dataclasses.dataclass(frozen=True, kw_only=True)
class LadderOfUnits:
    """The units of one search: they differ in the searched setting alone."""

    units: tuple[PlacedUnit, ...]
    ladder: Ladder


def gather(search: Search, units: Iterable[PlacedUnit], readings: Readings) -> list[list[LadderOfUnits]]:
    """Make the ladders of a sweep, in groups that go forward together, in the order of their units."""
    groups: dict[Hashable, dict[Hashable, list[PlacedUnit]]] = {}
    for unit in units:
        group = groups.setdefault((unit.target.target_id, unit.cell.detector.name), {})
        group.setdefault(_others(unit.cell, search.axis), []).append(unit)
    return [[_make(search, members, readings) for members in group.values()] for group in groups.values()]


def _others(cell: Cell, axis: str) -> Hashable:
    """Give a cell's values of all axes but the searched one."""
    axes = (field.name for field in dataclasses.fields(Axes) if field.name != axis)
    return (cell.input.name, cell.environment, *(getattr(cell, name) for name in axes))


def value_of(cell: Cell, axis: str) -> int:
    """Give a cell's value of the searched axis; unset threads are py-feat's own default."""
    value = getattr(cell, axis)
    return 1 if value is None else int(value)


def _make(search: Search, units: Sequence[PlacedUnit], readings: Readings) -> LadderOfUnits:
    in_order = sorted(units, key=lambda unit: value_of(unit.cell, search.axis))
    rungs = tuple(
        Rung(
            value=value_of(unit.cell, search.axis),
            readings=readings.get((unit.cell_id, unit.target.target_id), {}),
            is_whole=search.axis == BATCH_SIZE and unit.cell.batches == 1,
        )
        for unit in in_order
    )
    limits = RungLimits(memory_b=search.memory_limit_b, batch_s=search.latency_limit_s)
    return LadderOfUnits(units=tuple(in_order), ladder=Ladder(rungs=rungs, limits=limits))


def decide(
    search: Search, asked: Invocations, units: Iterable[PlacedUnit], readings: Readings
) -> Callable[[str, str], Collection[int]]:
    """Decide which invocations each unit has or should have now.

    Args:
        search: Of the sweep.
        asked: Invocations of the sweep.
        units: As placed.
        readings: What the run has, under the numbers that this function gave before.

    Returns:
        (cell_id, target_id) -> numbers of its invocations; none where a unit is not measured now.
    """
    wanted: dict[UnitId, set[int]] = {}
    for group in gather(search, units, readings):
        for member, numbers in zip(group, _numbers(group, asked), strict=True):
            for unit, own in zip(member.units, numbers, strict=True):
                wanted[unit.cell_id, unit.target.target_id] = own
    return lambda cell_id, target_id: wanted[cell_id, target_id]


def _numbers(group: Sequence[LadderOfUnits], asked: Invocations) -> list[Numbers]:
    return next_numbers([member.ladder for member in group], asked)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchOutlook:
    """What a search may still measure beyond what is planned now. The least is nothing."""

    axis: str
    measurements: int  # that may come, as a rule; less where the climb ends early
    expected_s: Mapping[str, float]  # target id -> their seconds
    may_come: frozenset[UnitId]  # units that are not planned now and may be later

    @property
    def total_s(self) -> float:
        """Give the seconds of the target that takes the longest."""
        return max(self.expected_s.values(), default=0.0)


def outlook(
    search: Search,
    asked: Invocations,
    units: Iterable[PlacedUnit],
    readings: Readings,
    unit_s: Callable[[PlacedUnit], float],
) -> SearchOutlook:
    """Say what a search may measure later: the rest of each climb, and the values that it then measures further.

    Args:
        search: Of the sweep.
        asked: Invocations of the sweep.
        units: As placed.
        readings: What the run has.
        unit_s: Expects the seconds of a unit in one invocation, with the start of its process.
    """
    seconds: dict[str, float] = collections.defaultdict(float)
    count, may_come = 0, set[UnitId]()
    for group in gather(search, units, readings):
        for member, numbers in zip(group, _numbers(group, asked), strict=True):
            for unit, number in _later(member, numbers, asked):
                count += number
                seconds[unit.target.target_id] += number * unit_s(unit)
                may_come.add((unit.cell_id, unit.target.target_id))
    return SearchOutlook(axis=search.axis, measurements=count, expected_s=dict(seconds), may_come=frozenset(may_come))


def _later(member: LadderOfUnits, numbers: Numbers, asked: Invocations) -> Iterator[tuple[PlacedUnit, int]]:
    """List the units that may be measured later, each with how many invocations, as a rule."""
    rungs = member.ladder.rungs
    if not any(own - rung.readings.keys() for rung, own in zip(rungs, numbers, strict=True)):
        return  # this search has ended
    if any(len(own) > 1 for own in numbers):
        for unit, own in zip(member.units, numbers, strict=True):
            if 1 < len(own) < asked.max:
                yield unit, asked.max - len(own)
        return
    reach = next((place for place, rung in enumerate(rungs, 1) if rung.is_whole), len(rungs))
    for place in range(reach):
        further = asked.max - 1 if place >= reach - CONFIRMED else 0
        number = further + (not numbers[place])
        if number:
            yield member.units[place], number
