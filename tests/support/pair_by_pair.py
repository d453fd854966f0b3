"""Curves compared pair by pair, with plain floats: the rule as it is stated, for tests of the one that uses arrays."""

import dataclasses
import itertools
import math
from collections.abc import Callable, Sequence
from statistics import fmean

from scipy.special import fdtrc

from featray.stats import INVOCATIONS_MIN, MARGIN, SESSION_SD_ASSUMED, Timing
from featray.stats.curves import FEW_BLOCKS, REPORT_RATE, UNLIKE_RATE, UNLIKE_RATE_OF_FEW, Scatter
from featray.stats.estimates import estimate
from featray.stats.invocations import variance
from featray.stats.pairing import find_shared_blocks, pair
from featray.stats.sessions import ASSUMED
from featray.stats.students import below

Curve = Sequence[Sequence[Timing]]
Pair = tuple[int, int]
Error = tuple[float, float]
"""A standard error and its degrees of freedom."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlainStep:
    """Two settings of one curve, by their places in it."""

    before: int
    after: int
    difference: float
    errors: tuple[Error, ...]

    def chance_of_longer(self) -> float:
        """Give the probability of such a difference, or a larger one, if the true one is 0."""
        return max(_below(-self.difference, *error) for error in self.errors)

    def chance_of_shorter(self) -> float:
        """Give the probability of such a difference, or a smaller one, if the true one is 0."""
        return max(_below(self.difference, *error) for error in self.errors)


def _below(difference: float, error: float, freedom: float) -> float:
    if error > 0:
        return below(difference / error, freedom)
    return 0.0 if difference < 0 else 1.0


def compare(curve: Curve, scatter: Scatter) -> list[PlainStep]:
    """Compare each pair of settings."""
    pairs = list(itertools.combinations(range(len(curve)), 2))
    shared = find_shared_blocks(curve) if pairs else []
    if len(shared) < INVOCATIONS_MIN:
        return [_compare_apart(curve[before], curve[after], before, after, scatter) for before, after in pairs]
    by_block = [{timing.place: timing.log for timing in setting} for setting in curve]
    return _analyse_variance([[setting[block] for block in shared] for setting in by_block], pairs)


def _analyse_variance(table: Sequence[Sequence[float]], pairs: Sequence[Pair]) -> list[PlainStep]:
    blocks, settings = len(table[0]), len(table)
    own = {(before, after): _variance_of_differences(table[before], table[after]) for before, after in pairs}
    pooled, freedom = fmean(own.values()), (blocks - 1) * (settings - 1)
    is_unlike = settings > 2 and _are_spreads_unlike(table, own)
    steps = []
    for (before, after), of_pair in own.items():
        errors: list[Error] = [(math.sqrt(max(pooled, of_pair) / blocks), freedom)]
        errors += [(math.sqrt(of_pair / blocks), blocks - 1)] if is_unlike else []
        difference = fmean(table[after]) - fmean(table[before])
        steps.append(PlainStep(before=before, after=after, difference=difference, errors=tuple(errors)))
    return steps


def _variance_of_differences(before: Sequence[float], after: Sequence[float]) -> float:
    return variance([late - early for early, late in zip(before, after, strict=True)])


def _are_spreads_unlike(table: Sequence[Sequence[float]], own: dict[Pair, float]) -> bool:
    blocks, settings = len(table[0]), len(table)
    rate = UNLIKE_RATE if blocks >= FEW_BLOCKS else UNLIKE_RATE_OF_FEW
    centres = [fmean(column) for column in zip(*table, strict=True)]
    for place, setting in enumerate(table):
        residual = variance([log - centre for log, centre in zip(setting, centres, strict=True)])
        spread = residual * settings / (settings - 1)
        rest = fmean(value for pair, value in own.items() if place not in pair) / 2
        if spread > 0 and (rest == 0 or fdtrc(blocks - 1, (blocks - 1) * (settings - 2), spread / rest) < rate):
            return True
    return False


def _compare_apart(
    first: Sequence[Timing], second: Sequence[Timing], before: int, after: int, scatter: Scatter
) -> PlainStep:
    if min(len(first), len(second)) >= INVOCATIONS_MIN:
        found = estimate(pair(first, second), ASSUMED)
        error = found.error, found.freedom or math.inf
        return PlainStep(before=before, after=after, difference=found.difference, errors=(error,))
    is_same_session = {timing.session for timing in first} & {timing.session for timing in second}
    between = 0.0 if is_same_session else 2 * SESSION_SD_ASSUMED**2
    sd = math.sqrt(scatter.sd**2 * (1 / len(first) + 1 / len(second)) + between)
    difference = fmean(timing.log for timing in second) - fmean(timing.log for timing in first)
    return PlainStep(before=before, after=after, difference=difference, errors=((sd, scatter.freedom),))


def find_longer(curves: Sequence[Sequence[PlainStep]]) -> list[list[Pair]]:
    """List the pairs of each curve whose later setting takes longer."""
    return _keep(curves, PlainStep.chance_of_longer, lambda step: step.difference >= MARGIN)


def find_shorter(curves: Sequence[Sequence[PlainStep]]) -> list[list[Pair]]:
    """List the pairs of each curve whose later setting takes less time."""
    return _keep(curves, PlainStep.chance_of_shorter, lambda step: step.difference <= -MARGIN)


def _keep(
    curves: Sequence[Sequence[PlainStep]], chance: Callable[[PlainStep], float], counts: Callable[[PlainStep], bool]
) -> list[list[Pair]]:
    survives = iter(_survive([chance(step) if counts(step) else 1.0 for steps in curves for step in steps]))
    return [[(step.before, step.after) for step in steps if next(survives)] for steps in curves]


def _survive(chances: Sequence[float]) -> list[bool]:
    kept = [False] * len(chances)
    for rank, place in enumerate(sorted(range(len(chances)), key=lambda place: chances[place])):
        if chances[place] > REPORT_RATE / (len(chances) - rank):
            break
        kept[place] = True
    return kept
