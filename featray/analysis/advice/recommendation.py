"""Recommendation: which setting to use for an input, and which others come near.

Flow: units of any runs -> `recommend` -> `rendering.recommendation_text`, `featray recommend`, `featray.recommend`.
Pure. `candidates` orders settings by how far they can be trusted, `settings` chooses one for each detector and target;
here the best of these is chosen. Synthetic weights count only if nothing else was measured.
"""

import dataclasses
import math
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

from featray.analysis import cautions, comparison, scaling
from featray.analysis.advice import candidates, objectives, recommendation_cautions, settings
from featray.analysis.advice.candidates import Candidate
from featray.analysis.advice.constraints import NO_CONSTRAINTS, Constraints, select, within_memory
from featray.analysis.advice.objectives import FigureLimit, Objective, Tradeoff
from featray.analysis.advice.settings import LongestClip, Setting
from featray.analysis.cautions import Caution
from featray.analysis.scaling import GpuScaling
from featray.analysis.unit import Unit
from featray.analysis.unit_drifts import DriftOf
from featray.core import wording
from featray.errors import NothingMatches

RUNNERS_UP = 5  # other settings shown; the report has them all


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recommendation:
    """The setting for one input, the best of every other detector and target, and what makes the figures doubtful."""

    input: str
    section_label: str
    best: Setting
    runners_up: tuple[Setting, ...]
    older: tuple[Candidate, ...]  # settings of the same detectors and targets before a change, the fastest first
    failed: tuple[Candidate, ...]  # settings of the same detectors and targets that failed
    cautions: tuple[Caution, ...]
    too_few: tuple[Candidate, ...] = ()  # settings of the best's detector and target with too few invocations to count
    scaling: GpuScaling | None = None  # of the best setting, if it was measured on one GPU of a host and on all
    tradeoffs: tuple[Tradeoff, ...] = ()  # settings of the best's detector and target that none beats in everything
    prefer: Objective = Objective.THROUGHPUT  # what the best is the best in

    def __repr__(self) -> str:
        """Name the input and its best setting."""
        return f"Recommendation({self.input}: {self.best!r}, {len(self.runners_up)} next best)"


def recommend(
    units: Iterable[Unit],
    constraints: Constraints = NO_CONSTRAINTS,
    drift_of: DriftOf = objectives.unknown_drift,
) -> list[Recommendation]:
    """Recommend a setting for each input that was measured.

    Args:
        units: Of any runs.
        constraints: What is fixed.
        drift_of: Gives how far the results of a setting lie from those of the plainest one.

    Returns:
        The longest clip first, whose speed is the one to plan with; then other clips, then images.

    Raises:
        NothingMatches: nothing that was measured fits; the message names the constraint that fails.
    """
    everything = candidates.gather(units)
    on_any_input = select(everything, dataclasses.replace(constraints, input=None)) if everything else []
    chosen = select(on_any_input, constraints) if everything else []
    if not any(candidate.is_timed for candidate in chosen):
        raise NothingMatches(_nothing_measured(chosen))
    fitting, _ = within_memory(_counting(on_any_input), constraints.memory_limit_b)
    timed, unknown = within_memory(_counting(chosen), constraints.memory_limit_b)
    fitting, timed = (_within_limits(each, constraints, drift_of) for each in (fitting, timed))
    objectives.check_known(timed, constraints.prefer)
    longest = _longest_clips(fitting)
    by_input: dict[tuple[str, str], list[Candidate]] = {}
    for candidate in sorted(timed, key=_length):
        by_input.setdefault((candidate.unit.row.input, candidate.unit.row.section_label), []).append(candidate)
    recommendations = [
        _recommendation(members, chosen, unknown, longest, constraints.prefer, drift_of)
        for members in by_input.values()
    ]
    return [_with_longer(recommendation, recommendations[0]) for recommendation in recommendations]


def considered(
    units: Iterable[Unit],
    constraints: Constraints = NO_CONSTRAINTS,
    drift_of: DriftOf = objectives.unknown_drift,
) -> list[Unit]:
    """List the units among which `recommend` chooses: those of the newest contexts that meet the constraints.

    Raises:
        NothingMatches: as `recommend`.
    """
    everything = candidates.gather(units)
    chosen = select(everything, constraints) if everything else []
    timed, _ = within_memory(_counting(chosen), constraints.memory_limit_b)
    timed = _within_limits(timed, constraints, drift_of)
    return [candidate.unit for candidate in timed if not candidate.older]


def _within_limits(found: list[Candidate], constraints: Constraints, drift_of: DriftOf) -> list[Candidate]:
    """Select what meets every limit on a figure, the memory limit being met.

    Raises:
        NothingMatches: nothing meets one of them; the message names those before it.
    """
    memory_b, met = constraints.memory_limit_b, list[str]()
    if memory_b is not None:
        met.append(f"a memory within {wording.size(memory_b)}")
    for limit in _limits(constraints, drift_of):
        found = objectives.within(found, limit, met)
        met.append(str(limit))
    return found


def _limits(constraints: Constraints, drift_of: DriftOf) -> Iterator[FigureLimit]:
    if constraints.max_latency_s is not None:
        yield objectives.latency_limit(constraints.max_latency_s)
    if constraints.max_energy_j is not None:
        yield objectives.energy_limit(constraints.max_energy_j)
    if constraints.max_drift is not None:
        yield objectives.drift_limit(constraints.max_drift, drift_of)


def _with_longer(recommendation: Recommendation, longest: Recommendation) -> Recommendation:
    """Add the caution that a longer clip has another detector or target, if it has."""
    added = recommendation_cautions.of_longer_clip(recommendation.best, longest.best)
    return dataclasses.replace(recommendation, cautions=(*recommendation.cautions, *added))


def _nothing_measured(chosen: Sequence[Candidate]) -> str:
    if not chosen:
        return "nothing was measured yet. Submit a sweep first: `featray submit quickstart`"
    statuses = wording.listed(row.status for candidate in chosen for row in candidate.unit.failed)
    return f"no setting has a speed ({statuses or 'no times'}). `featray report` says why"


def _counting(chosen: Sequence[Candidate]) -> list[Candidate]:
    """Select what has a speed; for each input without the synthetic weights, unless it has nothing else."""
    timed = [candidate for candidate in chosen if candidate.is_timed]
    is_real = {candidate: not cautions.is_synthetic(candidate.unit) for candidate in timed}
    with_real = {candidate.unit.row.section_label for candidate in timed if is_real[candidate]}
    return [candidate for candidate in timed if is_real[candidate] or candidate.unit.row.section_label not in with_real]


def _length(candidate: Candidate) -> tuple[bool, int]:
    """Order inputs: clips before images, long clips first; images stay in their order."""
    unit = candidate.unit
    return not unit.is_video, -(unit.row.frames or 0) if unit.is_video else 0


def _longest_clips(timed: Sequence[Candidate]) -> dict[Hashable, Setting]:
    """Choose the setting of the longest clip of each detector and target."""
    longest: dict[Hashable, list[Candidate]] = {}
    for candidate in timed:
        if candidate.unit.is_video:
            others = longest.get(candidate.detector)
            if others is None or _length(candidate) < _length(others[0]):
                longest[candidate.detector] = [candidate]
            elif candidate.lineup == others[0].lineup:
                others.append(candidate)
    return {detector: settings.choose(members) for detector, members in longest.items()}


def _recommendation(
    timed: Sequence[Candidate],
    chosen: Sequence[Candidate],
    unknown: Sequence[Candidate],
    longest: Mapping[Hashable, Setting],
    prefer: Objective,
    drift_of: DriftOf,
) -> Recommendation:
    """Recommend for one input.

    Args:
        timed: Its candidates that fit.
        chosen: All candidates that the constraints select, for what failed.
        unknown: Candidates of which the memory is unknown.
        longest: Detector and target -> setting of the longest clip.
        prefer: What the recommended setting is the best in.
        drift_of: Gives the drift of a setting.
    """
    lineups = candidates.group_by_lineup(timed)
    found = [settings.choose(objectives.narrow(members, prefer)) for members in lineups.values()]
    best, *others = _ordered(found, prefer)
    members = lineups[best.candidate.lineup]
    rivals = [each for each in members if each.rank == best.candidate.rank]
    others = _compared(best, others)
    shown = [best, *others[:RUNNERS_UP]]
    rest = [*_of_same_lineups(shown, chosen), *_only_failed(shown, chosen), *_failed_together(shown, chosen)]
    row = best.unit.row
    left_out = [candidate.unit for candidate in unknown if candidate.unit.row.section_label == row.section_label]
    return Recommendation(
        input=row.input,
        section_label=row.section_label,
        best=_with_longest_clip(best, longest),
        runners_up=tuple(_with_longest_clip(setting, longest) for setting in shown[1:]),
        older=_fastest_first(candidate for candidate in rest if candidate.older),
        failed=tuple(candidate for candidate in rest if candidate.failures and not candidate.older),
        cautions=tuple(recommendation_cautions.of_best(best, others, left_out)),
        too_few=tuple(candidates.too_few(members)),
        scaling=scaling.of_setting(best.unit, [candidate.unit for candidate in chosen]),
        tradeoffs=objectives.undominated(rivals, drift_of),
        prefer=prefer,
    )


def _of_same_lineups(shown: Sequence[Setting], chosen: Sequence[Candidate]) -> list[Candidate]:
    """List the other candidates of the lineups whose settings are shown, in the order of these."""
    order = {setting.candidate.lineup: number for number, setting in enumerate(shown)}
    own = {setting.candidate for setting in shown}
    rest = [candidate for candidate in chosen if candidate.lineup in order and candidate not in own]
    return sorted(rest, key=lambda candidate: order[candidate.lineup])


def _only_failed(shown: Sequence[Setting], chosen: Sequence[Candidate]) -> Iterator[Candidate]:
    """Give what failed on targets where the shown detectors never had a number on this input."""
    detectors = {setting.unit.row.detector for setting in shown}
    label, timed = shown[0].unit.row.section_label, {each.lineup for each in chosen if each.is_timed}
    for each in chosen:
        row = each.unit.row
        is_alike = row.detector in detectors and row.section_label == label and each.unit.gpus == 1
        if is_alike and each.failures and each.lineup not in timed:
            yield each


def _failed_together(shown: Sequence[Setting], chosen: Sequence[Candidate]) -> Iterator[Candidate]:
    """Give what failed on several GPUs at the same time, of hosts where one of them is shown with the same input."""
    units = [setting.unit for setting in shown if setting.unit.gpus == 1]
    lineups = {setting.candidate.lineup for setting in shown}
    failed = [each for each in chosen if each.failures and each.unit.gpus > 1 and each.lineup not in lineups]
    for each in failed:
        uuids, label = each.unit.row.gpus or (), each.unit.row.section_label
        if any(unit.row.gpu_uuid in uuids and unit.row.section_label == label for unit in units):
            yield each


def _ordered(chosen: Sequence[Setting], prefer: Objective) -> list[Setting]:
    """Order settings by how far they can be trusted, then by what is preferred, then by speed."""

    def key(setting: Setting) -> tuple[object, ...]:
        return setting.candidate.rank, 0.0 if prefer is Objective.THROUGHPUT else _cost(setting, prefer)

    return sorted(settings.sort(chosen), key=key)


def _cost(setting: Setting, prefer: Objective) -> float:
    cost = objectives.cost(setting.candidate, prefer)
    return math.inf if cost is None else cost


def _compared(best: Setting, others: Sequence[Setting]) -> list[Setting]:
    pairs = comparison.mark_daggers([settings.against(best, setting) for setting in others])
    return [dataclasses.replace(setting, against_best=pair) for setting, pair in zip(others, pairs, strict=True)]


def _fastest_first(older: Iterable[Candidate]) -> tuple[Candidate, ...]:
    timed = [candidate for candidate in older if candidate.is_timed]
    return tuple(sorted(timed, key=lambda candidate: -candidate.unit.throughput_hz))


def _with_longest_clip(setting: Setting, longest: Mapping[Hashable, Setting]) -> Setting:
    """Add the speed on a longer clip, if one was measured in the same context and the own speed is not sustained."""
    other, unit = longest.get(setting.candidate.detector), setting.unit
    if other is None or not unit.is_video or setting.speed.is_sustained:
        return setting
    is_longer = (other.unit.row.frames or 0) > (unit.row.frames or 0)
    if not is_longer or candidates.context_changes(other.unit, unit):
        return setting
    clip = LongestClip(section_label=other.unit.row.section_label, unit=other.unit, speed=other.speed)
    return dataclasses.replace(setting, longest_clip=clip)
