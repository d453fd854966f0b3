"""Allowance: what a ratio of two sides costs that were not measured side by side.

Flow: `pairs.judge` -> `describe` -> `Pair.allowance` -> `featray compare`, reports. Pure.
"""

import shlex

from featray import stats
from featray.analysis import sessions
from featray.analysis.comparison import part_of_whole
from featray.analysis.unit import Unit
from featray.core import wording
from featray.stats import Basis, Decision, Design


def describe(baseline: Unit, candidate: Unit, decision: Decision) -> str | None:
    """Say how far apart the sides were measured and what was allowed for it; None for sides measured side by side."""
    if decision.design is not Design.SESSIONS or baseline.is_imported or candidate.is_imported:
        return None
    is_same = baseline.row.target_id == candidate.row.target_id
    is_one_target = is_same or part_of_whole.is_part(baseline, candidate)
    apart = (
        f"not measured side by side: {_distance(baseline, candidate)}"
        if is_one_target
        else f"measured on {baseline.target.name} and {candidate.target.name}"
    )
    counts = f"{wording.count(decision.sessions[0], 'session')} against {decision.sessions[1]}"
    spread = decision.session_spread
    if spread is None:
        return f"{apart}, {counts}; the spread between their sessions is in the interval"
    origin = {
        Basis.ASSUMED: "assumed",
        Basis.CALIBRATED: f"learned from {wording.count(spread.sessions, 'session')} there",
    }.get(spread.basis, str(spread.basis))
    remedy = _remedy(baseline, candidate, is_one_target=is_one_target)
    return f"{apart}, {counts}; {wording.percent(spread.sd)} between sessions ({origin}) is allowed for; {remedy}"


def _distance(baseline: Unit, candidate: Unit) -> str:
    """Say how far apart two sides of one target were measured."""
    starts, ends = (
        [sessions.seconds(getattr(unit.row, column)) for unit in (baseline, candidate)]
        for column in ("started_at", "ended_at")
    )
    if starts[0] is None or starts[1] is None:
        return "at different times"
    gap_s = max(starts[1] - (ends[0] or starts[0]), starts[0] - (ends[1] or starts[1]), 0.0)
    submits = ", in different submits of one run" if _is_one_run(baseline, candidate) and gap_s > 0 else ""
    return f"{wording.duration(gap_s)} apart{submits}"


def _is_one_run(baseline: Unit, candidate: Unit) -> bool:
    return baseline.row.run_id == candidate.row.run_id


def _remedy(baseline: Unit, candidate: Unit, *, is_one_target: bool) -> str:
    """Say what makes the allowance smaller; a sweep that has both sides already is measured anew."""
    if not is_one_target:
        return f"{stats.SESSIONS_MIN} sessions on each would tell their own"
    if _is_one_run(baseline, candidate):
        return f"`featray submit {shlex.quote(baseline.row.sweep)} --rerun` measures both side by side, without it"
    return "one sweep with both sides needs no such allowance"
