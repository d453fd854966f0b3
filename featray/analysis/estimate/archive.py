"""Archive: all footage on all hosts: which worker gets which films, when the last one ends, and what it costs.

Flow: units, `footage.Footage`, `terms.Terms` -> `make`: `eligible`, `forecast`, `host_use`, `cutting` ->
`ArchiveEstimate` -> `rendering`, `featray.estimate`. Pure.

A worker is one process on one target. Where the recommended setting has several processes side by side, each of them is
a worker with its part of the speed that they have together. So it is with all GPUs of a host at the same time, where
that was measured: then they work, or one of them alone, whichever ends earlier. Where it was not, each GPU is taken to
keep the speed that it has alone.
"""

import dataclasses
import functools
import math
from collections.abc import Iterable, Iterator, Sequence

from featray import stats
from featray.analysis.advice import candidates
from featray.analysis.estimate import cutting, eligible, forecast, host_use, joint_speeds, sides, worker_share
from featray.analysis.estimate.cutting import Cut
from featray.analysis.estimate.extrapolation import Extrapolation
from featray.analysis.estimate.footage import Footage
from featray.analysis.estimate.forecast import Forecast
from featray.analysis.estimate.joint_speeds import Together
from featray.analysis.estimate.terms import Terms
from featray.analysis.estimate.worker_share import WorkerShare
from featray.analysis.unit import Unit
from featray.planning import shares


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ArchiveEstimate:
    """The plan, and alone what each worker would take for everything."""

    footage: Footage
    shares: tuple[WorkerShare, ...]  # those that work, the one that ends last first
    alone: tuple[WorkerShare, ...]  # each worker with all films, the fastest first
    bound_s: float  # no plan of whole films ends earlier
    cut: Cut | None  # None: cutting brings less than `cutting.CUT_GAIN`
    terms: Terms
    unmeasured: tuple[str, ...]  # hosts of the terms without rows
    unused: tuple[str, ...]  # targets that the plan leaves idle, with the reason
    extrapolations: tuple[Extrapolation, ...]
    cautions: tuple[str, ...]
    measured_together: tuple[str, ...] = ()  # sentences: GPUs whose speed at the same time was measured

    @property
    def time_s(self) -> float:
        """Give the seconds until the last worker ends."""
        return max(share.time_s for share in self.shares)

    @property
    def interval_s(self) -> tuple[float, float]:
        """Give the bounds of `time_s`; each worker's are wide enough that all of them hold together in 95%."""
        lows, highs = zip(*(share.interval_s for share in self.shares), strict=True)
        return max(lows), max(highs)

    @property
    def energy_j(self) -> float | None:
        """Give the joules of all devices; None unless every worker's are known."""
        parts = [share.energy_j for share in self.shares]
        return math.fsum(part or 0 for part in parts) if None not in parts else None

    @property
    def cost(self) -> float | None:
        """Give the price of all hosts; None unless every host has a price."""
        return worker_share.price(self.shares, [share.time_s for share in self.shares])

    @property
    def cost_low(self) -> float | None:
        """Give the lower bound of the cost."""
        return worker_share.price(self.shares, [share.interval_s[0] for share in self.shares])

    @property
    def cost_high(self) -> float | None:
        """Give the upper bound of the cost."""
        return worker_share.price(self.shares, [share.interval_s[1] for share in self.shares])

    @property
    def deadline_met(self) -> bool | None:
        """Say whether the deadline holds; None: there is none, or it is open."""
        return _is_met(self.terms.deadline_s, *self.interval_s)

    @property
    def budget_met(self) -> bool | None:
        """Say whether the budget holds; None: there is none, a price is unknown, or it is open."""
        return _is_met(self.terms.budget, self.cost_low, self.cost_high)


def _is_met(limit: float | None, low: float | None, high: float | None) -> bool | None:
    """Return True if a limit is above the interval, False if it is below, None if it lies within."""
    if limit is None or low is None or high is None:
        return None
    return True if limit > high else False if limit < low else None


def make(units: Sequence[Unit], footage: Footage, terms: Terms) -> ArchiveEstimate:
    """Estimate what footage takes.

    Args:
        units: Of any runs; nothing replayed.
        footage: The films.
        terms: What is fixed.

    Raises:
        NothingMatches: no host has a measured row that fits.
        BadInput: several detectors were measured and none is named.
    """
    planned = _plan(units, footage, terms)
    most = max(share.forecast.unit.processes for share in planned.shares)
    if len(footage.films) >= FILMS_OF_A_PROCESS * sum(share.forecast.unit.processes for share in planned.alone):
        return planned
    fewer = sorted({unit.processes for unit in units if unit.logs and unit.processes < most}, reverse=True)
    return min([planned, *(_plan(units, footage, terms, most) for most in fewer)], key=lambda plan: plan.time_s)


FILMS_OF_A_PROCESS = 2  # from here on few films wait for a slow process, and plans with fewer processes are not made


def _plan(units: Sequence[Unit], footage: Footage, terms: Terms, processes_max: int | None = None) -> ArchiveEstimate:
    """Plan with at most so many processes side by side on each target; with too few films some of them would idle."""
    chosen, unmeasured = eligible.of_hosts(eligible.select(units, terms), terms)
    by_target: dict[str, list[Unit]] = {}
    for unit in chosen:
        by_target.setdefault(unit.target.target_id, []).append(unit)
    confidence = 1 - (1 - stats.CONFIDENCE) / len(by_target)  # Bonferroni: all workers' bounds hold together
    make_one = functools.partial(
        forecast.make,
        constraints=terms.constraints,
        footage=footage,
        confidence=confidence,
        processes_max=processes_max,
    )
    forecasts, unfit = eligible.forecast_each(by_target.values(), make_one)
    known = [candidate.unit for candidate in candidates.gather(units)]  # each with its earlier sessions
    together = joint_speeds.together(forecasts, joint_speeds.gather(units), known)
    shortest = min(film.frames for film in footage.films)
    choice = host_use.choose(sides.make(forecasts, together.forecasts, shortest), footage, terms)
    workers, plan = choice.workers, choice.plan
    shared = [
        dataclasses.replace(worker, films=films, frames=_frames(films, footage), time_s=busy_s)
        for worker, films, busy_s in zip(workers, plan.films, plan.busy_s, strict=True)
    ]
    planned = worker_share.with_costs([share for share in shared if share.films])
    idle = [share for share in shared if not share.films]
    used = list({id(share.forecast): share.forecast for share in planned}.values())
    return ArchiveEstimate(
        footage=footage,
        shares=tuple(sorted(planned, key=lambda share: -share.time_s)),
        alone=tuple(_alone(forecasts, footage, terms)),
        bound_s=choice.bound_s,
        cut=cutting.find(footage, workers, plan),
        terms=terms,
        unmeasured=unmeasured,
        unused=(
            *unfit,
            *eligible.describe_failed(units, by_target, {unit.row.detector for unit in chosen}),
            *together.unfit,
            *host_use.describe_unused(choice, together, forecasts, known),
            *(f"{each.place}: the others end earlier without it" for each in idle),
        ),
        extrapolations=tuple(
            dict.fromkeys([*_together(used, idle, together), *(e for each in used for e in each.extrapolations)])
        ),
        measured_together=tuple(joint_speeds.describe([each for each in used if each.unit.gpus > 1], known)),
        cautions=tuple(dict.fromkeys([*footage.remarks, *(caution for each in used for caution in each.cautions)])),
    )


def _frames(films: Iterable[int], footage: Footage) -> int:
    return sum(footage.films[film].frames for film in films)


def _alone(forecasts: Sequence[Forecast], footage: Footage, terms: Terms) -> list[WorkerShare]:
    """Give each target all films; several processes side by side share them, whole films if that takes longer."""
    everything = tuple(range(len(footage.films)))
    alone = [
        WorkerShare(
            forecast=each,
            films=everything,
            frames=footage.frames,
            time_s=max((each.start_s or 0.0) + footage.frames * each.frame_s, _whole_films_s(each, footage)),
            price_per_hour=terms.find_price(each.unit),
        )
        for each in forecasts
    ]
    return sorted((worker_share.with_cost(share, [share]) for share in alone), key=lambda share: share.time_s)


def _whole_films_s(device: Forecast, footage: Footage) -> float:
    """Bound the seconds that the processes of a target need for whole films; 0 where it has one."""
    if device.unit.workers == 1:
        return 0.0
    processes = worker_share.speeds(worker_share.of_target(device, price_per_hour=None))
    return shares.bound_s([film.frames for film in footage.films], [[processes]])


def _together(used: Sequence[Forecast], idle: Sequence[WorkerShare], together: Together) -> Iterator[Extrapolation]:
    """Name what working side by side may change.

    Args:
        used: The targets that work.
        idle: Workers that do not.
        together: What is known of it.
    """
    hosts = [each.unit.target.host_id for each in used]
    if len(set(hosts)) < len(hosts):
        seen = [together.assumed.get(host) for host in dict.fromkeys(hosts) if hosts.count(host) > 1]
        yield Extrapolation(
            assumption="; ".join(
                ["GPUs of one host are taken to keep the speed that each has alone", *(text for text in seen if text)]
            ),
            remedy="measure this setting with `axes.targets: [1, all]`",
        )
    if any(each.unit.processes == 1 and not each.knows_processes for each in used):
        yield Extrapolation(
            assumption="each target runs one process at a time; whether several are faster is not known",
            remedy="measure with `axes.processes: [1, 2]`",
        )
    if any(share.process is not None and share.forecast in used for share in idle):
        yield Extrapolation(
            assumption="there are fewer films than processes; those that work are taken to be as slow as beside the "
            "others",
            remedy="measure with fewer processes, or cut the films",
        )
