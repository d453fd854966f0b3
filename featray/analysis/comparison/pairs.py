"""Pairs: one unit compared with another, with the verdict and everything that qualifies it.

Flow: two matched units -> `judge` -> `Pair` -> tables, findings, `featray compare`.
Pure. The order of refusal: different work, no number, unknown work, unlike states, too few invocations. A pair that is
refused for its work has no ratio at all, so that nobody can quote it.
"""

import dataclasses
import math
from collections.abc import Callable, Collection

from featray import stats
from featray.analysis import cautions, drift_wording, unit_wording
from featray.analysis.comparison import allowance, factors, few_disturbed, part_of_whole, separation, state, work
from featray.analysis.comparison.factors import Factor, FactorKind
from featray.analysis.comparison.noise import NO_NOISE, Noise
from featray.analysis.comparison.separation import SeparationPlan
from featray.analysis.comparison.state import StateDifference
from featray.analysis.comparison.work import Change
from featray.analysis.drift import Drift
from featray.analysis.outputs import NO_OUTPUTS, Outputs
from featray.analysis.unit import Unit
from featray.core import wording
from featray.core.status import Status
from featray.stats import Decision, Verdict


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pair:
    """Two units and what may be said about the ratio of their times.

    `decision` is None if there is no ratio: different work, or no number on a side. `dagger` marks a difference that
    may be chance, given how many pairs were compared with it.
    """

    baseline: Unit
    candidate: Unit
    verdict: Verdict
    decision: Decision | None
    reasons: tuple[str, ...]  # why it is NOT COMPARABLE or INCONCLUSIVE
    changes: tuple[Change, ...]  # work keys that differ although the comparison does not vary them
    factors: tuple[Factor, ...]
    unknown: tuple[str, ...]  # factors that a side does not store
    cautions: tuple[str, ...]
    separation: SeparationPlan | None
    states: tuple[StateDifference, ...] = ()  # in which the machine was unlike, so that it is INCONCLUSIVE
    drift: Drift | None = None  # how far the candidate's output lies from the baseline's; None where not both were kept
    causes: tuple[str, ...] = ()  # what the comparison varies on purpose and may have moved the output
    allowance: str | None = None  # how far apart the sides were measured, and what that costs; None side by side
    dagger: bool = False

    def __repr__(self) -> str:
        """Name both units, the ratio and the verdict."""
        ratio = f" {self.decision.ratio:.3g}" if self.decision else ""
        return f"Pair({self.baseline!r} -> {self.candidate!r}:{ratio} {self.verdict}{'†' * self.dagger})"

    @property
    def is_confounded(self) -> bool:
        """Return True if several things differ, so that the ratio cannot be put down to one of them."""
        return len(self.factors) > 1

    @property
    def is_proven(self) -> bool:
        """Return True if both sides are known to have computed the same."""
        return not _unproven(self.baseline, self.candidate)

    @property
    def is_decided(self) -> bool:
        """Return True if the verdict can be relied on: EQUIVALENT, or a difference without a dagger."""
        return self.verdict is Verdict.EQUIVALENT or (self.is_different and not self.dagger)

    @property
    def is_different(self) -> bool:
        """Return True for FASTER and SLOWER, also with a dagger."""
        return self.verdict in (Verdict.FASTER, Verdict.SLOWER)

    @property
    def attribution(self) -> str:
        """Say what the ratio can be put down to."""
        gists = ", ".join(factor.gist for factor in self.factors)
        if self.is_confounded:
            return f"confounded by {gists}"
        return f"only {gists} is known to differ" if self.factors else "only the time of measuring is known to differ"


def judge(
    baseline: Unit,
    candidate: Unit,
    over: Collection[str],
    *,
    margin: float = stats.MARGIN,
    noise: Noise = NO_NOISE,
    best_of: Collection[str] = (),
    on_purpose: Collection[str] = (),
    outputs: Outputs = NO_OUTPUTS,
) -> Pair:
    """Compare two units.

    Args:
        baseline: One unit.
        candidate: The other.
        over: Keys that are expected to differ.
        best_of: Those of them that were chosen on each side for the best time: they are compared, and are not factors.
        margin: Least log ratio that counts.
        noise: What is known of the targets' spread between processes and sessions.
        on_purpose: Those of `over` that somebody named: if the outputs moved further than their tolerance, these may
            explain it.
        outputs: The kept outputs.
    """
    baseline, candidate = part_of_whole.beside(baseline, candidate)
    changes = work.differences(baseline, candidate, over, on_purpose)
    drift = _measure_drift(baseline, candidate, over, outputs)
    causes = work.find_causes(baseline, candidate, on_purpose)
    is_explained = drift is not None and bool(causes)
    refusals = [str(change) for change in changes]
    refusals += _other_refusals(baseline, candidate, over, is_explained=is_explained)
    refusals += [] if drift is None or is_explained or changes else drift_wording.refusals(drift)
    differing = factors.find_differing(baseline, candidate, over)
    decision = None if refusals else _decide(baseline, candidate, margin, noise)
    unlike = _unlike_states(baseline, candidate, differing, decision) if decision else ()
    states = tuple(difference for difference in unlike if decision and difference.may_decide(decision))
    said = [_say_minor(difference, decision) for difference in unlike if decision and difference not in states]
    if decision and states:

        def decide(before: Unit, after: Unit) -> Decision | None:
            return _decide(before, after, margin, noise)

        states, excused = _excuse(baseline, candidate, states, decision, decide)
        said += excused
    verdict, decision, reasons = (
        (Verdict.NOT_COMPARABLE, None, refusals) if refusals else _qualify(baseline, candidate, decision, states)
    )
    differing = tuple(
        factor for factor in differing if factor.kind is not FactorKind.SETTING or factor.key not in best_of
    )
    return Pair(
        baseline=baseline,
        candidate=candidate,
        verdict=verdict,
        decision=decision,
        reasons=tuple(reasons),
        changes=changes,
        factors=differing,
        unknown=factors.find_unknown(baseline, candidate),
        drift=drift,
        causes=causes,
        allowance=allowance.describe(baseline, candidate, decision) if decision else None,
        states=states,
        cautions=(
            *said,
            *_cautions(baseline, candidate, unlike),
        ),
        separation=separation.separate(baseline, candidate, differing),
    )


def judge_by_time(baseline: Unit, candidate: Unit, over: Collection[str]) -> Pair:
    """Compare two units with times by these alone; different work stays NOT COMPARABLE.

    Nothing is said of the state of the machine, and nothing that qualifies the verdict.

    Args:
        baseline: One unit.
        candidate: The other, on the same target.
        over: Keys that are expected to differ.
    """
    changes = work.differences(baseline, candidate, over)
    refusals = [str(change) for change in changes] + _other_refusals(baseline, candidate, over, is_explained=False)
    decision = None if refusals else stats.decide(baseline.timings, candidate.timings)
    return Pair(
        baseline=baseline,
        candidate=candidate,
        verdict=decision.verdict if decision else Verdict.NOT_COMPARABLE,
        decision=decision,
        reasons=tuple(refusals),
        changes=changes,
        factors=factors.find_differing(baseline, candidate, over),
        unknown=(),
        cautions=(),
        separation=None,
    )


def _measure_drift(baseline: Unit, candidate: Unit, over: Collection[str], outputs: Outputs) -> Drift | None:
    """Measure the drift between two units, unless they are different detectors: nobody expects one output of these."""
    is_other = "detector" in over and baseline.row.detector != candidate.row.detector
    return None if is_other else outputs.between(baseline, candidate)


def _other_refusals(baseline: Unit, candidate: Unit, over: Collection[str], *, is_explained: bool) -> list[str]:
    """Say what else is different work: the kind of weights where no work is stored, and the outputs."""
    kinds = baseline.row.weights, candidate.row.weights
    has_work = baseline.row.work and candidate.row.work
    reasons = _replays(baseline, candidate)
    if None not in kinds and kinds[0] != kinds[1] and not has_work:
        reasons.append(f"weights {kinds[0]} -> {kinds[1]}")
    if baseline.measured and candidate.measured:
        reasons += work.output_differences(baseline, candidate, over, is_explained=is_explained)
    return reasons


def _replays(baseline: Unit, candidate: Unit) -> list[str]:
    """Say which sides are replays: nothing was measured there."""
    sides = {"baseline": baseline, "candidate": candidate}
    return [f"the {side} is a replay: nothing was measured" for side, unit in sides.items() if unit.is_replayed]


def _decide(baseline: Unit, candidate: Unit, margin: float, noise: Noise) -> Decision | None:
    """Decide by the times alone; None where a side has none."""
    if not baseline.logs or not candidate.logs:
        return None
    targets = baseline.row.target_id, candidate.row.target_id
    return stats.decide(
        baseline.timings,
        candidate.timings,
        margin=margin,
        calibrated_sd=noise.process_sd(targets),
        session_spread=noise.session_spread(targets),
    )


def _unlike_states(
    baseline: Unit, candidate: Unit, differing: Collection[Factor], decision: Decision
) -> tuple[StateDifference, ...]:
    """List the states in which the machine was unlike; an import has none."""
    if baseline.is_imported or candidate.is_imported:
        return ()
    return state.find_differences(baseline, candidate, [factor.key for factor in differing], decision.design)


def _say_minor(difference: StateDifference, decision: Decision) -> str:
    """Name a state that does not change the verdict, and say why: it explains too little, or speaks against it."""
    if difference.speaks_against(decision):
        slowed = "candidate" if (difference.explains or 0.0) > 0 else "baseline"
        return f"{difference.sentence}; that speaks against the difference: it slows the {slowed}, the faster side"
    explained = wording.percent(math.expm1(abs(difference.explains or 0.0)))
    return f"{difference.sentence}; that explains {explained} at most"


def _excuse(
    baseline: Unit,
    candidate: Unit,
    states: tuple[StateDifference, ...],
    decision: Decision,
    decide: Callable[[Unit, Unit], Decision | None],
) -> tuple[tuple[StateDifference, ...], list[str]]:
    """Split states into those that make a pair INCONCLUSIVE, and cautions for those without which the verdict stands.

    The times of all invocations and those of the undisturbed ones have to come to the same verdict.
    """
    undisturbed = few_disturbed.without_disturbed(baseline, candidate, states, decision.design)
    again = decide(undisturbed.baseline, undisturbed.candidate) if undisturbed else None
    is_undecided = decision.verdict is Verdict.INCONCLUSIVE
    if is_undecided or undisturbed is None or again is None or again.verdict is not decision.verdict:
        return states, []
    unlike = state.find_differences(undisturbed.baseline, undisturbed.candidate, (), again.design)
    left = {difference.name for difference in unlike if difference.may_decide(again)}
    kept = tuple(difference for difference in states if difference.name in left)
    excused = [difference.sentence for difference in states if difference.name not in left]
    return kept, [f"{sentence}; {undisturbed.sentence}" for sentence in excused]


def _qualify(
    baseline: Unit, candidate: Unit, decision: Decision | None, states: Collection[StateDifference]
) -> tuple[Verdict, Decision | None, list[str]]:
    """Give the verdict of the times with its reasons, unless something makes it INCONCLUSIVE whatever they are."""
    if decision is None:
        missing = [
            f"the {side} has no number ({unit_wording.status(unit.rows[-1])})"
            for side, unit in (("baseline", baseline), ("candidate", candidate))
            if not unit.logs
        ]
        return Verdict.INCONCLUSIVE, None, missing
    undecided = why_inconclusive(decision) if decision.verdict is Verdict.INCONCLUSIVE else []
    unlike = [difference.sentence for difference in states]
    reasons = [*_unproven(baseline, candidate), *_timed_out(baseline, candidate), *unlike]
    if reasons:
        decision = dataclasses.replace(decision, verdict=Verdict.INCONCLUSIVE)
    return decision.verdict, decision, [*reasons, *undecided]


def _unproven(baseline: Unit, candidate: Unit) -> list[str]:
    """Say why equal work is not proven, whatever the times are."""
    if baseline.is_imported or candidate.is_imported:
        sides = {"the baseline is": baseline.is_imported, "the candidate is": candidate.is_imported}
        which = "both sides are" if all(sides.values()) else next(side for side, imported in sides.items() if imported)
        return [f"{which} imported from a report: equal labels and versions do not prove equal work"]
    if baseline.row.work and candidate.row.work:
        return []
    return ["the rows do not store what was computed, so equal work is not proven"]


def _timed_out(baseline: Unit, candidate: Unit) -> list[str]:
    """Say that processes took too long to have a time: without them a side looks faster than it is."""
    lost = {
        side: sum(row.status == Status.TIMEOUT for row in unit.rows)
        for side, unit in (("baseline", baseline), ("candidate", candidate))
    }
    return [
        f"{wording.count(number, 'process', 'processes')} of the {side} timed out: the slowest times are missing"
        for side, number in lost.items()
        if number
    ]


def why_inconclusive(decision: Decision) -> list[str]:
    """Say why the times decide nothing; empty if only the work is in doubt."""
    counts = decision.n_baseline, decision.n_candidate
    if min(counts) == 1:
        return [f"single measurement ({counts[0]} against {counts[1]} invocations)"]
    if min(counts) < stats.INVOCATIONS_MIN:
        return [f"too few invocations ({counts[0]} against {counts[1]})"]
    if decision.low is None or decision.high is None:
        return []
    if decision.low <= 1 <= decision.high:
        return ["the interval contains both no difference and a difference that counts"]
    if abs(math.log(decision.ratio)) < decision.margin:
        return ["there is a difference, but it may be too small to count"]
    return []


def _cautions(baseline: Unit, candidate: Unit, states: Collection[StateDifference]) -> list[str]:
    """List what makes the times of a side doubtful, unless it is a reason already."""
    sides = {"baseline": baseline, "candidate": candidate}
    sentences = [
        f"{side}: {caution.sentence}"
        for side, unit in sides.items()
        for caution in cautions.of_unit(unit)
        if caution.sentence not in state.find_repeated_cautions(unit, states)
    ]
    counts = {side: len(unit.timings) for side, unit in sides.items()}
    longer, least = max(counts, key=lambda side: counts[side]), min(counts.values())
    if stats.INVOCATIONS_MIN <= least < counts[longer]:
        sentences.append(f"judged on the first {least} invocations of both sides; the {longer} has {counts[longer]}")
    if moved := work.faces_moved(baseline, candidate):
        sentences.append(moved)
    if all(map(cautions.is_synthetic, sides.values())):
        sentences.append(cautions.synthetic([baseline, candidate]).sentence)
    return sentences
