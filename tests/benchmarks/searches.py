"""Searches: does a search find the batch that the full grid finds, and in which share of the time?

    uv run python -m tests.benchmarks.searches [CURVES]

Curves of batch sizes 1 to 512 are generated, 500 by default, a third of each kind: a plateau after a knee, a peak, and
memory that runs out. As many more have times that saturate. The grid measures every batch in full, the search what
it asks for; both choose by the rule of `featray recommend`. Their noise is independent, with an sd of 4% between
invocations. "right": the smallest batch whose true time is within the margin of the fastest. Where times saturate, the
last doublings lie on the margin, so that two grids of one curve also differ; "two grids" says how often they agree.

Exits 1 when search and grid agree in less than 95% of the curves of the first three kinds, or when their searches take
over a third of the grids' time.
"""

import argparse
import dataclasses
import random
import sys
from statistics import fmean

from tests.support.curves import KINDS, Curve, measure_grid, search

CURVES, SD = 500, 0.04
AGREEMENT, SHARE = 0.95, 1 / 3
DECIDED = ("plateau", "peak", "out of memory")
"""Kinds of curves on which no step lies near the margin."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one curve."""

    agrees: bool
    grids_agree: bool
    is_right: bool
    grid_is_right: bool
    search_s: float
    grid_s: float


def run_curve(curve: Curve, rng: random.Random) -> Outcome:
    """Measure one curve by a search and by two grids."""
    found, grid, other = search(curve, SD, rng), measure_grid(curve, SD, rng), measure_grid(curve, SD, rng)
    by_grid = grid.recommend()
    return Outcome(
        agrees=found.recommend() == by_grid,
        grids_agree=other.recommend() == by_grid,
        is_right=found.recommend() == curve.best,
        grid_is_right=by_grid == curve.best,
        search_s=found.spent_s,
        grid_s=grid.spent_s,
    )


def run_kind(name: str, count: int) -> list[Outcome]:
    """Measure so many curves of one kind."""
    rng = random.Random(f"searches {name}")
    return [run_curve(KINDS[name](rng), rng) for _ in range(count)]


def describe(name: str, outcomes: list[Outcome]) -> str:
    """Write the line of one kind."""
    rates = [
        fmean(each.agrees for each in outcomes),
        fmean(each.grids_agree for each in outcomes),
        fmean(each.is_right for each in outcomes),
        fmean(each.grid_is_right for each in outcomes),
    ]
    shares = sorted(each.search_s / each.grid_s for each in outcomes)
    whole = sum(each.search_s for each in outcomes) / sum(each.grid_s for each in outcomes)
    worst = shares[int(0.95 * (len(shares) - 1))]
    return f"{name:14}" + "".join(f" {rate:10.1%}" for rate in rates) + f" | {whole:8.1%} {worst:12.1%}"


def main() -> int:
    """Print a line for each kind, and check the goals."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("curves", metavar="CURVES", nargs="?", type=int, default=CURVES)
    count = max(1, -(-parser.parse_args().curves // len(DECIDED)))
    print(f"{count} curves of each kind, sd {SD:.0%}")
    headings = ("search=grid", "two grids", "right", "grid right")
    print(f"{'':14}" + "".join(f" {heading:>10}" for heading in headings) + f" | {'time':>8} {'95% of them':>12}")
    by_kind: dict[str, list[Outcome]] = {}
    for name in KINDS:
        by_kind[name] = run_kind(name, count)
        print(describe(name, by_kind[name]), flush=True)
    everything = [each for outcomes in by_kind.values() for each in outcomes]
    decided = [each for name in DECIDED for each in by_kind[name]]
    print(describe("first three", decided))
    print(describe("all", everything))
    share = sum(each.search_s for each in decided) / sum(each.grid_s for each in decided)
    return 0 if fmean(each.agrees for each in decided) >= AGREEMENT and share <= SHARE else 1


if __name__ == "__main__":
    sys.exit(main())
