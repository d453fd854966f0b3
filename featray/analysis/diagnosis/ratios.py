"""Ratios: what qualifies the ratios to the baseline, and which cells would make them certain.

Flow: pairs of `against_baseline.compare` -> `findings`. Pure.
"""

from collections.abc import Iterator, Sequence

from featray import stats
from featray.analysis import unit_wording
from featray.analysis.comparison import Pair, SeparationPlan, keys, next_steps, separation
from featray.analysis.comparison.separation import SeparatingCell
from featray.analysis.diagnosis.finding import ASKED_MAX, ComparisonRole, Finding, FindingKind, WantedCells
from featray.analysis.unit import Unit
from featray.core import wording
from featray.core.detectors import Keyword
from featray.stats import Decision, Verdict


def findings(about: Sequence[Pair], units: Sequence[Unit]) -> Iterator[Finding]:
    """List what qualifies the ratios.

    Args:
        about: Best settings and their counterparts.
        units: Of both sides, for the targets that each host has.
    """
    yield from _unproven(about)
    yield from _not_comparable(about)
    yield from _undecided(about)
    yield from _chance(about)
    yield from _factors(about, units)


def _keys(about: Sequence[Pair]) -> tuple[tuple[str, str, str], ...]:
    return tuple(pair.candidate.key for pair in about)


def _has_import(pair: Pair) -> bool:
    return pair.baseline.is_imported or pair.candidate.is_imported


def _unproven(ratios: Sequence[Pair]) -> Iterator[Finding]:
    about = [pair for pair in ratios if pair.decision and _has_import(pair)]
    if not about:
        return
    decisions = [pair.decision for pair in about if pair.decision]
    single = all(min(decision.n_baseline, decision.n_candidate) == 1 for decision in decisions)
    needed = max((decision.needed or 0 for decision in decisions), default=0)
    uses = f"{'uses' if len(about) == 1 else 'use'} {'single ' if single else ''}measurements"
    text = (
        f"{wording.share(len(about), len(ratios), 'ratio')} {uses} imported from reports. Equal labels and versions do "
        "not prove equal work, so none is FASTER or SLOWER. Measure both sides with featray."
    )
    yield Finding(
        kind=FindingKind.UNPROVEN,
        text=text,
        figures={"pairs": len(about), "needed": needed or None},
        units=_keys(about),
        wanted=tuple(wanted for pair in about for wanted in _imported_sides(pair)),
    )


def _imported_sides(pair: Pair) -> Iterator[WantedCells]:
    """Ask for each imported side, to be compared with the other side as featray measures it."""
    needed = pair.decision.needed if pair.decision else None
    baseline, candidate = _roles(pair)
    sides = (
        (pair.baseline, baseline, None if pair.candidate.is_imported else candidate),
        (pair.candidate, candidate, baseline),
    )
    for unit, role, against in sides:
        if unit.is_imported:
            yield WantedCells(
                unit=unit,
                reason=f"shows what the {role[0]} computes, and how fast it is",
                requirements=_software(unit, pair),
                invocations=max(needed or 0, stats.PILOT),
                measures=role,
                against=against,
            )


def _roles(pair: Pair) -> tuple[ComparisonRole, ComparisonRole]:
    return ("baseline", pair.baseline.row.target_id), ("candidate", pair.candidate.row.target_id)


def _software(unit: Unit, pair: Pair) -> tuple[str, ...]:
    """Pin the software that a side was measured with, if the host's own may be different."""
    differs = any(factor.key in ("torch", "pyfeat") for factor in pair.factors)
    return separation.requirements(unit.row, unit.row) if differs or unit.is_imported else ()


def _undecided(ratios: Sequence[Pair]) -> Iterator[Finding]:
    """Say how many invocations would decide the pairs that featray measured and that are INCONCLUSIVE."""
    about = [
        pair for pair in ratios if pair.decision and pair.verdict is Verdict.INCONCLUSIVE and not _has_import(pair)
    ]
    if not about:
        return
    needed = {pair.candidate.key: pair.decision.needed for pair in about if pair.decision}
    names = [f"{unit_wording.unit(pair.candidate)} ({_needed(needed[pair.candidate.key])})" for pair in about]
    yield Finding(
        kind=FindingKind.UNDECIDED,
        text=f"Not decided yet; invocations needed per side: {wording.phrases(names)}.",
        figures={"pairs": len(about), "needed": max((n for n in needed.values() if n is not None), default=None)},
        units=_keys(about),
        wanted=tuple(
            wanted
            for pair in about
            if (invocations := needed[pair.candidate.key]) is not None and invocations <= ASKED_MAX
            for wanted in _both_sides(pair, invocations)
        ),
    )


def _chance(ratios: Sequence[Pair]) -> Iterator[Finding]:
    """Say which differences may be chance, given how many pairs were compared: they are undecided."""
    about = [pair for pair in ratios if pair.dagger and pair.decision]
    if not about:
        return
    names = wording.phrases([unit_wording.unit(pair.candidate) for pair in about])
    among = wording.count(len(ratios), "pair")
    yield Finding(
        kind=FindingKind.UNDECIDED,
        text=f"Not decided yet, since among {among} it may be chance (†): {names}. Measure again: a real difference "
        "shows again.",
        figures={"pairs": len(about), "needed": None},
        units=_keys(about),
        wanted=tuple(wanted for pair in about if pair.decision for wanted in _again(pair, pair.decision)),
    )


def _again(pair: Pair, decision: Decision) -> Iterator[WantedCells]:
    """Ask for both sides anew, with as many invocations as there were and no fewer than are needed."""
    measured = min(decision.n_baseline, decision.n_candidate)
    return _both_sides(pair, min(max(measured, decision.needed or 0), ASKED_MAX))


def _needed(invocations: int | None) -> str:
    return f"over {stats.NEEDED_MAX}" if invocations is None else str(invocations)


def _both_sides(pair: Pair, invocations: int) -> Iterator[WantedCells]:
    """Ask for both sides; only for the candidate if both sides are the same cell with the same software."""
    baseline, candidate = _roles(pair)
    reason = f"decides {unit_wording.unit(pair.candidate)}"
    software = [_software(unit, pair) for unit in (pair.baseline, pair.candidate)]
    if pair.baseline.key[1:] != pair.candidate.key[1:] or software[0] != software[1]:
        yield WantedCells(
            unit=pair.baseline,
            reason=f"{reason}: the baseline",
            requirements=software[0],
            invocations=invocations,
            measures=baseline,
            against=None,
        )
    yield WantedCells(
        unit=pair.candidate,
        reason=f"{reason}: the candidate",
        requirements=software[1],
        invocations=invocations,
        measures=candidate,
        against=baseline,
    )


def _not_comparable(ratios: Sequence[Pair]) -> Iterator[Finding]:
    groups: dict[tuple[str, ...], list[Pair]] = {}
    for pair in ratios:
        if pair.verdict is Verdict.NOT_COMPARABLE:
            groups.setdefault(pair.reasons, []).append(pair)
    for reasons, about in groups.items():
        names = wording.phrases([unit_wording.unit(pair.candidate) for pair in about])
        text = f"Not comparable because the work differs ({wording.listed(reasons)}): {names}."
        yield Finding(kind=FindingKind.NOT_COMPARABLE, text=text, figures={"pairs": len(about)}, units=_keys(about))


def _factors(ratios: Sequence[Pair], units: Sequence[Unit]) -> Iterator[Finding]:
    """Say what each ratio can be put down to: one finding for all pairs that differ in the same things."""
    groups: dict[tuple[str, ...], list[Pair]] = {}
    timed = [pair for pair in ratios if pair.decision]
    for pair in timed:
        groups.setdefault(tuple(factor.gist for factor in pair.factors), []).append(pair)
    for gists, about in groups.items():
        share = wording.share(len(about), len(timed), "ratio")
        if len(gists) == 1:
            text = f"{share[0].lower()}{share[1:]}, only {gists[0]} is known to differ"
            yield _attributed(f"For {text}.{_unknown(about)}", about)
        elif gists:
            yield _confounded(share, gists, about, units)


def _attributed(text: str, about: Sequence[Pair]) -> Finding:
    return Finding(kind=FindingKind.ATTRIBUTED, text=text, figures={"pairs": len(about)}, units=_keys(about))


def _confounded(share: str, gists: Sequence[str], about: Sequence[Pair], units: Sequence[Unit]) -> Finding:
    plan = about[0].separation
    verb = "has" if len(about) == 1 else "have"
    text = f"{share} {verb} several possible causes, which changed together: {', '.join(gists)}.{_unknown(about)}"
    return Finding(
        kind=FindingKind.CONFOUNDED,
        text=f"{text}{_separating_text(plan, about[0], units)}" if plan else text,
        figures={"pairs": len(about), "factors": len(gists)},
        units=_keys(about),
        wanted=tuple(wanted for pair in about for wanted in _separating_cells(pair)),
    )


def _separating_text(plan: SeparationPlan, pair: Pair, units: Sequence[Unit]) -> str:
    text = ""
    if plan.cells:
        why = f" ({plan.why})" if plan.why else ""
        text += f" To separate them, measure {'; then '.join(cell.text for cell in plan.cells)}{why}."
    if plan.inseparable:
        host = _host_with_both_gpus(pair, units)
        if host and set(plan.inseparable) == {"gpu", "host"}:
            text += f" {host} has both GPUs: measure on both to separate gpu from host."
        else:
            text += f" {next_steps.inseparable(plan.inseparable)}."
    return text


def _host_with_both_gpus(pair: Pair, units: Sequence[Unit]) -> str | None:
    """Name the host of a side if it also has the other side's model of GPU."""
    models = {(unit.target.host_id, unit.target.gpu_name) for unit in units}
    targets = pair.baseline.target, pair.candidate.target
    for target, other in (targets, targets[::-1]):
        if target.gpu_name != other.gpu_name and (target.host_id, other.gpu_name) in models:
            return target.host_name
    return None


def _separating_cells(pair: Pair) -> Iterator[WantedCells]:
    """Ask for the cells between the two sides, each to be compared with its neighbour."""
    plan = pair.separation
    if plan is None:
        return
    baseline, candidate = _roles(pair)
    neighbour = baseline if plan.start == "baseline" else candidate
    batches = tuple(sorted({pair.baseline.row.batch_size, pair.candidate.row.batch_size}))
    for number, cell in enumerate(plan.cells, start=1):
        role = ("step", str(number), *baseline[1:], *candidate[1:])
        side = pair.baseline if cell.takes.get(keys.VARIABLES) == "baseline" else pair.candidate
        yield WantedCells(
            unit=pair.candidate,
            reason=f"separates {cell.isolates}: {cell.text}",
            settings={"batch_size": batches},
            target_id=cell.target.target_id,
            requirements=cell.requirements,
            variables=side.variables,
            call=_call(pair, cell),
            measures=role,
            against=neighbour,
        )
        neighbour = role


def _call(pair: Pair, cell: SeparatingCell) -> dict[str, Keyword] | None:
    """Take each setting of `detect()` from the side that a separating cell names."""
    before, after = pair.baseline.call_settings, pair.candidate.call_settings
    if before is None or after is None:
        return None
    return {name: (before if cell.takes.get(name) == "baseline" else after)[name] for name in keys.CALL}


def _unknown(about: Sequence[Pair]) -> str:
    """Say which factors at least one side does not store."""
    names = dict.fromkeys(keys.title(key) for pair in about for key in pair.unknown)
    return f" Unknown on at least one side: {', '.join(names)}." if names else ""
