"""Matching: which unit of the baseline stands against which unit of the candidate.

Two units match when they agree in every label that the comparison does not vary. Hardware is never collapsed: a unit
is matched on its own target where the other side has that target, and only else with the other side's targets.
"""

import dataclasses
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence

from featray.analysis.comparison import keys
from featray.analysis.units import Unit
from featray.core import identity

PLACE, ENVIRONMENT = "target", "environment"


@dataclasses.dataclass(frozen=True)
class MatchedUnits:
    """Pairs in the order of `sort_pairs`, what has no counterpart, and what was left out for a later run of the same."""

    pairs: tuple[tuple[Unit, Unit], ...]
    only_baseline: tuple[Unit, ...]
    only_candidate: tuple[Unit, ...]
    superseded: tuple[Unit, ...]
    over: tuple[str, ...]  # what is varied: as asked, and what differs in every pair


def split_latest(units: Iterable[Unit]) -> tuple[list[Unit], list[Unit]]:
    """Keep one unit of each cell and target, the last that was measured; return it and the others."""
    kept: dict[tuple[str, str, str | None], Unit] = {}
    others = []
    for unit in units:
        key = (unit.row.cell_id, unit.row.target_id, unit.row.environment)
        known = kept.get(key)
        if known is None:
            kept[key] = unit
        elif _recency(unit) > _recency(known):
            others.append(known)
            kept[key] = unit
        else:
            others.append(unit)
    return list(kept.values()), others


def _recency(unit: Unit) -> tuple[bool, str, str]:
    return bool(unit.measured), unit.row.started_at, unit.row.run_id


def match(baseline: Iterable[Unit], candidate: Iterable[Unit], over: Sequence[str]) -> MatchedUnits:
    """Match two sides.

    Labels in which the two sides have no value in common differ in every pair, and are varied without being asked for;
    the input never is.
    """
    ours, older = split_latest(baseline)
    theirs, older_too = split_latest(candidate)
    chosen = tuple(dict.fromkeys((*over, *_differing_everywhere(ours, theirs, over))))
    pairs: list[tuple[Unit, Unit]] = []
    for free in _freedoms(chosen):
        left = _unmatched(ours, [one for one, _ in pairs]), _unmatched(theirs, [other for _, other in pairs])
        pairs += _pairs(*left, chosen, free)
    return MatchedUnits(
        pairs=tuple(sort_pairs(pairs)),
        only_baseline=tuple(_unmatched(ours, [one for one, _ in pairs])),
        only_candidate=tuple(_unmatched(theirs, [other for _, other in pairs])),
        superseded=(*older, *older_too),
        over=chosen,
    )


def sort_pairs(pairs: Sequence[tuple[Unit, Unit]]) -> list[tuple[Unit, Unit]]:
    """Sort pairs by input, detector and settings: rows come in the shuffled order in which they were measured."""
    sides = [unit for pair in pairs for unit in pair]
    ranks = [
        {value: rank for rank, value in enumerate(keys.sort_values(getattr(unit.row, label) for unit in sides))}
        for label in ("input", "detector")
    ]

    def place(unit: Unit) -> tuple[object, ...]:
        row = unit.row
        threads = unit.asked_threads or ""
        settings = row.environment or "", row.num_workers, (len(threads), threads), row.batch_size
        return ranks[0][row.input], row.section_label, ranks[1][row.detector], row.device, *settings, row.target_id

    return sorted(pairs, key=lambda pair: (place(pair[0]), place(pair[1])))


def _differing_everywhere(ours: Sequence[Unit], theirs: Sequence[Unit], over: Sequence[str]) -> list[str]:
    """List the labels without a common value; where a part of the detector is varied its name may follow from that."""
    if not ours or not theirs:
        return []
    known = {ENVIRONMENT} | ({"detector"} if keys.detector_parts(over) else set())
    labels = [key for key in keys.SETTINGS if key not in known]
    return [key for key in labels if not {_label(unit, key) for unit in ours} & {_label(unit, key) for unit in theirs}]


def _freedoms(over: Collection[str]) -> list[frozenset[str]]:
    """List what matching may overlook, the strictest first; what is varied is overlooked from the start."""
    meant = set()
    if {"gpu", "host", "device"} & set(over):
        meant.add(PLACE)
    if {"torch", "pyfeat", "environment"} & set(over):
        meant.add(ENVIRONMENT)
    steps: list[set[str]] = [meant, meant | {ENVIRONMENT}, meant | {PLACE}, {ENVIRONMENT, PLACE}]
    return list(dict.fromkeys(frozenset(step) for step in steps))


def _unmatched(units: Iterable[Unit], matched: Iterable[Unit]) -> list[Unit]:
    known = {id(unit) for unit in matched}
    return [unit for unit in units if id(unit) not in known]


def _pairs(
    ours: Iterable[Unit], theirs: Iterable[Unit], over: Collection[str], free: frozenset[str]
) -> list[tuple[Unit, Unit]]:
    by_key: dict[Hashable, list[Unit]] = {}
    for unit in theirs:
        by_key.setdefault(_key(unit, over, free), []).append(unit)
    found = [(one, other) for one in ours for other in by_key.get(_key(one, over, free), ()) if one.key != other.key]
    return [pair for pair in found if _differs(*pair, over)]


def _differs(one: Unit, other: Unit, over: Collection[str]) -> bool:
    """Leave out pairs that are equal in all that was to be varied; a key that no label holds may be equal or not."""
    labels = [key for key in over if key in keys.SETTINGS or key in ("gpu", "host")]
    if len(labels) < len(over) or not labels:
        return True
    return any(keys.value(one, key) != keys.value(other, key) for key in labels)


def _key(unit: Unit, over: Collection[str], free: frozenset[str]) -> Hashable:
    """Write what two units have to agree in."""
    row = unit.row
    labels = tuple(
        None if key in over or key in free else _label(unit, key) for key in keys.SETTINGS if key != "detector"
    )
    place = None if PLACE in free else row.target_id
    return _detector(unit, over), row.section_kind, row.input, row.section_label, labels, place


def _label(unit: Unit, key: str) -> str | None:
    return unit.asked_threads if key == "threads" else keys.as_text(getattr(unit.row, key))


def _detector(unit: Unit, over: Collection[str]) -> str | None:
    """Name a detector: by its label or, where a part of it is varied, by all its asked keywords but those."""
    if "detector" in over:
        return None
    asked = unit.asked.get("detector")
    parts = keys.detector_parts(over)
    if not parts or not isinstance(asked, dict) or not isinstance(asked.get("keywords"), dict):
        return unit.row.detector
    kept = {key: value for key, value in asked["keywords"].items() if key not in parts}
    return identity.digest({"class": asked.get("class_name"), "keywords": kept})


def match_within(units: Iterable[Unit], over: Sequence[str]) -> MatchedUnits:
    """Match units of one side with each other: those that differ in nothing but what is varied.

    The first value stands for the baseline: the smallest batch, the oldest version, the detector that comes first.
    """
    kept, older = split_latest(units)
    free = _freedoms(over)[0]
    groups: dict[Hashable, list[Unit]] = {}
    for unit in kept:
        groups.setdefault(_key(unit, over, free), []).append(unit)
    pairs, alone = [], []
    for members in groups.values():
        ordered = _ordered(members, lambda unit: tuple(keys.value(unit, key) or "" for key in over))
        others = [unit for unit in ordered[1:] if any(keys.value(unit, k) != keys.value(ordered[0], k) for k in over)]
        pairs += [(ordered[0], other) for other in others]
        alone += ordered[:1] if not others else []
    return MatchedUnits(tuple(sort_pairs(pairs)), tuple(alone), (), tuple(older), tuple(over))


def _ordered(units: Sequence[Unit], values: Callable[[Unit], tuple[str, ...]]) -> list[Unit]:
    columns = zip(*(values(unit) for unit in units), strict=True)
    ranks = [{value: rank for rank, value in enumerate(keys.sort_values(column))} for column in columns]
    return sorted(units, key=lambda unit: [rank[value] for rank, value in zip(ranks, values(unit), strict=True)])
