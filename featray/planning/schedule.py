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
from collections.abc import Collection, Iterable, Iterator, Sequence

from featray.core.choices import Exclusive
from featray.planning import assignment, planned_invocation
from featray.planning.inventory import Target
from featray.planning.planned_invocation import PlannedInvocation
from featray.planning.waiting import PlacesFinder, Waiting, may_run_on

TAIL = 8  # waiting invocations per lease below which ends are weighed; above it any order comes out even
STALE = 20
"""An assignment serves a twentieth of the leases, or of the waiting invocations where those are fewer. Then it is made
anew: with 1000 hosts that takes 0.1 s, and what has ended meanwhile has changed it little."""


@dataclasses.dataclass(frozen=True)
class _Choice:
    """An invocation that may start now, and the free target that it would start on."""

    queued: PlannedInvocation
    target: Target
    waiting: Waiting | None = None  # of interchangeable work

    @property
    def order(self) -> float:
        """Order it within its block: interchangeable work by its length there, longest first, the rest at random."""
        return self.queued.rank if self.waiting is None else -self.waiting.places.seconds[self.target.target_id]


class Schedule:
    """What is still to start, and which leases are taken."""

    def __init__(self, invocations: Iterable[PlannedInvocation], *, exclusive: Exclusive) -> None:
        """Take the invocations of a plan."""
        self._exclusive = exclusive
        self._targets: dict[str, Target] = {}
        self._of_host: dict[str, list[Target]] = {}
        self._whole: dict[str, Target] = {}  # host id -> all its GPUs at the same time
        self._fixed: dict[str, list[PlannedInvocation]] = {}  # target id -> its own queue, most urgent last
        self._shared: list[Waiting] = []  # interchangeable, most urgent first
        self._urgent: dict[str, tuple[Waiting, bool]] = {}  # target id -> what it may run first; is it another's own?
        self._backlog_s: dict[str, float] = {}  # lease -> expected seconds queued for it alone
        self._leases: dict[str, str] = {}  # target id -> lease, of targets that are not set aside
        self._free: dict[str, Target] = {}  # targets whose lease is free
        self._of_lease: dict[str, list[Target]] = {}
        self._places = PlacesFinder()
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
        if planned.alternatives:
            self._add_shared(planned)
            return
        self._add_target(planned.target)
        bisect.insort(self._fixed.setdefault(planned.target.target_id, []), planned, key=_patience)
        self._add_backlog(planned, planned.expected_s)

    def _add_shared(self, planned: PlannedInvocation) -> None:
        places, are_new = self._places.find(planned)
        for target in (planned.target, *planned.alternatives) if are_new else ():
            self._add_target(target)
        if planned.was_measured_here:
            self._keep_target(planned)
        bisect.insort(self._shared, Waiting(planned, places), key=_urgency)
        self._queues = None
        self._urgent.clear()

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
        choices = self._in_turn(self._choices(now_s))
        if not choices:
            return None
        best = min(choices, key=self._rank)
        lease = self.lease(best.target)
        if best.waiting is not None:
            started = self._take_shared(best.waiting, best.target)
        else:
            started = self._fixed[best.target.target_id].pop()
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

    def _choices(self, now_s: float) -> list[_Choice]:
        """Choose for each free target what it may start: its own next one; else of the interchangeable work."""
        own = {target_id: queue for target_id in self._free if (queue := self._fixed.get(target_id))}
        found = {target_id: _Choice(queue[-1], self._free[target_id]) for target_id, queue in own.items()}
        if self._shared and len(own) < len(self._free):
            found |= self._shared_choices(own, now_s)
        return [found[target_id] for target_id in self._free if target_id in found]

    def _shared_choices(self, busy: Collection[str], now_s: float) -> dict[str, _Choice]:
        """Choose for free targets, but those with work of their own.

        Each takes the most urgent that it may run, or near the end what it would end first.
        """
        if len(self._shared) > TAIL * len(self._of_lease):
            self._queues = None
            targets = [target for target_id, target in self._free.items() if target_id not in busy]
            return {choice.target.target_id: choice for target in targets if (choice := self._most_urgent(target))}
        if self._queues is None:
            self._assign(now_s)
        queues, leases = self._queues or {}, self._leases
        heads = ((target_id, queues.get(leases[target_id])) for target_id in self._free if target_id not in busy)
        return {
            target_id: _Choice(queue[0][0].planned, self._free[target_id], queue[0][0])
            for target_id, queue in heads
            if queue and queue[0][1] == target_id
        }

    def _take_shared(self, waiting: Waiting, target: Target) -> PlannedInvocation:
        at = bisect.bisect_left(self._shared, _urgency(waiting), key=_urgency)
        del self._shared[self._shared.index(waiting, at)]
        waiting.is_waiting = False
        if self._queues is not None:
            self._queues[self.lease(target)].popleft()
        started = planned_invocation.move(waiting.planned, target)
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
        return any(target.target_id not in self._gone for target in (planned.target, *planned.alternatives))

    def drop(self, target_id: str) -> list[PlannedInvocation]:
        """Set a target aside: return what can run nowhere else; the rest moves to the other targets."""
        self._gone.add(target_id)
        self._free.pop(target_id, None)
        self._leases.pop(target_id, None)
        self._assigner = self._queues = None
        self._urgent.clear()
        self._own_targets = {cell: target for cell, target in self._own_targets.items() if target not in self._gone}
        lost = [planned for gone in sorted(self._gone) for planned in self._fixed.pop(gone, [])]
        lost += [waiting.planned for waiting in self._shared if not self._has_open_target(waiting)]
        self._shared = [waiting for waiting in self._shared if self._has_open_target(waiting)]
        return lost

    def _has_open_target(self, waiting: Waiting) -> bool:
        return any(target_id not in self._gone for target_id in waiting.places.seconds)

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
        yield from (waiting.planned for waiting in self._shared)
        for queue in self._fixed.values():
            yield from queue

    @property
    def waiting(self) -> int:
        """Count the invocations that have not started."""
        return len(self._shared) + sum(map(len, self._fixed.values()))

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
        for cell_id in planned.cell_ids:
            if cell_id in self._own_targets:
                return self._own_targets[cell_id]
        return None

    def _most_urgent(self, target: Target) -> _Choice | None:
        """Choose what a target may run; what is another target's own comes last.

        The last answer holds until it starts or becomes another's own: cells never lose their target, and nothing comes
        before it but by `add` and `drop`, which forget the answers.
        """
        known = self._urgent.get(target.target_id)
        if known is None or not known[0].is_waiting or not (known[1] or self._is_open_to(known[0], target)):
            known = self._find_most_urgent(target)
        if known is None:
            return None
        self._urgent[target.target_id] = known
        return _Choice(known[0].planned, target, known[0])

    def _find_most_urgent(self, target: Target) -> tuple[Waiting, bool] | None:
        """Find it, and say whether it is another target's own."""
        first_of_others: Waiting | None = None
        for waiting in self._shared:
            if may_run_on(waiting, target):
                if self._is_open_to(waiting, target):
                    return waiting, False
                first_of_others = first_of_others or waiting
        return (first_of_others, True) if first_of_others else None

    def _is_open_to(self, waiting: Waiting, target: Target) -> bool:
        return self._own_target(waiting.planned) in (None, target.target_id)

    def _rank(self, choice: _Choice) -> tuple[float, int, float]:
        # The host with most work left starts first: it decides when the whole sweep ends.
        backlog_s = self._backlog_s.get(self.lease(choice.target), 0.0)
        return (-backlog_s, choice.queued.invocation.block, choice.order)

    def _add_backlog(self, planned: PlannedInvocation, seconds: float) -> None:
        lease = self.lease(planned.target)
        self._backlog_s[lease] = self._backlog_s.get(lease, 0.0) + seconds


def _host(target: Target) -> str:
    return target.host.host_id


def _urgency(waiting: Waiting) -> tuple[int, float]:
    return (waiting.planned.invocation.block, -waiting.planned.expected_s)


def _patience(planned: PlannedInvocation) -> tuple[int, float]:
    return (-planned.invocation.block, -planned.rank)
