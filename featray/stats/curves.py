"""Curves: which settings of a curve differ, corrected for how many pairs of settings a report looks at.

Flow: timings of each setting -> `compare`, or `apart` where they share few blocks -> `steps.Steps`, every pair ->
`find_longer`, `find_shorter`. Pure.

12 curves of 5 batch sizes are 120 pairs. If each is judged alone, against the fastest of its curve, 83% of reports in
which all batches are equally fast call one slower. So each chance is corrected for the number of pairs. That takes
small errors: the settings of a curve share their processes, and one analysis of variance over process x setting gives
all pairs of a curve one residual spread.

Source: Holm (1979); Montgomery, Design and Analysis of Experiments (2017), chapter 4, for the randomized block design.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Sequence
from statistics import fmean

import numpy as np
import numpy.typing as npt

from featray.stats import apart
from featray.stats.decision import ASSUMED_SD, MARGIN
from featray.stats.pairing import INVOCATIONS_MIN, Timing, find_shared_blocks
from featray.stats.steps import FloatArray, Indices, StepErrors, Steps, pair_all

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


def compare(curve: Sequence[Sequence[Timing]], scatter: Scatter = Scatter()) -> Steps:
    """Compare each pair of settings of a curve.

    Args:
        curve: For each setting at least one timing.
        scatter: Of single measurements.
    """
    shared = find_shared_blocks(curve) if len(curve) > 1 else []
    if len(shared) < INVOCATIONS_MIN:
        return apart.compare(curve, scatter.sd, scatter.freedom)
    by_block = [{timing.place: timing.log for timing in setting} for setting in curve]
    return _analyse_variance(np.array([[setting[block] for block in shared] for setting in by_block]))


def _analyse_variance(table: FloatArray) -> Steps:
    """Compare the settings of a complete table of log times, of shape (settings, blocks).

    The variance of a pair's differences, averaged over all pairs, is twice the residual variance of the table. A pair
    that differs more than that has its own.
    """
    settings, blocks = table.shape
    before, after = pair_all(settings)
    means = np.array([fmean(setting) for setting in table.tolist()])
    own = _variances_of_differences(table, before, after)
    pooled, freedom = math.fsum(own) / len(own), float((blocks - 1) * (settings - 1))
    errors: list[StepErrors] = [(np.sqrt(np.maximum(pooled, own) / blocks), freedom)]
    if settings > 2 and _are_spreads_unlike(table, own):
        errors.append((np.sqrt(own / blocks), float(blocks - 1)))
    return Steps(before=before, after=after, differences=means[after] - means[before], errors=tuple(errors))


def _variances_of_differences(table: FloatArray, before: Indices, after: Indices) -> FloatArray:
    """Compute the variance over the blocks of each pair's differences; block by block, to keep arrays small."""
    blocks = table.shape[1]
    differences = [column[after] - column[before] for column in table.T]
    centre = np.sum(differences, axis=0) / blocks
    squares = np.sum([(difference - centre) ** 2 for difference in differences], axis=0)
    return np.asarray(squares / (blocks - 1))


def _are_spreads_unlike(table: FloatArray, own: FloatArray) -> bool:
    """Return True if a setting scatters more around the others than they do around each other (F test).

    Args:
        table: Log times, shape (settings, blocks).
        own: Variance of the differences of each pair.
    """
    from scipy.special import fdtrc

    settings, blocks = table.shape
    rate = UNLIKE_RATE if blocks >= FEW_BLOCKS else UNLIKE_RATE_OF_FEW
    spreads = (table - table.mean(axis=0)).var(axis=1, ddof=1) * settings / (settings - 1)
    rests = _sums_without(own, settings) / math.comb(settings - 1, 2) / 2
    freedom = blocks - 1, (blocks - 1) * (settings - 2)
    ratios = np.divide(spreads, rests, out=np.full(settings, np.inf), where=rests > 0)
    return bool(((spreads > 0) & (fdtrc(*freedom, ratios) < rate)).any())


def _sums_without(own: FloatArray, settings: int) -> FloatArray:
    """Add up, for each setting, the values of all pairs that it is no part of.

    Values are only ever added, since 0 must come out as 0: pairs before a setting, pairs behind it, pairs around it.

    Args:
        own: A value of each pair, not negative.
        settings: Their number.
    """
    table = np.zeros((settings + 1, settings + 1))  # a border of 0 at its end
    table[pair_all(settings)] = own
    before = np.cumsum(table.sum(axis=0))  # of pairs that end at or before a setting
    behind = np.cumsum(table.sum(axis=1)[::-1])[::-1]  # that begin at it or behind
    around = np.cumsum(np.cumsum(table[:, ::-1], axis=1)[:, ::-1], axis=0)  # begin at or before, end at or behind
    places = np.arange(settings)
    first = places == 0
    left = np.where(first, 0.0, before[places - 1])
    middle = np.where(first, 0.0, around[places - 1, places + 1])
    return np.asarray(left + middle + behind[places + 1])


def find_longer(curves: Sequence[Steps], margin: float = MARGIN) -> list[Steps]:
    """Keep the steps of each curve whose later setting takes longer.

    Args:
        curves: All steps that a report looks at.
        margin: Least log ratio that counts.
    """
    return _keep(curves, Steps.chances_of_longer, lambda steps: steps.differences >= margin)


def find_shorter(curves: Sequence[Steps], margin: float = MARGIN) -> list[Steps]:
    """Keep the steps of each curve whose later setting takes less time."""
    return _keep(curves, Steps.chances_of_shorter, lambda steps: steps.differences <= -margin)


def _keep(
    curves: Sequence[Steps], chances: Callable[[Steps], FloatArray], counts: Callable[[Steps], npt.NDArray[np.bool_]]
) -> list[Steps]:
    """Keep the steps that count and survive the correction for all steps; those that do not count have no chance."""
    if not curves:
        return []
    found = []
    for steps in curves:
        own = np.ones(len(steps))
        which = counts(steps)
        own[which] = chances(steps.choose(which))
        found.append(own)
    ends = np.cumsum([len(steps) for steps in curves])[:-1]
    kept = np.split(np.array(survive(np.concatenate(found)), dtype=bool), ends)
    return [steps.choose(which) for steps, which in zip(curves, kept, strict=True)]


def survive(chances: Sequence[float] | FloatArray, rate: float = REPORT_RATE) -> list[bool]:
    """Return which of several tests remain, if at most `rate` of reports may hold any false one (Holm).

    Returns:
        Shape (tests,), in input order.
    """
    values = np.asarray(chances, dtype=float)
    order = np.argsort(values, kind="stable")
    fails = values[order] > rate / (len(values) - np.arange(len(values)))
    kept = np.zeros(len(values), dtype=bool)
    kept[order[: fails.argmax() if fails.any() else len(values)]] = True
    return kept.tolist()
