"""Change points: where the level of a history of times steps, as opposed to scattering or drifting.

Flow: sessions of one series in order -> `find_changes` -> `LevelStep` -> `analysis.history`. Pure.

- E-divisive means: the split of a segment that has the largest energy statistic is a change if at most `SIGNIFICANCE`
  of the random orders of the segment have a larger one. Then both parts are searched.
- The noise of the store decides what such a split is worth. The variance of a point has two levels, sessions and
  processes. What is known of them counts beside the scatter of the history itself.
- A split is no step unless the points of both its parts lie clearly closer to two levels than to one line: else it
  may be a drift.

Source: Matteson & James, A Nonparametric Approach for Multiple Change Point Analysis of Multivariate Data (2014); Daly
et al., The Use of Change Point Detection to Identify Software Performance Regressions (2020), for its use on times.
"""

import dataclasses
import itertools
import math
from collections.abc import Sequence
from statistics import fmean
from typing import Any

from featray.stats.decision import ASSUMED_SD, MARGIN
from featray.stats.invocations import CONFIDENCE, Logs
from featray.stats.sessions import ASSUMED, SessionSpread, pooled
from featray.stats.students import two_sided

SIGNIFICANCE = 0.01
"""Share of histories without any change in which the permutation test finds one: at most 1 in 100."""

PERMUTATIONS = 499
"""Random orders per test: the least p-value is then 0.002, a fifth of SIGNIFICANCE."""

SEGMENT_MIN = 4
"""Sessions on each side of a change. With 3 on each side one of 10 orders splits as clearly as the true one, with 4 one
of 35, and 4 against 8 one of 495: a change needs about 12 sessions to be found."""

PLACE_PARAMETERS = 2
"""Parameters that two levels have beyond a line: the place is chosen, which counts as two. With none, a drift of 10%
at an sd of 5% between sessions makes a step in every second history."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class LevelStep:
    """A change of level. Times of the series change by the factor `ratio`, with a 95% interval."""

    index: int  # of the first session after the change
    first: int  # index of the first session of the level before
    last: int  # index after the last session of the level after
    ratio: float
    low: float
    high: float


def find_changes(
    sessions: Sequence[Logs],
    *,
    spread: SessionSpread = ASSUMED,
    margin: float = MARGIN,
    seed: int = 0,
) -> list[LevelStep]:
    """Find where a history steps.

    Args:
        sessions: In order; of each the log times of its processes, one or more.
        spread: How identical work varies between sessions of the target.
        margin: Least log ratio that counts.
        seed: Of the random orders, so that the same rows give the same answer.

    Returns:
        In order; none from fewer than two times `SEGMENT_MIN` sessions.
    """
    import numpy as np

    levels = [fmean(logs) for logs in sessions]
    rng = np.random.default_rng(seed)
    splits = _split(np.asarray(levels), 0, len(levels), rng)
    known = _variances(sessions, spread)
    while splits:
        steps = _steps(levels, known, spread.freedom, splits)
        weakest = min(steps, key=lambda step: _strength(levels, step, margin))
        if _strength(levels, weakest, margin) > 0:
            return steps
        splits.remove(weakest.index)
    return []


def energy(levels: Any) -> Any:
    """Compute the energy statistic of every split of a segment.

    Args:
        levels: numpy array of shape (points,).

    Returns:
        numpy array of shape (points + 1,): at index k that of the split into the first k points and the rest; -inf
        where a side is shorter than SEGMENT_MIN.
    """
    import numpy as np

    count = len(levels)
    distances = np.abs(levels[:, None] - levels[None, :])
    upper = np.triu(distances)
    within_left = np.concatenate(([0.0], np.cumsum(upper.sum(axis=0))))  # pairs among the first k
    within_right = within_left[-1] - np.concatenate(([0.0], np.cumsum(upper.sum(axis=1))))  # pairs among the rest
    between = within_left[-1] - within_left - within_right
    statistics = np.full(count + 1, -np.inf)
    left = np.arange(SEGMENT_MIN, count - SEGMENT_MIN + 1)
    right = count - left
    spread = between[left] * 2 / (left * right)
    spread -= within_left[left] * 2 / (left * (left - 1)) + within_right[left] * 2 / (right * (right - 1))
    statistics[left] = spread * left * right / count
    return statistics


def _split(levels: Any, first: int, last: int, rng: Any) -> list[int]:
    """Split a segment again and again, as long as a split is significant."""
    if last - first < 2 * SEGMENT_MIN:
        return []
    segment = levels[first:last]
    statistics = energy(segment)
    split = int(statistics.argmax())
    if not _is_significant(segment, float(statistics[split]), rng):
        return []
    middle = first + split
    return [*_split(levels, first, middle, rng), middle, *_split(levels, middle, last, rng)]


def _is_significant(segment: Any, statistic: float, rng: Any) -> bool:
    """Return True if few random orders have as large a statistic; stops as soon as there are too many."""
    allowed = math.floor(SIGNIFICANCE * (PERMUTATIONS + 1)) - 1
    larger = 0
    for _ in range(PERMUTATIONS):
        larger += float(energy(rng.permutation(segment)).max()) >= statistic * (1 - 1e-9)
        if larger > allowed:
            return False
    return True


def _variances(sessions: Sequence[Logs], spread: SessionSpread) -> list[float]:
    """Give the known variance of each point: that between sessions, and that between processes over their number."""
    process = pooled(sessions)[0] if any(len(logs) > 1 for logs in sessions) else ASSUMED_SD**2
    return [spread.sd**2 + process / len(logs) for logs in sessions]


def _steps(levels: Sequence[float], known: Sequence[float], freedom: float, splits: Sequence[int]) -> list[LevelStep]:
    """Estimate each step from the levels beside it.

    The scatter of the points around their levels, relative to what is known of it, corrects the known variances; these
    count as `freedom` degrees of freedom (Smyth 2004).
    """
    edges = [0, *splits, len(levels)]
    parts = [slice(first, last) for first, last in itertools.pairwise(edges)]
    squares = sum(
        (level - fmean(levels[part])) ** 2 / variance
        for part in parts
        for level, variance in zip(levels[part], known[part], strict=True)
    )
    own = len(levels) - len(parts)
    scale, total = (freedom + squares) / (freedom + own), freedom + own
    steps = []
    for before, after in itertools.pairwise(parts):
        difference = fmean(levels[after]) - fmean(levels[before])
        error = math.sqrt(scale * sum(fmean(known[part]) / (part.stop - part.start) for part in (before, after)))
        far = two_sided(CONFIDENCE, total) * error
        steps.append(
            LevelStep(
                index=after.start,
                first=before.start,
                last=after.stop,
                ratio=math.exp(difference),
                low=math.exp(difference - far),
                high=math.exp(difference + far),
            )
        )
    return steps


def _strength(levels: Sequence[float], step: LevelStep, margin: float) -> float:
    """Say how far a step is from being none, in log time: not positive where it is chance, small, or a drift."""
    low, high = sorted((abs(math.log(step.low)), abs(math.log(step.high))))
    is_clear = math.log(step.low) * math.log(step.high) > 0
    size = abs(math.log(step.ratio))
    if not is_clear:
        return low - high
    if size < margin:
        return size - margin
    return 0.0 if _is_drift(levels, step) else low


def _is_drift(levels: Sequence[float], step: LevelStep) -> bool:
    """Return True unless two levels lie clearly closer to the points on both sides than one line does.

    Clearly: better by the Bayesian information criterion, where the place of a change counts as two parameters.
    """
    beside = levels[step.first : step.last]
    before, after = levels[step.first : step.index], levels[step.index : step.last]
    around_levels = sum((level - fmean(part)) ** 2 for part in (before, after) for level in part)
    places = [place - (len(beside) - 1) / 2 for place in range(len(beside))]
    slope = sum(place * level for place, level in zip(places, beside, strict=True)) / sum(p**2 for p in places)
    centre = fmean(beside)
    around_line = sum((level - centre - slope * place) ** 2 for place, level in zip(places, beside, strict=True))
    if around_levels == 0:
        return around_line == 0
    return len(beside) * math.log(around_line / around_levels) < PLACE_PARAMETERS * math.log(len(beside))
