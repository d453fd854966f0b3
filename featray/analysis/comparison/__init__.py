"""Comparison: which units stand against which, what may be said about the ratio of their times, and why not.

Flow: rows of two sides -> `select` -> `compare` (or `compare_within` one side) -> `Comparison` -> `diagnosis`, `report`, CLI.
Pure: figures come from the rows, noise floors from the rows of the calibration.

    keys          what can be varied, and where a unit holds it
    selection     an expression -> rows
    matching      units -> pairs
    work          equal work: what was resolved and what came out
    factors       what else differs
    separation    the cells that would tell several factors apart
    pairs         one pair's verdict, reasons and next step
    calibration   noise floors
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from featray import stats
from featray.analysis.comparison import keys, matching, pairs
from featray.analysis.comparison.calibration import CALIBRATION, Calibration, find_calibrations, margin_of
from featray.analysis.comparison.factors import Factor, FactorKind
from featray.analysis.comparison.matching import MatchedUnits
from featray.analysis.comparison.pairs import Pair, judge, next_step
from featray.analysis.comparison.selection import find_name, select
from featray.analysis.comparison.separation import SeparationPlan, SeparatingCell
from featray.analysis.comparison.work import Change
from featray.analysis.units import Unit, gather, gather_sides
from featray.core.row import Row
from featray.stats import Verdict

__all__ = [
    "CALIBRATION",
    "Calibration",
    "Change",
    "Comparison",
    "Factor",
    "FactorKind",
    "Pair",
    "SeparationPlan",
    "SeparatingCell",
    "find_calibrations",
    "compare",
    "mark_daggers",
    "judge",
    "margin_of",
    "find_name",
    "next_step",
    "compare_units",
    "select",
    "compare_within",
]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Comparison:
    """Every pair of two sides, and what stands alone."""

    pairs: tuple[Pair, ...]
    only_baseline: tuple[Unit, ...]
    only_candidate: tuple[Unit, ...]
    superseded: tuple[Unit, ...]  # left out for a later run of the same cell and target
    over: tuple[str, ...]

    @property
    def daggers(self) -> int:
        """Count the differences that do not survive their number."""
        return sum(pair.dagger for pair in self.pairs)


def compare(
    baseline: Iterable[Row],
    candidate: Iterable[Row],
    *,
    over: Sequence[str] = (),
    margin: float = stats.MARGIN,
    calibrations: Mapping[str, Calibration] | None = None,
) -> Comparison:
    """Compare two sides.

    Args:
        baseline: Rows of one side.
        candidate: Rows of the other.
        over: Keys that are meant to differ; settings and targets that differ in every pair need not be named.
        margin: Least log ratio that counts as a difference.
        calibrations: Target id -> noise floor.

    Raises:
        BadInput: `over` names no key, or one of the input.
    """
    return compare_units(*gather_sides(baseline, candidate), over=over, margin=margin, calibrations=find_calibrations)


def compare_units(
    baseline: Sequence[Unit],
    candidate: Sequence[Unit],
    *,
    over: Sequence[str] = (),
    margin: float = stats.MARGIN,
    calibrations: Mapping[str, Calibration] | None = None,
) -> Comparison:
    """Compare two sides that are gathered already."""
    chosen = keys.resolve(over, [*baseline, *candidate])
    return _judged(matching.match(baseline, candidate, chosen), margin, find_calibrations or {})


def compare_within(
    rows: Iterable[Row],
    *,
    over: Sequence[str],
    margin: float = stats.MARGIN,
    calibrations: Mapping[str, Calibration] | None = None,
) -> Comparison:
    """Compare the units of one side with each other along keys; the first value is the baseline.

    Raises:
        BadInput: `over` is empty, names no key, or one of the input.
    """
    units = gather(rows)
    return _judged(matching.match_within(units, keys.resolve(over, units)), margin, find_calibrations or {})


def _judged(matched: MatchedUnits, margin: float, known: Mapping[str, Calibration]) -> Comparison:
    judged = [pairs.judge(*pair, matched.over, margin=margin, calibrations=known) for pair in matched.pairs]
    return Comparison(
        pairs=tuple(mark_daggers(judged)),
        only_baseline=matched.only_baseline,
        only_candidate=matched.only_candidate,
        superseded=matched.superseded,
        over=matched.over,
    )


def mark_daggers(judged: Sequence[Pair]) -> list[Pair]:
    """Mark the differences that do not survive Benjamini-Hochberg over every pair that was tested."""
    tested = [(place, pair.decision.p_value) for place, pair in enumerate(judged) if pair.decision]
    values = [(place, value) for place, value in tested if value is not None]
    kept = stats.survivors([value for _, value in values])
    fallen = {place for (place, _), survives in zip(values, kept, strict=True) if not survives}
    return [
        dataclasses.replace(pair, dagger=place in fallen and pair.verdict in (Verdict.FASTER, Verdict.SLOWER))
        for place, pair in enumerate(judged)
    ]
