"""Against the baseline: best setting against best setting, what the ratios are worth, and what has no counterpart."""

import collections
import dataclasses
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence

from featray import stats
from featray.analysis import comparison, unit_wording
from featray.analysis.comparison import Calibration, Pair, keys, separation
from featray.analysis.diagnosis.batch_curves import BestBatch, group_by_input_and_target, detector_input_target
from featray.analysis.diagnosis.finding import ASKED_MAX, Figure, Finding, FindingKind, ComparisonRole, WantedCells
from featray.analysis.units import Unit
from featray.core import wording
from featray.stats import Verdict

CHOSEN = ("batch_size", "num_workers", "threads", "environment")
"""What each side chooses for its best time. An environment also holds a factor, which is then told apart."""


Places = Collection[tuple[str | None, str | None]]
"""Host ids and GPU names that stand together in the rows of either side."""


@dataclasses.dataclass(frozen=True)
class BaselineComparison:
    """Pairs of best settings, and those without a counterpart on either side."""

    pairs: tuple[Pair, ...]
    new: tuple[BestBatch, ...]
    only: tuple[BestBatch, ...]


def compare(
    best: Sequence[BestBatch], baseline: Sequence[BestBatch], margin: float, known: Mapping[str, Calibration]
) -> BaselineComparison:
    """Compare every best setting with the baseline's of the same detector and input.

    A target is compared with itself where the baseline has it, else with the baseline's targets of the same device.
    """
    pairs, new, met = [], [], set[int]()
    by_work: dict[Hashable, list[BestBatch]] = {}
    for each in baseline:
        by_work.setdefault(detector_input_target(each.unit)[:3], []).append(each)
    for each in best:
        others = _counterparts(each, by_work.get(detector_input_target(each.unit)[:3], ()))
        met |= {id(other) for other in others}
        new += [] if others else [each]
        pairs += [
            comparison.judge(other.unit, each.unit, CHOSEN, margin=margin, calibrations=known, best_of=CHOSEN)
            for other in others
        ]
    only = tuple(other for other in baseline if id(other) not in met)
    return BaselineComparison(tuple(comparison.mark_daggers(pairs)), tuple(new), only)


def _counterparts(each: BestBatch, same: Sequence[BestBatch]) -> list[BestBatch]:
    here = [other for other in same if other.unit.row.target_id == each.unit.row.target_id]
    return here or [other for other in same if other.unit.row.device == each.unit.row.device]


def headline(units: Sequence[Unit], found: BaselineComparison, baseline: Sequence[Unit]) -> Finding | None:
    """Say the range of the ratios and the highest throughput of any unit; None when nothing was measured."""
    measured = [unit for unit in units if unit.logs and unit.row.frames]
    if not measured:
        return None
    top = max([unit for unit in measured if unit.is_video] or measured, key=lambda unit: unit.throughput_hz)
    parts, figures = _ratios(found.pairs, baseline)
    figures["frames_per_s"] = top.throughput_hz
    factor, realtime = top.realtime, ""
    if factor is not None:
        realtime = f", {wording.digits(factor)}x realtime at {top.clip_fps:.2f} fps"
        figures["realtime"] = factor
    parts.append(f"highest throughput {unit_wording.rate(top)}{realtime} ({unit_wording.unit(top)})")
    sentence = "; ".join(parts)
    text = f"{sentence[0].upper()}{sentence[1:]}."
    return Finding(kind=FindingKind.HEADLINE, text=text, figures=figures, units=(top.key,))


def _ratios(pairs: Sequence[Pair], baseline: Sequence[Unit]) -> tuple[list[str], dict[str, Figure]]:
    """Write the range of the ratios, with what they are worth, and beside it what has no ratio."""
    name = wording.listed(wording.short(unit.row.sweep) for unit in baseline)
    speedups = [pair.decision.speedup for pair in pairs if pair.decision]
    without = _counted(pair for pair in pairs if not pair.decision)
    if not speedups:
        return ([f"no ratio to {name}: {without}"] if without else []), {}
    low, high = min(speedups), max(speedups)
    span = f"{low:.2f}x" if len(speedups) == 1 else f"{low:.2f}x to {high:.2f}x"
    text = f"{span} as fast as {name} over {wording.count(len(speedups), 'best setting')}"
    text += f" ({_counted(pair for pair in pairs if pair.decision)})" + (f", {without}" if without else "")
    return [text], {"speedup_low": low, "speedup_high": high, "pairs": len(speedups)}


def _counted(pairs: Iterable[Pair]) -> str:
    counted = collections.Counter(pair.verdict for pair in pairs)
    return ", ".join(f"{counted[verdict]} {verdict}" for verdict in Verdict if counted[verdict])


def findings(found: BaselineComparison, units: Sequence[Unit], baseline: Sequence[Unit]) -> Iterator[Finding]:
    """List what qualifies the ratios, and what has none."""
    if baseline:
        yield from _unproven(found.pairs)
        yield from _not_comparable(found.pairs)
        yield from _undecided(found.pairs)
        rows = [unit.row for unit in (*units, *baseline)]
        yield from _factors(found.pairs, {(row.host_id or row.hostname, row.gpu_name) for row in rows})
        yield from _new(found.new, baseline)
        yield from _only(found.only, units)


def _keys(pairs: Sequence[Pair]) -> tuple[tuple[str, str, str], ...]:
    return tuple(pair.candidate.key for pair in pairs)


def _unproven(pairs: Sequence[Pair]) -> Iterator[Finding]:
    about = [pair for pair in pairs if pair.decision and (pair.baseline.is_imported or pair.candidate.is_imported)]
    if not about:
        return
    single = [pair for pair in about if pair.decision and min(pair.decision.n_baseline, pair.decision.n_candidate) == 1]
    measured = "single measurements with" if len(single) == len(about) else "measurements of"
    verb = "compares" if len(about) == 1 else "compare"
    needed = max((pair.decision.needed or 0 for pair in about if pair.decision), default=0)
    text = (
        f"{wording.share(len(about), len(pairs), 'ratio')} {verb} {measured} labels-only identity, so none is FASTER "
        "or SLOWER: equal labels and version do not prove equal work; "
        "measure both sides with featray."
    )
    yield Finding(
        kind=FindingKind.UNPROVEN,
        text=text,
        figures={"pairs": len(about), "needed": needed or None},
        units=_keys(about),
        wanted=tuple(_imported_sides(about)),
    )


def _imported_sides(about: Sequence[Pair]) -> Iterator[WantedCells]:
    """Ask for what is known by its labels only, to be compared with the other side as featray measures it."""
    for pair in about:
        needed = pair.decision.needed if pair.decision else None
        baseline, candidate = _roles(pair)
        sides = (
            (pair.baseline, baseline, None if pair.candidate.is_imported else candidate),
            (pair.candidate, candidate, baseline),
        )
        yield from (
            WantedCells(
                unit=unit,
                reason=f"proves what the {role[0]} computes, and how fast",
                requirements=_software(unit, pair),
                invocations=max(needed or 0, stats.PILOT),
                measures=role,
                against=against,
            )
            for unit, role, against in sides
            if unit.is_imported
        )


def _roles(pair: Pair) -> tuple[ComparisonRole, ComparisonRole]:
    return ("baseline", pair.baseline.row.target_id), ("candidate", pair.candidate.row.target_id)


def _software(unit: Unit, pair: Pair) -> tuple[str, ...]:
    """Pin what a side was measured with, where the host's own may be something else."""
    differ = any(factor.key in ("torch", "pyfeat") for factor in pair.factors)
    return separation.requirements(unit.row, unit.row) if differ or unit.is_imported else ()


def _undecided(pairs: Sequence[Pair]) -> Iterator[Finding]:
    """Say how many invocations would settle what was measured by featray and is INCONCLUSIVE."""
    about = [
        pair
        for pair in pairs
        if pair.decision
        and pair.verdict is Verdict.INCONCLUSIVE
        and not (pair.baseline.is_imported or pair.candidate.is_imported)
    ]
    if not about:
        return
    needed = {pair.candidate.key: pair.decision.needed for pair in about if pair.decision}
    names = [f"{unit_wording.unit(pair.candidate)} ({_needed(needed[pair.candidate.key])})" for pair in about]
    known = [count for count in needed.values() if count is not None]
    yield Finding(
        kind=FindingKind.UNDECIDED,
        text=f"Not decided, invocations per side that would: {wording.phrases(names)}.",
        figures={"pairs": len(about), "needed": max(known, default=None)},
        units=_keys(about),
        wanted=tuple(
            each
            for pair in about
            if (count := needed[pair.candidate.key]) is not None and count <= ASKED_MAX
            for each in _again(pair, count)
        ),
    )


def _again(pair: Pair, count: int) -> Iterator[WantedCells]:
    """Ask for both sides; for the candidate alone where the baseline could not be had back as it was."""
    baseline, candidate = _roles(pair)
    reason = f"decides the ratio of {unit_wording.unit(pair.candidate)}"
    software = [_software(unit, pair) for unit in (pair.baseline, pair.candidate)]
    if pair.baseline.key[1:] != pair.candidate.key[1:] or software[0] != software[1]:
        yield WantedCells(
            unit=pair.baseline,
            reason=f"{reason}: the baseline",
            requirements=software[0],
            invocations=count,
            measures=baseline,
            against=None,
        )
    yield WantedCells(
        unit=pair.candidate,
        reason=f"{reason}: the candidate",
        requirements=software[1],
        invocations=count,
        measures=candidate,
        against=baseline,
    )


def _needed(count: int | None) -> str:
    return f"over {stats.NEEDED_MAX}" if count is None else str(count)


def _not_comparable(pairs: Sequence[Pair]) -> Iterator[Finding]:
    groups: dict[tuple[str, ...], list[Pair]] = {}
    for pair in pairs:
        if pair.verdict is Verdict.NOT_COMPARABLE:
            groups.setdefault(pair.reasons, []).append(pair)
    for reasons, about in groups.items():
        names = wording.phrases([unit_wording.unit(pair.candidate) for pair in about])
        text = f"Not comparable, since the work differs in {wording.listed(reasons)}: {names}."
        yield Finding(kind=FindingKind.NOT_COMPARABLE, text=text, figures={"pairs": len(about)}, units=_keys(about))


def _factors(pairs: Sequence[Pair], places: Places) -> Iterator[Finding]:
    """Say what each ratio belongs to: one finding for all that differ in the same things."""
    groups: dict[tuple[str, ...], list[Pair]] = {}
    timed = [pair for pair in pairs if pair.decision]
    for pair in timed:
        groups.setdefault(tuple(factor.gist for factor in pair.factors), []).append(pair)
    for gists, about in groups.items():
        if not gists:
            continue
        ratios = wording.share(len(about), len(timed), "ratio")
        if len(gists) == 1:
            text = f"In {ratios[0].lower()}{ratios[1:]} only {gists[0]} is known to differ{_unknown(about)}."
            yield Finding(kind=FindingKind.ATTRIBUTED, text=text, figures={"pairs": len(about)}, units=_keys(about))
        else:
            yield _confounded(ratios, gists, about, places)


def _confounded(ratios: str, gists: Sequence[str], about: Sequence[Pair], places: Places) -> Finding:
    plan = about[0].separation
    text = f"{ratios} {'is' if len(about) == 1 else 'are'} confounded by {', '.join(gists)}{_unknown(about)}"
    if plan and plan.steps:
        why = f", since {plan.why}" if plan.why else ""
        text += f"; to separate them, measure {'; then '.join(step.text for step in plan.steps)}{why}"
    if plan and plan.together:
        parted = _holds_both(about[0], places)
        if parted and set(plan.together) == {"gpu", "host"}:
            text += f"; {parted} has both GPUs, and measured on both parts gpu from host"
        else:
            text += f"; {', '.join(plan.together)} come with the machine and cannot be separated"
    wanted = [each for pair in about for each in _separating(pair)]
    return Finding(
        kind=FindingKind.CONFOUNDED,
        text=f"{text}.",
        figures={"pairs": len(about), "factors": len(gists)},
        units=_keys(about),
        wanted=tuple(wanted),
    )


def _holds_both(pair: Pair, places: Places) -> str | None:
    """Name the host of a pair that has the other side's model of GPU too."""
    rows = pair.baseline.row, pair.candidate.row
    for row, other in (rows, rows[::-1]):
        if row.hostname and row.gpu_name != other.gpu_name and (row.host_id or row.hostname, other.gpu_name) in places:
            return wording.short(row.hostname)
    return None


def _separating(pair: Pair) -> Iterator[WantedCells]:
    """Ask for the cells between the two sides, each to be compared with its neighbour."""
    plan = pair.separation
    if plan is None:
        return
    baseline, candidate = _roles(pair)
    before = baseline if plan.start == "baseline" else candidate
    for number, step in enumerate(plan.steps, start=1):
        role = ("step", str(number), *baseline[1:], *candidate[1:])
        side = pair.baseline if step.takes.get(keys.VARIABLES) == "baseline" else pair.candidate
        yield WantedCells(
            unit=pair.candidate,
            reason=f"separates {step.isolates}: {step.text}",
            settings={"batch_size": tuple(sorted({pair.baseline.row.batch_size, pair.candidate.row.batch_size}))},
            target_id=step.hardware.target_id,
            requirements=step.requirements,
            variables=side.variables,
            measures=role,
            against=before,
        )
        before = role


def _unknown(about: Sequence[Pair]) -> str:
    names = list(dict.fromkeys(key for pair in about for key in pair.unknown))
    return f" (unknown on a side at least: {', '.join(names)})" if names else ""


def _new(new: Sequence[BestBatch], baseline: Sequence[Unit]) -> Iterator[Finding]:
    """Group what the baseline did not measure by input and device."""
    for about in group_by_input_and_target(new).values():
        names = [
            f"{unit_wording.detector(each.unit.row)} {unit_wording.rate(each.unit)} (b={each.unit.row.batch_size})"
            for each in about
        ]
        first = about[0].unit.row
        where = about[0].unit.target.name
        text = f"New ground, without a counterpart in the baseline: {unit_wording.clip(first)} on {where}"
        places = {unit.row.target_id: unit for unit in baseline if unit.row.device == first.device and unit.measured}
        wanted = [
            WantedCells(
                unit=each.unit,
                reason="the baseline has no counterpart",
                target_id=target_id,
                requirements=_as_there(there, each.unit),
                against=("all", first.target_id),
            )
            for target_id, there in places.items()
            for each in about
        ]
        yield Finding(
            kind=FindingKind.NEW_GROUND,
            text=f"{text}: {wording.listed(names)}.",
            figures={"frames_per_s": max(each.unit.throughput_hz for each in about)},
            units=tuple(each.unit.key for each in about),
            wanted=tuple(wanted),
        )


def _as_there(there: Unit, here: Unit) -> tuple[str, ...]:
    """Pin the software of a side on which nothing of this kind was measured, where it is not the other's too."""
    same = all(getattr(there.row, key) == getattr(here.row, key) for key in ("torch", "pyfeat", "pyfeat_commit"))
    return () if same and not there.is_imported else separation.requirements(there.row, there.row)


def _only(only: Sequence[BestBatch], units: Sequence[Unit]) -> Iterator[Finding]:
    """Say what the baseline has and this does not, device by device."""
    groups: dict[str, list[BestBatch]] = {}
    for each in only:
        groups.setdefault(each.unit.target.name, []).append(each)
    here = {unit.row.device: unit for unit in units if unit.measured}
    for name, about in groups.items():
        whole = about[0].unit.row.device not in here
        what = "nothing was measured there now" if whole else wording.phrases([_what(each.unit) for each in about])
        text = f"Only in the baseline: {wording.count(len(about), 'best setting')} on {name} ({what})."
        yield Finding(
            kind=FindingKind.ONLY_BASELINE,
            text=text,
            figures={"settings": len(about)},
            units=tuple(each.unit.key for each in about),
            wanted=()
            if whole
            else tuple(
                WantedCells(
                    unit=each.unit,
                    reason="only the baseline has it",
                    requirements=_as_there(here[each.unit.row.device], each.unit),
                )
                for each in about
            ),
        )


def _what(unit: Unit) -> str:
    return f"{unit_wording.detector(unit.row)}, {unit_wording.clip(unit.row)}"
