"""Schedule: which planned invocation starts next on which free host.

Flow: `plan.Plan` -> `Schedule` -> `runner` (real time) or a simulation (virtual clock); both use this same rule.
Pure: no host in here and no clock of its own; the caller says what time it is, what started and what ended.

The rule: a free lease takes, among what may run there, the lowest block of its target first (blocks of one target
never overtake each other). Within a block, work that is bound to its target goes in a seeded random order: the sum is
equal in any, and drift then favours nobody. Interchangeable work goes longest expected first (Graham's LPT rule), and
towards the end waits for a host that will be free later but end sooner (earliest completion time): a slow host that
takes the last invocation would decide when the whole sweep ends. Measured on a virtual clock with 100 hosts of speeds
1 to 20: 1.51 times the lower bound by LPT alone.

The invocations of a cell stay on the target that took its first one, since only together are they evidence; another
target takes one of them only where the sweep would else end later.

Source: Graham (1969); Ibarra & Kim (1977) for unlike machines.
"""

import bisect
import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence

from featray.core import lease_rule
from featray.core.choices import Exclusive
from featray.planning import plan as plans
from featray.planning.inventory import Target
from featray.planning.plan import Planned

SLACK = 0.25  # of its own length that an invocation at home must end ahead of the sweep: lengths are known to a fifth
TAIL = 8  # waiting invocations per lease below which ends are weighed; above it any order comes out even


@dataclasses.dataclass(frozen=True)
class _Choice:
    """An invocation that may start now: as queued, and as it would run on the free target."""

    queued: Planned
    planned: Planned


class Schedule:
    """What is still to start, and which leases are taken."""

    def __init__(self, invocations: Iterable[Planned], *, exclusive: Exclusive) -> None:
        """Take the invocations of a plan; `exclusive` is `host` or `gpu`."""
        self._exclusive = exclusive
        self._targets: dict[str, Target] = {}
        self._fixed: dict[str, list[Planned]] = {}  # target id -> its own queue, most urgent last
        self._shared: list[Planned] = []  # interchangeable, most urgent first
        self._backlog_s: dict[str, float] = {}  # lease -> expected seconds queued for it alone
        self._busy: set[str] = set()
        self._until_s: dict[str, float] = {}  # lease -> when what runs there is expected to end
        self._gone: set[str] = set()
        self._home: dict[str, str] = {}  # cell id -> target id: where an interchangeable cell is measured
        for planned in invocations:
            self.add(planned)

    def lease(self, target: Target) -> str:
        """Name what an invocation on this target has for itself while it runs."""
        return lease_rule.held_alone(self._exclusive, host_id=target.host.host_id, target_id=target.target_id)

    def add(self, planned: Planned) -> None:
        """Put an invocation in, such as a retry."""
        for target in (planned.target, *planned.alternatives):
            self._targets.setdefault(target.target_id, target)
        if planned.alternatives:
            if planned.is_home:
                self._settle(planned)
            bisect.insort(self._shared, planned, key=_urgency)
            return
        bisect.insort(self._fixed.setdefault(planned.target.target_id, []), planned, key=_patience)
        self._owe(planned, planned.expected_s)

    def take(self, now_s: float = 0.0) -> Planned | None:
        """Start one invocation: mark its lease taken and return it, or None when nothing should start now.

        Args:
            now_s: The time, on any clock that only goes forward.
        """
        free = [target for target in self._targets.values() if self._is_free(target)]
        shared = self._shared_choices(free, now_s) if self._shared else {}
        choices = [choice for target in free if (choice := self._own_choice(target) or shared.get(target.target_id))]
        if not choices:
            return None
        best = min(choices, key=self._rank)
        if best.queued.alternatives:
            self._shared = [each for each in self._shared if each is not best.queued]
            self._settle(best.planned)
        else:
            self._fixed[best.queued.target.target_id].pop()
            self._owe(best.queued, -best.queued.expected_s)
        lease = self.lease(best.planned.target)
        self._busy.add(lease)
        self._until_s[lease] = now_s + best.planned.expected_s
        return best.planned

    def release(self, target: Target) -> None:
        """Say that the invocation on this target has ended."""
        self._busy.discard(self.lease(target))

    def accepts(self, planned: Planned) -> bool:
        """Tell whether a target is left that an invocation may run on; one put in without would wait for ever."""
        return bool(self._open_targets(planned))

    def drop(self, target_id: str) -> list[Planned]:
        """Set a target aside: return what can run nowhere else; the rest moves to the other targets."""
        self._gone.add(target_id)
        self._home = {cell: target for cell, target in self._home.items() if target not in self._gone}
        lost = [planned for key in sorted(self._gone) for planned in self._fixed.pop(key, [])]
        lost += [each for each in self._shared if not self._open_targets(each)]
        self._shared = [each for each in self._shared if self._open_targets(each)]
        return lost

    def drop_all(self) -> list[Planned]:
        """Give up whatever has not started and return it."""
        left = [*self._shared, *(planned for queue in self._fixed.values() for planned in queue)]
        self._shared, self._fixed = [], {}
        return left

    @property
    def waiting(self) -> int:
        """Count the invocations that have not started."""
        return len(self._shared) + sum(map(len, self._fixed.values()))

    def _is_free(self, target: Target) -> bool:
        return target.target_id not in self._gone and self.lease(target) not in self._busy

    def _own_choice(self, target: Target) -> _Choice | None:
        own = self._fixed.get(target.target_id)
        return _Choice(own[-1], own[-1]) if own else None

    def _shared_choices(self, free: Sequence[Target], now_s: float) -> dict[str, _Choice]:
        """Choose for each free target: the most urgent that it may run, or near the end what it would end first."""
        leases = {self.lease(target) for target in self._targets.values()}
        if len(self._shared) > TAIL * len(leases):
            return {target.target_id: choice for target in free if (choice := self._first_shared(target))}
        return self._earliest_completions({target.target_id for target in free}, now_s)

    def _settle(self, planned: Planned) -> None:
        for cell in planned.cell_ids:
            self._home.setdefault(cell, planned.target.target_id)

    def _home_of(self, planned: Planned) -> str | None:
        return next((self._home[cell] for cell in planned.cell_ids if cell in self._home), None)

    def _first_shared(self, target: Target) -> _Choice | None:
        able = (
            planned
            for planned in self._shared
            if any(each.target_id == target.target_id for each in self._open_targets(planned))
        )
        away: Planned | None = None
        for planned in able:
            if self._home_of(planned) in (None, target.target_id):
                return _Choice(planned, plans.moved(planned, target))
            away = away or planned
        return _Choice(away, plans.moved(away, target)) if away else None

    def _earliest_completions(self, free: set[str], now_s: float) -> dict[str, _Choice]:
        """Give every waiting invocation, in order, to the target that would end it first; keep those that start now.

        Cells that have a home go there instead, as long as that does not make the sweep end later.
        """
        ends_s = max((end_s for _, _, end_s in self._assigned(now_s, -math.inf)), default=now_s)
        started: set[str] = set()
        chosen: dict[str, _Choice] = {}
        for planned, target, _ in self._assigned(now_s, ends_s):
            lease = self.lease(target)
            if lease not in started and target.target_id in free:
                chosen[target.target_id] = _Choice(planned, plans.moved(planned, target))
            started.add(lease)
        return chosen

    def _assigned(self, now_s: float, home_until_s: float) -> Iterator[tuple[Planned, Target, float]]:
        """Assign every waiting invocation: to its home where that ends it in time, else to who ends it first."""
        ready = {
            lease: (max(now_s, self._until_s.get(lease, 0.0)) if lease in self._busy else now_s)
            + self._backlog_s.get(lease, 0.0)
            for lease in map(self.lease, self._targets.values())
        }
        for planned in self._shared:
            ends = [
                (ready[self.lease(target)] + seconds, index, target)
                for index, (target, seconds) in enumerate(_everywhere(planned))
                if target.target_id not in self._gone
            ]
            home = self._home_of(planned)
            at_home = [
                (end_s, index, target)
                for end_s, index, target in ends
                if target.target_id == home and end_s + SLACK * (end_s - ready[self.lease(target)]) <= home_until_s
            ]
            end_s, _, target = min(at_home or ends)
            ready[self.lease(target)] = end_s
            yield planned, target, end_s

    def _rank(self, choice: _Choice) -> tuple[float, int, float]:
        # The host with most work left starts first: it decides when the whole sweep ends.
        return (-self._backlog_s.get(self.lease(choice.planned.target), 0.0), *_urgency(choice.planned))

    def _open_targets(self, planned: Planned) -> list[Target]:
        return [each for each in (planned.target, *planned.alternatives) if each.target_id not in self._gone]

    def _owe(self, planned: Planned, seconds: float) -> None:
        lease = self.lease(planned.target)
        self._backlog_s[lease] = self._backlog_s.get(lease, 0.0) + seconds


def _everywhere(planned: Planned) -> Iterator[tuple[Target, float]]:
    return zip((planned.target, *planned.alternatives), (planned.expected_s, *planned.elsewhere_s), strict=True)


def _urgency(planned: Planned) -> tuple[int, float]:
    return (planned.invocation.block, -planned.expected_s if planned.alternatives else planned.rank)


def _patience(planned: Planned) -> tuple[int, float]:
    return (-planned.invocation.block, -planned.rank)
