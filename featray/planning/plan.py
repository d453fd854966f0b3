"""Plan: which fresh processes measure what, where, in which order, given what the store already has.

Flow: `placement.Placement` and the stored units of the run -> `make` -> `Plan` -> `schedule`, `running.runner`.
Pure: `featray plan` stops here. The same arguments give the same plan, on every machine.
"""

import dataclasses
import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from featray.core.status import Status
from featray.core.stored_unit import BegunUnit, LastAttempt, StoredUnit, last_attempts
from featray.planning import planned_invocation, wall_time
from featray.planning.inventory import Target
from featray.planning.known_times import KnownTimes
from featray.planning.placement import PlacedUnit, Placement, Refusal
from featray.planning.planned_invocation import ExpectedTimes, PlannedInvocation, RunSettings
from featray.planning.process_names import ProcessNames
from featray.planning.wall_time import WallTime


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything one submit will do."""

    run: RunSettings
    invocations: tuple[PlannedInvocation, ...]
    refusals: tuple[Refusal, ...]
    progress: Mapping[tuple[str, str], tuple[int, int]]
    """(cell_id, target_id) -> invocations that the store has, and invocations in all."""
    may_come: int = 0
    """Measurements that pilots may ask for, at most, beyond those that are planned now."""
    cells_of_unknown_time: int = 0
    """Cells still to be measured of which nothing tells how long a call takes: only the start of their processes counts
    in `expected_s`."""
    has_many_targets: bool = False  # that units may run on, those that are done included

    def __repr__(self) -> str:
        """Count what is done and what is left."""
        left = f"{self.remaining} left in {len(self.invocations)} invocations"
        return f"Plan({self.run.run_id}: {self.done} of {self.total} measurements done, {left})"

    @property
    def done(self) -> int:
        """Count the unit-invocations that the store already has."""
        return sum(done for done, _ in self.progress.values())

    @property
    def total(self) -> int:
        """Count the unit-invocations of the whole run, those done included."""
        return sum(total for _, total in self.progress.values())

    @property
    def remaining(self) -> int:
        """Count the unit-invocations still to be measured."""
        return sum(len(planned.invocation.cells) for planned in self.invocations)

    @property
    def due_units(self) -> Iterator[tuple[str, str]]:
        """Iterate over (cell_id, target_id) of what is still to be measured, once for each invocation."""
        return ((cell_id, planned.target.target_id) for planned in self.invocations for cell_id in planned.cell_ids)

    @functools.cached_property
    def expected(self) -> WallTime:
        """Expect where its invocations run, and when they end."""
        return wall_time.expect(self.invocations, self.run.exclusive)

    @functools.cached_property
    def bound_targets(self) -> int:
        """Count the targets of the invocations that may run nowhere else."""
        return len({planned.target.target_id for planned in self.invocations if not planned.alternatives})

    @property
    def expected_s(self) -> float:
        """Estimate the wall time, in seconds."""
        return self.expected.end_s

    @property
    def expected_max_s(self) -> float:
        """Estimate the wall time if all comes that may come, in seconds."""
        return self.expected_s * (1 + self.may_come / self.remaining) if self.may_come else self.expected_s


@dataclasses.dataclass(frozen=True)
class _DueUnit:
    """One unit in one invocation that is still to be measured."""

    unit: PlacedUnit
    attempt: int
    target: Target
    tries: int  # so far, without those that were lost
    begun_at: frozenset[str] = frozenset()  # each time since its last row, without an end that its host saw


class _Interruptions:
    """The moments at which units of a run were begun without an end that their host saw."""

    def __init__(self, begun: Iterable[BegunUnit], run_id: str) -> None:
        self._begun_at: dict[tuple[str, str, int], list[str]] = {}
        for unit in begun:
            if unit.run_id == run_id:
                self._begun_at.setdefault((unit.cell_id, unit.target_id, unit.invocation), []).append(unit.begun_at)

    def note(self, due: _DueUnit, number: int, attempts: Sequence[LastAttempt]) -> _DueUnit:
        """Note when a unit was begun after its last row: a row says what came of what began before it."""
        if not self._begun_at:
            return due
        last = max((attempt.started_at for attempt in attempts), default="")
        places = [(due.unit.cell_id, target.target_id, number) for target in due.unit.targets]
        moments = (moment for place in places for moment in self._begun_at.get(place, ()))
        return dataclasses.replace(due, begun_at=frozenset(moment for moment in moments if moment > last))


@dataclasses.dataclass(frozen=True)
class _LastAttempts:
    """The attempt that counts of each unit in each invocation, by target and over all targets."""

    by_target: Mapping[tuple[str, str, int], LastAttempt]
    by_cell: Mapping[tuple[str, int], Sequence[LastAttempt]]

    def of(self, unit: PlacedUnit, number: int) -> Sequence[LastAttempt]:
        """List what counts for a unit: of an interchangeable one also what an absent target has measured."""
        if unit.is_interchangeable:
            return self.by_cell.get((unit.cell_id, number), ())
        stored = self.by_target.get((unit.cell_id, unit.target.target_id, number))
        return (stored,) if stored else ()


def make(
    placement: Placement,
    stored: Iterable[StoredUnit],
    run: RunSettings,
    *,
    invocations_needed: Callable[[str, str], int | Collection[int]],
    may_come: int = 0,
    retry_failed: bool = False,
    known: KnownTimes | None = None,
    begun: Iterable[BegunUnit] = (),
) -> Plan:
    """Group what is still to be measured into invocations, block by block.

    Args:
        placement: Units and refusals.
        stored: Rows of this run only; a `--rerun` passes none.
        run: What the invocations share.
        invocations_needed: (cell_id, target_id) -> how many invocations, or their numbers.
        may_come: Measurements that pilots may ask for later, at most.
        retry_failed: Plan again every unit whose last row is not ok.
        known: What earlier rows tell of times.
        begun: Units that hosts began, and whose end they did not see: any of them may be what took its host down. So
            they come last. The other cells of a process that was interrupted more than once come just before them; once
            is bad luck, and these cells are best measured among the others.
    """
    interruptions = _Interruptions(begun, run.run_id)
    attempts, expected = _index(stored), ExpectedTimes(run.rules, known or KnownTimes())
    invocations: list[PlannedInvocation] = []
    progress: dict[tuple[str, str], tuple[int, int]] = {}
    names = ProcessNames()
    groups = list(_groups(placement.units, names).values())
    for group in [part for whole in groups for part in _split(whole, len(groups))]:
        numbers = [_numbers(invocations_needed(unit.cell_id, unit.target.target_id)) for unit in group]
        left, due_by_number = [0] * len(group), dict[int, list[_DueUnit]]()
        for number in sorted(set().union(*numbers)):
            due_units = due_by_number[number] = []
            for index, unit in enumerate(group):
                if number not in numbers[index]:
                    continue
                tried = attempts.of(unit, number)
                if (due := _due(unit, tried, retry_failed=retry_failed)) is not None:
                    due_units.append(interruptions.note(due, number, tried))
                    left[index] += 1
        moments = frozenset[str]().union(*(due.begun_at for dues in due_by_number.values() for due in dues))
        for number, due_units in due_by_number.items():
            invocations += _invocations(due_units, number, run, names, expected, is_suspect=len(moments) > 1)
        for unit, of_unit, due_count in zip(group, numbers, left, strict=True):
            progress[unit.cell_id, unit.target.target_id] = (len(of_unit) - due_count, len(of_unit))
    invocations.sort(key=lambda planned: (planned.invocation.block, planned.target.target_id, planned.rank))
    return Plan(
        run=run,
        invocations=tuple(invocations),
        refusals=placement.refusals,
        progress=progress,
        may_come=may_come if invocations else 0,
        cells_of_unknown_time=len(expected.unknown),
        has_many_targets=placement.has_many_targets,
    )


def _numbers(needed: int | Collection[int]) -> Collection[int]:
    return range(1, needed + 1) if isinstance(needed, int) else needed


def prefer_measured_target(placement: Placement, stored: Iterable[StoredUnit]) -> Placement:
    """Give interchangeable units the target that has measured most of their invocations, the first of several.

    Invocations of one cell on many targets would be as many units, none with enough of them to say anything.
    """
    counts: dict[tuple[str, str], int] = {}
    for unit in last_attempts(stored).values():
        if unit.status == Status.OK:
            counts[unit.cell_id, unit.target_id] = counts.get((unit.cell_id, unit.target_id), 0) + 1
    if not counts:
        return placement
    units = tuple(_on_measured_target(unit, counts) for unit in placement.units)
    return dataclasses.replace(placement, units=units)


def _on_measured_target(unit: PlacedUnit, counts: Mapping[tuple[str, str], int]) -> PlacedUnit:
    if not unit.alternatives:
        return unit
    most = max(unit.targets, key=lambda target: counts.get((unit.cell_id, target.target_id), 0))
    if (unit.cell_id, most.target_id) not in counts:
        return unit
    others = tuple(target for target in unit.targets if target is not most)
    return dataclasses.replace(unit, target=most, alternatives=others, was_measured_here=True)


def _index(stored: Iterable[StoredUnit]) -> _LastAttempts:
    by_target = last_attempts(stored)
    by_cell: dict[tuple[str, int], list[LastAttempt]] = {}
    for unit in by_target.values():
        by_cell.setdefault((unit.cell_id, unit.invocation), []).append(unit)
    return _LastAttempts(by_target, by_cell)


def _groups(units: Sequence[PlacedUnit], names: ProcessNames) -> dict[str, list[PlacedUnit]]:
    """Gather the units that one process can measure: same target, detector, weights and environment."""
    groups: dict[str, list[PlacedUnit]] = {}
    for unit in units:
        groups.setdefault(names.of(unit.cell, unit.target.target_id), []).append(unit)
    return groups


def _split(group: list[PlacedUnit], groups: int) -> list[list[PlacedUnit]]:
    """Split a group where there are more interchangeable targets than groups, so that every target has work."""
    targets = 1 + len(group[0].alternatives)
    count = min(len(group), -(-targets // groups))
    return [group] if count == 1 else [group[index::count] for index in range(count)]


def _due(unit: PlacedUnit, attempts: Sequence[LastAttempt], *, retry_failed: bool) -> _DueUnit | None:
    """Decide which attempt of a unit is due, and where; None where it is done."""
    if not attempts:
        return _DueUnit(unit, 1, unit.target, 0)
    last = max(attempts, key=lambda attempt: attempt.rank)
    if last.is_final and not (retry_failed and last.status != Status.OK):
        return None
    target = next((target for target in unit.targets if target.target_id == last.target_id), unit.target)
    if last.status == Status.CANCELLED:
        return _DueUnit(unit, last.attempt, target, last.tries - 1)
    return _DueUnit(unit, last.attempt + 1, target, last.tries)


def _invocations(
    due_units: Sequence[_DueUnit],
    number: int,
    run: RunSettings,
    names: ProcessNames,
    expected: ExpectedTimes,
    *,
    is_suspect: bool,
) -> list[PlannedInvocation]:
    """Make one invocation for each attempt number and target: a retry never shares a process with a first try."""
    groups: dict[tuple[int, int, int, str], list[_DueUnit]] = {}
    for due in due_units:
        groups.setdefault((due.attempt, due.tries, len(due.begun_at), due.target.target_id), []).append(due)
    return [
        planned_invocation.make(
            [due.unit for due in group],
            group[0].target,
            number=number,
            attempt=attempt,
            tries=tries,
            interruptions=interruptions + is_suspect,
            process=names.of(group[0].unit.cell, target_id),
            run=run,
            expected=expected,
        )
        for (attempt, tries, interruptions, target_id), group in sorted(groups.items())
    ]
