"""Assignment by its rule alone: every waiting invocation is weighed on every target, one after the other."""

from collections.abc import Callable, Mapping, Sequence

from featray.planning.assignment import SLACK
from featray.planning.planned_invocation import PlannedInvocation

OwnTarget = Callable[[PlannedInvocation], str | None]


def assign(
    waiting: Sequence[PlannedInvocation], leases: Mapping[str, str], ready_s: Mapping[str, float], own_target: OwnTarget
) -> dict[str, list[tuple[PlannedInvocation, str]]]:
    """Give every invocation to the target that ends it first; to its own one where the sweep ends no later by it."""
    _, latest_s = _give(waiting, leases, ready_s, lambda _: None, 0.0)
    given, _ = _give(waiting, leases, ready_s, own_target, latest_s)
    queues: dict[str, list[tuple[PlannedInvocation, str]]] = {}
    for planned, target_id in given:
        queues.setdefault(leases[target_id], []).append((planned, target_id))
    return queues


def _give(
    waiting: Sequence[PlannedInvocation],
    leases: Mapping[str, str],
    ready_s: Mapping[str, float],
    own_target: OwnTarget,
    latest_s: float,
) -> tuple[list[tuple[PlannedInvocation, str]], float]:
    ready, given, last_s = dict(ready_s), list[tuple[PlannedInvocation, str]](), 0.0
    for planned in waiting:
        seconds = {target_id: s for target_id, s in planned.seconds_by_target.items() if target_id in leases}
        ends = {
            target_id: ready[leases[target_id]] + seconds[target_id] for target_id in leases if target_id in seconds
        }
        chosen = min(ends, key=lambda target_id: ends[target_id])
        meant, own = planned.target.target_id, own_target(planned)
        if ends.get(meant) == ends[chosen]:
            chosen = meant
        if own in ends and ready[leases[own]] + seconds[own] * (1 + SLACK) <= latest_s:
            chosen = own
        given.append((planned, chosen))
        ready[leases[chosen]] = ends[chosen]
        last_s = max(last_s, ends[chosen])
    return given, last_s
