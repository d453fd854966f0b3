"""Recommendation text: a recommendation as text for people.

Flow: `recommendation.Recommendation` -> `text` -> `featray recommend`; `recommendation_json` and `recommendation_code`
write it for programs. Pure. A ratio stands only beside the verdict that it has; an undecided one is never written.
"""

import collections
from collections.abc import Iterable, Iterator, Mapping, Sequence

from featray import stats
from featray.analysis import energy, prices, scaling, unit_wording
from featray.analysis.advice import objectives, settings, speeds
from featray.analysis.advice.candidates import Candidate
from featray.analysis.advice.memory_use import MemoryScope, MemoryUse
from featray.analysis.advice.objectives import DRIFT_LEAST, Objective, Tradeoff
from featray.analysis.advice.recommendation import Recommendation
from featray.analysis.advice.settings import Setting
from featray.analysis.advice.speeds import Speed
from featray.analysis.comparison import Pair
from featray.analysis.unit import Unit
from featray.core import wording
from featray.core.quantities import FILM_HOURS, FILM_HZ
from featray.core.row import Row
from featray.core.status import Status
from featray.rendering import unit_text
from featray.stats import Verdict

FAILURES: Mapping[str, str] = {
    Status.OOM: "out of memory",
    Status.TIMEOUT: "timed out",
    Status.CRASHED: "crashed",
    Status.FAILED: "failed",
    Status.WRONG_WORK: "computed something else",
    Status.SKIPPED: "skipped after a smaller batch ran out of memory",
}
"""Status -> what happened, before ` in 3 of 5 invocations`."""

DECAY_SHOWN = 0.01  # least loss of speed in a sustained run that is told: rates differ by less between windows

SHOWN = 5  # settings that failed, or that are older, in one paragraph


def text(recommendations: Iterable[Recommendation]) -> str:
    """Write recommendations, one paragraph per input."""
    return "\n\n".join("\n".join(_paragraph(recommendation)) for recommendation in recommendations)


def _paragraph(recommendation: Recommendation) -> Iterator[str]:
    best, prefer = recommendation.best, recommendation.prefer
    yield f"{wording.plain(recommendation.section_label)}: {setting_with_rate(best, prefer)}"
    if best.equals:
        yield f"  equally good: {_equals(best)}; the smallest is recommended"
    if recommendation.scaling:
        yield f"  {scaling.gist(recommendation.scaling)}"
    if best.memory:
        yield f"  memory: {_memory(best.memory)}"
    if (cost := prices.film_cost(best.unit, best.sustained_hz)) is not None:
        film = f"{FILM_HOURS} hours of film of {FILM_HZ:g} fps, every frame analysed"
        yield f"  cost: {wording.digits(cost)} per {film}, at {best.unit.price_per_hour:g} per hour"
    if len(recommendation.tradeoffs) > 1:
        yield from (f"  not beaten in everything: {_tradeoff(tradeoff)}" for tradeoff in recommendation.tradeoffs)
    if recommendation.too_few:
        yield f"  not counted: {_too_few(recommendation.too_few)}"
    yield from (f"  next best: {setting_with_rate(setting, prefer)}" for setting in recommendation.runners_up)
    yield from _limited("failed", map(_failed, recommendation.failed))
    yield from _limited("older", map(_older, recommendation.older))
    yield from (f"  Caution: {wording.plain(caution.text)}" for caution in recommendation.cautions)


def _too_few(left_out: Sequence[Candidate]) -> str:
    names = [", ".join(unit_text.settings(candidate.unit)) for candidate in left_out]
    pronoun = "it" if len(names) == 1 else "them"
    what_to_do = f"list {pronoun} in the axes of a sweep to measure {pronoun} in full"
    return f"{wording.phrases(names)} (fewer than {stats.INVOCATIONS_MIN} invocations; {what_to_do})"


def _tradeoff(tradeoff: Tradeoff) -> str:
    unit = tradeoff.candidate.unit
    figures = [
        f"{_hz(unit, tradeoff.speed)}{tradeoff.speed.over}",
        objectives.per_batch(unit),
        *([] if tradeoff.memory_b is None else [wording.size(tradeoff.memory_b)]),
        *([] if tradeoff.frame_j is None else [f"{wording.digits(tradeoff.frame_j)} J per frame"]),
        *([] if tradeoff.drift is None else [drift(tradeoff.drift)]),
    ]
    return f"{', '.join(unit_text.settings(unit))}: {', '.join(figures)}"


def drift(share: float) -> str:
    """Write a drift as a share of the tolerance; what no one would notice has no number."""
    return "no drift" if share <= DRIFT_LEAST else f"drift {wording.digits(share)} of the tolerance"


def _limited(title: str, lines: Iterable[str]) -> Iterator[str]:
    lines = list(lines)
    yield from (f"  {title}: {line}" for line in lines[:SHOWN])
    if len(lines) > SHOWN:
        yield f"  {title}: and {len(lines) - SHOWN} more, which --json lists"


def setting_with_rate(setting: Setting, prefer: Objective = Objective.THROUGHPUT) -> str:
    """Write a setting with its speed, what is preferred, and how it compares with the recommended one."""
    parts = [rate(setting), *_preferred(setting, prefer), *_remarks(setting)]
    return f"{_place(setting.unit)}: {', '.join(parts)}{_verdict(setting.against_best)}"


def _preferred(setting: Setting, prefer: Objective) -> Iterator[str]:
    """Write the figure by which settings were chosen, if it is not the speed."""
    if prefer is Objective.LATENCY:
        yield objectives.per_batch(setting.unit)
    frame_j = energy.frame_j(setting.unit)
    if prefer is Objective.ENERGY and frame_j is not None:
        yield f"{wording.digits(frame_j)} J per frame"
    cost = prices.film_cost(setting.unit, setting.sustained_hz)
    if prefer is Objective.COST and cost is not None:
        yield f"{wording.digits(cost)} per {FILM_HOURS} hours of film"


def name(unit: Unit) -> str:
    """Name a detector and everything that was set."""
    return ", ".join([wording.shortened(unit.row.detector), *unit_text.settings(unit)])


def rate(setting: Setting) -> str:
    """Write the speed to plan with: of a sustained run or, for a short clip, on the longest clip; then its own."""
    own, clip = _rate(setting.unit, setting.speed), setting.longest_clip
    if setting.speed.is_sustained:
        return f"{own}, {_hz(setting.unit, speeds.of_calls(setting.unit))} in repeated calls"
    if clip is None:
        return own
    label = wording.plain(clip.section_label)
    batch = "" if clip.unit.row.batch_size == setting.unit.row.batch_size else f" with batch {clip.unit.row.batch_size}"
    return f"{_hz(clip.unit, clip.speed)} sustained on {label}{batch}, {own} on this clip"


def _rate(unit: Unit, speed: Speed) -> str:
    text = _hz(unit, speed) + (" sustained" if speed.is_sustained else "")
    if speed.low is not None and speed.high is not None:
        text += f" (95% CI {wording.rate(speed.low)} to {wording.rate(speed.high)})"
    text += speed.over
    if speed.decay is None:
        return text
    lost = f"{wording.percent(speed.decay)} below" if speed.decay >= DECAY_SHOWN else "no slower than"
    return f"{text}, {lost} the first 10 s of the run"


def _hz(unit: Unit, speed: Speed) -> str:
    return f"{wording.rate(speed.hz)} {'fps' if unit.is_video else 'images/s'}"


def _remarks(setting: Setting) -> list[str]:
    """List what makes a setting come after others; of the recommended one the cautions say it."""
    candidate = setting.candidate
    if setting.against_best is None:
        return ["imported"] if candidate.unit.is_imported else []
    remarks = [failures(candidate)] if candidate.failures else []
    if candidate.unit.is_imported:
        return [*remarks, "imported"]
    remarks += [f"only {wording.count(len(candidate.unit.logs), 'invocation')}"] if candidate.is_few else []
    remarks += ["measured as py-feat's own script does"] if candidate.is_pyfeat_protocol else []
    return [*remarks, f"measured before a change ({wording.listed(candidate.older)})"] if candidate.older else remarks


def _verdict(pair: Pair | None) -> str:
    """Write how a setting compares with the recommended one; nothing for the recommended one itself."""
    if pair is None:
        return ""
    if pair.verdict is Verdict.NOT_COMPARABLE:
        return f"; {pair.verdict}: {wording.shortened('; '.join(pair.reasons), unit_text.REASON_LENGTH)}"
    if pair.dagger:
        return f"; not decided ({pair.verdict}†, may be chance)"
    if pair.verdict is Verdict.EQUIVALENT:
        return f"; equally fast ({pair.verdict})"
    if pair.decision is None or not pair.is_decided:
        return f"; not decided ({pair.verdict})"
    others = wording.listed(settings.confounders(pair))
    also = f", but {others} differs as well" if others else ""
    return f"; {wording.times(pair.decision.speedup)} as fast ({pair.verdict}){also}"


def _equals(best: Setting) -> str:
    """List the equally good settings from the smallest to the largest, each with its verdict against the fastest."""
    verdicts = {id(pair.candidate): f"{pair.verdict}{'†' * pair.dagger}" for pair in best.equals}
    units = sorted(
        [best.fastest, *(pair.candidate for pair in best.equals)],
        key=lambda unit: (unit.processes, unit.row.batch_size, unit.row.num_workers, unit.threads or ""),
    )
    return "; ".join(
        f"{', '.join(unit_text.settings(unit))} ({verdicts.get(id(unit), 'the fastest')})" for unit in units
    )


def _memory(use: MemoryUse) -> str:
    if use.scope is MemoryScope.TORCH:
        return f"{wording.size(use.size_b)} reserved by torch; the driver takes some hundred MiB on top"
    return wording.size(use.size_b) + (", other processes included" if use.scope is MemoryScope.SHARED else "")


def failures(candidate: Candidate) -> str:
    """Say what happened to a setting: `out of memory in 3 of 5 invocations`."""
    counts = collections.Counter(str(row.status) for row in candidate.failures)
    invocations = wording.count(candidate.invocations, "invocation")
    return " and ".join(f"{FAILURES[status]} in {number} of {invocations}" for status, number in counts.items())


def _failed(candidate: Candidate) -> str:
    speed = f", {unit_wording.rate(candidate.unit)} where it ran" if candidate.is_timed else ""
    return f"{_place(candidate.unit)}: {failures(candidate)}{speed}{_reason(candidate.failures)}"


def _place(unit: Unit) -> str:
    return f"{name(unit)} on {unit.target.place}"


def _reason(rows: Sequence[Row]) -> str:
    """Give the first message, since others of one setting say the same."""
    reason = next((row.reason for row in rows if row.reason), None)
    return f" ({wording.shortened(reason, unit_text.REASON_LENGTH)})" if reason else ""


def _older(candidate: Candidate) -> str:
    date = candidate.unit.row.started_at[:10]
    changes = wording.listed(candidate.older)
    return f"{_place(candidate.unit)}: {unit_wording.rate(candidate.unit)} on {date}, before {changes}"
