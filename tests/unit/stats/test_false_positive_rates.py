"""What the rules call true and false, on pairs whose truth is known: 2000 seeded pairs for every figure.

Each pair goes the way of a real one: repeats around each invocation's own level, their median, a pilot, the number of
invocations that the planner fixes from it, the verdict. The sides are cells that take turns in the blocks of one run,
which get one number of invocations. Figures of `n=1 and > 5%` are printed beside it. Runs that were not measured side
by side, and many more kinds of noise, are in tests/benchmarks/verdicts.py, whose smaller run is test_verdicts.py.
"""

import dataclasses
import math
import random
from collections import Counter
from collections.abc import Callable
from statistics import fmean

import pytest

from featray import stats
from featray.analysis import comparison
from featray.core.row import Row
from featray.stats import Basis, Decision, Verdict
from tests.benchmarks.verdicts import timings
from tests.support.builders import make_row

pytestmark = pytest.mark.long

PAIRS = 2000
REPEATS = 5
WITHIN_SD = 0.01

Level = Callable[[random.Random], float]
"""Draws the log time of one process."""

Side = list[list[float]]
"""Repeats in seconds, of each of the most invocations that there can be."""


def normal(sd: float) -> Level:
    return lambda rng: rng.gauss(0.0, sd)


def two_modes(rng: random.Random) -> float:
    return math.log(1.12) * (rng.random() < 0.5)


def side(rng: random.Random, level: Level, ratio: float, within: float = WITHIN_SD) -> Side:
    levels = [level(rng) + math.log(ratio) for _ in range(stats.INVOCATIONS_MAX)]
    return [[math.exp(rng.gauss(each, within)) for _ in range(REPEATS)] for each in levels]


def logs(repeats: Side, count: int) -> list[float]:
    return [stats.log_median(each) for each in repeats[:count]]


Count = Callable[[Side, Side], tuple[int, int]]
"""Fixes the invocations of both sides."""


def together(baseline: Side, candidate: Side) -> tuple[int, int]:
    n = stats.planned_together([logs(each, stats.PILOT) for each in (baseline, candidate)])
    return n, n


def exactly_the_pilot(*_: Side) -> tuple[int, int]:
    return stats.PILOT, stats.PILOT


PLANNED = pytest.mark.parametrize("count", [together])
COUNTS = pytest.mark.parametrize("count", [together, exactly_the_pilot])


def judged(
    level: Level, ratio: float = 1.0, *, count: Count = together, within: float = WITHIN_SD, pairs: int = PAIRS
) -> list[Decision]:
    """Judge pairs of one truth, and print what they were called."""
    rng = random.Random(20260514)
    decisions, single = [], 0
    for _ in range(pairs):
        sides = side(rng, level, 1.0, within), side(rng, level, ratio, within)
        decisions.append(stats.decide(*map(timings, map(logs, sides, count(*sides)))))
        single += abs(sides[1][0][0] / sides[0][0][0] - 1) > 0.05
    called = Counter(str(each.verdict) for each in decisions)
    invocations = fmean(each.n_baseline for each in decisions)
    print(f"{dict(called)}, {invocations:.1f} invocations; n=1 and > 5%: {single / pairs:.1%}")
    return decisions


def share(decisions: list[Decision], *verdicts: Verdict) -> float:
    return sum(each.verdict in verdicts for each in decisions) / len(decisions)


DIFFERENT = (Verdict.FASTER, Verdict.SLOWER)


@PLANNED
@pytest.mark.parametrize("sd", [0.02, 0.04, 0.08])
def test_identical_pairs_are_rarely_called_different(sd: float, count: Count) -> None:
    assert share(judged(normal(sd), count=count), *DIFFERENT) <= 0.06


@PLANNED
@pytest.mark.parametrize("within", [0.01, 0.002])
def test_identical_pairs_with_two_modes_are_rarely_called_different(within: float, count: Count) -> None:
    assert share(judged(two_modes, count=count, within=within), *DIFFERENT) <= 0.06


def test_five_invocations_are_enough_not_to_call_identical_pairs_different() -> None:
    assert share(judged(normal(0.04), count=exactly_the_pilot), *DIFFERENT) <= 0.06


@pytest.mark.parametrize(("ratio", "found"), [(1.10, 0.80), (1.25, 0.99), (1 / 1.10, 0.80)])
def test_five_invocations_find_real_differences(ratio: float, found: float) -> None:
    decisions = judged(normal(0.04), ratio, count=exactly_the_pilot)
    assert share(decisions, Verdict.SLOWER if ratio > 1 else Verdict.FASTER) >= found


@pytest.mark.parametrize("sd", [0.01, 0.02, 0.04])
@COUNTS
def test_pairs_on_the_margin_are_rarely_called_equivalent(sd: float, count: Count) -> None:
    decisions = judged(normal(sd), math.exp(stats.MARGIN), count=count)
    assert share(decisions, Verdict.EQUIVALENT) <= 0.06


@COUNTS
def test_identical_steady_pairs_are_called_equivalent(count: Count) -> None:
    assert share(judged(normal(0.01), count=count), Verdict.EQUIVALENT) >= 0.90


def test_identical_noisy_pairs_say_how_many_invocations_it_would_take() -> None:
    open_ = [each for each in judged(normal(0.04)) if each.verdict is Verdict.INCONCLUSIVE]
    assert len(open_) > PAIRS / 2
    assert {each.spread.basis for each in open_} == {Basis.MEASURED}
    named = [each.needed for each in open_ if each.needed is not None]
    assert len(named) > 0.9 * len(open_)  # the others stand too close to the margin for any number
    assert min(named) > stats.INVOCATIONS_MAX / 2


@pytest.mark.parametrize(("sd", "ratio"), [(0.04, 1.0), (0.04, math.exp(0.02)), (0.04, math.exp(0.035)), (0.02, 1.05)])
def test_as_many_invocations_as_are_said_to_be_needed_decide_four_pairs_of_five(sd: float, ratio: float) -> None:
    needed = stats.needed_to_decide(math.log(ratio), sd, stats.MARGIN)
    assert needed is not None
    rng, truth = random.Random(20260514), Verdict.EQUIVALENT if math.log(ratio) < stats.MARGIN else Verdict.SLOWER
    decided = 0
    for _ in range(PAIRS):
        sides = (timings([rng.gauss(centre, sd) for _ in range(needed)]) for centre in (0.0, math.log(ratio)))
        decided += stats.decide(*sides).verdict is truth
    assert 0.76 <= decided / PAIRS <= 0.88


@PLANNED
def test_the_planners_intervals_hold_the_true_ratio(count: Count) -> None:
    decisions = judged(normal(0.04), 1.10, count=count)
    held = [each.low <= 1.10 <= each.high for each in decisions if each.low is not None and each.high is not None]
    assert sum(held) / PAIRS >= 0.93


@PLANNED
def test_rows_of_identical_pairs_are_called_what_their_times_are(count: Count) -> None:
    pairs = 300  # the share of them that are called different is that of `judged`, which the tests above bound
    rng, one, called = random.Random(20260514), make_row(), Counter[Verdict]()
    for _ in range(pairs):
        sides = side(rng, normal(0.04), 1.0), side(rng, normal(0.04), 1.0)
        counts = count(*sides)
        rows = [stored(one, name, each[:n]) for name, each, n in zip("ab", sides, counts, strict=True)]
        called.update(pair.verdict for pair in comparison.compare(*rows, over=["environment"]).pairs)
    assert called.total() == pairs
    assert called == Counter(each.verdict for each in judged(normal(0.04), count=count, pairs=pairs))
    assert {*DIFFERENT, Verdict.EQUIVALENT, Verdict.INCONCLUSIVE} == set(called)


def stored(one: Row, name: str, repeats: Side) -> list[Row]:
    return [
        dataclasses.replace(one, cell_id=name, environment=name, invocation=number, timed_s=timed_s)
        for number, timed_s in enumerate(repeats, start=1)
    ]
