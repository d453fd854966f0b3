"""Rates: a small part of what tests.benchmarks.bisections measures."""

import random

import pytest

from tests.benchmarks import bisections
from tests.benchmarks.bisections import KINDS, Kind, Tally

RUNS = 40


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.is_promised], ids=lambda kind: kind.name)
def test_nearly_every_bisection_ends_right(kind: Kind) -> None:
    tally = bisections.run(RUNS, 5, 0.02, kind)
    assert tally.right >= RUNS - 2
    assert tally.wrong <= 1


def test_hardly_any_bisection_ends_wrong_where_times_scatter() -> None:
    tally = Tally()
    for seed in range(RUNS):
        bisections.count(tally, random.Random(seed), KINDS[0], 5, 0.08)
    assert tally.wrong <= 3
