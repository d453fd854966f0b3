"""What `featray compare --fail-if slower` exits with, on generated sweeps of 8 pairs whose truth is known.

    uv run python -m tests.benchmarks.gates [TIMES]

Each line judges TIMES comparisons (2000 unless said) from rows to exit code, seeded. `one run`: both sides in the
blocks of one run, as many processes as the planner fixes from the pilots of all units. `two runs`: 8 processes a side,
and sessions that differ by 3%, which shifts all 8 pairs of a run together. `planted`: one of the 8 is 30% slower.
"""

import argparse
import collections
import dataclasses
import math
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from featray import stats
from featray.analysis import comparison
from featray.analysis.comparison import Comparison, gate
from featray.analysis.comparison.gate import Require
from featray.core.row import Row
from featray.stats import Verdict
from tests.support.builders import make_rows

TIMES = 2000
PAIRS = 8
APART_PROCESSES = 8  # a side of two runs
PLANTED = 1.30
SDS = (0.02, 0.04, 0.08)
SESSION_SD = 0.03
BATCHES = [2**number for number in range(PAIRS)]

Logs = Sequence[Sequence[float]]
"""Log times of one side: a list per pair."""


def _templates(run_id: str, **changes: object) -> list[list[Row]]:
    """Make the rows of one side, a list per pair, whose times are replaced in every comparison."""
    return [
        make_rows([1.0] * stats.INVOCATIONS_MAX, run_id=run_id, sweep=run_id, batch_size=batch, **changes)
        for batch in BATCHES
    ]


BEFORE, AFTER = (
    _templates("both", environment=name, pyfeat=version, requirements=[f"py-feat=={version}"])
    for name, version in (("before", "2.0"), ("after", "2.1"))
)
FIRST, SECOND = _templates("first"), _templates("second")
OTHER_WORK = {"au_model": '"svm"'}


def _timed(templates: Sequence[Sequence[Row]], logs: Logs) -> list[Row]:
    return [
        dataclasses.replace(row, timed_s=[math.exp(log)])
        for rows, times in zip(templates, logs, strict=True)
        for row, log in zip(rows, times, strict=False)
    ]


def one_run(rng: random.Random, sd: float, slower: Sequence[float]) -> Comparison:
    """Draw and compare one run with both sides; `slower` has the log ratio of each pair."""
    most = stats.INVOCATIONS_MAX
    before = [[rng.gauss(0.0, sd) for _ in range(most)] for _ in slower]
    after = [[log + rng.gauss(0.0, sd) for _ in range(most)] for log in slower]
    count = stats.planned_together([logs[: stats.PILOT] for logs in (*before, *after)])
    rows = [
        *_timed(BEFORE, [logs[:count] for logs in before]),
        *_timed(AFTER, [logs[:count] for logs in after]),
    ]
    return comparison.compare_within(rows, over=["pyfeat"])


def two_runs(rng: random.Random, sd: float, slower: Sequence[float]) -> Comparison:
    """Draw and compare two runs of one session each, which shifts all pairs of a run alike."""
    sides = []
    for templates, ratios in ((FIRST, [0.0] * PAIRS), (SECOND, slower)):
        session = rng.gauss(0.0, SESSION_SD)
        logs = [[session + log + rng.gauss(0.0, sd) for _ in range(APART_PROCESSES)] for log in ratios]
        sides.append(_timed(templates, logs))
    return comparison.compare(*sides)


def without_comparison(compared: Comparison) -> Comparison:
    """Give the last pair other work in the candidate, as it is after another AU model was chosen."""
    *others, last = compared.pairs
    rows = [dataclasses.replace(row, work=dict(row.work or {}) | OTHER_WORK) for row in last.candidate.rows]
    candidate = dataclasses.replace(last.candidate, rows=tuple(rows))
    refused = comparison.judge(last.baseline, candidate, compared.over)
    return dataclasses.replace(compared, pairs=tuple(comparison.mark_daggers([*others, refused])))


def exit_codes(
    design: Callable[[random.Random, float, Sequence[float]], Comparison],
    sd: float,
    times: int,
    *,
    planted: float = 1.0,
    is_comparable: bool = True,
    require: Require = Require.COMPARABLE,
) -> dict[int, float]:
    """Give the share of each exit code.

    Args:
        design: Of the measurement.
        sd: Between processes, of log times.
        times: Comparisons.
        planted: Ratio of the last pair; all others are equal.
        is_comparable: False gives the last pair other work in the candidate.
        require: What the gate must know.
    """
    rng = random.Random(f"{design.__name__} {sd} {planted} {is_comparable} {require}")
    slower = [*[0.0] * (PAIRS - 1), math.log(planted)]
    codes: collections.Counter[int] = collections.Counter()
    for _ in range(times):
        compared = design(rng, sd, slower)
        if not is_comparable:
            compared = without_comparison(compared)
        codes[gate.judge(compared, {Verdict.SLOWER}, require).exit_code] += 1
    return {code: codes[code] / times for code in (0, 1, 6)}


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("times", nargs="?", type=int, default=TIMES)
    times = parser.parse_args().times
    print(f"{times} comparisons a line: exit 0 (passed), 1 (failed), 6 (cannot tell)")
    cases: Mapping[str, Mapping[str, Any]] = {
        "nothing changed": {},
        "planted +30%": {"planted": PLANTED},
        "planted +30%, NOT COMPARABLE": {"planted": PLANTED, "is_comparable": False},
    }
    for design in (one_run, two_runs):
        for case, options in cases.items():
            for sd in SDS:
                shares = exit_codes(design, sd, times, **options)
                numbers = "  ".join(f"{share:6.1%}" for share in shares.values())
                print(f"{design.__name__:9} {case:30} sd {sd:3.0%}: {numbers}", flush=True)


if __name__ == "__main__":
    main()
