"""Bisections: how often `featray bisect` finds the version that changed a time, or says that nothing changed.

    uv run python -m tests.benchmarks.bisections
    uv run python -m tests.benchmarks.bisections --runs 1000     more exact, and slower

Series of 5 and 33 versions are generated: without a change, with one step at a random place, with two steps, and with a
time that goes up, down and up again. Each step of the search draws fresh processes, as many as the rule asks for. What
the machine does to a whole block (sd 5%) is the same for all versions in it. Exits 1 when less than 95% of the runs
with one step of 20% or 10%, or without one, end right at an sd of at most 3% between processes, or when more than 5%
of any line end wrong.

Beside it: the plain rule of `git bisect` with 5 processes of the middle alone, which is bad if it takes longer than the
middle of both ends, and with ends that were measured once, before.
"""

import argparse
import dataclasses
import math
import random
import sys
from collections.abc import Sequence
from statistics import fmean

from featray.analysis.bisection import Ending
from tests.support.bisections import Series, bisect, steps_at

COUNTS = (5, 33)
SDS = (0.01, 0.02, 0.03, 0.05)
BLOCK_SD = 0.05
STEPS = (0.2, 0.1, 0.05)
PROMISED = 0.95
WRONG_MAX = 0.05
PROMISED_SD = 0.03
PLAIN_PROCESSES = 5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kind:
    """What a generated series holds."""

    name: str
    step: float = 0.0  # of the time
    returns: bool = False  # the step comes, goes and comes again

    @property
    def is_promised(self) -> bool:
        """Return True if 95% must end right."""
        return not self.returns and self.step in (0.0, *STEPS[:2])


KINDS = (
    Kind(name="nothing"),
    *(Kind(name=f"step {step:.0%}", step=step) for step in STEPS),
    Kind(name="up, down, up 20%", step=0.2, returns=True),
)


@dataclasses.dataclass
class Tally:
    """Counts over runs."""

    right: int = 0
    wrong: int = 0
    undecided: int = 0
    not_monotone: int = 0  # of those that ended right
    processes: int = 0
    plain: int = 0


def make_levels(rng: random.Random, count: int, kind: Kind) -> tuple[list[float], int]:
    """Draw the levels of a series, and the number of the first version after its step."""
    place, size, quarter = rng.randrange(1, count), math.log1p(kind.step), count // 4
    if not kind.returns:
        return steps_at(count, place, size), place
    is_up = [quarter <= number < 2 * quarter or number >= 3 * quarter for number in range(count)]
    return [size if up else 0.0 for up in is_up], 0


def count(tally: Tally, rng: random.Random, kind: Kind, versions: int, sd: float) -> None:
    """Bisect one series with both rules."""
    levels, place = make_levels(rng, versions, kind)
    ended, results = bisect(rng, Series(levels=levels, sd=sd, block_sd=BLOCK_SD))
    if ended.ending is Ending.UNDECIDED:
        tally.undecided += 1
    elif is_right(kind, ended.ending, ended.suspects, place, levels):
        tally.right += 1
        tally.not_monotone += ended.ending is Ending.NOT_MONOTONE
    else:
        tally.wrong += 1
    tally.processes += sum(result.blocks * len(result.measured.times) for result in results)
    if kind.step and not kind.returns:
        tally.plain += bisect_plainly(rng, levels, sd) == place


def is_right(kind: Kind, ending: Ending, suspects: Sequence[int], place: int, levels: Sequence[float]) -> bool:
    """Say whether an end is true. A time that comes and goes has several first versions: each is true, if named so."""
    if kind.returns:
        rises = [number for number in range(1, len(levels)) if levels[number] > levels[number - 1]]
        return ending is Ending.NOT_MONOTONE or (ending is Ending.FOUND and suspects[0] in rises)
    if kind.step:
        return ending is Ending.FOUND and tuple(suspects) == (place,)
    return ending is Ending.UNCHANGED


def bisect_plainly(rng: random.Random, levels: Sequence[float], sd: float) -> int:
    """Bisect by the middle of two ends that were measured once, 5 processes each, on a machine that moves."""

    def measure(number: int) -> float:
        session = rng.gauss(0.0, BLOCK_SD)
        return fmean(levels[number] + session + rng.gauss(0.0, sd) for _ in range(PLAIN_PROCESSES))

    first, last = 0, len(levels) - 1
    limit = (measure(first) + measure(last)) / 2
    while last - first > 1:
        middle = (first + last) // 2
        first, last = (first, middle) if measure(middle) > limit else (middle, last)
    return last


def run(runs: int, versions: int, sd: float, kind: Kind) -> Tally:
    """Bisect so many series of one kind."""
    rng = random.Random(f"{versions} {sd} {kind.name}")
    tally = Tally()
    for _ in range(runs):
        count(tally, rng, kind, versions, sd)
    return tally


def is_kept(tally: Tally, runs: int, sd: float, kind: Kind) -> bool:
    """Say whether a line keeps what is promised."""
    promised = kind.is_promised and sd <= PROMISED_SD
    return tally.wrong <= WRONG_MAX * runs and (not promised or tally.right >= PROMISED * runs)


def main() -> int:
    """Print a table; exit 1 when a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200, help="of each kind, length and spread")
    runs = parser.parse_args().runs
    print("versions  sd  holds              right  wrong  undecided  not monotone  processes  plain right")
    broken = 0
    for versions in COUNTS:
        for sd in SDS:
            for kind in KINDS:
                tally = run(runs, versions, sd, kind)
                kept = is_kept(tally, runs, sd, kind)
                shares = [f"{share / runs:6.1%}" for share in (tally.right, tally.wrong)]
                plain = f"{tally.plain / runs:6.0%}" if kind.step and not kind.returns else "     -"
                print(
                    f"{versions:8} {sd:3.0%}  {kind.name:17} {' '.join(shares)} {tally.undecided / runs:9.1%} "
                    f"{tally.not_monotone / runs:13.1%} {tally.processes / runs:10.0f} "
                    f"{plain} {'' if kept else '  BROKEN'}",
                    flush=True,
                )
                broken += not kept
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
