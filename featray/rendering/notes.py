"""Notes: what a diagnosis found, as a report shows it: headline, comparisons, findings and the runs to make next.

Flow: `diagnosis.Diagnosis` -> `of_diagnosis` -> `Notes` -> `markdown`, `json_report`, `page`. Pure.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from featray.analysis import drift_wording, unit_wording
from featray.analysis.advice.followups import Followup
from featray.analysis.cautions import Caution
from featray.analysis.comparison import Pair, next_step
from featray.analysis.diagnosis import Diagnosis, Finding
from featray.analysis.unit import Unit, UnitKey
from featray.core import wording
from featray.rendering import comparison_text, unit_text
from featray.stats import Verdict

REASONS_SHOWN = 3  # reasons of one next run; its sweep file lists more of them
UNDECIDED = (Verdict.INCONCLUSIVE, Verdict.NOT_COMPARABLE)


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
    where: str | None = None  # target, or both targets; None where the report's pairs are all on one
    baseline: str  # as text: `47.9 ms/frame (b=16, 20.9 fps)`
    candidate: str
    speedup: float | None
    low: float | None = None
    high: float | None = None
    verdict: str
    reason: str | None = None  # why it is inconclusive or not comparable, and what would decide it
    marked: bool = False  # does not survive the correction for the number of pairs
    drift: str | None = None  # how far the candidate's output lies from the baseline's; None where not both were kept
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

DRIFT = "drift"
"""Heading of the column of `PairNote.drift`, where any pair has one."""

NEXT_HEADINGS = ("sweep", "where", "cells", "time", "why")
"""Columns of the table of next runs."""


def of_diagnosis(
    diagnosis: Diagnosis,
    baseline: Sequence[Unit],
    order: Iterable[Unit],
    followups: Sequence[Followup] = (),
    command: str | None = None,
) -> Notes:
    """Turn a diagnosis into notes.

    Args:
        diagnosis: What was found.
        baseline: Units that it is compared with; the notes name them.
        order: The report's units, in the order of its tables.
        followups: Sweeps that the findings ask for.
        command: Writes those sweeps.
    """
    places = {unit.key: index for index, unit in enumerate(order)}
    pairs = sorted(diagnosis.pairs, key=lambda pair: places.get(pair.candidate.key, len(places)))
    targets = {(pair.baseline.row.target_id, pair.candidate.row.target_id) for pair in pairs}
    return Notes(
        headline=_observation(diagnosis.headline) if diagnosis.headline else None,
        baseline=_baseline_name(baseline),
        comparisons=tuple(pair_note(pair, with_target=len(targets) > 1) for pair in pairs),
        remarks=tuple(_remarks(pairs)),
        observations=tuple(map(_observation, diagnosis.findings)),
        next_runs=tuple(map(_next_run, followups)),
        next_command=command if followups else None,
    )


def _observation(finding: Finding) -> Observation:
    return Observation(str(finding.kind), finding.text, dict(finding.figures), finding.units)


def _baseline_name(units: Sequence[Unit]) -> str | None:
    """Name the baseline by its sweep, and by its GPU where it has only one."""
    if not units:
        return None
    sweeps = wording.listed(wording.shortened(unit.row.sweep) for unit in units)
    gpus = {unit.target.name for unit in units if unit.target.gpu_name}
    return f"{sweeps} ({gpus.pop()})" if len(gpus) == 1 else sweeps


def pair_note(pair: Pair, *, with_target: bool) -> PairNote:
    """Describe a pair; with its target where the pairs are on several."""
    row, decision = pair.candidate.row, pair.decision
    explanation = (next_step(pair) if pair.verdict in UNDECIDED else None) or pair.attribution
    told = drift_wording.refusals(pair.drift) if pair.drift else []
    last_reason = [text for text in pair.reasons[-1:] if text not in told]  # others hold for many, and are findings
    return PairNote(
        config=f"{unit_wording.detector(row)}, {wording.shortened(row.section_label)}",
        where=comparison_text.targets(pair) if with_target else None,
        baseline=_speed(pair.baseline),
        candidate=_speed(pair.candidate),
        speedup=decision.speedup if decision else None,
        low=1 / decision.high if decision and decision.high else None,
        high=1 / decision.low if decision and decision.low else None,
        verdict=str(pair.verdict),
        reason="; ".join([*last_reason, explanation, *pair.cautions]),
        marked=pair.dagger,
        drift=drift_wording.phrase(pair.drift) if pair.drift else None,
        candidate_unit=pair.candidate.key,
    )


def _speed(unit: Unit) -> str:
    """Write a setting and its speed: `47.9 ms/frame (b=16, 20.9 fps)`."""
    batch = f"b={unit.row.batch_size}{unit_wording.in_run(unit)}"
    if unit.frame_s is None:
        return f"no number ({batch})"
    return f"{unit_wording.per_frame(unit)} ({batch}, {unit_wording.rate(unit)})"


def _remarks(pairs: Sequence[Pair]) -> list[str]:
    """Explain the comparisons as a whole."""
    if not pairs:
        return []
    remarks = [
        f"{wording.count(len(pairs), 'pair')}. Speedup is baseline time divided by candidate time, with its 95% "
        "confidence interval over invocations."
    ]
    margin = comparison_text.margin(pairs)
    remarks += [f"{margin[:1].upper()}{margin[1:]}."] if margin else []
    remarks += [f"{text[:1].upper()}{text[1:]}." for text in dict.fromkeys(pair.allowance for pair in pairs) if text]
    daggers = sum(pair.dagger for pair in pairs)
    return [*remarks, f"{comparison_text.dagger_note(daggers)}."] if daggers else remarks


def _next_run(followup: Followup) -> NextRun:
    shown = [wording.shortened(reason, unit_text.REASON_LENGTH) for reason in followup.reasons[:REASONS_SHOWN]]
    left_out = len(followup.reasons) - len(shown)
    return NextRun(
        name=followup.name,
        cells=len(followup.cells),
        where=followup.target.place,
        expected_s=followup.expected_s,
        reasons=(*shown, f"and {left_out} more") if left_out else tuple(shown),
    )


def shared_reason(notes: Notes) -> str | None:
    """Give the reason that all comparisons share; None where they differ, or for a single one."""
    reasons = {pair.reason for pair in notes.comparisons}
    return next(iter(reasons)) if len(reasons) == 1 and len(notes.comparisons) > 1 else None


def without_findings(cautions: Iterable[Caution], notes: Notes) -> list[Caution]:
    """List the cautions that no finding repeats."""
    kinds = {observation.kind for observation in notes.observations}
    return [caution for caution in cautions if str(caution.kind) not in kinds]


def speedup(pair: PairNote) -> str:
    """Write a speedup: `1.56x`, with a dagger where the number of pairs alone may explain the difference."""
    return wording.ABSENT if pair.speedup is None else wording.times(pair.speedup) + "†" * pair.marked


def drift_cell(pair: PairNote) -> str:
    """Write how far the outputs of a pair lie apart, below the heading `DRIFT`."""
    return (pair.drift or wording.ABSENT).removeprefix(DRIFT).lstrip(": ")


def interval(pair: PairNote) -> str:
    """Write the 95% confidence interval of a speedup."""
    if pair.low is None or pair.high is None:
        return wording.ABSENT
    return f"{wording.times(pair.low)} to {wording.times(pair.high)}"
