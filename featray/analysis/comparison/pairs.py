"""Pairs: one unit against another, with the verdict and everything that qualifies it.

The order of refusal: other work, then no number, then unknown work, then too few invocations. What is refused for its
work has no ratio at all, so that nobody can quote it.
"""

import dataclasses
import math
from collections.abc import Collection, Mapping

from featray import stats
from featray.analysis import cautions, unit_wording
from featray.analysis.comparison import calibration, keys, separation, work
from featray.analysis.comparison import factors as factors_
from featray.analysis.comparison.calibration import Calibration
from featray.analysis.comparison.factors import Factor, FactorKind
from featray.analysis.comparison.separation import SeparationPlan
from featray.analysis.comparison.work import Change
from featray.analysis.units import Unit
from featray.stats import Decision, Verdict


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pair:
    """Two units and what may be said about the ratio of their times.

    `decision` is None where there is no ratio: other work, or no number on a side. `dagger` marks a difference that
    does not survive the number of pairs it was found among.
    """

    baseline: Unit
    candidate: Unit
    verdict: Verdict
    decision: Decision | None
    reasons: tuple[str, ...]  # why it is NOT COMPARABLE or INCONCLUSIVE
    changes: tuple[Change, ...]  # work keys that differ though they were not to
    factors: tuple[Factor, ...]
    unknown: tuple[str, ...]  # factors of which a side tells nothing
    cautions: tuple[str, ...]
    separation: SeparationPlan | None
    dagger: bool = False

    @property
    def is_confounded(self) -> bool:
        """Tell whether several things differ, so that the ratio belongs to none of them alone."""
        return len(self.factors) > 1

    @property
    def attribution(self) -> str:
        """Say what the ratio can be put down to."""
        if self.is_confounded:
            return f"confounded by {', '.join(factor.title for factor in self.factors)}"
        if self.factors:
            return f"attributable to {self.factors[0]}"
        return "nothing known differs but the time of measuring"


def judge(
    baseline: Unit,
    candidate: Unit,
    over: Collection[str],
    *,
    margin: float = stats.MARGIN,
    calibrations: Mapping[str, Calibration],
    best_of: Collection[str] = (),
) -> Pair:
    """Compare two units.

    Args:
        baseline: One unit.
        candidate: The other.
        over: Keys that are meant to differ.
        best_of: Those of them that were chosen on each side for the best time: no factors, but what is compared.
        margin: Least log ratio that counts; a target's noise floor counts where it is larger.
        calibrations: Target id -> what identical cells said there.
    """
    changes = work.differences(baseline, candidate, over)
    refused = [str(change) for change in changes] + list(_outcome(baseline, candidate, over))
    if refused:
        verdict, decision, reasons = Verdict.NOT_COMPARABLE, None, refused
    else:
        verdict, decision, reasons = _timed(baseline, candidate, margin, calibrations)
    differing = factors_.find_differing(baseline, candidate, over)
    found = tuple(factor for factor in differing if factor.kind is not FactorKind.SETTING or factor.key not in best_of)
    return Pair(
        baseline=baseline,
        candidate=candidate,
        verdict=verdict,
        decision=decision,
        reasons=tuple(reasons),
        changes=changes,
        factors=found,
        unknown=factors_.find_unknown(baseline, candidate),
        cautions=tuple(_cautions(baseline, candidate)),
        separation=separation.separate(baseline, candidate, found),
    )


def _outcome(baseline: Unit, candidate: Unit, over: Collection[str]) -> list[str]:
    """Say what else makes it other work: another kind of weights where no work is stored, and what came out."""
    kinds = baseline.row.weights, candidate.row.weights
    has_work = baseline.row.work and candidate.row.work
    found = [f"weights {kinds[0]} -> {kinds[1]}"] if None not in kinds and kinds[0] != kinds[1] and not has_work else []
    if baseline.measured and candidate.measured:
        found += work.output_differences(baseline, candidate, over)
    return found


def _timed(
    baseline: Unit, candidate: Unit, margin: float, calibrations: Mapping[str, Calibration]
) -> tuple[Verdict, Decision | None, list[str]]:
    missing = [
        f"the {name} has no number ({unit_wording.status(unit.rows[-1])})"
        for name, unit in (("baseline", baseline), ("candidate", candidate))
        if not unit.logs
    ]
    if missing:
        return Verdict.INCONCLUSIVE, None, missing
    known = [calibrations[unit.row.target_id] for unit in (baseline, candidate) if unit.row.target_id in calibrations]
    decision = stats.decide(
        baseline.logs,
        candidate.logs,
        margin=calibration.margin_of((baseline, candidate), margin, calibrations),
        calibrated_sd=max(each.sd for each in known) if len(known) == 2 else None,
    )
    reasons = _unproven(baseline, candidate)
    if reasons:
        decision = dataclasses.replace(decision, verdict=Verdict.INCONCLUSIVE)
    if decision.verdict is Verdict.INCONCLUSIVE:
        reasons += why_inconclusive(decision)
    return decision.verdict, decision, reasons


def _unproven(baseline: Unit, candidate: Unit) -> list[str]:
    """Say why equal work is not proven, whatever the times."""
    imported = [unit.is_imported for unit in (baseline, candidate)]
    if any(imported):
        which = "both sides are" if all(imported) else f"the {'baseline' if imported[0] else 'candidate'} is"
        return [f"{which} imported, known by labels only: equal labels and version do not prove equal work"]
    unknown = [unit for unit in (baseline, candidate) if not unit.row.work]
    return ["what was computed is not stored, so equal work is not proven"] if unknown else []


def why_inconclusive(decision: Decision) -> list[str]:
    """Say why a ratio is neither a difference nor none; nothing where only the work is in doubt."""
    counts = decision.n_baseline, decision.n_candidate
    if min(counts) == 1:
        return [f"single measurement ({counts[0]} against {counts[1]} invocations)"]
    if min(counts) < stats.INVOCATIONS_MIN:
        return [f"too few invocations ({counts[0]} against {counts[1]})"]
    if decision.low is None or decision.high is None:
        return []
    if decision.low <= 1 <= decision.high:
        return ["the interval holds both no difference and one that counts"]
    if abs(math.log(decision.ratio)) < decision.margin:
        return ["there is a difference, but whether it is large enough to count is open"]
    return []


def _cautions(baseline: Unit, candidate: Unit) -> list[str]:
    """List what makes a side's times worth less than they look."""
    sides = {"baseline": baseline, "candidate": candidate}
    found = [f"{name}: {each.sentence}" for name, unit in sides.items() for each in cautions.of_unit(unit)]
    counts = {name: len(unit.logs) for name, unit in sides.items()}
    most, least = max(counts, key=lambda name: counts[name]), min(counts.values())
    if stats.INVOCATIONS_MIN <= least < counts[most]:
        found.append(f"judged on the first {least} invocations of both sides; the {most} has {counts[most]}")
    if all(map(cautions.is_synthetic, sides.values())):
        found.append(cautions.synthetic([baseline, candidate]).sentence)
    return found


def next_step(pair: Pair) -> str:
    """Say what to do next."""
    if pair.verdict is Verdict.NOT_COMPARABLE:
        return _refused(pair)
    if pair.decision is None:
        return "mend what failed, then submit with --retry-failed"
    if pair.baseline.is_imported or pair.candidate.is_imported:
        return f"measure both sides with featray, {_invocations(pair.decision)}"
    if pair.verdict is Verdict.INCONCLUSIVE:
        return _more(pair.decision)
    if pair.separation and pair.separation.steps:
        return "to separate them, measure " + "; then ".join(step.text for step in pair.separation.steps)
    if pair.separation:
        return f"{', '.join(map(keys.title, pair.separation.together))} come with the machine and cannot be separated"
    return "nothing"


def _refused(pair: Pair) -> str:
    names = [each.key for each in pair.changes if each.key not in keys.INPUT_KEYS and each.key != keys.KIND_OF_WEIGHTS]
    if names and len(names) == len(pair.changes) and len(names) <= MEANT:
        return f"measure both with the same {', '.join(names)}, or compare on purpose with --over {','.join(names)}"
    return "measure both sides with the same work"


MEANT = 3  # work keys that anybody would vary on purpose at once; more is simply another program


def _more(decision: Decision) -> str:
    if decision.needed is not None:
        return f"measure {_invocations(decision)}"
    if stats.needed_to_decide(math.log(decision.ratio), stats.ASSUMED_SD, decision.margin) is None:
        return "the ratio stands too close to the margin for any number of invocations"
    return (
        f"find what disturbs the machine: at a spread of {100 * decision.spread.sd:.0f}% between processes over "
        f"{stats.NEEDED_MAX} invocations would be needed"
    )


def _invocations(decision: Decision) -> str:
    sd = f"sd {100 * decision.spread.sd:.1f}%, {decision.spread.basis}"
    return f"{decision.needed or stats.PILOT} invocations per side ({sd})"
