"""Schedule: which planned invocation starts next on which free host.

Flow: `plan.Plan` -> `Schedule` -> `running.runner` (real time) or a simulation (virtual clock); both use this rule.
Pure: it holds no host and no clock; the caller says what time it is, what started and what ended.

The rule: a free lease takes, among what may run there, the lowest block of its target first (blocks of one target
never overtake each other). Within a block, work that is bound to its target goes in a seeded random order: the sum is
equal in any, and drift then favours no detector. Interchangeable work goes longest expected first (Graham's LPT rule),
and towards the end waits for a host that will be free later but end sooner (earliest completion time): a slow host that
takes the last invocation would decide when the whole sweep ends. Measured on a virtual clock with 100 hosts of speeds
1 to 20: 1.51 times the lower bound by LPT alone.

The invocations of a cell stay on the target that took its first one, the cell's own target here, since only together
are they evidence; another target takes one of them only where the sweep would otherwise end later.

Source: Graham (1969); Ibarra & Kim (1977) for unlike machines.
"""

import bisect
import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence

from featray.core import lease_rule
from featray.core.choices import Exclusive
from featray.planning import planned_invocation
from featray.planning.inventory import Target
from featray.planning.planned_invocation import PlannedInvocation

SLACK = 0.25
"""Share of its own length by which an invocation on its cell's own target must end before the sweep: lengths are known
to a fifth."""

TAIL = 8  # waiting invocations per lease below which ends are weighed; above it any order comes out even


@dataclasses.dataclass(frozen=True)
class _Choice:
    """An invocation that may start now: as queued, and as it would run on the free target."""

    queued: PlannedInvocation
    planned: PlannedInvocation


class Schedule:
    """What is still to start, and which leases are taken."""

    def __init__(self, invocations: Iterable[PlannedInvocation], *, exclusive: Exclusive) -> None:
        """Take the invocations of a plan."""
        self._exclusive = exclusive
        self._targets: dict[str, Target] = {}
        self._fixed: dict[str, list[PlannedInvocation]] = {}  # target id -> its own queue, most urgent last
        self._shared: list[PlannedInvocation] = []  # interchangeable, most urgent first
        self._backlog_s: dict[str, float] = {}  # lease -> expected seconds queued for it alone
        self._busy: set[str] = set()
        self._until_s: dict[str, float] = {}  # lease -> when what runs there is expected to end
        self._gone: set[str] = set()
        self._own_targets: dict[str, str] = {}  # cell id -> target id, of an interchangeable cell
        for planned in invocations:
            self.add(planned)

    def lease(self, target: Target) -> str:
        """Name what an invocation on this target holds while it runs."""
        return lease_rule.held_alone(self._exclusive, host_id=target.host.host_id, target_id=target.target_id)

    def add(self, planned: PlannedInvocation) -> None:
        """Put an invocation in, such as a retry."""
        for target, _ in planned.everywhere():
            self._targets.setdefault(target.target_id, target)
        if planned.alternatives:
            if planned.was_measured_here:
                self._keep_target(planned)
            bisect.insort(self._shared, planned, key=_urgency)
            return
        bisect.insort(self._fixed.setdefault(planned.target.target_id, []), planned, key=_patience)
        self._add_backlog(planned, planned.expected_s)

    def take(self, now_s: float = 0.0) -> PlannedInvocation | None:
        """Start one invocation: mark its lease taken and return it, or None when nothing should start now.

        Args:
            now_s: The time, on any clock that only goes forward.
        """
        free = [target for target in self._targets.values() if self._is_free(target)]
        shared = self._shared_choices(free, now_s) if self._shared else {}
        choices = [choice for target in free if (choice := self._fixed_choice(target) or shared.get(target.target_id))]
        if not choices:
            return None
        best = min(choices, key=self._rank)
        if best.queued.alternatives:
            self._shared = [waiting for waiting in self._shared if waiting is not best.queued]
            self._keep_target(best.planned)
        else:
            self._fixed[best.queued.target.target_id].pop()
            self._add_backlog(best.queued, -best.queued.expected_s)
        lease = self.lease(best.planned.target)
        self._busy.add(lease)
        self._until_s[lease] = now_s + best.planned.expected_s
        return best.planned

    def release(self, target: Target) -> None:
        """Say that the invocation on this target has ended."""
        self._busy.discard(self.lease(target))

    def accepts(self, planned: PlannedInvocation) -> bool:
        """Return whether any target is left that an invocation may run on; without one it would wait for ever."""
        return bool(self._open_targets(planned))

    def drop(self, target_id: str) -> list[PlannedInvocation]:
        """Set a target aside: return what can run nowhere else; the rest moves to the other targets."""
        self._gone.add(target_id)
        self._own_targets = {cell: target for cell, target in self._own_targets.items() if target not in self._gone}
        lost = [planned for gone in sorted(self._gone) for planned in self._fixed.pop(gone, [])]
        lost += [planned for planned in self._shared if not self._open_targets(planned)]
        self._shared = [planned for planned in self._shared if self._open_targets(planned)]
        return lost

    def drop_all(self) -> list[PlannedInvocation]:
        """Give up whatever has not started and return it."""
        waiting = [*self._shared, *(planned for queue in self._fixed.values() for planned in queue)]
        self._shared, self._fixed = [], {}
        return waiting

    @property
    def waiting(self) -> int:
        """Count the invocations that have not started."""
        return len(self._shared) + sum(map(len, self._fixed.values()))

    def _is_free(self, target: Target) -> bool:
        return target.target_id not in self._gone and self.lease(target) not in self._busy

    def _fixed_choice(self, target: Target) -> _Choice | None:
        queue = self._fixed.get(target.target_id)
        return _Choice(queue[-1], queue[-1]) if queue else None

    def _shared_choices(self, free: Sequence[Target], now_s: float) -> dict[str, _Choice]:
        """Choose for each free target: the most urgent that it may run, or near the end what it would end first."""
        leases = {self.lease(target) for target in self._targets.values()}
        if len(self._shared) > TAIL * len(leases):
            return {target.target_id: choice for target in free if (choice := self._most_urgent(target))}
        return self._earliest_completions({target.target_id for target in free}, now_s)

    def _keep_target(self, planned: PlannedInvocation) -> None:
        for cell_id in planned.cell_ids:
            self._own_targets.setdefault(cell_id, planned.target.target_id)

    def _own_target(self, planned: PlannedInvocation) -> str | None:
        return next((self._own_targets[cell_id] for cell_id in planned.cell_ids if cell_id in self._own_targets), None)

    def _most_urgent(self, target: Target) -> _Choice | None:
        """Choose what a target may run; what is another target's own comes last."""
        first_of_others: PlannedInvocation | None = None
        for planned in self._shared:
            if target.target_id not in {place.target_id for place in self._open_targets(planned)}:
                continue
            if self._own_target(planned) in (None, target.target_id):
                return _Choice(planned, planned_invocation.move(planned, target))
            first_of_others = first_of_others or planned
        if first_of_others is None:
            return None
        return _Choice(first_of_others, planned_invocation.move(first_of_others, target))

    def _earliest_completions(self, free: set[str], now_s: float) -> dict[str, _Choice]:
        """Give every waiting invocation, in order, to the target that would end it first; keep those that start now.

        Cells with a target of their own go there instead, as long as that does not make the sweep end later.
        """
        ends_s = max((end_s for _, _, end_s in self._assigned(now_s, -math.inf)), default=now_s)
        started: set[str] = set()
        chosen: dict[str, _Choice] = {}
        for planned, target, _ in self._assigned(now_s, ends_s):
            lease = self.lease(target)
            if lease not in started and target.target_id in free:
                chosen[target.target_id] = _Choice(planned, planned_invocation.move(planned, target))
            started.add(lease)
        return chosen

    def _assigned(self, now_s: float, latest_s: float) -> Iterator[tuple[PlannedInvocation, Target, float]]:
        """Assign every waiting invocation: to its own target where that ends in time, else to the one that ends first.

        Args:
            now_s: The time.
            latest_s: When an invocation on its own target must end, SLACK included.

        Yields:
            Invocation, target, and when it would end.
        """
        ready = {
            lease: (max(now_s, self._until_s.get(lease, 0.0)) if lease in self._busy else now_s)
            + self._backlog_s.get(lease, 0.0)
            for lease in map(self.lease, self._targets.values())
        }
        for planned in self._shared:
            ends = [
                (ready[self.lease(target)] + seconds, index, target)
                for index, (target, seconds) in enumerate(planned.everywhere())
                if target.target_id not in self._gone
            ]
            own_target = self._own_target(planned)
            on_own_target = [
                (end_s, index, target)
                for end_s, index, target in ends
                if target.target_id == own_target and end_s + SLACK * (end_s - ready[self.lease(target)]) <= latest_s
            ]
            end_s, _, target = min(on_own_target or ends)
            ready[self.lease(target)] = end_s
            yield planned, target, end_s

    def _rank(self, choice: _Choice) -> tuple[float, int, float]:
        # The host with most work left starts first: it decides when the whole sweep ends.
        return (-self._backlog_s.get(self.lease(choice.planned.target), 0.0), *_urgency(choice.planned))

    def _open_targets(self, planned: PlannedInvocation) -> list[Target]:
        return [target for target, _ in planned.everywhere() if target.target_id not in self._gone]

    def _add_backlog(self, planned: PlannedInvocation, seconds: float) -> None:
        lease = self.lease(planned.target)
        self._backlog_s[lease] = self._backlog_s.get(lease, 0.0) + seconds


def _urgency(planned: PlannedInvocation) -> tuple[int, float]:
    return (planned.invocation.block, -planned.expected_s if planned.alternatives else planned.rank)


def _patience(planned: PlannedInvocation) -> tuple[int, float]:
    return (-planned.invocation.block, -planned.rank)
