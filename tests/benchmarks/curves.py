"""Curves: how often do reports call a batch slower than a smaller one, on generated curves whose truth is known?

    uv run python -m tests.benchmarks.curves [REPORTS]

A report has 12 curves of 5 batches. 5 processes measure each curve, every process all five batches in random order.
Each line gives rates over REPORTS seeded reports (default 4000; a quarter of them for "found"). "false": all batches
are equally fast, and the report names one as slower. "found": the largest batch of one curve takes 25% (10%) longer,
and the report names it. The old rule tests each batch against the fastest smaller one by Welch's interval, without a
correction.
"""

import argparse
import math
import random
from collections.abc import Callable, Sequence
from statistics import fmean

from featray import stats
from featray.stats import Timing, curves
from featray.stats.steps import Step
from tests.benchmarks.verdicts import INTERLEAVED, Noise, drifting, independent, old_rule

REPORTS = 4000
CURVES, BATCHES, PROCESSES = 12, 5, 5

Logs = Sequence[Sequence[float]]
"""One curve: for each batch the log time of each process."""

CurveNoise = Callable[[random.Random, int, int], Logs]
"""Draws one curve of so many batches and processes."""


def from_processes(noise: Noise) -> CurveNoise:
    """Make the batches of each process take their turns in random order."""

    def draw(rng: random.Random, batches: int, processes: int) -> Logs:
        level, cells = noise(rng), processes * batches
        order = [(process, batch) for process in range(processes) for batch in rng.sample(range(batches), batches)]
        times = {cell: level(place / cells) for place, cell in enumerate(order)}
        return [[times[process, batch] for process in range(processes)] for batch in range(batches)]

    return draw


def with_process_level(sd: float, noise: CurveNoise) -> CurveNoise:
    """Add a level that all batches of a process share."""

    def draw(rng: random.Random, batches: int, processes: int) -> Logs:
        levels = [rng.gauss(0.0, sd) for _ in range(processes)]
        return [[log + level for log, level in zip(own, levels, strict=True)] for own in noise(rng, batches, processes)]

    return draw


def unlike(*sds: float) -> CurveNoise:
    """Make batches of different spread; the last sd is that of all further batches."""

    def draw(rng: random.Random, batches: int, processes: int) -> Logs:
        spreads = [sds[min(batch, len(sds) - 1)] for batch in range(batches)]
        return [[rng.gauss(0.0, sd) for _ in range(processes)] for sd in spreads]

    return draw


OLD_SINGLE_RISE = 1.96 * math.sqrt(2) * stats.ASSUMED_SD  # version 0.1: least rise between single measurements

SD4 = from_processes(independent(lambda rng: rng.gauss(0.0, 0.04)))
SD8 = from_processes(independent(lambda rng: rng.gauss(0.0, 0.08)))

GENERATORS: dict[str, CurveNoise] = {
    **{name: from_processes(noise) for name, noise in INTERLEAVED.items()},
    "process sd 4%, sd 2%": with_process_level(0.04, from_processes(INTERLEAVED["sd 2%"])),
    "outliers x2 in 5%, sd 2%": from_processes(
        independent(lambda rng: rng.gauss(0.0, 0.02) + math.log(2) * (rng.random() < 0.05))
    ),
    "drift 30% over all, sd 2%": from_processes(drifting(lambda _: lambda place: 0.30 * place, 0.02)),
    "smallest batch sd 10%, others 2%": unlike(0.10, 0.02),
    "two batches sd 8%, three 1%": unlike(0.01, 0.08, 0.01, 0.08, 0.01),
}


UNLIKE = "smallest batch sd 10%, others 2%"

FURTHER = (
    ("sd 4%", SD4, 1),
    ("sd 8%", SD8, 1),
    *(("sd 4%", SD4, processes) for processes in (3, 4, 8, 12)),
    *((UNLIKE, GENERATORS[UNLIKE], processes) for processes in (3, 4)),
)
"""Name, noise, and another number of processes."""


def make_report(
    rng: random.Random,
    noise: CurveNoise,
    *,
    number: int = CURVES,
    batches: int = BATCHES,
    processes: int = PROCESSES,
    rise: float = 0.0,
) -> list[Logs]:
    """Draw the curves of one report; the largest batch of the first takes longer by a log ratio."""
    first, *others = (noise(rng, batches, processes) for _ in range(number))
    return [[*first[:-1], [log + rise for log in first[-1]]], *others]


def find(report: Sequence[Logs]) -> list[list[Step]]:
    """Find the slower batches by featray's rule."""
    about = [[timings(own) for own in curve] for curve in report]
    scatter = curves.find_scatter(about)
    return [list(steps) for steps in curves.find_longer([curves.compare(curve, scatter) for curve in about])]


def timings(logs: Sequence[float]) -> list[Timing]:
    """Make the timings of one batch: every process measured all batches."""
    return [Timing(log=log, block=block, session="1", process=str(block)) for block, log in enumerate(logs)]


def find_by_old_rule(report: Sequence[Logs]) -> bool:
    """Return True if the rule of version 0.1 calls any batch slower."""
    for curve in report:
        for place, own in enumerate(curve[1:], start=1):
            fastest = min(curve[:place], key=fmean)
            if len(own) == 1 and own[0] - fastest[0] >= OLD_SINGLE_RISE:
                return True
            if len(own) > 1 and old_rule(fastest, own) is stats.Verdict.SLOWER:
                return True
    return False


def false_share(noise: CurveNoise, reports: int, *, processes: int = PROCESSES) -> tuple[float, float]:
    """Give the share of reports of tied batches that call one slower: by featray's rule, and by the old one."""
    rng = random.Random(f"false {processes}")
    drawn = [make_report(rng, noise, processes=processes) for _ in range(reports)]
    return fmean(any(find(report)) for report in drawn), fmean(map(find_by_old_rule, drawn))


def found_share(noise: CurveNoise, reports: int, rise: float, *, processes: int = PROCESSES) -> float:
    """Give the share of reports that name the largest batch of the first curve, which takes longer by a log ratio."""
    rng, hits = random.Random(f"found {processes}"), 0
    for _ in range(reports):
        first = find(make_report(rng, noise, processes=processes, rise=rise))[0]
        hits += any(step.after == BATCHES - 1 for step in first)
    return hits / reports


def main() -> None:
    """Print a line for each kind of noise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reports", metavar="REPORTS", nargs="?", type=int, default=REPORTS)
    reports = parser.parse_args().reports
    print(f"{reports} reports a line, {PROCESSES} processes    false: new, old | found: +25%, +10%")
    for name, noise in GENERATORS.items():
        new, old = false_share(noise, reports)
        found = [found_share(noise, reports // 4, math.log(ratio)) for ratio in (1.25, 1.10)]
        print(f"{name:46} {new:6.1%} {old:6.1%} | {found[0]:6.1%} {found[1]:6.1%}", flush=True)
    for name, noise, processes in FURTHER:
        new, old = false_share(noise, reports, processes=processes)
        found = [found_share(noise, reports // 4, math.log(ratio), processes=processes) for ratio in (1.25, 1.10)]
        label = f"{name}, {processes} process{'es' * (processes > 1)}"
        print(f"{label:46} {new:6.1%} {old:6.1%} | {found[0]:6.1%} {found[1]:6.1%}", flush=True)


if __name__ == "__main__":
    main()
