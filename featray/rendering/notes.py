"""Notes: what the diagnosis found, as a report says it: a headline, comparisons and observations."""

import dataclasses
from collections.abc import Iterable, Mapping

from featray.analysis.units import UnitKey
from featray.rendering.remarks import Remark


@dataclasses.dataclass(frozen=True)
class Observation:
    """One finding in one sentence; `kind` is the diagnosis that made it, `figures` are in SI units."""

    kind: str
    text: str
    figures: Mapping[str, float | int | str | None] = dataclasses.field(default_factory=dict)
    units: tuple[UnitKey, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class PairNote:
    """One pair: the candidate's best setting against the baseline's. `speedup` is baseline time over candidate time."""

    config: str  # detector and input
    where: str | None = None  # target, or both of them, where the pairs of the report stand on several
    baseline: str  # as text: `47.9 ms/frame (b=16, 20.9 fps)`
    candidate: str
    speedup: float | None
    low: float | None = None
    high: float | None = None
    verdict: str
    reason: str | None = None  # why it is inconclusive or not comparable, and what would decide it
    marked: bool = False  # does not survive the correction for the number of pairs
    candidate_unit: UnitKey | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class NextRun:
    """One sweep that would settle what is open; `featray suggest` writes it in full."""

    name: str
    cells: int
    where: str  # device and host
    expected_s: float
    reasons: tuple[str, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Notes:
    """Everything that was found."""

    headline: Observation | None = None
    baseline: str | None = None  # what the comparisons are with
    comparisons: tuple[PairNote, ...] = ()
    remarks: tuple[str, ...] = ()  # on the comparisons as a whole
    observations: tuple[Observation, ...] = ()
    next_runs: tuple[NextRun, ...] = ()
    next_command: str | None = None  # writes the sweeps of `next_runs`; None without any


NONE = Notes()


def shared_reason(found: Notes) -> str | None:
    """Give what is to be known of every comparison alike; None where that differs, or of a single one."""
    reasons = {each.reason for each in found.comparisons}
    return next(iter(reasons)) if len(reasons) == 1 and len(found.comparisons) > 1 else None


def untold(remarks: Iterable[Remark], found: Notes) -> list[Remark]:
    """List the remarks on tables that no observation makes too."""
    told = {each.kind for each in found.observations}
    return [each for each in remarks if each.kind not in told]


def speedup(comparison: PairNote) -> str:
    """Write a speedup as `1.56x`, with the dagger of a difference that the number of pairs alone may explain."""
    if comparison.speedup is None:
        return "-"
    return f"{comparison.speedup:.2f}x" + ("†" if comparison.marked else "")


def interval(comparison: PairNote) -> str:
    """Write the 95% confidence interval of a speedup."""
    if comparison.low is None or comparison.high is None:
        return "-"
    return f"{comparison.low:.2f} to {comparison.high:.2f}"
