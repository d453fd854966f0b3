"""Objectives: what a caller may prefer to throughput, and the settings that no other one beats in everything.

Flow: `candidates.Candidate` -> `within_latency`, `narrow`, `undominated` -> `recommendation`. Pure.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from enum import StrEnum

from featray import stats
from featray.analysis import energy
from featray.analysis.advice import memory_use, speeds
from featray.analysis.advice.candidates import Candidate
from featray.analysis.units import Unit
from featray.core import wording
from featray.errors import NothingMatches


class Objective(StrEnum):
    """What the recommended setting is the best in."""

    THROUGHPUT = "throughput"  # frames per second
    LATENCY = "latency"  # seconds of a batch
    ENERGY = "energy"  # joules per frame


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tradeoff:
    """A setting that no other one of its detector, target and input beats in everything."""

    candidate: Candidate
    hz: float
    batch_s: float  # time of a batch: what a frame waits for at most
    memory_b: int | None  # None: unknown
    frame_j: float | None  # None: not measured

    @property
    def costs(self) -> tuple[float | None, ...]:
        """Give every figure such that less is better."""
        return 1 / self.hz, self.batch_s, self.memory_b, self.frame_j


def batch_s(unit: Unit) -> float:
    """Give the seconds of a batch: of a call, over its batches; of a process beside others, its own."""
    row = unit.row
    batches = row.batches or math.ceil((row.frames or 1) / row.batch_size)
    return (unit.process_call_s or math.inf) / batches


def weigh(candidate: Candidate) -> Tradeoff:
    """Give the figures of a setting that has a speed."""
    unit, use = candidate.unit, memory_use.of_unit(candidate.unit)
    return Tradeoff(
        candidate=candidate,
        hz=speeds.of_unit(unit).hz,
        batch_s=batch_s(unit),
        memory_b=use.size_b if use else None,
        frame_j=energy.frame_j(unit),
    )


def undominated(candidates: Sequence[Candidate]) -> tuple[Tradeoff, ...]:
    """List the settings that no other one equals or beats in every figure, the smallest first.

    Differences within the margin count as equal. A figure that any of them lacks counts for none.

    Args:
        candidates: Of one lineup and rank, each with a speed.
    """
    weighed = [weigh(candidate) for candidate in sorted(candidates, key=lambda candidate: candidate.size)]
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
        raise NothingMatches(f"no setting has a measured {objective}; measure on an NVIDIA GPU, which tells its power")


def within_latency(candidates: Sequence[Candidate], limit_s: float | None) -> list[Candidate]:
    """Select the settings whose batch takes no longer.

    Raises:
        NothingMatches: none does; the message names the least.
    """
    if limit_s is None:
        return list(candidates)
    fitting = [candidate for candidate in candidates if batch_s(candidate.unit) <= limit_s]
    if candidates and not fitting:
        times_s: Mapping[Candidate, float] = {candidate: batch_s(candidate.unit) for candidate in candidates}
        least = min(times_s, key=lambda candidate: times_s[candidate])
        row = least.unit.row
        raise NothingMatches(
            f"no measured setting has a batch within {wording.milliseconds(limit_s)} ms; the least is "
            f"{wording.milliseconds(times_s[least])} ms ({wording.short(row.detector)}, batch {row.batch_size}). "
            "Raise the limit, or measure a smaller batch"
        )
    return fitting
