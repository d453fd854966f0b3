"""Comparison: which units are compared, what can be said about the ratio of their times, and why not more.

Flow: rows of two sides -> `select` -> `compare`, or `compare_within` one side -> `Comparison` -> `diagnosis`,
`rendering`, `featray compare`. Pure.

    selection         an expression -> rows
    keys              what can be varied, and where a unit holds it
    matching          units -> pairs
    order             which unit of one side is the baseline
    part_of_whole     one GPU against all GPUs of its host
    pooling           several alike units against one
    work              equal work: what was resolved, and the outputs (with `analysis.drift`, `output_agreement`)
    factors           what else differs
    machine_settings  what is set on a host, on a GPU and in torch, as text
    state             whether the machine was in the same state for both
    few_disturbed     whether a verdict holds without the disturbed invocations
    calibration       how much identical cells differ on a target
    noise             what is known of the spread between processes and sessions
    allowance         what it costs that two sides were not measured side by side
    pairs             one pair's verdict, reasons and next step
    separation        the cells that would separate several factors
    next_steps        what to do about a pair
    gate              whether a comparison passes, fails, or cannot tell
"""

import collections
import dataclasses
from collections.abc import Iterable, Sequence

from featray import stats
from featray.analysis.comparison import keys, matching, pairs
from featray.analysis.comparison.calibration import CALIBRATION, Calibration, calibration_name, find_calibrations
from featray.analysis.comparison.factors import Factor, FactorKind
from featray.analysis.comparison.matching import MatchedUnits
from featray.analysis.comparison.next_steps import next_step
from featray.analysis.comparison.noise import NO_NOISE, Noise
from featray.analysis.comparison.pairs import Pair, judge, judge_by_time
from featray.analysis.comparison.pooling import pool
from featray.analysis.comparison.selection import find_name, select
from featray.analysis.comparison.separation import SeparatingCell, SeparationPlan
from featray.analysis.comparison.work import Change
from featray.analysis.outputs import NO_OUTPUTS, Outputs
from featray.analysis.unit import Unit
from featray.analysis.units import gather, gather_sides
from featray.core.row import Row

__all__ = [
    "CALIBRATION",
    "NO_NOISE",
    "Calibration",
    "Change",
    "Comparison",
    "Factor",
    "FactorKind",
    "Noise",
    "Pair",
    "SeparatingCell",
    "SeparationPlan",
    "calibration_name",
    "compare",
    "compare_units",
    "compare_within",
    "find_calibrations",
    "find_name",
    "judge",
    "judge_by_time",
    "mark_daggers",
    "next_step",
    "pool",
    "select",
]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Comparison:
    """Every pair of two sides, and the units without a counterpart."""

    pairs: tuple[Pair, ...]
    only_baseline: tuple[Unit, ...]
    only_candidate: tuple[Unit, ...]
    superseded: tuple[Unit, ...]  # left out: measured later, as the same cell or under the same labels
    over: tuple[str, ...]
    asked: tuple[str, ...] = ()  # the keys of `over` that were asked for; the others differ in every pair
    unordered: int = 0  # pairs of one side of which nothing says which unit is the baseline

    def __repr__(self) -> str:
        """Count the pairs by their verdict."""
        counts = collections.Counter(str(pair.verdict) for pair in self.pairs)
        return f"Comparison({', '.join(f'{number} {verdict}' for verdict, number in counts.items())})"

    @property
    def daggers(self) -> int:
        """Count the differences that may be chance."""
        return sum(pair.dagger for pair in self.pairs)


def compare(
    baseline: Iterable[Row],
    candidate: Iterable[Row],
    *,
    over: Sequence[str] = (),
    margin: float = stats.MARGIN,
    noise: Noise = NO_NOISE,
    outputs: Outputs = NO_OUTPUTS,
) -> Comparison:
    """Compare two sides.

    Args:
        baseline: Rows of one side.
        candidate: Rows of the other.
        over: Keys that are expected to differ; settings and targets that differ in every pair need not be named.
        margin: Least log ratio that counts as a difference.
        noise: What is known of the targets' spread between processes and sessions.
        outputs: The kept outputs of the units.

    Raises:
        BadInput: `over` names an unknown key, or a key of the input.
    """
    sides = gather_sides(baseline, candidate)
    return compare_units(*sides, over=over, margin=margin, noise=noise, outputs=outputs)


def compare_units(
    baseline: Sequence[Unit],
    candidate: Sequence[Unit],
    *,
    over: Sequence[str] = (),
    margin: float = stats.MARGIN,
    noise: Noise = NO_NOISE,
    outputs: Outputs = NO_OUTPUTS,
) -> Comparison:
    """Compare two sides that are already gathered."""
    varied = keys.resolve(over, [*baseline, *candidate])
    return _judge(matching.match(baseline, candidate, varied), varied, margin, noise, outputs)


def compare_within(
    rows: Iterable[Row],
    *,
    over: Sequence[str],
    margin: float = stats.MARGIN,
    noise: Noise = NO_NOISE,
    outputs: Outputs = NO_OUTPUTS,
) -> Comparison:
    """Compare the units of one side with each other along keys; the first value is the baseline.

    Raises:
        BadInput: `over` is empty, names an unknown key, or a key of the input.
    """
    units = gather(rows)
    varied = keys.resolve(over, units)
    return _judge(matching.match_within(units, varied), varied, margin, noise, outputs)


def _judge(
    matched: MatchedUnits, on_purpose: Sequence[str], margin: float, noise: Noise, outputs: Outputs
) -> Comparison:
    judged = [
        pairs.judge(*pair, matched.over, margin=margin, noise=noise, on_purpose=on_purpose, outputs=outputs)
        for pair in matched.pairs
    ]
    return Comparison(
        pairs=tuple(mark_daggers(judged)),
        only_baseline=matched.only_baseline,
        only_candidate=matched.only_candidate,
        superseded=matched.superseded,
        over=matched.over,
        asked=tuple(on_purpose),
        unordered=len(matched.unordered),
    )


def mark_daggers(judged: Sequence[Pair]) -> list[Pair]:
    """Mark the differences that do not survive Benjamini-Hochberg over all pairs that were tested."""
    p_values = {
        index: pair.decision.p_value
        for index, pair in enumerate(judged)
        if pair.decision and pair.decision.p_value is not None
    }
    survives = dict(zip(p_values, stats.survivors(list(p_values.values())), strict=True))
    return [
        dataclasses.replace(pair, dagger=pair.is_different and not survives.get(index, True))
        for index, pair in enumerate(judged)
    ]
