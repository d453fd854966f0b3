"""Searches of generated curves find what the full grid finds, in less time. `tests/benchmarks/searches.py` has more."""

import random

import pytest

from tests.support.curves import KINDS, measure_grid, search


@pytest.mark.parametrize("kind", ["plateau", "peak", "out of memory"])
def test_a_search_finds_the_best_batch_of_a_quiet_machine(kind: str) -> None:
    rng = random.Random(f"quiet {kind}")
    curves = [KINDS[kind](rng) for _ in range(6)]
    assert [search(curve, 0.002, rng).recommend() for curve in curves] == [curve.best for curve in curves]


def test_noise_of_4_percent_misleads_neither_search_nor_grid_and_the_search_takes_a_third_of_the_time() -> None:
    rng = random.Random("noisy")
    curves = [KINDS[kind](rng) for kind in ("plateau", "peak", "out of memory") for _ in range(3)]
    searches, grids = zip(
        *((search(curve, 0.04, rng), measure_grid(curve, 0.04, rng)) for curve in curves), strict=True
    )
    agree = [found.recommend() == grid.recommend() for found, grid in zip(searches, grids, strict=True)]
    assert sum(agree) >= len(curves) - 1
    assert sum(found.spent_s for found in searches) <= sum(grid.spent_s for grid in grids) / 3
