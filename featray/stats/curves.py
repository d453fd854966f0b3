"""Curves: which settings of a curve differ, corrected for how many pairs of settings a report looks at.

Flow: timings of each setting -> `compare` -> `Step` for every pair -> `find_longer`, `find_shorter`. Pure.

12 curves of 5 batch sizes are 120 pairs. If each is judged alone, against the fastest of its curve, 83% of reports in
which all batches are equally fast call one slower. So each chance is corrected for the number of pairs. That takes
small errors: the settings of a curve share their processes, and one analysis of variance over process x setting gives
all pairs of a curve one residual spread.

Source: Holm (1979); Montgomery, Design and Analysis of Experiments (2017), chapter 4, for the randomized block design.
"""

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean

from featray.stats.decision import ASSUMED_SD, MARGIN
from featray.stats.estimates import estimate
from featray.stats.invocations import variance
from featray.stats.pairing import INVOCATIONS_MIN, Timing, find_shared_blocks, pair
from featray.stats.sessions import ASSUMED, SESSION_SD_ASSUMED
from featray.stats.students import below

REPORT_RATE = 0.05  # share of reports of equally fast settings in which any is called different

UNLIKE_RATE = 0.07
"""How often a setting with the spread of the others is taken for one with another spread. Without this test 13% of
reports are wrong in which one batch of five has a spread of 10% and the others 2%; with it 4.6% are. At 0.05 it is
5.5%. It costs power: +25% at an sd of 8% is found in 64% instead of 79%."""

FEW_BLOCKS, UNLIKE_RATE_OF_FEW = 5, 0.20
"""Below so many blocks the test sees little, so that it takes more settings for unlike ones. At 3 blocks 12% of such
reports are wrong at 0.07, and 4% at 0.20. The price: +25% at an sd of 4% is then found in a quarter of curves of 3
blocks, and in two thirds of those of 4."""

BENT = (1, -3, 3, -1)
"""Weights of four neighbouring settings whose sum is 0 on every parabola: what is left of a curve is scatter."""

LogTable = Sequence[Sequence[float]]
"""Log times: one sequence per setting, one value per block, the same blocks for all."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Step:
    """Two settings of one curve, by their places in it.

    `errors` are standard errors with their degrees of freedom. A difference must be larger than each of them explains.
    """

    before: int
    after: int
    difference: float  # of mean log time, after less before
    errors: tuple[tuple[float, float], ...]

    def chance_of_longer(self, bound: float = 0.0) -> float:
        """Give the probability of such a difference, or a larger one, if the true one is `bound`."""
        return max(_below(bound - self.difference, *error) for error in self.errors)

    def chance_of_shorter(self, bound: float = 0.0) -> float:
        """Give the probability of such a difference, or a smaller one, if the true one is `bound`."""
        return max(_below(self.difference - bound, *error) for error in self.errors)


def _below(difference: float, error: float, freedom: float) -> float:
    if error > 0:
        return below(difference / error, freedom)
    return 0.0 if difference < 0 else 1.0


@dataclasses.dataclass(frozen=True)
class Scatter:
    """How far single measurements lie from what they measure: an sd of log time, and its degrees of freedom."""

    sd: float = ASSUMED_SD
    freedom: float = math.inf


def find_scatter(about: Iterable[Sequence[Sequence[Timing]]]) -> Scatter:
    """Learn from curves of single measurements how far they scatter; at least the assumed sd.

    Args:
        about: All curves of a report. Those with several timings of a setting are left out.
    """
    singles = [[setting[0].log for setting in curve] for curve in about if all(len(setting) == 1 for setting in curve)]
    bends = [
        sum(weight * log for weight, log in zip(BENT, logs[place:], strict=False))
        for logs in singles
        for place in range(len(logs) - len(BENT) + 1)
    ]
    sd = math.sqrt(fmean(bend**2 for bend in bends) / sum(weight**2 for weight in BENT)) if bends else 0.0
    return Scatter(sd, len(bends)) if sd > ASSUMED_SD else Scatter()


def compare(curve: Sequence[Sequence[Timing]], scatter: Scatter = Scatter()) -> list[Step]:
    """Compare each pair of settings of a curve.

    Args:
        curve: For each setting at least one timing.
        scatter: Of single measurements.
    """
    pairs = list(itertools.combinations(range(len(curve)), 2))
    if not pairs:
        return []
    by_block = [{timing.place: timing.log for timing in setting} for setting in curve]
    shared = find_shared_blocks(curve)
    if len(shared) >= INVOCATIONS_MIN:
        return _analyse_variance([[setting[block] for block in shared] for setting in by_block], pairs)
    return [_compare_apart(curve, before, after, scatter) for before, after in pairs]


def _analyse_variance(table: LogTable, pairs: Sequence[tuple[int, int]]) -> list[Step]:
    """Compare the settings of a complete table.

    The variance of a pair's differences, averaged over all pairs, is twice the residual variance of the table. A pair
    that differs more than that has its own.
    """
    blocks, settings = len(table[0]), len(table)
    means = [fmean(setting) for setting in table]
    own = [_variance_of_differences(table[before], table[after]) for before, after in pairs]
    pooled, freedom = fmean(own), (blocks - 1) * (settings - 1)
    is_unlike = settings > 2 and _are_spreads_unlike(table, dict(zip(pairs, own, strict=True)))
    steps = []
    for (before, after), variance_of_pair in zip(pairs, own, strict=True):
        errors: list[tuple[float, float]] = [(math.sqrt(max(pooled, variance_of_pair) / blocks), freedom)]
        if is_unlike:
            errors.append((math.sqrt(variance_of_pair / blocks), blocks - 1))
        difference = means[after] - means[before]
        steps.append(Step(before=before, after=after, difference=difference, errors=tuple(errors)))
    return steps


def _variance_of_differences(before: Sequence[float], after: Sequence[float]) -> float:
    return variance([late - early for early, late in zip(before, after, strict=True)])


def _are_spreads_unlike(table: LogTable, own: Mapping[tuple[int, int], float]) -> bool:
    """Return True if a setting scatters more around the others than they do around each other (F test)."""
    from scipy.special import fdtrc

    blocks, settings = len(table[0]), len(table)
    rate = UNLIKE_RATE if blocks >= FEW_BLOCKS else UNLIKE_RATE_OF_FEW
    centres = [fmean(column) for column in zip(*table, strict=True)]
    for place, setting in enumerate(table):
        residual = variance([log - centre for log, centre in zip(setting, centres, strict=True)])
        spread = residual * settings / (settings - 1)
        rest = fmean(value for pair, value in own.items() if place not in pair) / 2
        freedom = blocks - 1, (blocks - 1) * (settings - 2)
        if spread > 0 and (rest == 0 or fdtrc(*freedom, spread / rest) < rate):
            return True
    return False


def _compare_apart(curve: Sequence[Sequence[Timing]], before: int, after: int, scatter: Scatter) -> Step:
    """Compare two settings without enough common blocks; of few timings, by what is known of such."""
    first, second = curve[before], curve[after]
    if min(len(first), len(second)) >= INVOCATIONS_MIN:
        found = estimate(pair(first, second), ASSUMED)
        error = found.error, found.freedom or math.inf
        return Step(before=before, after=after, difference=found.difference, errors=(error,))
    is_same_session = {timing.session for timing in first} & {timing.session for timing in second}
    between = 0.0 if is_same_session else 2 * SESSION_SD_ASSUMED**2
    sd = math.sqrt(scatter.sd**2 * (1 / len(first) + 1 / len(second)) + between)
    difference = fmean(timing.log for timing in second) - fmean(timing.log for timing in first)
    return Step(before=before, after=after, difference=difference, errors=((sd, scatter.freedom),))


def find_longer(curves: Sequence[Sequence[Step]], margin: float = MARGIN) -> list[list[Step]]:
    """Keep the steps of each curve whose later setting takes longer.

    Args:
        curves: All steps that a report looks at.
        margin: Least log ratio that counts.
    """
    return _keep(curves, Step.chance_of_longer, lambda step: step.difference >= margin)


def find_shorter(curves: Sequence[Sequence[Step]], margin: float = MARGIN) -> list[list[Step]]:
    """Keep the steps of each curve whose later setting takes less time."""
    return _keep(curves, Step.chance_of_shorter, lambda step: step.difference <= -margin)


def _keep(
    curves: Sequence[Sequence[Step]], chance: Callable[[Step], float], counts: Callable[[Step], bool]
) -> list[list[Step]]:
    """Keep the steps that count and survive the correction for all steps; those that do not count have no chance."""
    survives = iter(survive([chance(step) if counts(step) else 1.0 for steps in curves for step in steps]))
    return [[step for step in steps if next(survives)] for steps in curves]


def survive(chances: Sequence[float], rate: float = REPORT_RATE) -> list[bool]:
    """Return which of several tests remain, if at most `rate` of reports may hold any false one (Holm).

    Returns:
        Shape (tests,), in input order.
    """
    kept = [False] * len(chances)
    for rank, place in enumerate(sorted(range(len(chances)), key=lambda place: chances[place])):
        if chances[place] > rate / (len(chances) - rank):
            break
        kept[place] = True
    return kept
