"""Schedule: which planned invocation starts next on which free host.

Flow: `plan.Plan` -> `Schedule`, near the end with `allotment` -> `running.runner` (real time) or a simulation (virtual
clock); both use this rule.
Pure: it holds no host and no clock; the caller says what time it is, what started and what ended.

The rule: a free lease takes, among what may run there, the lowest block of its target first (blocks of one target
never overtake each other). What failed before comes after all of these: a cell that takes its process down every time
must not keep the others waiting. Within a block, work that is bound to its target goes in a seeded random order: the
sum is equal in any, and drift then favours no detector. Interchangeable work goes longest expected first (Graham's LPT
rule), and towards the end waits for a host that will be free later but end sooner (earliest completion time): a slow
host that takes the last invocation would decide when the whole sweep ends. Measured on a virtual clock with 100 hosts
of speeds 1 to 20: 1.51 times the lower bound by LPT alone. What pilots are expected to ask for counts as work to come:
without it slow hosts would wait near the end of the pilots, although they are needed later.

All GPUs of a host at the same time are a target of its own, which needs the host alone. Its invocations take their turn
block by block, after the other targets of the host: until then these start nothing of a later block, so that it never
waits for ever, and nothing starts beside it.

The invocations of a cell stay on the target that took its first one, the cell's own target here, since only together
are they evidence; another target takes one of them only where the sweep would otherwise end later.

What a free target may start is kept until something changes it: with 1000 hosts, most of them have nothing to decide.

Source: Graham (1969); Ibarra & Kim (1977) for unlike machines.
"""

import bisect
import dataclasses
import itertools
import operator
from collections.abc import Collection, Iterable, Iterator

from featray.core.choices import Exclusive
from featray.planning import planned_invocation
from featray.planning.allotment import Allotment
from featray.planning.inventory import Target
from featray.planning.outlook import Outlook
from featray.planning.planned_invocation import PlannedInvocation
from featray.planning.waiting import OwnTargets, PlacesFinder, Waiting, may_run_on, urgency

TAIL = 8  # waiting invocations per lease below which ends are weighed; above it any order comes out even


@dataclasses.dataclass(frozen=True, slots=True)
class _Choice:
    """An invocation that may start now, and the free target that it would start on."""

    queued: PlannedInvocation
    target: Target
    waiting: Waiting | None  # of interchangeable work
    rank: tuple[float, int, float, int]  # the least starts first


class Schedule:
    """What is still to start, and which leases are taken."""

    def __init__(
        self, invocations: Iterable[PlannedInvocation], *, exclusive: Exclusive, outlook: Outlook | None = None
    ) -> None:
        """Take the invocations of a plan, and what is expected besides."""
        self._exclusive = exclusive
        self._targets: dict[str, Target] = {}
        self._of_host: dict[str, list[Target]] = {}
        self._whole: dict[str, Target] = {}  # host id -> all its GPUs at the same time
        self._fixed: dict[str, list[PlannedInvocation]] = {}  # target id -> its own queue, most urgent last
        self._shared: list[Waiting] = []  # interchangeable, most urgent first
        self._urgent: dict[str, tuple[Waiting, bool]] = {}  # target id -> what it may run first; is it another's own?
        self._backlog_s: dict[str, float] = {}  # lease -> expected seconds queued for it alone
        self._leases: dict[str, str] = {}  # target id -> lease, of targets that are not set aside
        self._of_lease: dict[str, list[Target]] = {}
        self._free: dict[str, tuple[Target, int]] = {}  # targets whose lease is free, numbered as they became so
        self._count = itertools.count()
        self._choices: dict[str, _Choice] = {}  # free target id -> what may start there
        self._unsure: dict[str, None] = {}  # target ids whose choice is to be made anew, in order
        self._places = PlacesFinder()
        self._allotment = Allotment(self._places, outlook)
        self._busy: set[str] = set()
        self._until_s: dict[str, float] = {}  # lease -> when what runs there is expected to end
        self._gone: set[str] = set()
        self._own_targets = OwnTargets()
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
        self._doubt(target.target_id for target in self._of_lease[self.lease(planned.target)])

    def _add_shared(self, planned: PlannedInvocation) -> None:
        places, are_new = self._places.find(planned)
        for target in (planned.target, *planned.alternatives) if are_new else ():
            self._add_target(target)
        if planned.was_measured_here:
            self._own_targets.keep(planned)
        waiting = Waiting(planned, places)
        bisect.insort(self._shared, waiting, key=urgency)
        self._urgent.clear()
        self._doubt(self._allotment.add(waiting))

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
        self._allotment.forget(targets=True)
        if lease not in self._busy:
            self._make_free(target)

    def _make_free(self, target: Target) -> None:
        if target.target_id not in self._free:
            self._free[target.target_id] = target, next(self._count)
        self._doubt([target.target_id])

    def _doubt(self, target_ids: Iterable[str]) -> None:
        """Have the choices of targets made anew."""
        self._unsure |= dict.fromkeys(target_ids)

    def take(self, now_s: float = 0.0) -> PlannedInvocation | None:
        """Start one invocation: mark its lease taken and return it, or None when nothing should start now.

        Args:
            now_s: The time, on any clock that only goes forward.
        """
        best = self._choose(now_s)
        if best is None and self._allotment.is_guess and not self._busy:
            # Nothing will end, and so nothing that is expected will come, before something starts.
            self._allotment.forget()
            best = self._choose(now_s)
        return None if best is None else self._start(best, now_s)

    def _choose(self, now_s: float) -> _Choice | None:
        if not self._free:
            return None
        self._update_choices(now_s)
        return min(self._in_turn(self._choices.values()), key=operator.attrgetter("rank"), default=None)

    def _start(self, best: _Choice, now_s: float) -> PlannedInvocation:
        lease = self.lease(best.target)
        if best.waiting is not None:
            started = self._take_shared(best.waiting, best.target)
        else:
            started = self._fixed[best.target.target_id].pop()
            self._add_backlog(started, -started.expected_s)
        self._busy.add(lease)
        for target in self._of_lease[lease]:
            self._free.pop(target.target_id, None)
            self._choices.pop(target.target_id, None)
        self._until_s[lease] = now_s + started.expected_s
        return started

    def _in_turn(self, found: Collection[_Choice]) -> Collection[_Choice]:
        """Leave out what waits for all GPUs of its host at the same time, and these while the host is not free."""
        if self._exclusive is Exclusive.HOST or not self._whole:
            return found  # a host has one lease
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

    def _update_choices(self, now_s: float) -> None:
        """Choose again for the free targets of which it is not sure what they may start."""
        is_tail = len(self._shared) <= TAIL * len(self._of_lease)
        if self._shared and any(not self._fixed.get(target_id) for target_id in self._free):
            if not is_tail:
                self._allotment.forget()
                self._doubt(self._free)
            elif not self._allotment.is_made:
                ready_s = {lease: self._ready_s(lease, now_s) for lease in self._leases.values()}
                self._allotment.make(self._shared, self._leases, ready_s, self._own_targets.find)
                self._doubt(self._free)
        for target_id in self._unsure:
            self._choices.pop(target_id, None)
            if target_id in self._free and (choice := self._choose_for(target_id, now_s, is_tail=is_tail)):
                self._choices[target_id] = choice
        self._unsure.clear()

    def _choose_for(self, target_id: str, now_s: float, *, is_tail: bool) -> _Choice | None:
        """Choose what a free target may start: its own next one; else of the interchangeable work.

        Of this it takes the most urgent that it may run, or near the end what it would end first.
        """
        target, number = self._free[target_id]
        lease = self._leases[target_id]
        # The host with most work left starts first: it decides when the whole sweep ends. Within a block longer work
        # goes first where it is interchangeable; the rest is in random order.
        backlog_s = self._backlog_s.get(lease, 0.0)
        if queue := self._fixed.get(target_id):
            return _Choice(queue[-1], target, None, (-backlog_s, queue[-1].invocation.block, queue[-1].rank, number))
        if not self._shared:
            return None
        waiting = self._allotment.next_of(lease, target_id, now_s) if is_tail else self._most_urgent(target)
        if waiting is None:
            return None
        rank = (-backlog_s, waiting.planned.invocation.block, -waiting.places.seconds[target_id], number)
        return _Choice(waiting.planned, target, waiting, rank)

    def _take_shared(self, waiting: Waiting, target: Target) -> PlannedInvocation:
        at = bisect.bisect_left(self._shared, urgency(waiting), key=urgency)
        del self._shared[self._shared.index(waiting, at)]
        waiting.is_waiting = False
        self._doubt([target_id for target_id, choice in self._choices.items() if choice.waiting is waiting])
        started = planned_invocation.move(waiting.planned, target)
        if self._allotment.take(self.lease(target), waiting):
            self._own_targets.keep(started)
        return started

    def release(self, target: Target) -> None:
        """Say that the invocation on this target has ended."""
        lease = self.lease(target)
        self._busy.discard(lease)
        for neighbour in self._of_lease.get(lease, ()):
            if neighbour.target_id not in self._gone:
                self._make_free(neighbour)
        self._allotment.note_release(len(self._busy))

    def accepts(self, planned: PlannedInvocation) -> bool:
        """Return whether any target is left that an invocation may run on; without one it would wait for ever."""
        return any(target.target_id not in self._gone for target in (planned.target, *planned.alternatives))

    def drop(self, target_id: str) -> list[PlannedInvocation]:
        """Set a target aside: return what can run nowhere else; the rest moves to the other targets."""
        self._gone.add(target_id)
        self._free.pop(target_id, None)
        self._leases.pop(target_id, None)
        self._allotment.forget(targets=True)
        self._urgent.clear()
        self._choices.clear()
        self._doubt(self._free)
        self._own_targets.forget(target_id)
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
        self._choices.clear()
        return waiting

    def has_untried(self, target: Target) -> bool:
        """Return True where an invocation that never failed waits for a target."""
        never_failed = itertools.takewhile(lambda waiting: not waiting.planned.failures, self._shared)
        own = self._fixed.get(target.target_id)
        return bool(own and not own[-1].failures) or any(may_run_on(waiting, target) for waiting in never_failed)

    def idle_targets(self) -> list[Target]:
        """List the targets whose lease is free and for which nothing of their own is waiting."""
        return [target for target, _ in self._free.values() if not self._fixed.get(target.target_id)]

    def queued(self) -> Iterator[PlannedInvocation]:
        """Go through what has not started."""
        yield from (waiting.planned for waiting in self._shared)
        for queue in self._fixed.values():
            yield from queue

    @property
    def waiting(self) -> int:
        """Count the invocations that have not started."""
        return len(self._shared) + sum(map(len, self._fixed.values()))

    def _ready_s(self, lease: str, now_s: float) -> float:
        """Expect when a lease is free for interchangeable work."""
        until_s = max(now_s, self._until_s.get(lease, 0.0)) if lease in self._busy else now_s
        return until_s + self._backlog_s.get(lease, 0.0)

    def _most_urgent(self, target: Target) -> Waiting | None:
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
        return known[0]

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
        return self._own_targets.find(waiting.planned) in (None, target.target_id)

    def _add_backlog(self, planned: PlannedInvocation, seconds: float) -> None:
        lease = self.lease(planned.target)
        self._backlog_s[lease] = self._backlog_s.get(lease, 0.0) + seconds


def _host(target: Target) -> str:
    return target.host.host_id


def _patience(planned: PlannedInvocation) -> tuple[int, int, float]:
    return (-planned.failures, -planned.invocation.block, -planned.rank)
