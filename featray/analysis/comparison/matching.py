"""Matching: which unit of the baseline is compared with which unit of the candidate.

Two units match if they agree in every label that the comparison does not vary. Hardware is never averaged: a unit is
matched on its own target if the other side has that target, and otherwise with the other side's targets.
"""

import dataclasses
from collections.abc import Collection, Hashable, Iterable, Sequence

from featray.analysis.comparison import keys
from featray.analysis.comparison.order import ENVIRONMENT, Order
from featray.analysis.unit import Unit
from featray.analysis.units import is_other
from featray.core import detect_call, identity
from featray.core.row import NO_TARGET

TARGET = "target"

UnitPair = tuple[Unit, Unit]
"""Baseline and candidate."""


@dataclasses.dataclass(frozen=True)
class MatchedUnits:
    """Pairs in the order of `sort_pairs`, and what has none."""

    pairs: tuple[UnitPair, ...]
    only_baseline: tuple[Unit, ...]
    only_candidate: tuple[Unit, ...]
    superseded: tuple[Unit, ...]  # left out: measured later, as the same cell or under the same labels
    over: tuple[str, ...]  # what is varied: as asked, and what differs in every pair
    unordered: tuple[UnitPair, ...] = ()  # pairs of one side of which nothing says which is the baseline


def split_latest(units: Iterable[Unit]) -> tuple[list[Unit], list[Unit]]:
    """Split units into the last measured unit of each cell and target, and the superseded others.

    A replay counts only where nothing was measured.

    Earlier units with the same work in the same context are no rivals of the last one but further sessions of it: it
    takes them along as `earlier`.
    """
    by_cell: dict[tuple[str, str, str | None], list[Unit]] = {}
    for unit in units:
        by_cell.setdefault((unit.row.cell_id, unit.row.target_id, unit.row.environment), []).append(unit)
    latest, superseded = [], []
    for same in by_cell.values():
        *others, last = sorted(same, key=_recency)
        sessions = [unit for unit in others if _is_session_of(unit, last)]
        latest.append(dataclasses.replace(last, earlier=tuple(sessions)) if sessions else last)
        superseded += [unit for unit in others if unit not in sessions]
    return latest, superseded


def _is_session_of(unit: Unit, last: Unit) -> bool:
    """Return True if both measured the same work in the same context, and neither is imported or replayed."""
    if any(not side.logs or side.is_imported or side.is_replayed for side in (unit, last)) or unit.row.work_id is None:
        return False
    return not is_other(unit.row, last.row)


def _recency(unit: Unit) -> tuple[bool, bool, str, str]:
    return not unit.is_replayed, bool(unit.measured), unit.row.started_at, unit.row.run_id


def split_replaced(units: Sequence[Unit], over: Collection[str] = ()) -> tuple[list[Unit], list[Unit]]:
    """Split off the units without a number that a changed sweep measured later under the same labels and target.

    One sweep file never has two cells of the same labels. So it no longer asks for the cell that failed, such as one of
    an environment whose requirements were mended.

    Args:
        units: Of one side.
        over: Keys that are varied on purpose: units that differ there do not replace each other.
    """
    measured: dict[Hashable, list[Unit]] = {}
    for unit in units:
        if unit.logs:
            measured.setdefault(_labels_in_sweep(unit), []).append(unit)
    kept: list[Unit] = []
    replaced: list[Unit] = []
    for unit in units:
        rivals = () if unit.logs else measured.get(_labels_in_sweep(unit), ())
        (replaced if any(_replaces(rival, unit, over) for rival in rivals) else kept).append(unit)
    return kept, replaced


def _labels_in_sweep(unit: Unit) -> Hashable:
    return unit.row.sweep, _key(unit, (), frozenset({TARGET}))


def _replaces(later: Unit, failed: Unit, over: Collection[str]) -> bool:
    """Return True if a unit with a number was measured after another one of its labels had failed on its target."""
    is_its_target = failed.row.target_id in (later.row.target_id, NO_TARGET)
    values = ((keys.value(failed, key), keys.value(later, key)) for key in over)
    is_varied = any(None not in (own, other) and own != other for own, other in values)
    return is_its_target and not is_varied and later.row.started_at > failed.row.started_at


def _split_current(units: Iterable[Unit], over: Collection[str]) -> tuple[list[Unit], list[Unit]]:
    """Split units into those that count, and those that a later measurement supersedes."""
    latest, superseded = split_latest(units)
    current, replaced = split_replaced(latest, over)
    return current, [*superseded, *replaced]


def match(baseline: Iterable[Unit], candidate: Iterable[Unit], over: Sequence[str]) -> MatchedUnits:
    """Match two sides.

    Labels for which the two sides have no common value differ in every pair, and are varied without being named; the
    input never is.
    """
    before, before_superseded = _split_current(baseline, over)
    after, after_superseded = _split_current(candidate, over)
    varied = tuple(dict.fromkeys((*over, *_differing_everywhere(before, after, over))))
    pairs: list[UnitPair] = []
    for ignored in _ignored_labels(varied):
        open_before = _without(before, [pair[0] for pair in pairs])
        open_after = _without(after, [pair[1] for pair in pairs])
        pairs += _pairs(open_before, open_after, varied, ignored)
    return MatchedUnits(
        pairs=tuple(sort_pairs(pairs)),
        only_baseline=tuple(_without(before, [pair[0] for pair in pairs])),
        only_candidate=tuple(_without(after, [pair[1] for pair in pairs])),
        superseded=(*before_superseded, *after_superseded),
        over=varied,
    )


def sort_pairs(pairs: Sequence[UnitPair]) -> list[UnitPair]:
    """Sort pairs by input, detector and settings: rows come in the shuffled order in which they were measured."""
    units = [unit for pair in pairs for unit in pair]
    input_ranks = _ranks(unit.row.input for unit in units)
    detector_ranks = _ranks(unit.row.detector for unit in units)

    def sort_key(unit: Unit) -> tuple[object, ...]:
        row = unit.row
        threads = unit.asked_threads or ""
        counts = row.num_workers, (len(threads), threads), unit.processes, unit.gpus
        settings = row.environment or "", *counts, row.batch_size
        labels = input_ranks[row.input], row.section_label, detector_ranks[row.detector], row.device
        return *labels, *settings, row.target_id

    return sorted(pairs, key=lambda pair: (sort_key(pair[0]), sort_key(pair[1])))


def _ranks(values: Iterable[str]) -> dict[str, int]:
    return {value: rank for rank, value in enumerate(keys.sort_values(values))}


def _differing_everywhere(before: Sequence[Unit], after: Sequence[Unit], over: Sequence[str]) -> list[str]:
    """List the labels without a common value.

    If a part of the detector is varied, the detector's name may follow from it and does not count. Processes that run
    side by side, and GPUs that work at the same time, are never compared with one alone unless that is asked for.
    """
    if not before or not after:
        return []
    excluded = {ENVIRONMENT, "processes", "targets"} | (
        {"detector"} if keys.detector_parts(over) or {*keys.CALL} & {*over} else set()
    )
    labels = [key for key in keys.SETTINGS if key not in excluded]
    return [key for key in labels if not {_label(unit, key) for unit in before} & {_label(unit, key) for unit in after}]


def _ignored_labels(over: Collection[str]) -> list[frozenset[str]]:
    """List what matching may ignore, the strictest first; what is varied is ignored from the start."""
    varied = set()
    if {"gpu", "host", "device"} & set(over):
        varied.add(TARGET)
    if {"torch", "pyfeat", "environment"} & set(over):
        varied.add(ENVIRONMENT)
    steps: list[set[str]] = [varied, varied | {ENVIRONMENT}, varied | {TARGET}, {ENVIRONMENT, TARGET}]
    return list(dict.fromkeys(frozenset(step) for step in steps))


def _without(units: Iterable[Unit], matched: Iterable[Unit]) -> list[Unit]:
    matched_ids = {id(unit) for unit in matched}
    return [unit for unit in units if id(unit) not in matched_ids]


def _pairs(
    before: Iterable[Unit], after: Iterable[Unit], over: Collection[str], ignored: frozenset[str]
) -> list[UnitPair]:
    by_key: dict[Hashable, list[Unit]] = {}
    for unit in after:
        by_key.setdefault(_key(unit, over, ignored), []).append(unit)
    pairs = [(unit, other) for unit in before for other in by_key.get(_key(unit, over, ignored), ())]
    return [pair for pair in pairs if pair[0].key != pair[1].key and _differs(*pair, over)]


def _differs(baseline: Unit, candidate: Unit, over: Collection[str]) -> bool:
    """Return False for pairs that are equal in everything that was to be varied.

    A key that no label holds may be equal or not, so that such a pair stays.
    """
    labels = [key for key in over if key in keys.SETTINGS or key in ("gpu", "host")]
    if len(labels) < len(over) or not labels:
        return True
    return any(keys.value(baseline, key) != keys.value(candidate, key) for key in labels)


def _baselines(first: Unit, rest: Iterable[Unit], other: Unit, over: Collection[str]) -> list[Unit]:
    """List what a unit is compared with: the first one, or each of the GPUs that work at the same time in it."""
    if "targets" not in over or not other.is_whole:
        return [first]
    alike = [unit for unit in rest if all(keys.value(unit, key) == keys.value(first, key) for key in over)]
    return [unit for unit in (first, *alike) if unit.row.gpu_uuid in (other.row.gpus or ())] or [first]


def _key(unit: Unit, over: Collection[str], ignored: frozenset[str]) -> Hashable:
    """Write what two units must agree in."""
    row = unit.row
    labels = tuple(
        None if key in over or key in ignored else _label(unit, key) for key in keys.SETTINGS if key != "detector"
    )
    return _detector(unit, over), row.section_kind, row.input, row.section_label, labels, _place(unit, over, ignored)


def _place(unit: Unit, over: Collection[str], ignored: frozenset[str]) -> str | None:
    """Name where two units must both be: on one target or, if one GPU is compared with all, on one host."""
    if TARGET in ignored:
        return None
    return unit.target.host_id if "targets" in over else unit.row.target_id


def _label(unit: Unit, key: str) -> str | None:
    if key in ("processes", "targets"):
        return keys.value(unit, key)
    return unit.asked_threads if key == "threads" else keys.as_text(getattr(unit.row, key))


def _detector(unit: Unit, over: Collection[str]) -> str | None:
    """Name a detector by its label or, if a part of it is varied, by all its other asked keywords."""
    if "detector" in over:
        return None
    asked = unit.asked.get("detector")
    parts = keys.detector_parts(over)
    varied = [key for key in over if key in keys.CALL]
    if not (parts or varied) or not isinstance(asked, dict) or not isinstance(asked.get("keywords"), dict):
        return unit.row.detector
    asked_call = {**(asked.get("call") or {}), **(unit.call_settings or {})}
    call = {f"{detect_call.WORK}{name}": value for name, value in asked_call.items()}
    left_out = {*parts, *(f"{detect_call.WORK}{name}" for name in varied)}
    given = {key: value for key, value in {**asked["keywords"], **call}.items() if key not in left_out}
    return identity.digest({"class": asked.get("class_name"), "keywords": given})


def match_within(units: Iterable[Unit], over: Sequence[str]) -> MatchedUnits:
    """Match units of one side with each other: those that differ only in what is varied.

    The first value is the baseline: the smallest batch, the oldest version, the detector or environment that comes
    first.
    """
    latest, superseded = _split_current(units, over)
    ignored = _ignored_labels(over)[0]
    groups: dict[Hashable, list[Unit]] = {}
    for unit in latest:
        groups.setdefault(_key(unit, over, ignored), []).append(unit)
    pairs: list[UnitPair] = []
    alone: list[Unit] = []
    unordered: list[UnitPair] = []
    for members in groups.values():
        order = Order(members, over)
        first, *rest = order.sort(members)
        others = [unit for unit in rest if any(keys.value(unit, key) != keys.value(first, key) for key in over)]
        pairs += [(baseline, other) for other in others for baseline in _baselines(first, rest, other, over)]
        unordered += [(first, other) for other in others if not order.is_known(first, other)]
        alone += [] if others else [first]
    return MatchedUnits(
        tuple(sort_pairs(pairs)), tuple(alone), (), tuple(superseded), tuple(over), unordered=tuple(unordered)
    )
