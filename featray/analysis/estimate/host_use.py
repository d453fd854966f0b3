"""Host use: which of its devices each host uses, so that the last film ends as early as possible.

Flow: `sides.make` -> `choose` -> `HostUse` -> `archive`. Pure.
"""

import dataclasses
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence

from featray.analysis.estimate import joint_speeds, sides, worker_share
from featray.analysis.estimate.footage import Footage
from featray.analysis.estimate.forecast import Forecast
from featray.analysis.estimate.joint_speeds import Together
from featray.analysis.estimate.sides import Side
from featray.analysis.estimate.terms import Terms
from featray.analysis.estimate.worker_share import WorkerShare
from featray.analysis.unit import Unit
from featray.planning import shares
from featray.planning.shares import Shares

COMBINATIONS_MAX = 16  # of what each host may use: that many plans are made and compared
FILMS_COMPARED = 500_000  # in all plans that are compared: sharing out as many takes 5 s


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class HostUse:
    """What works on each host, and the plan."""

    used: tuple[Side, ...]
    workers: list[WorkerShare]  # without films yet
    plan: Shares
    bound_s: float  # no plan of whole films ends before this, whatever the hosts use


def choose(by_host: Sequence[Sequence[Side]], footage: Footage, terms: Terms) -> HostUse:
    """Choose what each host uses so that the last film ends as early as possible.

    Where there are too many ways for a comparison, each host uses what analyses the most frames per second.
    """
    frames = [film.frames for film in footage.films]
    ways = math.prod(len(options) for options in by_host)
    first = tuple(options[0] for options in by_host)
    are_few = ways <= COMBINATIONS_MAX and ways * len(frames) <= FILMS_COMPARED
    compared = list(itertools.product(*by_host)) if are_few else [first]
    made = [(used, workers := _workers(used, terms), worker_share.share_out(frames, workers)) for used in compared]
    used, workers, plan = min(made, key=lambda each: each[2].makespan_s)
    possible = [[worker_share.speeds(_workers([side], terms)) for side in options] for options in by_host]
    return HostUse(used=used, workers=workers, plan=plan, bound_s=shares.bound_s(frames, possible))


def _workers(used: Iterable[Side], terms: Terms) -> list[WorkerShare]:
    """Make the workers of what works, without films yet."""
    return [
        worker
        for side in used
        for each in side.devices
        for worker in worker_share.of_target(each, terms.find_price(each.unit))
    ]


def describe_unused(
    choice: HostUse, together: Together, forecasts: Sequence[Forecast], units: Sequence[Unit]
) -> Iterator[str]:
    """Say of what does not work why."""
    allowed, by_host = {id(each) for each in together.forecasts}, dict[str, list[Forecast]]()
    for each in forecasts:
        if id(each) in allowed:
            by_host.setdefault(each.unit.target.host_id, []).append(each)
    for side in choice.used:
        members = by_host.get(side.devices[0].unit.target.host_id, [])
        for each, reason in sides.describe_unused(members, side):
            figures = joint_speeds.gist(each.unit, units) if each.unit.gpus > 1 else None
            yield f"{each.unit.target.place}: {reason}{f' ({figures})' if figures else ''}"
