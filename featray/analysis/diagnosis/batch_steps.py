"""Batch steps: which batches of a report's curves take longer than smaller ones, or less time.

Flow: `batch_curves.Curve` -> `compare` -> `ComparedCurve` -> `slowdowns`, `batch_patterns`, `jumps`, `headroom`. Pure.
Every answer is corrected for the number of steps that were looked at: of reports whose batches are all equally fast, at
most 5% call any batch slower (`stats.curves`).
"""

import dataclasses
from collections.abc import Callable, Iterable, Sequence

from featray import stats
from featray.analysis.diagnosis.batch_curves import Curve
from featray.analysis.unit import Unit
from featray.stats import curves
from featray.stats.steps import Steps

BatchPair = tuple[Unit, Unit]
"""Units of one curve, the smaller batch first."""


@dataclasses.dataclass(frozen=True)
class ComparedCurve:
    """A curve and the step between each two of its batches."""

    curve: Curve
    steps: Steps

    def pairs(self, steps: Steps) -> list[BatchPair]:
        """Give the units of some of its steps."""
        units = self.curve.units
        return [(units[before], units[after]) for before, after in zip(steps.before, steps.after, strict=True)]

    @property
    def neighbours(self) -> Steps:
        """List the steps from each batch to the next larger one."""
        return self.steps.between_neighbours()

    @property
    def last(self) -> Steps:
        """Give the step to the largest batch from the one before; none for a single batch."""
        return self.steps.choose(self.steps.before == len(self.curve.units) - 2)


def compare(about: Iterable[Curve]) -> list[ComparedCurve]:
    """Compare the batches of each curve."""
    timings = [[unit.timings for unit in curve.units] for curve in about]
    scatter = curves.find_scatter(timings)
    return [ComparedCurve(curve, curves.compare(own, scatter)) for curve, own in zip(about, timings, strict=True)]


ChooseSteps = Callable[[ComparedCurve], Steps]
"""Chooses the steps that a kind of finding looks at."""


def all_steps(compared: ComparedCurve) -> Steps:
    """Look at every pair of batches."""
    return compared.steps


def find_longer(about: Sequence[ComparedCurve], margin: float, steps: ChooseSteps = all_steps) -> list[list[BatchPair]]:
    """List for each curve the pairs whose larger batch takes longer per call."""
    found = curves.find_longer([steps(compared) for compared in about], margin)
    return [compared.pairs(own) for compared, own in zip(about, found, strict=True)]


def find_shorter(
    about: Sequence[ComparedCurve], margin: float, steps: ChooseSteps = all_steps
) -> list[list[BatchPair]]:
    """List for each curve the pairs whose larger batch takes less time per call."""
    found = curves.find_shorter([steps(compared) for compared in about], margin)
    return [compared.pairs(own) for compared, own in zip(about, found, strict=True)]


def is_longer(before: Unit, after: Unit, margin: float = stats.MARGIN) -> bool:
    """Return True if one unit takes longer than another, looked at alone."""
    return len(curves.find_longer([curves.compare([before.timings, after.timings])], margin)[0]) > 0


def why_undecided(pairs: Iterable[BatchPair]) -> str:
    """Say why steps are hints and no facts, in brackets; empty if every unit has enough invocations."""
    few = [pair for pair in pairs if min(len(unit.timings) for unit in pair) < stats.INVOCATIONS_MIN]
    if not few:
        return ""
    if all(unit.is_imported for pair in few for unit in pair):
        return " (imported from reports)"
    return f" (fewer than {stats.INVOCATIONS_MIN} invocations)"
