"""Verdicts: how often are they right, on generated pairs whose true ratio is known? Next to the rule of version 0.1.

    uv run python -m tests.benchmarks.verdicts [PAIRS]

Each line gives rates over PAIRS seeded pairs (default 4000). "interleaved": both sides in one run, with as many
processes as the planner fixes from their pilots, in random order within each block. "apart": two runs of 8 processes
each, or several sessions per side. The old rule is Welch's interval on one time per process, whenever the sides were
measured.
"""

import argparse
import dataclasses
import functools
import math
import random
from collections.abc import Callable, Sequence
from statistics import fmean, variance

from featray import stats
from featray.stats import SessionSpread, Timing, Verdict
from featray.stats.students import two_sided

PAIRS = 4000
MOST = stats.INVOCATIONS_MAX
DIFFERENT = (Verdict.FASTER, Verdict.SLOWER)

Noise = Callable[[random.Random], Callable[[float], float]]
"""Draws a run: a function from the place of a process in the run, 0 to 1, to its log time."""


def independent(draw: Callable[[random.Random], float]) -> Noise:
    """Make processes that share nothing."""
    return lambda rng: lambda _: draw(rng)


def drifting(drift: Callable[[random.Random], Callable[[float], float]], sd: float) -> Noise:
    """Make processes around a level that moves during the run."""

    def run(rng: random.Random) -> Callable[[float], float]:
        level = drift(rng)
        return lambda place: level(place) + rng.gauss(0.0, sd)

    return run


def _student(rng: random.Random, freedom: int) -> float:
    return rng.gauss(0.0, 1.0) / math.sqrt(rng.gammavariate(freedom / 2, 2) / freedom)


def _step(rng: random.Random) -> Callable[[float], float]:
    change = rng.random()
    return lambda place: 0.10 * (place >= change)


def _wave(rng: random.Random) -> Callable[[float], float]:
    phase = rng.random()
    return lambda place: 0.04 * math.sin(2 * math.pi * (place + phase))


def _walk(rng: random.Random) -> Callable[[float], float]:
    level, levels = 0.0, []
    for _ in range(2 * MOST + 1):
        level += rng.gauss(0.0, 0.02)
        levels.append(level)
    return lambda place: levels[round(place * 2 * MOST)]


INTERLEAVED: dict[str, Noise] = {
    "sd 2%": independent(lambda rng: rng.gauss(0.0, 0.02)),
    "sd 4%": independent(lambda rng: rng.gauss(0.0, 0.04)),
    "sd 8%": independent(lambda rng: rng.gauss(0.0, 0.08)),
    "linear drift 10%, sd 2%": drifting(lambda _: lambda place: 0.10 * place, 0.02),
    "linear drift 20%, sd 2%": drifting(lambda _: lambda place: 0.20 * place, 0.02),
    "linear drift 10%, sd 4%": drifting(lambda _: lambda place: 0.10 * place, 0.04),
    "step 10% anywhere, sd 2%": drifting(_step, 0.02),
    "wave 4%, sd 2%": drifting(_wave, 0.02),
    "random walk 2% a process": drifting(_walk, 0.01),
    "outliers +30% in 10%": independent(lambda rng: rng.gauss(0.0, 0.04) + 0.30 * (rng.random() < 0.1)),
    "two modes 12% apart": independent(lambda rng: rng.gauss(0.0, 0.01) + math.log(1.12) * (rng.random() < 0.5)),
    "a mode 12% apart in 20%": independent(lambda rng: rng.gauss(0.0, 0.01) + math.log(1.12) * (rng.random() < 0.2)),
    "t with 3 degrees, sd 4%": independent(lambda rng: 0.04 / math.sqrt(3) * _student(rng, 3)),
    "lognormal": independent(lambda rng: 0.04 / 2.16 * (rng.lognormvariate(0.0, 1.0) - 1.65)),
}


def _interleaved(rng: random.Random, noise: Noise, count: int | None) -> tuple[list[float], list[float]]:
    """Draw one run: in each block both sides in random order, as many blocks as the planner fixes."""
    level = noise(rng)
    sides: tuple[list[float], list[float]] = ([], [])
    blocks = count or MOST
    for block in range(blocks):
        for place, side in enumerate(rng.sample((0, 1), 2)):
            sides[side].append(level((2 * block + place) / (2 * MOST)))
    if count is None:
        count = stats.planned_together([side[: stats.PILOT] for side in sides])
    return sides[0][:count], sides[1][:count]


def timings(logs: Sequence[float], session: str = "1", *, process: bool = False) -> list[Timing]:
    """Make one session's timings."""
    return [
        Timing(log=log, block=block, session=session, process=str(block) if process else None)
        for block, log in enumerate(logs)
    ]


def old_rule(baseline: Sequence[float], candidate: Sequence[float], margin: float = stats.MARGIN) -> Verdict:
    """Judge as version 0.1 did: Welch's interval over the first processes of both sides."""
    have = min(len(baseline), len(candidate))
    sides = [list(side[:have]) for side in (baseline, candidate)]
    parts = [variance(side) / have for side in sides]
    error, difference = math.sqrt(sum(parts)), fmean(sides[1]) - fmean(sides[0])
    freedom = sum(parts) ** 2 / sum(part**2 / (have - 1) for part in parts)
    if abs(difference) >= max(margin, two_sided(0.95, freedom) * error):
        return Verdict.SLOWER if difference > 0 else Verdict.FASTER
    return Verdict.EQUIVALENT if abs(difference) + two_sided(0.90, freedom) * error <= margin else Verdict.INCONCLUSIVE


def share(verdicts: Sequence[Verdict], *wanted: Verdict) -> float:
    """Give the share of some verdicts."""
    return sum(verdict in wanted for verdict in verdicts) / len(verdicts)


def interleaved(
    name: str, pairs: int, *, ratio: float = 1.0, count: int | None = None
) -> tuple[list[Verdict], list[Verdict]]:
    """Judge pairs of one run by the new rule and the old."""
    rng, new, old = random.Random(f"{name} {ratio} {count}"), [], []
    for _ in range(pairs):
        baseline, candidate = _interleaved(rng, INTERLEAVED[name], count)
        candidate = [log + math.log(ratio) for log in candidate]
        new.append(stats.decide(timings(baseline), timings(candidate)).verdict)
        old.append(old_rule(baseline, candidate))
    return new, old


@dataclasses.dataclass(frozen=True, kw_only=True)
class Side:
    """How one side of a pair of runs is measured."""

    session_sd: float
    sessions: int
    processes: int
    process_sd: float
    ratio: float = 1.0

    def draw(self, rng: random.Random, name: str) -> list[Timing]:
        """Draw its timings."""
        drawn: list[Timing] = []
        for session in range(self.sessions):
            level = rng.gauss(math.log(self.ratio), self.session_sd)
            logs = [level + rng.gauss(0.0, self.process_sd) for _ in range(self.processes)]
            drawn += timings(logs, f"{name}{session}")
        return drawn


def apart(
    pairs: int,
    *,
    session_sd: float,
    sessions: int = 1,
    processes: int = 8,
    process_sd: float = 0.04,
    ratio: float = 1.0,
    spread: SessionSpread = stats.ASSUMED,
) -> tuple[list[Verdict], list[Verdict]]:
    """Judge pairs of separate runs by the new rule and the old."""
    rng, new, old = random.Random(f"{session_sd} {sessions} {processes} {ratio}"), [], []
    baseline = Side(session_sd=session_sd, sessions=sessions, processes=processes, process_sd=process_sd)
    candidate = dataclasses.replace(baseline, ratio=ratio)
    for _ in range(pairs):
        sides = [baseline.draw(rng, "a"), candidate.draw(rng, "b")]
        new.append(stats.decide(*sides, session_spread=spread).verdict)
        logs = [[timing.log for timing in side] for side in sides]
        old.append(old_rule(logs[0], logs[1]))
    return new, old


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", metavar="PAIRS", nargs="?", type=int, default=PAIRS)
    pairs = parser.parse_args().pairs
    print(f"interleaved, {pairs} pairs a line: called different (new, old) | EQUIVALENT (new, old) | +10% found (both)")
    for name in INTERLEAVED:
        new, old = interleaved(name, pairs)
        new10, old10 = interleaved(name, pairs, ratio=1.10)
        print(
            f"{name:28} {share(new, *DIFFERENT):6.1%} {share(old, *DIFFERENT):6.1%} |"
            f" {share(new, Verdict.EQUIVALENT):6.1%} {share(old, Verdict.EQUIVALENT):6.1%} |"
            f" {share(new10, Verdict.SLOWER):6.1%} {share(old10, Verdict.SLOWER):6.1%}"
        )
    new, old = interleaved("sd 4%", pairs, ratio=1.10, count=5)
    print(f"+10% at 5 x 5, sd 4%: found {share(new, Verdict.SLOWER):.1%}, old {share(old, Verdict.SLOWER):.1%}")
    print("apart: sessions x processes a side, session sd: called different (new, old) | +10%, +25%, +50% found (new)")
    for sessions, processes in ((1, 8), (2, 5), (3, 3), (5, 3)):
        for session_sd in (0.0, 0.02, 0.03, 0.05, 0.08):
            runs = functools.partial(apart, pairs, session_sd=session_sd, sessions=sessions, processes=processes)
            new, old = runs()
            found = ", ".join(f"{share(runs(ratio=ratio)[0], Verdict.SLOWER):6.1%}" for ratio in (1.10, 1.25, 1.50))
            rates = f"{share(new, *DIFFERENT):6.1%} {share(old, *DIFFERENT):6.1%}"
            print(f"{sessions} x {processes}, {session_sd:4.0%}: {rates} | {found}")


if __name__ == "__main__":
    main()
