"""Plan: which fresh processes measure what, where, in which order, given what the store already has.

Flow: `placement.Placement` and the stored keys of the run -> `make` -> `Plan` -> `schedule`, `runner`.
Pure: `featray plan` stops here. The same arguments give the same plan, on every machine.
"""

import dataclasses
import random
from collections.abc import Callable, Iterable, Mapping, Sequence

from featray.core import identity, lease_rule
from featray.core.cell import Cell
from featray.core.choices import Device, Exclusive, ProtocolName
from featray.core.invocation import Invocation, Rules
from featray.core.status import Precedence, Status, is_final, precedence
from featray.planning.inventory import Target
from featray.planning.placement import PlacedUnit, Placement, Refusal


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stored:
    """What the planner needs to know of one stored row of the run."""

    cell_id: str
    target_id: str
    invocation: int
    attempt: int
    status: Status
    measured: bool  # a child wrote it; the driver's own refusals settle nothing
    seconds: float | None = None  # warm-up and timed calls together


@dataclasses.dataclass(frozen=True, kw_only=True)
class Campaign:
    """What every invocation of a run has in common."""

    sweep: str
    run_id: str
    description: str | None = None
    baseline: str | None = None
    rules: Rules = dataclasses.field(default_factory=Rules)
    exclusive: Exclusive = Exclusive.HOST
    seed: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Planned:
    """An invocation, the target it is meant for, where else it may run, and how long it should take.

    `cell_ids` name its cells, in their order. `elsewhere_s` is what it should take on each alternative, in their order.
    `is_home`: cells of it were measured on `target` before. `rank` orders the invocations of one block and target at
    random, so that a machine that warms up or slows down during a block favours no detector and no environment.
    """

    invocation: Invocation
    cell_ids: tuple[str, ...]
    target: Target
    alternatives: tuple[Target, ...] = ()
    is_home: bool = False
    expected_s: float
    elsewhere_s: tuple[float, ...] = ()
    rank: float = 0.0  # 0 to 1, seeded


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything one submit will do."""

    campaign: Campaign
    invocations: tuple[Planned, ...]
    refusals: tuple[Refusal, ...]
    progress: Mapping[tuple[str, str], tuple[int, int]]
    """(cell_id, target_id) -> invocations that the store has, and invocations wanted in all."""

    @property
    def settled(self) -> int:
        """Count the unit-invocations that the store already has."""
        return sum(done for done, _ in self.progress.values())

    @property
    def wanted(self) -> int:
        """Count the unit-invocations of the whole run, settled ones included."""
        return sum(wanted for _, wanted in self.progress.values())

    @property
    def remaining(self) -> int:
        """Count the unit-invocations still to be measured."""
        return sum(len(planned.invocation.cells) for planned in self.invocations)


@dataclasses.dataclass(frozen=True)
class _Due:
    """One unit in one invocation that is still to be measured."""

    unit: PlacedUnit
    attempt: int
    target: Target


_Anywhere = dict[tuple[str, int], list[Stored]]
"""(cell_id, invocation) -> its last attempt on each target."""


def make(
    placement: Placement,
    stored: Iterable[Stored],
    campaign: Campaign,
    *,
    wanted: Callable[[str, str], int],
    retry_failed: bool = False,
    durations: Mapping[tuple[str, str], float] | None = None,
) -> Plan:
    """Group what is still to be measured into invocations, block by block.

    Args:
        placement: Units and refusals.
        stored: Rows of this run only; a `--rerun` passes none.
        campaign: What the invocations share.
        wanted: (cell_id, target_id) -> number of invocations.
        retry_failed: Plan again every unit whose last row is not ok.
        durations: (cell_id, target_id) -> seconds of warm-up and timed calls, from earlier rows.
    """
    last = last_attempts(stored)
    anywhere: _Anywhere = {}
    for row in last.values():
        anywhere.setdefault((row.cell_id, row.invocation), []).append(row)
    planned: list[Planned] = []
    progress: dict[tuple[str, str], tuple[int, int]] = {}
    wholes = list(_groups(placement.units).values())
    for group in [piece for whole in wholes for piece in _pieces(whole, len(wholes))]:
        counts = {unit.cell_id: wanted(unit.cell_id, unit.target.target_id) for unit in group}
        for number in range(1, max(counts.values()) + 1):
            members = [unit for unit in group if counts[unit.cell_id] >= number]
            due = [_due(unit, number, last, anywhere, retry_failed) for unit in members]
            for unit, each in zip(members, due, strict=True):
                done, _ = progress.get((unit.cell_id, unit.target.target_id), (0, 0))
                progress[unit.cell_id, unit.target.target_id] = (done + (each is None), counts[unit.cell_id])
            open_ = [each for each in due if each is not None]
            planned.extend(_invocations(open_, number, campaign, durations or {}))
    planned.sort(key=lambda each: (each.invocation.block, each.target.target_id, each.rank))
    return Plan(campaign=campaign, invocations=tuple(planned), refusals=placement.refusals, progress=progress)


def at_home(placement: Placement, stored: Iterable[Stored]) -> Placement:
    """Give interchangeable units the target that has measured most of their invocations, the first of several.

    Invocations of one cell on many targets would be as many units, none with enough of them to say anything.
    """
    counts: dict[tuple[str, str], int] = {}
    for row in last_attempts(stored).values():
        if row.status is Status.OK:
            counts[row.cell_id, row.target_id] = counts.get((row.cell_id, row.target_id), 0) + 1
    return dataclasses.replace(placement, units=tuple(_at_home(unit, counts) for unit in placement.units))


def _at_home(unit: PlacedUnit, counts: Mapping[tuple[str, str], int]) -> PlacedUnit:
    if not unit.alternatives:
        return unit
    everywhere = (unit.target, *unit.alternatives)
    home = max(everywhere, key=lambda target: counts.get((unit.cell_id, target.target_id), 0))
    if (unit.cell_id, home.target_id) not in counts:
        return unit
    others = tuple(target for target in everywhere if target is not home)
    return dataclasses.replace(unit, target=home, alternatives=others, is_home=True)


def last_attempts(stored: Iterable[Stored]) -> dict[tuple[str, str, int], Stored]:
    """Keep of each (cell_id, target_id, invocation) the attempt that counts, among those that were started."""
    last: dict[tuple[str, str, int], Stored] = {}
    for row in stored:
        key = (row.cell_id, row.target_id, row.invocation)
        if row.measured and (key not in last or _ranked(row) > _ranked(last[key])):
            last[key] = row
    return last


def _ranked(row: Stored) -> Precedence:
    return precedence(row.status, row.attempt)


def _groups(units: Sequence[PlacedUnit]) -> dict[str, list[PlacedUnit]]:
    """Gather the units that one process can measure: same target, detector, weights and environment."""
    groups: dict[str, list[PlacedUnit]] = {}
    for unit in units:
        groups.setdefault(group_key(unit.cell, unit.target.target_id), []).append(unit)
    return groups


def _pieces(group: list[PlacedUnit], groups: int) -> list[list[PlacedUnit]]:
    """Share a group's cells out where there are more interchangeable targets than groups, so that none stands idle."""
    targets = 1 + len(group[0].alternatives)
    count = min(len(group), -(-targets // groups))
    return [group[index::count] for index in range(count)]


def group_key(cell: Cell, target_id: str) -> str:
    """Name the process that a unit needs."""
    return identity.digest(
        {
            "target": target_id,
            "class": cell.detector.class_name,
            "keywords": dict(cell.detector.keywords),
            "weights": cell.weights,
            "requirements": list(cell.requirements),
            "env": cell.environment_variables(),
        }
    )


def _due(
    unit: PlacedUnit, number: int, last: Mapping[tuple[str, str, int], Stored], anywhere: _Anywhere, retry_failed: bool
) -> _Due | None:
    if unit.is_interchangeable:  # also what a target has measured that is not there today
        rows = anywhere.get((unit.cell_id, number), [])
    else:
        rows = [row for row in (last.get((unit.cell_id, unit.target.target_id, number)),) if row]
    if not rows:
        return _Due(unit, 1, unit.target)
    row = max(rows, key=_ranked)
    open_ = not is_final(row.status, row.attempt) or (retry_failed and row.status is not Status.OK)
    if not open_:
        return None
    candidates = (unit.target, *unit.alternatives)
    target = next((target for target in candidates if target.target_id == row.target_id), unit.target)
    return _Due(unit, row.attempt + (row.status is not Status.CANCELLED), target)


def _invocations(
    due: Sequence[_Due], number: int, campaign: Campaign, durations: Mapping[tuple[str, str], float]
) -> list[Planned]:
    """Make one invocation per attempt number and target: a retry never rides with a first try."""
    made: list[Planned] = []
    for attempt, target_id in sorted({(each.attempt, each.target.target_id) for each in due}):
        members = [each for each in due if (each.attempt, each.target.target_id) == (attempt, target_id)]
        made.append(
            _invocation([each.unit for each in members], members[0].target, number, attempt, campaign, durations)
        )
    return made


def _invocation(
    units: Sequence[PlacedUnit],
    target: Target,
    number: int,
    attempt: int,
    campaign: Campaign,
    durations: Mapping[tuple[str, str], float],
) -> Planned:
    seed = (campaign.seed, group_key(units[0].cell, target.target_id), number, attempt)
    order = shuffled(len(units), *seed)
    cells = tuple(units[index].cell for index in order)
    cell_ids = tuple(units[index].cell_id for index in order)
    invocation = Invocation(
        sweep=campaign.sweep,
        run_id=campaign.run_id,
        description=campaign.description,
        baseline=campaign.baseline,
        target_id=target.target_id,
        device=target.device,
        gpu_uuid=target.gpu.uuid if target.gpu else None,
        invocation=number,
        block=number,
        attempt=attempt,
        order=tuple(range(len(cells))),
        cells=cells,
        rules=campaign.rules,
        exclusive=campaign.exclusive,
    )
    others = units[0].alternatives
    usual = [_usual_s(unit, campaign.rules, durations) for unit in units]
    here, *elsewhere = (
        LOAD_S
        + sum(durations.get((unit.cell_id, each.target_id), other) for unit, other in zip(units, usual, strict=True))
        for each in (target, *others)
    )
    return Planned(
        invocation=invocation,
        cell_ids=cell_ids,
        target=target,
        alternatives=others,
        is_home=any(unit.is_home for unit in units),
        expected_s=here,
        elsewhere_s=tuple(elsewhere),
        rank=_random(*seed, "rank").random(),
    )


def _usual_s(unit: PlacedUnit, rules: Rules, durations: Mapping[tuple[str, str], float]) -> float:
    """Expect a unit's seconds on a target that has no row of it: as on any other of its targets, else a guess."""
    known = (durations.get((unit.cell_id, each.target_id)) for each in (unit.target, *unit.alternatives))
    return next((seconds for seconds in known if seconds is not None), guess_s(unit.cell, rules))


def moved(planned: Planned, target: Target) -> Planned:
    """Send an invocation to another of the targets it may run on."""
    everywhere = list(
        zip((planned.target, *planned.alternatives), (planned.expected_s, *planned.elsewhere_s), strict=True)
    )
    rest = [entry for entry in everywhere if entry[0].target_id != target.target_id]
    (here_s,) = (seconds for each, seconds in everywhere if each.target_id == target.target_id)
    invocation = dataclasses.replace(
        planned.invocation, target_id=target.target_id, gpu_uuid=target.gpu.uuid if target.gpu else None
    )
    return dataclasses.replace(
        planned,
        invocation=invocation,
        target=target,
        alternatives=tuple(each for each, _ in rest),
        expected_s=here_s,
        elsewhere_s=tuple(seconds for _, seconds in rest),
    )


def shuffled(size: int, *seed: object) -> list[int]:
    """List 0 .. size-1 in an order that depends on the seed alone."""
    order = list(range(size))
    _random(*seed).shuffle(order)
    return order


def _random(*seed: object) -> random.Random:
    """Make random numbers of a seed: as text, which `random` hashes with SHA-512, the same in every process."""
    return random.Random("/".join(map(str, seed)))


LOAD_S = 15.0  # start, import and load of one child: import 7 to 9 s, build 1 to 4 s on a 2-core host

GUESSED_S_PER_FRAME = {Device.CPU: 1.2, Device.MPS: 0.15, Device.CUDA: 0.04}
"""Used until the store knows better: 0.9 to 1.5 s per frame on a 2-core CPU; 6 to 120 ms on the GPUs of py-feat's
reports."""


def guess_s(cell: Cell, rules: Rules) -> float:
    """Guess a cell's seconds where nothing is stored: frames x a typical rate x the fewest calls."""
    calls = 2 if rules.protocol == ProtocolName.PYFEAT else rules.warmup_min + rules.repeats_min + int(rules.stages)
    rate = GUESSED_S_PER_FRAME[cell.device] if cell.detector.is_pyfeat else 0.0
    return cell.input.frames * (rate + cell.delay_s_per_frame) * calls


def estimate_s(plan: Plan) -> float:
    """Estimate the wall time of a plan: hosts run side by side, each one invocation at a time."""
    per_lease: dict[str, float] = {}
    for planned in plan.invocations:
        target = planned.target
        lease = lease_rule.held_alone(plan.campaign.exclusive, host_id=target.host.host_id, target_id=target.target_id)
        per_lease[lease] = per_lease.get(lease, 0.0) + planned.expected_s
    return max(per_lease.values(), default=0.0)
