"""Gate: whether a comparison passes, fails, or cannot tell, as `featray compare --fail-if` asks.

Flow: `Comparison` -> `judge` -> `Gate` -> exit code, `rendering.comparison_text`.
Pure. A gate fails closed: it passes only if it could decide. A difference that may be chance (`Pair.dagger`) is
undecided, so that it neither fails a gate nor passes one.
"""

import dataclasses
from collections.abc import Collection, Iterator
from enum import StrEnum

from featray.analysis.comparison import Comparison, Pair
from featray.analysis.comparison.keys import SETTINGS
from featray.analysis.unit import Unit
from featray.core.status import UNFINISHED
from featray.errors import FeatrayError, GateUndecided
from featray.stats import Verdict


class Require(StrEnum):
    """What a gate must know before it passes."""

    DECIDED = "decided"  # every pair is decided
    COMPARABLE = "comparable"  # every pair has a ratio of the same work, and at least one is decided
    NONE = "none"  # nothing: it passes unless a pair fails


@dataclasses.dataclass(frozen=True, kw_only=True)
class Gate:
    """What a gate found. Each pair is failing, decided or undecided."""

    failing: tuple[Pair, ...]
    undecided: tuple[Pair, ...]
    missing: tuple[Unit, ...]  # of the candidate, without a number; the baseline's where it has no such unit
    failed_more: tuple[Unit, ...]  # of the candidate: more invocations failed than in the baseline, but not all
    sweeps: tuple[str, ...]  # of the candidate
    unasked: tuple[str, ...]  # settings that differ in every pair, although nobody asked for it
    unmet: tuple[Pair, ...]  # undecided pairs that do not meet the requirement
    decides_nothing: bool  # no pair is decided
    require: Require

    def __repr__(self) -> str:
        """Count what was found."""
        counts = f"{len(self.failing)} failing, {len(self.undecided)} undecided, {len(self.missing)} missing"
        return f"Gate({counts}, exit code {self.exit_code})"

    @property
    def is_open(self) -> bool:
        """Return True if no pair fails but too little is known to pass."""
        lacking = self.unmet or self.missing or self.failed_more or self.unasked or self.decides_nothing
        return not self.failing and self.require is not Require.NONE and bool(lacking)

    @property
    def exit_code(self) -> int:
        """Give 0 for passed, 1 for failed, 6 for unable to tell."""
        if self.failing:
            return FeatrayError.exit_code
        return GateUndecided.exit_code if self.is_open else 0


def judge(comparison: Comparison, verdicts: Collection[Verdict], require: Require) -> Gate:
    """Judge a comparison.

    Args:
        comparison: With daggers.
        verdicts: That fail the gate.
        require: What must be known to pass.
    """

    def fails(pair: Pair) -> bool:
        return pair.verdict in verdicts and not pair.dagger

    undecided = tuple(pair for pair in comparison.pairs if not pair.is_decided and not fails(pair))
    unmet = {Require.DECIDED: undecided, Require.COMPARABLE: tuple(filter(_lacks_ratio, undecided)), Require.NONE: ()}
    return Gate(
        failing=tuple(filter(fails, comparison.pairs)),
        undecided=undecided,
        missing=tuple(dict.fromkeys(_missing(comparison))),
        failed_more=tuple(dict.fromkeys(filter(None, map(_failed_more, comparison.pairs)))),
        sweeps=tuple(dict.fromkeys(pair.candidate.row.sweep for pair in comparison.pairs)),
        unasked=tuple(key for key in comparison.over if key in SETTINGS and key not in comparison.asked),
        unmet=unmet[require],
        decides_nothing=not any(pair.is_decided for pair in comparison.pairs),
        require=require,
    )


def _lacks_ratio(pair: Pair) -> bool:
    """Return True if the sides have no ratio, or none of proven equal work, although one of them has a number.

    Where both failed, nothing is lost.
    """
    return (pair.decision is None or not pair.is_proven) and bool(pair.baseline.logs or pair.candidate.logs)


def _missing(comparison: Comparison) -> Iterator[Unit]:
    """List units of the candidate that lack a number or failed later, and the baseline's that it does not have."""
    failed_later = [unit for unit in comparison.superseded if not unit.logs]
    for pair in comparison.pairs:
        is_lost = not pair.candidate.logs or any(_is_later(unit, pair.candidate) for unit in failed_later)
        if pair.baseline.logs and is_lost:
            yield pair.candidate
    yield from (unit for unit in comparison.only_baseline if unit.logs)


def _failed_more(pair: Pair) -> Unit | None:
    """Return the candidate of a pair, where it has a number but failed more often than the baseline.

    An invocation that was stopped, or whose host was lost, says nothing about the candidate.
    """
    before, after = (
        sum(row.status not in UNFINISHED for row in side.failed) for side in (pair.baseline, pair.candidate)
    )
    return pair.candidate if pair.candidate.logs and after > before else None


def _is_later(unit: Unit, measured: Unit) -> bool:
    """Return True for a later attempt at the same cell on the same target: its failure is the last word."""
    return unit.key[1:] == measured.key[1:] and unit.row.started_at > measured.row.started_at
