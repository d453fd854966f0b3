"""Objectives: what a caller may prefer to throughput, and the settings that no other one beats in everything.

Flow: `candidates.Candidate` -> `within`, `narrow`, `undominated` -> `recommendation`, `rendering`. Pure.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from featray import stats
from featray.analysis import energy, prices
from featray.analysis.advice import memory_use, speeds
from featray.analysis.advice.candidates import Candidate
from featray.analysis.advice.speeds import Speed
from featray.analysis.unit import Unit
from featray.analysis.unit_drifts import DriftOf
from featray.core import wording
from featray.core.argument_names import flag
from featray.errors import NothingMatches


class Objective(StrEnum):
    """What the recommended setting is the best in."""

    THROUGHPUT = "throughput"  # frames per second
    LATENCY = "latency"  # seconds of a batch
    ENERGY = "energy"  # joules per frame
    COST = "cost"  # price per frame


REMEDIES: Mapping[Objective, str] = {
    Objective.ENERGY: "measure where a counter of energy can be read: on an NVIDIA GPU, or a CPU with RAPL",
    Objective.COST: "name the cluster file that holds the `price_per_hour` of the hosts",
}
"""Objective that a setting may lack -> what to do."""

DRIFT_LEAST = 0.1
"""Share of the tolerance that counts as no drift: another batch size or number of threads moves results by less."""


def unknown_drift(_: Unit) -> float | None:
    """Know of no drift."""
    return None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tradeoff:
    """A setting that no other one of its detector, target and input beats in everything."""

    candidate: Candidate
    speed: Speed
    batch_s: float  # time of a batch: what a frame waits for at most
    memory_b: int | None  # None: unknown
    frame_j: float | None  # None: not measured
    drift: float | None = None  # share of the tolerance; None: no output was kept

    @property
    def hz(self) -> float:
        """Give the frames or images per second."""
        return self.speed.hz

    @property
    def costs(self) -> tuple[float | None, ...]:
        """Give every figure such that less is better."""
        drift = None if self.drift is None else max(self.drift, DRIFT_LEAST)
        return 1 / self.hz, self.batch_s, self.memory_b, self.frame_j, drift


def batch_s(unit: Unit) -> float:
    """Give the seconds of a full batch: its frames times the time per frame; of a process beside others, its own.

    Of several GPUs, on the slowest one.

    The last batch of a call may be shorter, so that a call over its batches is less than a full batch takes.
    """
    return batch_frames(unit) * (unit.slowest_frame_s or math.inf)


def batch_frames(unit: Unit) -> int:
    """Give the frames of the largest batch that was run: a clip may be shorter than the batch size."""
    row = unit.row
    return min(row.batch_size, row.frames or row.batch_size)


def per_batch(unit: Unit) -> str:
    """Write the time of a batch: `72.0 ms per batch`, or `72.0 ms per batch of 33 frames` where no more were run."""
    return f"{wording.milliseconds(batch_s(unit))} ms per batch{of_frames(unit)}"


def of_frames(unit: Unit) -> str:
    """Write how many frames a batch held, after its name; empty if it was full."""
    number = batch_frames(unit)
    return f" of {wording.count(number, 'frame' if unit.is_video else 'image')}" if number < unit.row.batch_size else ""


def weigh(candidate: Candidate, drift_of: DriftOf = unknown_drift) -> Tradeoff:
    """Give the figures of a setting that has a speed."""
    unit, use = candidate.unit, memory_use.of_unit(candidate.unit)
    return Tradeoff(
        candidate=candidate,
        speed=speeds.of_unit(unit),
        batch_s=batch_s(unit),
        memory_b=use.size_b if use else None,
        frame_j=energy.frame_j(unit),
        drift=drift_of(unit),
    )


def undominated(candidates: Sequence[Candidate], drift_of: DriftOf = unknown_drift) -> tuple[Tradeoff, ...]:
    """List the settings that no other one equals or beats in every figure, the smallest first.

    Differences within the margin count as equal. A figure that any of them lacks counts for none.

    Args:
        candidates: Of one lineup and rank, each with a speed.
        drift_of: Gives how far the results of a setting lie from those of the plainest one.
    """
    weighed = [weigh(candidate, drift_of) for candidate in sorted(candidates, key=lambda candidate: candidate.size)]
    known = [
        all(costs is not None for costs in figure) for figure in zip(*(each.costs for each in weighed), strict=True)
    ]
    kept: list[Tradeoff] = []
    for each in weighed:
        if not any(_covers(other, each, known) for other in kept):
            kept.append(each)
    return tuple(each for each in kept if not any(_covers(other, each, known) for other in kept if other is not each))


def _covers(one: Tradeoff, other: Tradeoff, known: Sequence[bool]) -> bool:
    pairs = zip(one.costs, other.costs, known, strict=True)
    return all((ours or 0) <= (theirs or 0) * math.exp(stats.MARGIN) for ours, theirs, is_known in pairs if is_known)


def cost(candidate: Candidate, objective: Objective) -> float | None:
    """Give the figure of an objective such that less is better; None if unknown."""
    if objective is Objective.THROUGHPUT:
        return 1 / speeds.of_unit(candidate.unit).hz
    if objective is Objective.COST:
        return prices.frame_cost(candidate.unit)
    return batch_s(candidate.unit) if objective is Objective.LATENCY else energy.frame_j(candidate.unit)


def narrow(candidates: Sequence[Candidate], objective: Objective) -> list[Candidate]:
    """Select, of the most trusted, those that are within the margin of the best in the objective.

    Throughput narrows nothing: `settings.choose` compares it properly. Where no figure is known, all remain.
    """
    if objective is Objective.THROUGHPUT:
        return list(candidates)
    rank = min(candidate.rank for candidate in candidates)
    costs = {each: figure for each in candidates if each.rank == rank and (figure := cost(each, objective)) is not None}
    least = min(costs.values(), default=math.inf)
    return [each for each, figure in costs.items() if figure <= least * math.exp(stats.MARGIN)] or list(candidates)


def check_known(candidates: Sequence[Candidate], objective: Objective) -> None:
    """Refuse an objective that no setting has a figure of.

    Raises:
        NothingMatches: the message says what to measure.
    """
    if candidates and all(cost(candidate, objective) is None for candidate in candidates):
        raise NothingMatches(f"no setting has a known {objective}; {REMEDIES.get(objective, 'measure it')}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class FigureLimit:
    """The most that a setting may have of a figure."""

    most: float
    figure: Callable[[Unit], float | None]
    write: Callable[[float], str]
    what: str  # before the limit: `a batch within`
    remedy: Callable[[Unit], str]  # where that of the unit with the least is above the limit
    unknown: str  # where no setting has the figure

    def __str__(self) -> str:
        """Write the limit, such as `a batch within 60.0 ms`."""
        return f"{self.what} {self.write(self.most)}"


def smaller_batch(unit: Unit) -> str:
    """Say what to measure where a unit's batch is too large: there is no smaller batch than 1."""
    return "measure a smaller batch" if unit.row.batch_size > 1 else "measure another detector or machine"


def latency_limit(limit_s: float) -> FigureLimit:
    """Limit the time of a batch."""
    return FigureLimit(
        most=limit_s,
        figure=batch_s,
        write=lambda seconds: f"{wording.milliseconds(seconds)} ms",
        what="a batch within",
        remedy=smaller_batch,
        unknown="measure it",
    )


def energy_limit(limit_j: float) -> FigureLimit:
    """Limit the joules per frame."""
    return FigureLimit(
        most=limit_j,
        figure=energy.frame_j,
        write=lambda joules: f"{wording.digits(joules)} J per frame",
        what="an energy within",
        remedy=lambda _: "measure other settings",
        unknown=f"no setting has a known energy; {REMEDIES[Objective.ENERGY]}",
    )


def drift_limit(limit: float, drift_of: DriftOf) -> FigureLimit:
    """Limit the drift, as a share of the tolerance."""
    return FigureLimit(
        most=limit,
        figure=drift_of,
        write=lambda share: f"{wording.digits(share)} of the tolerance",
        what="a drift within",
        remedy=lambda _: "measure a setting in float32",
        unknown="no setting has a kept output to compare; submit the sweep again with "
        f"{flag('rerun')}, which keeps them",
    )


def within(candidates: Sequence[Candidate], limit: FigureLimit, met: Sequence[str] = ()) -> list[Candidate]:
    """Select the settings that have no more of a figure; those of which it is unknown do not count.

    Args:
        candidates: Of any lineup.
        limit: On one figure.
        met: Other limits that these candidates meet, such as `a memory within 4.0 GiB`.

    Raises:
        NothingMatches: none does; the message names the least.
    """
    if not candidates:
        return []
    figures = {candidate: figure for candidate in candidates if (figure := limit.figure(candidate.unit)) is not None}
    if not figures:
        raise NothingMatches(limit.unknown)
    fitting = [candidate for candidate, figure in figures.items() if figure <= limit.most]
    if not fitting:
        least = min(figures, key=lambda candidate: figures[candidate])
        detector, batch = wording.short(least.unit.row.detector), least.unit.row.batch_size
        nothing = f"of the settings with {wording.phrases(met)}, none has" if met else "no measured setting has"
        raise NothingMatches(
            f"{nothing} {limit}; the least is "
            f"{limit.write(figures[least])} ({detector}, batch {batch}{of_frames(least.unit)}). "
            f"Raise the limit, or {limit.remedy(least.unit)}"
        )
    return fitting
