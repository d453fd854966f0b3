"""Cautions: what makes two versions of a bisection unlike beside their time, such as other outputs or other work.

Flow: `Conclusion`, `StepResult`, names, `Outputs` -> `find` -> sentences -> `api.bisect`. Pure.
A version that finds other faces, or finds them elsewhere, may take the same time: no time can show it.
"""

from collections.abc import Iterator, Sequence

from featray.analysis import comparison, drift_wording
from featray.analysis.bisection.judging import StepResult
from featray.analysis.bisection.search import Conclusion
from featray.analysis.outputs import Outputs
from featray.stats import Verdict


def find(ended: Conclusion, results: Sequence[StepResult], names: Sequence[str], outputs: Outputs) -> tuple[str, ...]:
    """Say what else differs on both sides of the change, or else at the two ends, and how far the outputs moved.

    Args:
        ended: How the bisection ended.
        results: Its steps.
        names: Of all versions.
        outputs: The kept outputs.
    """
    ends = (0, len(names) - 1)
    change = ends if ended.good is None or not ended.suspects else (ended.good, ended.suspects[-1])
    drifts = [text for pair in dict.fromkeys((change, ends)) for text in _drifts(results, *pair, names, outputs)]
    return (*_unlike(results, *change), *drifts)


def find_in_step(result: StepResult, names: Sequence[str], outputs: Outputs) -> tuple[str, ...]:
    """Say how far the outputs of a step's ends lie apart, where that is beyond tolerance."""
    return tuple(_drifts([result], result.step.first, result.step.last, names, outputs))


def _unlike(results: Sequence[StepResult], first: int, last: int) -> Sequence[str]:
    for result in reversed(results):
        units = result.measured.units
        if first in units and last in units:
            pair = comparison.judge(units[first], units[last], ("environment",))
            refused = pair.verdict is Verdict.NOT_COMPARABLE
            return [f"the two did different work: {reason}" for reason in pair.reasons] if refused else pair.cautions
    return ()


def _drifts(
    results: Sequence[StepResult], first: int, last: int, names: Sequence[str], outputs: Outputs
) -> Iterator[str]:
    """Give one sentence, from the last step in which the outputs of both were kept; none within tolerance."""
    for result in reversed(results):
        units = result.measured.units
        drift = outputs.between(units[first], units[last]) if first in units and last in units else None
        if drift is not None:
            if drift.is_beyond:
                yield f"the outputs of {names[last]} are not those of {names[first]}: {drift_wording.phrase(drift)}"
            return
