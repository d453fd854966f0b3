"""Planned invocations: one fresh process, the target it should run on, where else it may run, and for how long.

Flow: `plan.make` -> `PlannedInvocation` -> `schedule`, `running.runner`. Pure.
"""

import dataclasses
import functools
import hashlib
import operator
import random
from collections.abc import Iterable, Mapping, Sequence

from featray.core.choices import Exclusive
from featray.core.invocation import Invocation
from featray.core.rules import Rules
from featray.planning import time_estimate
from featray.planning.inventory import Target
from featray.planning.known_times import KnownTimes
from featray.planning.placement import PlacedUnit


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunSettings:
    """What every invocation of a run has in common."""

    sweep: str
    run_id: str
    description: str | None = None
    baseline: str | None = None
    environments: tuple[str, ...] = ()
    reference: str | None = None
    search_limits: str | None = None
    rules: Rules = dataclasses.field(default_factory=Rules)
    exclusive: Exclusive = Exclusive.HOST
    seed: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlannedInvocation:
    """An invocation, the target it is meant for, where else it may run, and how long it should take."""

    invocation: Invocation
    cell_ids: tuple[str, ...]
    """Ids of its cells, in their order."""
    target: Target
    alternatives: tuple[Target, ...] = ()
    was_measured_here: bool = False
    """Cells of it were measured on `target` before."""
    tries: int = 0
    """How often its cells were tried before, without attempts that were lost with their host."""
    losses: int = 0
    """How often they were lost in this submit."""
    is_retry: bool = False
    """Its cells have a row of this submit already, of the attempt before."""
    interruptions: int = 0
    """How often they were begun and their driver or host went down. One more where their process went down under
    another cell: once with its worker, or more than once with its driver or host."""
    expected_s: float
    elsewhere_s: tuple[float, ...] = ()
    """How long it should take on each alternative, in their order."""
    rank: float = 0.0
    """0 to 1, seeded: orders the invocations of one block and target, every second block in reverse, so that a machine
    that warms up or slows down during a block favours no detector and no environment."""

    @property
    def failures(self) -> int:
        """Count how often its cells failed, were lost or were interrupted before."""
        return self.tries + self.losses + self.interruptions

    @functools.cached_property
    def seconds_by_target(self) -> Mapping[str, float]:
        """Map the id of each target that it may run on to the seconds that it should take there."""
        return {target.target_id: seconds for target, seconds in self.everywhere()}

    def everywhere(self) -> tuple[tuple[Target, float], ...]:
        """List each target that it may run on, with the seconds it should take there; `target` comes first."""
        targets, seconds = (self.target, *self.alternatives), (self.expected_s, *self.elsewhere_s)
        return tuple(zip(targets, seconds, strict=True))


Elsewhere = tuple[tuple[Target, ...], float, tuple[float, ...]]
"""Other targets, the seconds expected on the own one, and those on each of the others."""


class ExpectedTimes:
    """How long units should take on targets. The invocations of one process have the same units, block after block."""

    def __init__(self, rules: Rules, known: KnownTimes) -> None:
        """Take the rules of the run, and what earlier rows tell."""
        self._rules, self._known = rules, known
        self.unknown: set[str] = set()
        """Ids of cells of which nothing tells how long a call takes."""
        self._guesses: dict[str, float] = {}  # cell id -> seconds of a cell that was never measured
        self._elsewhere: tuple[Sequence[PlacedUnit], Target | None, Elsewhere] = ((), None, ((), 0.0, ()))

    def everywhere(self, units: Sequence[PlacedUnit], target: Target) -> "Elsewhere":
        """Expect the seconds of one process on its target, and on each other target of its units.

        The invocations of one process share the tuples.
        """
        last_units, last_target, found = self._elsewhere
        if target is not last_target or not _are_same(units, last_units):
            # The last try may have been on another of the targets than the preferred one.
            others = tuple(place for place in units[0].targets if place.target_id != target.target_id)
            expected_s, *elsewhere_s = self.of(units, (target, *others))
            found = others, expected_s, tuple(elsewhere_s)
            self._elsewhere = units, target, found
        return found

    def of(self, units: Sequence[PlacedUnit], places: Sequence[Target]) -> list[float]:
        """Expect the seconds of one process with these units, on each of the places."""
        seconds = [self._known.start_s(units[0].cell, place.target_id) for place in places]
        for unit in units:
            self._add(unit, places, seconds)
        return seconds

    def _add(self, unit: PlacedUnit, places: Sequence[Target], seconds: list[float]) -> None:
        """Add a unit's seconds at each place, from what is known of its calls, else from a guess."""
        calls = self._known.calls(unit.cell)
        if calls is None:
            guess_s = self._guess(unit)
            seconds[:] = [known_s + guess_s for known_s in seconds]
            return
        for index, place in enumerate(places):
            gpus, calls_s = max(1, len(place.gpus)), calls.at(place.target_id)
            seconds[index] += time_estimate.expect_s(unit.cell, self._rules, calls_s, gpus=gpus)

    def _guess(self, unit: PlacedUnit) -> float:
        if unit.cell_id not in self._guesses:
            self._guesses[unit.cell_id] = time_estimate.expect_s(unit.cell, self._rules, None)
            if not time_estimate.can_guess(unit.cell):
                self.unknown.add(unit.cell_id)
        return self._guesses[unit.cell_id]


def _are_same(some: Sequence[object], others: Sequence[object]) -> bool:
    return len(some) == len(others) and all(map(operator.is_, some, others))


def make(
    units: Sequence[PlacedUnit],
    target: Target,
    *,
    number: int,
    attempt: int,
    tries: int = 0,
    interruptions: int = 0,
    process: str,
    run: RunSettings,
    expected: ExpectedTimes,
) -> PlannedInvocation:
    """Make one invocation of units that one process can measure.

    Every second block runs in the reverse order of the block before. A machine that warms up within each block then
    favours no side, however few blocks there are: of three blocks in random order, all three have the same side first
    in a quarter of sweeps.

    Args:
        units: Of one process; its cells come in a seeded random order of these.
        target: Where it should run; the alternatives are those of the units.
        number: Which invocation of its units, from 1.
        attempt: Which attempt of it, from 1.
        tries: How often its cells were tried before, without attempts that were lost.
        interruptions: How often they were begun and their driver or host went down, as `PlannedInvocation` counts.
        process: Name of the process that the units need; the random order follows from it.
        run: What it shares with the others of the run.
        expected: How long its units should take.
    """
    is_mirrored = number % 2 == 0
    seed = (run.seed, process, number - is_mirrored, attempt)
    order = shuffle_indices(len(units), *seed)[:: -1 if is_mirrored else 1]
    rank = _fraction(*seed, "rank")
    ordered = [units[index] for index in order]
    invocation = Invocation(
        sweep=run.sweep,
        run_id=run.run_id,
        description=run.description,
        baseline=run.baseline,
        environments=run.environments,
        reference=run.reference,
        search_limits=run.search_limits,
        target_id=target.target_id,
        device=target.device,
        gpu_uuid=target.gpu_uuid,
        gpus=target.names_by_uuid,
        invocation=number,
        block=number,
        attempt=attempt,
        order=tuple(range(len(ordered))),
        cells=tuple([unit.cell for unit in ordered]),
        rules=run.rules,
        exclusive=Exclusive.HOST if target.is_whole else run.exclusive,
    )
    alternatives, expected_s, elsewhere_s = expected.everywhere(units, target)
    return PlannedInvocation(
        invocation=invocation,
        cell_ids=tuple([unit.cell_id for unit in ordered]),
        target=target,
        alternatives=alternatives,
        was_measured_here=any(unit.was_measured_here for unit in units),
        tries=tries,
        interruptions=interruptions,
        expected_s=expected_s,
        elsewhere_s=elsewhere_s,
        rank=1 - rank if is_mirrored else rank,
    )


def move(planned: PlannedInvocation, target: Target) -> PlannedInvocation:
    """Send an invocation to another of the targets it may run on."""
    if target.target_id == planned.target.target_id:
        return dataclasses.replace(planned)
    others, others_s = planned.alternatives, planned.elsewhere_s
    at = next(at for at, other in enumerate(others) if other.target_id == target.target_id)
    invocation = dataclasses.replace(
        planned.invocation, target_id=target.target_id, gpu_uuid=target.gpu_uuid, gpus=target.names_by_uuid
    )
    return dataclasses.replace(
        planned,
        invocation=invocation,
        target=target,
        alternatives=(planned.target, *others[:at], *others[at + 1 :]),
        expected_s=others_s[at],
        elsewhere_s=(planned.expected_s, *others_s[:at], *others_s[at + 1 :]),
    )


def shuffle_indices(size: int, *seed: object) -> list[int]:
    """List 0 .. size-1 in an order that depends on the seed alone."""
    order = list(range(size))
    if size > 1:
        random.Random(_text(seed)).shuffle(order)  # `random` hashes text with SHA-512, the same in every process
    return order


def _fraction(*seed: object) -> float:
    """Draw a number from 0 to 1 that depends on the seed alone; a tenth of the time that `random` takes."""
    return int.from_bytes(hashlib.sha256(_text(seed).encode()).digest()[:7]) / 2**56


def _text(seed: Iterable[object]) -> str:
    return "/".join(map(str, seed))
