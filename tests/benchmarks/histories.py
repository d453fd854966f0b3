"""Histories: how often `featray history` suspects a step where there is none, and how often it finds a true one.

    uv run python -m tests.benchmarks.histories
    uv run python -m tests.benchmarks.histories --histories 100     more exact, and slower

Histories of 20, 60 and 200 sessions of 5 processes are generated: without a change, with a drift, and with one step.
Beside it: a plain threshold, which calls a session changed that is 5% off the one before it. What is suspected is then
measured side by side, 12 processes a version, whose true ratio is 1 unless the history has a step there. Exits 1 when
more than 1 of 100 histories without a step has a false step confirmed.
"""

import argparse
import dataclasses
import random
import sys
from collections.abc import Sequence
from statistics import fmean

from featray.stats import INVOCATIONS_MAX, Timing, Verdict, decide
from featray.stats.change_points import find_changes

PROCESSES = 5
LENGTHS = (20, 60, 200)
SDS = ((0.01, 0.0), (0.02, 0.02), (0.05, 0.0), (0.05, 0.05))
"""Between processes and between sessions, of log time."""

DRIFT = 0.1  # of log time, over the whole history
STEPS = (0.03, 0.05, 0.1)
THRESHOLD = 0.05
NEAR = 20  # a step is found if it is within a 20th of the history of its place, or within 2 sessions
CONFIRMED_MAX = 0.01


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kind:
    """What a generated history holds."""

    name: str
    step: float = 0.0
    drift: float = 0.0


KINDS = (
    Kind(name="nothing"),
    Kind(name="drift 10%", drift=DRIFT),
    *(Kind(name=f"step {step:.0%}", step=step) for step in STEPS),
)


@dataclasses.dataclass
class Tally:
    """Counts over histories."""

    histories: int = 0
    points: int = 0
    found: int = 0
    false: int = 0
    confirmed: int = 0  # histories with a false step that was confirmed
    plain_found: int = 0
    plain_false: int = 0


def generate(
    rng: random.Random, length: int, sd: float, session_sd: float, kind: Kind
) -> tuple[list[list[float]], int]:
    """Draw the log times of a history, and the place of its step."""
    place = rng.randrange(length // 4, 3 * length // 4)
    sessions = []
    for number in range(length):
        level = rng.gauss(0, session_sd) + kind.drift * number / length + (kind.step if number >= place else 0.0)
        sessions.append([rng.gauss(level, sd) for _ in range(PROCESSES)])
    return sessions, place


def _timing(log: float, block: int) -> Timing:
    return Timing(log=log, block=block, session="one", stretch="one", began_s=60.0 * block, process=None)


def is_confirmed(rng: random.Random, sd: float, true: float, is_slower: bool) -> bool:
    """Measure both versions side by side, and say whether they differ as the history says."""
    sides = [[_timing(rng.gauss(level, sd), block) for block in range(INVOCATIONS_MAX)] for level in (0.0, true)]
    return decide(*sides).verdict is (Verdict.SLOWER if is_slower else Verdict.FASTER)


def count(
    tally: Tally, rng: random.Random, sessions: Sequence[Sequence[float]], place: int, sd: float, kind: Kind
) -> None:
    """Search one history with both rules."""
    near = max(2, len(sessions) // NEAR)
    steps = find_changes(sessions, seed=tally.histories)
    hits = [step for step in steps if kind.step and abs(step.index - place) <= near]
    others = [step for step in steps if step not in hits[:1]]
    levels = [fmean(logs) for logs in sessions]
    plain = [index for index in range(1, len(levels)) if abs(levels[index] - levels[index - 1]) >= THRESHOLD]
    plain_hits = [index for index in plain if kind.step and index == place]
    tally.histories += 1
    tally.points += len(sessions)
    tally.found += bool(hits)
    tally.false += len(others)
    tally.confirmed += any(is_confirmed(rng, sd, 0.0, step.ratio > 1) for step in others)
    tally.plain_found += bool(plain_hits)
    tally.plain_false += len(plain) - len(plain_hits)


def run(histories: int, length: int, sd: float, session_sd: float, kind: Kind) -> Tally:
    """Search so many histories of one kind."""
    rng = random.Random(f"{length} {sd} {session_sd} {kind.name}")
    tally = Tally()
    for _ in range(histories):
        sessions, place = generate(rng, length, sd, session_sd, kind)
        count(tally, rng, sessions, place, sd, kind)
    return tally


def _figures(tally: Tally, kind: Kind) -> str:
    found, plain_found = (
        f"{share / tally.histories:6.0%}" if kind.step else "     -" for share in (tally.found, tally.plain_found)
    )
    false, plain_false = (100 * number / tally.points for number in (tally.false, tally.plain_false))
    confirmed = tally.confirmed / tally.histories
    return f"{found} {false:10.2f} {confirmed:16.1%} {plain_found} {plain_false:10.1f}"


def main() -> int:
    """Print a table; exit 1 when false steps are confirmed too often."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--histories", type=int, default=20, help="of each kind, length and spread")
    histories = parser.parse_args().histories
    print("                                      featray                            threshold 5%")
    print("sessions  sd  session sd  holds       found  false/100  confirmed false  found  false/100")
    total, confirmed = 0, 0
    for length in LENGTHS:
        for sd, session_sd in SDS:
            for kind in KINDS:
                tally = run(histories, length, sd, session_sd, kind)
                print(f"{length:8} {sd:3.0%} {session_sd:11.0%}  {kind.name:10} {_figures(tally, kind)}", flush=True)
                total += histories
                confirmed += tally.confirmed
    print(f"{confirmed} of {total} histories have a false step confirmed")
    return 0 if confirmed <= CONFIRMED_MAX * total else 1


if __name__ == "__main__":
    sys.exit(main())
