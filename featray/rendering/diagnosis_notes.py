"""Findings: a diagnosis as the notes of a report."""

import math
from collections.abc import Iterable, Mapping, Sequence

from featray.analysis.advice.followups import Followup
from featray.analysis.comparison import Pair, next_step
from featray.analysis.diagnosis import Diagnosis, Finding
from featray.analysis.units import Unit, UnitKey
from featray.core import inputs, wording
from featray.core import targets as targets_named
from featray.core.row import Row
from featray.core.targets import NamedTarget
from featray.rendering.document import detector_heading
from featray.rendering.notes import NextRun, Notes, Observation, PairNote
from featray.rendering.remarks import REASON_LENGTH
from featray.stats import Verdict

REASONS = 3  # told of one next run; the sweep file has more of them


def notes(
    found: Diagnosis,
    baseline: Sequence[Row],
    order: Iterable[UnitKey],
    following: Sequence[Followup] = (),
    command: str | None = None,
) -> Notes:
    """Write a diagnosis down.

    Args:
        found: What was found.
        baseline: Rows of what it is compared with, for its name.
        order: Keys of the report's units, in the order of its tables.
        following: Sweeps that the findings ask for.
        command: Writes those sweeps.
    """
    place = {key: index for index, key in enumerate(order)}
    pairs = sorted(found.pairs, key=lambda pair: place.get(pair.candidate.key, len(place)))
    targets = targets_named.of_rows(unit.row for pair in pairs for unit in (pair.baseline, pair.candidate))
    places = {(pair.baseline.row.target_id, pair.candidate.row.target_id) for pair in pairs}
    return Notes(
        headline=_observation(found.headline) if found.headline else None,
        baseline=_name(baseline),
        comparisons=tuple(_comparison(pair, targets if len(places) > 1 else None) for pair in pairs),
        remarks=tuple(_remarks(pairs)),
        observations=tuple(map(_observation, found.findings)),
        next_runs=tuple(map(_next_run, following)),
        next_command=command if following else None,
    )


def _next_run(each: Followup) -> NextRun:
    where = (each.gpu or each.device.upper()).removeprefix("NVIDIA ")
    reasons = [wording.shortened(reason, REASON_LENGTH) for reason in each.reasons[:REASONS]]
    left_out = len(each.reasons) - len(reasons)
    return NextRun(
        name=each.name,
        cells=len(each.cells),
        where=f"{where} of {wording.shortened(each.host, 40)}" if each.host else where,
        expected_s=each.expected_s,
        reasons=(*reasons, f"and {left_out} more") if left_out else tuple(reasons),
    )


def _observation(finding: Finding) -> Observation:
    return Observation(str(finding.kind), finding.text, dict(finding.figures), finding.units)


def _name(rows: Sequence[Row]) -> str | None:
    """Name the baseline by its sweep and the device that it ran on."""
    if not rows:
        return None
    names = wording.listed(dict.fromkeys(wording.shortened(row.sweep) for row in rows))
    devices = dict.fromkeys(wording.shortened(row.gpu_name) for row in rows if row.gpu_name)
    return f"{names} ({wording.listed(devices)})" if len(devices) == 1 else names


def _comparison(pair: Pair, targets: Mapping[str, NamedTarget] | None) -> PairNote:
    """Write a pair; with the names of its targets if they are given."""
    row, decision = pair.candidate.row, pair.decision
    reasons = list(pair.reasons[-1:])  # the others hold for many pairs, and are observations
    if pair.verdict in (Verdict.INCONCLUSIVE, Verdict.NOT_COMPARABLE):
        reasons.append(next_step(pair))
    else:
        reasons.append(pair.attribution)
    return PairNote(
        config=f"{detector_heading(row)}, {wording.shortened(row.section_label)}",
        where=_where(pair, targets) if targets else None,
        baseline=_told(pair.baseline),
        candidate=_told(pair.candidate),
        speedup=decision.speedup if decision else None,
        low=1 / decision.high if decision and decision.high else None,
        high=1 / decision.low if decision and decision.low else None,
        verdict=str(pair.verdict),
        reason="; ".join([*reasons, *pair.cautions]),
        marked=pair.dagger,
        candidate_unit=pair.candidate.key,
    )


def _where(pair: Pair, targets: Mapping[str, NamedTarget]) -> str:
    """Name the target of a pair, or both: `RTX 3090 of box`, `RTX 3090 to L40S of box`."""
    ours, theirs = (targets[unit.row.target_id] for unit in (pair.baseline, pair.candidate))
    if ours.place == theirs.place:
        return ours.place
    shared = ours.host_id == theirs.host_id
    return f"{ours.device_name if shared else ours.place} to {theirs.place}"


def _told(unit: Unit) -> str:
    """Write a setting and its time: `47.9 ms/frame (b=16, 20.9 fps)`; of images `87.1 ms/img (b=4)`."""
    row = unit.row
    if unit.frame_s is None or unit.call_s is None or not row.frames:
        return f"no number (b={row.batch_size})"
    if row.section_kind == inputs.VIDEO:
        rate = wording.rate(row.frames / unit.call_s)
        return f"{wording.milliseconds(unit.frame_s)} ms/frame (b={row.batch_size}, {rate} fps)"
    return f"{wording.milliseconds(unit.frame_s)} ms/img (b={row.batch_size})"


def _remarks(pairs: Sequence[Pair]) -> list[str]:
    """Say what holds for the comparisons as a whole."""
    if not pairs:
        return []
    margin = math.expm1(max((pair.decision.margin for pair in pairs if pair.decision), default=0.0))
    told = [
        f"{wording.count(len(pairs), 'pair')}; speedup is baseline time over candidate time, with its 95% confidence "
        f"interval over invocations; below {wording.percent(margin)} nothing is called a difference."
    ]
    daggers = sum(pair.dagger for pair in pairs)
    if daggers:
        told.append(f"† {daggers} of the differences may be due to the number of pairs alone (Benjamini-Hochberg, 5%).")
    return told
