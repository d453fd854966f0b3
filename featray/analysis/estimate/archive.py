"""Archive: all footage on all hosts: which worker gets which films, when the last one ends, and what it costs.

Flow: units, `footage.Footage`, `Terms` -> `make` -> `ArchiveEstimate` -> `rendering`, `featray.estimate`. Pure.

A worker is one process on one target. Where the recommended setting has several processes side by side, each of them is
a worker with its part of the speed that they have together. So it is with all GPUs of a host at the same time, where
that was measured: then they work, or one of them alone, whichever ends earlier. Where it was not, each GPU is taken to
keep the speed that it has alone.
"""

import dataclasses
import functools
import itertools
import math
from collections.abc import Callable, Container, Iterable, Iterator, Sequence

from featray import stats
from featray.analysis import prices
from featray.analysis.advice import candidates
from featray.analysis.advice.constraints import Constraints, select
from featray.analysis.estimate import forecast, joint_speeds, sides, worker_share
from featray.analysis.estimate.extrapolation import Extrapolation
from featray.analysis.estimate.footage import Footage
from featray.analysis.estimate.forecast import Forecast
from featray.analysis.estimate.joint_speeds import Together
from featray.analysis.estimate.sides import Side
from featray.analysis.estimate.worker_share import WorkerShare
from featray.analysis.prices import PricedHost
from featray.analysis.units import Unit
from featray.core import host_names, wording
from featray.core.argument_names import argument
from featray.core.row import Row
from featray.errors import BadInput, NothingMatches
from featray.planning import shares
from featray.planning.shares import Shares, Worker


@dataclasses.dataclass(frozen=True, kw_only=True)
class Terms:
    """What the caller fixes; None leaves it open."""

    constraints: Constraints = dataclasses.field(default_factory=Constraints)
    hosts: tuple[PricedHost, ...] | None = None  # None: every host that was measured
    deadline_s: float | None = None
    budget: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cut:
    """What cutting long films into pieces would bring."""

    piece_s: float  # seconds of film
    time_s: float  # until the last worker ends


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ArchiveEstimate:
    """The plan, and alone what each worker would take for everything."""

    footage: Footage
    shares: tuple[WorkerShare, ...]  # those that work, the one that ends last first
    alone: tuple[WorkerShare, ...]  # each worker with all films, the fastest first
    bound_s: float  # no plan of whole films ends earlier
    cut: Cut | None  # None: cutting brings less than `CUT_GAIN`
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
    chosen, unmeasured = _of_hosts(_selected(units, terms), terms)
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
    forecasts, unfit = _forecasts(by_target.values(), make_one)
    known = [candidate.unit for candidate in candidates.gather(units)]  # each with its earlier sessions
    together = joint_speeds.together(forecasts, joint_speeds.gather(units), known)
    shortest = min(film.frames for film in footage.films)
    choice = _choose(sides.make(forecasts, together.forecasts, shortest), footage, terms)
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
        cut=_cut(footage, workers, plan),
        terms=terms,
        unmeasured=unmeasured,
        unused=(
            *unfit,
            *_only_failed(units, by_target, {unit.row.detector for unit in chosen}),
            *together.unfit,
            *_slower(choice, together, forecasts, known),
            *(f"{each.place}: the others end earlier without it" for each in idle),
        ),
        extrapolations=tuple(
            dict.fromkeys([*_together(used, idle, together), *(e for each in used for e in each.extrapolations)])
        ),
        measured_together=tuple(joint_speeds.describe([each for each in used if each.unit.gpus > 1], known)),
        cautions=tuple(dict.fromkeys([*footage.remarks, *(caution for each in used for caution in each.cautions)])),
    )


def _selected(units: Sequence[Unit], terms: Terms) -> list[Unit]:
    """Select what the constraints allow, of one detector."""
    everything = [candidate for candidate in candidates.gather(units) if candidate.is_timed]
    if not everything:
        raise NothingMatches("nothing was measured yet. Submit a sweep first: `featray submit quickstart`")
    chosen = select(everything, dataclasses.replace(terms.constraints, memory_limit_b=None))
    names = list(dict.fromkeys(candidate.unit.row.detector for candidate in chosen))
    if len(names) > 1:
        raise BadInput(
            f"{len(names)} detectors were measured, which compute different things ({wording.listed(names)}); "
            f"name one with {argument('detector')}"
        )
    kept = {(candidate.unit.row.detector, candidate.unit.row.target_id) for candidate in chosen}
    return [unit for unit in units if (unit.row.detector, unit.row.target_id) in kept]  # also those that failed


def _only_failed(units: Iterable[Unit], used: Container[str], detectors: Container[str]) -> Iterator[str]:
    """Name targets on which the detector never had a number, with the last failure."""
    last: dict[str, Row] = {}
    for unit in units:
        if unit.row.detector in detectors and unit.target.target_id not in used and unit.gpus == 1 and unit.failed:
            last[unit.target.place] = max([last.get(unit.target.place, unit.failed[-1]), *unit.failed], key=_begun)
    for place, row in last.items():
        reason = f": {wording.shortened(wording.plain(row.reason))}" if row.reason else ""
        yield f"{place}: nothing was measured there, the last attempt is {row.status}{reason}"


def _begun(row: Row) -> str:
    return row.started_at


def _of_hosts(units: Sequence[Unit], terms: Terms) -> tuple[list[Unit], tuple[str, ...]]:
    """Select the units of the named hosts; list the hosts that have none."""
    if terms.hosts is None:
        return list(units), ()
    of_named = [unit for unit in units if _find_host(unit, terms) is not None]
    chosen = prices.allowed(of_named, terms.hosts)
    measured = {name for unit in chosen for name in prices.host_names(unit)}
    unmeasured = tuple(host.name for host in terms.hosts if not host_names.is_called(host.name, measured))
    if of_named and not chosen:
        places = dict.fromkeys(unit.target.place for unit in of_named)
        raise NothingMatches(
            f"{wording.listed(places)}: measured, but not listed under `gpus` of the host in the cluster file; "
            "name there what may be used, or leave out the file"
        )
    if not chosen:
        raise NothingMatches(
            f"no host of {wording.listed(unmeasured)} has measured rows of this detector. Submit a sweep there first, "
            f"with {argument('address')} and the cluster file"
        )
    return chosen, unmeasured


def _find_host(unit: Unit, terms: Terms) -> PricedHost | None:
    """Find the host of the terms that a unit was measured on."""
    return prices.find_host(unit, terms.hosts or ())


def _price(unit: Unit, terms: Terms) -> float | None:
    host = _find_host(unit, terms)
    return None if host is None else host.price_per_hour


def _forecasts(
    targets: Iterable[Sequence[Unit]], make_one: Callable[[Sequence[Unit]], Forecast]
) -> tuple[list[Forecast], list[str]]:
    """Forecast every target on which something is within the limits; say of the others why nothing is.

    Args:
        targets: The units of each.
        make_one: Makes the forecast of some units.

    Raises:
        NothingMatches: nothing fits on any; the message names what needs the least of all.
    """
    made: list[Forecast] = []
    unfit: list[str] = []
    by_target = list(targets)
    for units in by_target:
        try:
            made.append(make_one(units))
        except NothingMatches as wrong:
            unfit.append(f"{units[0].target.place}: {wrong}")
    if not made:
        make_one([unit for units in by_target for unit in units])
        raise NothingMatches("; ".join(unfit))
    return made, unfit


COMBINATIONS_MAX = 16  # of what each host may use: that many plans are made and compared
FILMS_COMPARED = 500_000  # in all plans that are compared: sharing out as many takes 5 s


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class _HostUse:
    """What works on each host, and the plan."""

    used: tuple[Side, ...]
    workers: list[WorkerShare]  # without films yet
    plan: Shares
    bound_s: float  # no plan of whole films ends before this, whatever the hosts use


def _choose(by_host: Sequence[Sequence[Side]], footage: Footage, terms: Terms) -> _HostUse:
    """Choose what each host uses so that the last film ends as early as possible.

    Where there are too many ways for a comparison, each host uses what analyses the most frames per second.
    """
    frames = [film.frames for film in footage.films]
    ways = math.prod(len(options) for options in by_host)
    first = tuple(options[0] for options in by_host)
    are_few = ways <= COMBINATIONS_MAX and ways * len(frames) <= FILMS_COMPARED
    compared = list(itertools.product(*by_host)) if are_few else [first]
    made = [(used, workers := _workers(used, terms), _share_out(footage, workers)) for used in compared]
    used, workers, plan = min(made, key=lambda each: each[2].makespan_s)
    possible = [[_speeds(_workers([side], terms)) for side in options] for options in by_host]
    return _HostUse(used=used, workers=workers, plan=plan, bound_s=shares.bound_s(frames, possible))


def _workers(used: Iterable[Side], terms: Terms) -> list[WorkerShare]:
    return [worker for side in used for each in side.devices for worker in _processes(each, terms)]


def _slower(
    choice: _HostUse, together: Together, forecasts: Sequence[Forecast], units: Sequence[Unit]
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


def _processes(device: Forecast, terms: Terms) -> Iterator[WorkerShare]:
    """Make the workers of a target, without films yet."""
    count, price = device.unit.workers, _price(device.unit, terms)
    for number in range(1, count + 1):
        process = number if count > 1 else None
        yield WorkerShare(forecast=device, films=(), frames=0, time_s=0.0, price_per_hour=price, process=process)


def _frames(films: Iterable[int], footage: Footage) -> int:
    return sum(footage.films[film].frames for film in films)


def _share_out(footage: Footage, workers: Sequence[WorkerShare]) -> Shares:
    return _share_frames([film.frames for film in footage.films], workers)


def _share_frames(frames: Sequence[int], workers: Sequence[WorkerShare]) -> Shares:
    return shares.share_out(frames, _speeds(workers))


def _speeds(workers: Iterable[WorkerShare]) -> list[Worker]:
    return [Worker(hz=worker.hz, start_s=worker.forecast.start_s or 0.0) for worker in workers]


def _alone(forecasts: Sequence[Forecast], footage: Footage, terms: Terms) -> list[WorkerShare]:
    """Give each target all films; several processes side by side share them, whole films if that takes longer."""
    everything = tuple(range(len(footage.films)))
    frames = [film.frames for film in footage.films]
    alone = [
        WorkerShare(
            forecast=each,
            films=everything,
            frames=footage.frames,
            time_s=max(
                (each.start_s or 0.0) + footage.frames * each.frame_s,
                shares.bound_s(frames, [[_speeds(_processes(each, terms))]]) if each.unit.workers > 1 else 0.0,
            ),
            price_per_hour=_price(each.unit, terms),
        )
        for each in forecasts
    ]
    return sorted((worker_share.with_cost(share, [share]) for share in alone), key=lambda share: share.time_s)


CUT_GAIN = 0.05  # of the time until the end: less is not worth cutting films
PIECES = 20  # of a worker on average: the last piece then ends within 5% of the others
PIECE_LEAST_S = 60.0  # of film: each call starts anew, which a minute of film makes small


def _cut(footage: Footage, workers: Sequence[WorkerShare], plan: Shares) -> Cut | None:
    """Find whether pieces would end earlier; None if not by `CUT_GAIN`."""
    if plan.divided_bound_s > plan.makespan_s * (1 - CUT_GAIN):
        return None
    rate = footage.frames / footage.duration_s
    piece = max(math.ceil(footage.frames / (PIECES * len(workers))), math.ceil(PIECE_LEAST_S * rate))
    time_s = _share_frames([part for film in footage.films for part in _pieces(film.frames, piece)], workers).makespan_s
    return Cut(piece_s=piece / rate, time_s=time_s) if time_s <= plan.makespan_s * (1 - CUT_GAIN) else None


def _pieces(frames: int, piece: int) -> list[int]:
    """Cut into equal pieces of at most so many frames."""
    count = math.ceil(frames / piece)
    return [frames // count + (number < frames % count) for number in range(count)]


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
