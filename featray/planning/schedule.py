"""Schedule: which planned invocation starts next on which free host.

Flow: `plan.Plan` -> `Schedule`, near the end with `assignment` -> `running.runner` (real time) or a simulation (virtual
clock); both use this rule.
Pure: it holds no host and no clock; the caller says what time it is, what started and what ended.

The rule: a free lease takes, among what may run there, the lowest block of its target first (blocks of one target
never overtake each other). Within a block, work that is bound to its target goes in a seeded random order: the sum is
equal in any, and drift then favours no detector. Interchangeable work goes longest expected first (Graham's LPT rule),
and towards the end waits for a host that will be free later but end sooner (earliest completion time): a slow host that
takes the last invocation would decide when the whole sweep ends. Measured on a virtual clock with 100 hosts of speeds
1 to 20: 1.51 times the lower bound by LPT alone.

All GPUs of a host at the same time are a target of its own, which needs the host alone. Its invocations take their turn
block by block, after the other targets of the host: until then these start nothing of a later block, so that it never
waits for ever, and nothing starts beside it.

The invocations of a cell stay on the target that took its first one, the cell's own target here, since only together
are they evidence; another target takes one of them only where the sweep would otherwise end later.

Source: Graham (1969); Ibarra & Kim (1977) for unlike machines.
"""

import bisect
import dataclasses
from collections.abc import Iterable, Iterator, Sequence

from featray.core.choices import Exclusive
from featray.planning import assignment, planned_invocation
from featray.planning.inventory import Target
from featray.planning.planned_invocation import PlannedInvocation

TAIL = 8  # waiting invocations per lease below which ends are weighed; above it any order comes out even
STALE = 20
"""An assignment serves a twentieth of the leases, or of the waiting invocations where those are fewer. Then it is made
anew: with 1000 hosts that takes 0.1 s, and what has ended meanwhile has changed it little."""


@dataclasses.dataclass(frozen=True)
class _Choice:
    """An invocation that may start now, and the free target that it would start on."""

    queued: PlannedInvocation
    target: Target

    @property
    def order(self) -> float:
        """Order it within its block: interchangeable work by its length there, longest first, the rest at random."""
        if not self.queued.alternatives:
            return self.queued.rank
        return -self.queued.seconds_by_target[self.target.target_id]


class Schedule:
    """What is still to start, and which leases are taken."""

    def __init__(self, invocations: Iterable[PlannedInvocation], *, exclusive: Exclusive) -> None:
        """Take the invocations of a plan."""
        self._exclusive = exclusive
        self._targets: dict[str, Target] = {}
        self._of_host: dict[str, list[Target]] = {}
        self._whole: dict[str, Target] = {}  # host id -> all its GPUs at the same time
        self._fixed: dict[str, list[PlannedInvocation]] = {}  # target id -> its own queue, most urgent last
        self._shared: list[PlannedInvocation] = []  # interchangeable, most urgent first
        self._backlog_s: dict[str, float] = {}  # lease -> expected seconds queued for it alone
        self._leases: dict[str, str] = {}  # target id -> lease, of targets that are not set aside
        self._free: dict[str, Target] = {}  # targets whose lease is free
        self._of_lease: dict[str, list[Target]] = {}
        self._places: dict[int, frozenset[str]] = {}  # id of an interchangeable invocation -> ids of its targets
        self._place_sets: dict[frozenset[str], frozenset[str]] = {}  # each set once
        self._assigner: assignment.Assigner | None = None
        self._queues: assignment.Queues | None = None  # what `_assigner` gave each lease; None: make it anew
        self._releases_left = 0  # until `_queues` is stale
        self._busy: set[str] = set()
        self._until_s: dict[str, float] = {}  # lease -> when what runs there is expected to end
        self._gone: set[str] = set()
        self._own_targets: dict[str, str] = {}  # cell id -> target id, of an interchangeable cell
        for planned in invocations:
            self.add(planned)

    def lease(self, target: Target) -> str:
        """Name what an invocation on this target holds while it runs."""
        return target.lease(self._exclusive)

    def add(self, planned: PlannedInvocation) -> None:
        """Put an invocation in, such as a retry."""
        for target, _ in planned.everywhere():
            self._add_target(target)
        if planned.alternatives:
            if planned.was_measured_here:
                self._keep_target(planned)
            places = frozenset(target.target_id for target, _ in planned.everywhere())
            self._places[id(planned)] = self._place_sets.setdefault(places, places)
            bisect.insort(self._shared, planned, key=_urgency)
            self._queues = None
            return
        bisect.insort(self._fixed.setdefault(planned.target.target_id, []), planned, key=_patience)
        self._add_backlog(planned, planned.expected_s)

    def _add_target(self, target: Target) -> None:
        if target.target_id in self._targets:
            return
        lease = self.lease(target)
        self._targets[target.target_id] = target
        self._of_host.setdefault(_host(target), []).append(target)
        if target.is_whole:
            self._whole[_host(target)] = target
        self._of_lease.setdefault(lease, []).append(target)
        self._leases[target.target_id] = lease
        self._assigner = self._queues = None
        if lease not in self._busy:
            self._free[target.target_id] = target

    def take(self, now_s: float = 0.0) -> PlannedInvocation | None:
        """Start one invocation: mark its lease taken and return it, or None when nothing should start now.

        Args:
            now_s: The time, on any clock that only goes forward.
        """
        if not self._free:
            return None
        found = [choice for target in self._free.values() if (choice := self._choose(target, now_s))]
        choices = self._in_turn(found)
        if not choices:
            return None
        best = min(choices, key=self._rank)
        lease = self.lease(best.target)
        started = self._take_shared(best) if best.queued.alternatives else self._fixed[best.target.target_id].pop()
        if not best.queued.alternatives:
            self._add_backlog(started, -started.expected_s)
        self._busy.add(lease)
        for target in self._of_lease[lease]:
            self._free.pop(target.target_id, None)
        self._until_s[lease] = now_s + started.expected_s
        return started

    def _in_turn(self, found: Sequence[_Choice]) -> list[_Choice]:
        """Leave out what waits for all GPUs of its host at the same time, and these while the host is not free."""
        if self._exclusive is Exclusive.HOST or not self._whole:
            return list(found)  # a host has one lease
        blocks = {_host(choice.target): choice.queued.invocation.block for choice in found if choice.target.is_whole}
        return [choice for choice in found if self._is_its_turn(choice, blocks.get(_host(choice.target)))]

    def _is_its_turn(self, choice: _Choice, whole_block: int | None) -> bool:
        """Return True if an invocation may start now.

        Args:
            choice: The invocation.
            whole_block: Block in which all GPUs of its host are next; None where they have nothing to do.
        """
        host, block = _host(choice.target), choice.queued.invocation.block
        if not choice.target.is_whole:
            whole = self._whole.get(host)
            is_taken = whole is not None and self.lease(whole) in self._busy
            return not is_taken and (whole_block is None or block <= whole_block)
        own = [target for target in self._of_host[host] if not target.is_whole]
        queues = (self._fixed.get(target.target_id) for target in own)
        is_free = not any(self.lease(target) in self._busy for target in own)
        return is_free and not any(queue and queue[-1].invocation.block <= block for queue in queues)

    def _choose(self, target: Target, now_s: float) -> _Choice | None:
        queue = self._fixed.get(target.target_id)
        if queue:
            return _Choice(queue[-1], target)
        return self._shared_choice(target, now_s) if self._shared else None

    def _take_shared(self, choice: _Choice) -> PlannedInvocation:
        index = next(index for index, waiting in enumerate(self._shared) if waiting is choice.queued)
        del self._shared[index]
        del self._places[id(choice.queued)]
        if self._queues is not None:
            queue = self._queues.get(self.lease(choice.target), [])
            queue[:] = [entry for entry in queue if entry[0] is not choice.queued]
        started = planned_invocation.move(choice.queued, choice.target)
        self._keep_target(started)
        return started

    def release(self, target: Target) -> None:
        """Say that the invocation on this target has ended."""
        lease = self.lease(target)
        self._busy.discard(lease)
        for neighbour in self._of_lease.get(lease, ()):
            if neighbour.target_id not in self._gone:
                self._free[neighbour.target_id] = neighbour
        self._releases_left -= 1
        if self._releases_left <= 0:
            self._queues = None

    def accepts(self, planned: PlannedInvocation) -> bool:
        """Return whether any target is left that an invocation may run on; without one it would wait for ever."""
        return bool(self._open_targets(planned))

    def drop(self, target_id: str) -> list[PlannedInvocation]:
        """Set a target aside: return what can run nowhere else; the rest moves to the other targets."""
        self._gone.add(target_id)
        self._free.pop(target_id, None)
        self._leases.pop(target_id, None)
        self._assigner = self._queues = None
        self._own_targets = {cell: target for cell, target in self._own_targets.items() if target not in self._gone}
        lost = [planned for gone in sorted(self._gone) for planned in self._fixed.pop(gone, [])]
        lost += [planned for planned in self._shared if not self._open_targets(planned)]
        self._shared = [planned for planned in self._shared if self._open_targets(planned)]
        return lost

    def drop_all(self) -> list[PlannedInvocation]:
        """Give up whatever has not started and return it."""
        waiting = list(self.queued())
        self._shared, self._fixed = [], {}
        return waiting

    def idle_targets(self) -> list[Target]:
        """List the targets whose lease is free and for which nothing of their own is waiting."""
        return [target for target in self._free.values() if not self._fixed.get(target.target_id)]

    def queued(self) -> Iterator[PlannedInvocation]:
        """Go through what has not started."""
        yield from self._shared
        for queue in self._fixed.values():
            yield from queue

    @property
    def waiting(self) -> int:
        """Count the invocations that have not started."""
        return len(self._shared) + sum(map(len, self._fixed.values()))

    def _shared_choice(self, target: Target, now_s: float) -> _Choice | None:
        """Choose for a free target: the most urgent that it may run, or near the end what it would end first."""
        if len(self._shared) > TAIL * len(self._of_lease):
            self._queues = None
            return self._most_urgent(target)
        if self._queues is None:
            self._assign(now_s)
        queue = (self._queues or {}).get(self.lease(target))
        return _Choice(queue[0][0], target) if queue and queue[0][1] == target.target_id else None

    def _assign(self, now_s: float) -> None:
        """Give every waiting invocation, in order, to the target that would end it first."""
        if self._assigner is None:
            self._assigner = assignment.Assigner(self._leases)
        ready_s = {lease: self._ready_s(lease, now_s) for lease in self._leases.values()}
        self._queues = self._assigner.assign(self._shared, ready_s, self._own_target)
        self._releases_left = max(1, min(len(self._of_lease), len(self._shared)) // STALE)

    def _ready_s(self, lease: str, now_s: float) -> float:
        """Expect when a lease is free for interchangeable work."""
        until_s = max(now_s, self._until_s.get(lease, 0.0)) if lease in self._busy else now_s
        return until_s + self._backlog_s.get(lease, 0.0)

    def _keep_target(self, planned: PlannedInvocation) -> None:
        for cell_id in planned.cell_ids:
            self._own_targets.setdefault(cell_id, planned.target.target_id)

    def _own_target(self, planned: PlannedInvocation) -> str | None:
        return next((self._own_targets[cell_id] for cell_id in planned.cell_ids if cell_id in self._own_targets), None)

    def _most_urgent(self, target: Target) -> _Choice | None:
        """Choose what a target may run; what is another target's own comes last."""
        first_of_others: PlannedInvocation | None = None
        for planned in self._shared:
            if target.target_id not in self._places[id(planned)]:
                continue
            if self._own_target(planned) in (None, target.target_id):
                return _Choice(planned, target)
            first_of_others = first_of_others or planned
        return _Choice(first_of_others, target) if first_of_others else None

    def _rank(self, choice: _Choice) -> tuple[float, int, float]:
        # The host with most work left starts first: it decides when the whole sweep ends.
        backlog_s = self._backlog_s.get(self.lease(choice.target), 0.0)
        return (-backlog_s, choice.queued.invocation.block, choice.order)

    def _open_targets(self, planned: PlannedInvocation) -> list[Target]:
        return [target for target, _ in planned.everywhere() if target.target_id not in self._gone]

    def _add_backlog(self, planned: PlannedInvocation, seconds: float) -> None:
        lease = self.lease(planned.target)
        self._backlog_s[lease] = self._backlog_s.get(lease, 0.0) + seconds


def _host(target: Target) -> str:
    return target.host.host_id


def _urgency(planned: PlannedInvocation) -> tuple[int, float]:
    return (planned.invocation.block, -planned.expected_s if planned.alternatives else planned.rank)


def _patience(planned: PlannedInvocation) -> tuple[int, float]:
    return (-planned.invocation.block, -planned.rank)
