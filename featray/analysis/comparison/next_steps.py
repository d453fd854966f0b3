"""Next steps: what to do about a pair: measure more or again, make it comparable, separate its factors. Pure."""

import math
import shlex
from collections.abc import Sequence

from featray import stats
from featray.analysis.comparison import keys, part_of_whole, work
from featray.analysis.comparison.pairs import Pair
from featray.analysis.comparison.work import Change
from featray.core import wording
from featray.core.status import UNFINISHED, Status
from featray.stats import Decision, Design, Verdict


def next_step(pair: Pair) -> str | None:
    """Say what to do next; None if nothing is left to do."""
    if pair.verdict is Verdict.NOT_COMPARABLE:
        return _name_cause_of_drift(pair) or _make_comparable(pair.changes)
    if pair.decision is None:
        return _measure_failed(pair)
    if pair.baseline.is_imported or pair.candidate.is_imported:
        return f"measure both sides with featray, {_invocations(pair.decision)}"
    if any(row.status == Status.TIMEOUT for unit in (pair.baseline, pair.candidate) for row in unit.rows):
        return "raise `time_limit_s`, or take a shorter input, then submit with --retry-failed"
    if pair.states:
        return "; ".join(dict.fromkeys(difference.what_to_do for difference in pair.states))
    if pair.verdict is Verdict.INCONCLUSIVE:
        is_same = pair.baseline.row.target_id == pair.candidate.row.target_id
        is_one_target = is_same or part_of_whole.is_part(pair.baseline, pair.candidate)
        return _measure_more(pair.decision, is_one_target=is_one_target)
    if pair.separation and pair.separation.cells:
        return "to separate them, measure " + "; then ".join(cell.text for cell in pair.separation.cells)
    return inseparable(pair.separation.inseparable) if pair.separation else None


def _measure_failed(pair: Pair) -> str:
    """Name the commands that measure what has no number: --retry-failed, or --rerun where the sweep has changed."""
    failed = [unit for unit in (pair.baseline, pair.candidate) if not unit.logs]
    sweeps = list(dict.fromkeys(unit.row.sweep for unit in failed))
    statuses = {row.status for unit in failed for row in unit.rows}
    option = "" if statuses <= UNFINISHED else " --retry-failed"  # the next submit plans these by itself
    again, anew = (
        wording.listed(f"`featray submit {shlex.quote(sweep)}{given}`" for sweep in sweeps)
        for given in (option, " --rerun")
    )
    return f"fix what failed, then {again}; if the sweep no longer has this cell, {anew} starts a run without it"


def inseparable(hardware: Sequence[str]) -> str:
    """Say that factors of a machine cannot be separated."""
    return f"{', '.join(map(keys.title, hardware))} change together with the machine and cannot be separated"


def _name_cause_of_drift(pair: Pair) -> str | None:
    """Say how to compare on purpose what may have moved the results; None where nothing else is refused or differs."""
    causes = [factor.key for factor in pair.factors if factor.key in work.CAUSES]
    if pair.changes or pair.causes or not causes or pair.drift is None or not pair.drift.is_beyond:
        return None
    names = ",".join(causes)
    return f"measure both with the same {', '.join(map(keys.title, causes))}, or compare on purpose with --over {names}"


def _make_comparable(changes: Sequence[Change]) -> str:
    names = [change.key for change in changes if change.key not in (*keys.INPUT_KEYS, keys.KIND_OF_WEIGHTS)]
    if names and len(names) == len(changes) and len(names) <= VARIED_MAX:
        return f"measure both with the same {', '.join(names)}, or compare on purpose with --over {','.join(names)}"
    return "measure both sides with the same work"


VARIED_MAX = 3  # work keys that anybody would vary on purpose at once; more is simply another program


def _measure_more(decision: Decision, *, is_one_target: bool) -> str:
    if decision.design is Design.SESSIONS and not is_one_target:
        return f"measure both in at least {stats.SESSIONS_MIN} sessions, such as on other days"
    if decision.needed is not None and decision.design is Design.SESSIONS:
        return f"measure both sides in one sweep, {_invocations(decision)}"
    if decision.needed is not None:
        return f"measure {_invocations(decision)}"
    if stats.needed_to_decide(math.log(decision.ratio), stats.ASSUMED_SD, decision.margin) is None:
        return "the ratio is too close to the margin: no number of invocations can decide it"
    return (
        f"find what disturbs the machine: with a spread of {wording.percent(decision.spread.sd)} between processes, "
        f"more than {stats.NEEDED_MAX} invocations would be needed"
    )


def _invocations(decision: Decision) -> str:
    sd = f"sd {wording.percent(decision.spread.sd)}, {decision.spread.basis}"
    text = f"{decision.needed or stats.PILOT} invocations per side ({sd})"
    if (decision.needed or 0) <= stats.INVOCATIONS_MAX:
        return text
    cap = f"more than the {stats.INVOCATIONS_MAX} that a sweep measures unless `invocations` says otherwise"
    return f"{text}, {cap}; a quieter machine or a larger --margin needs fewer"
