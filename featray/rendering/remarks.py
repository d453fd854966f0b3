"""Remarks: what a reader must know before believing a figure of a report.

Failures with their reasons, rules of the protocol that were not reached, rows of other work or versions, one cell that
computed different things on different targets.
"""

import collections
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from featray.analysis import cautions
from featray.analysis.units import Unit
from featray.core import wording
from featray.core.row import NO_TARGET, Row
from featray.core.status import Status
from featray.core.targets import NamedTarget

RULES = {
    "warmup_min": "fewer warm-up calls than asked",
    "warmup_shapes": "not every batch shape was seen often enough in warm-up",
    "warmup_steady": "warm-up ended before the calls agreed",
    "repeats_min": "fewer repeats than asked",
    "min_time": "less time measured than asked",
    "spread": "repeats spread more than asked",
    "time_limit": "cut short by the time limit",
    "few_batches": "fewer than 4 batches a call, so the first batch's start-up weighs",
    "stages": "stages were not profiled",
}
"""Name of a rule in `Row.unmet_rules` -> what it means; a rule that is not here is shown by its name."""

NAMED = 4  # units named in one remark: more is a count, the tables show which


REASON_LENGTH = 160  # characters of a reason in a table; the remarks below it carry more


@dataclasses.dataclass(frozen=True)
class Remark:
    """One thing to know: what kind, in one sentence, and about which units."""

    kind: str  # failed, unmet, stale, unequal, throttled or disturbed
    text: str
    cell_ids: tuple[str, ...]


def outcome(unit: Unit) -> str:
    """Say why a unit has no number: its last row's status and reason."""
    return status_text(unit.rows[-1], REASON_LENGTH)


def status_text(row: Row, length: int) -> str:
    """Write a status with its reason, which may come from anywhere and be of any length."""
    status = str(row.status) if row.status != Status.OK else "ok without a time"
    return wording.shortened(f"{status}: {row.reason}" if row.reason else status, length)


def unit_name(unit: Unit, targets: Mapping[str, NamedTarget]) -> str:
    """Name a unit in a sentence: `retinaface short cuda b=16 on RTX 3090`."""
    row, target = unit.row, targets[unit.key[2]]
    label = f"{row.detector} {row.input} {row.device} b={row.batch_size}"
    where = "" if target.target_id == NO_TARGET else f" on {target.name}"
    return wording.shortened(label) + where


def collect(found: Sequence[Unit], targets: Mapping[str, NamedTarget]) -> list[Remark]:
    """List the remarks on all units, gravest kind first."""
    return [
        *_failed(found, targets),
        *_unequal(found, targets),
        *_namesakes(found, targets),
        *_stale(found, targets),
        *_throttled(found, targets),
        *_disturbed(found, targets),
        *_unmet(found, targets),
    ]


def _about(kind: str, text: str, about: Iterable[Unit], targets: Mapping[str, NamedTarget]) -> Remark:
    """End a remark with the units that it is about."""
    about = list(about)
    named = "; ".join(unit_name(each, targets) for each in about[:NAMED])
    rest = f"; and {len(about) - NAMED} more" if len(about) > NAMED else ""
    return Remark(kind, f"{text}: {named}{rest}.", _cell_ids(about))


def _cell_ids(about: Iterable[Unit]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.key[1] for each in about))


def _failed(found: Sequence[Unit], targets: Mapping[str, NamedTarget]) -> list[Remark]:
    by_cause: dict[tuple[str, str], dict[Unit, str]] = collections.defaultdict(dict)
    for unit in found:
        for row in unit.failed:
            told = status_text(row, 3 * REASON_LENGTH)
            by_cause[str(row.status), wording.without_numbers(row.reason or "")].setdefault(unit, told)
    return [
        _about("failed", f"No number ({next(iter(members.values()))})", members, targets)
        for members in by_cause.values()
    ]


def _stale(found: Sequence[Unit], targets: Mapping[str, NamedTarget]) -> list[Remark]:
    old = [each for each in found if each.stale]
    count = wording.count(sum(len(each.stale) for each in old), "row")
    text = (
        f"Stale: {count} computed other work, or with other versions, than the latest of the same cell, and {_is(old)} "
        "left out of the figures; `submit --rerun` measures all anew"
    )
    return [_about("stale", text, old, targets)] if old else []


def _is(old: Sequence[Unit]) -> str:
    return "is" if sum(len(each.stale) for each in old) == 1 else "are"


def _unequal(found: Sequence[Unit], targets: Mapping[str, NamedTarget]) -> list[Remark]:
    works: dict[tuple[str, str], dict[str, Unit]] = collections.defaultdict(dict)
    for unit in found:
        if unit.row.work_id is not None:
            works[unit.key[0], unit.key[1]].setdefault(unit.row.work_id, unit)
    remarks = []
    for members in works.values():
        if len(members) > 1:
            keys = wording.listed(_differing([each.row.work or {} for each in members.values()])) or "unknown keys"
            text = f"Not the same work on every target, so not comparable; {keys} differ"
            remarks.append(_about("unequal", text, members.values(), targets))
    return remarks


def _namesakes(found: Sequence[Unit], targets: Mapping[str, NamedTarget]) -> list[Remark]:
    """Tell of cells that no label tells apart, such as before and after a detector of the sweep was edited."""
    alike: dict[tuple[object, ...], dict[str, Unit]] = collections.defaultdict(dict)
    for unit in found:
        row = unit.row
        if row.asked is not None:
            label = (row.run_id, row.target_id, row.detector, row.section_label, row.device, row.batch_size)
            alike[*label, row.num_workers, unit.asked_threads, row.environment].setdefault(row.cell_id, unit)
    remarks = []
    for members in alike.values():
        if len(members) > 1:
            keys = wording.listed(_differing([_flat(each.asked) for each in members.values()])) or "unknown keys"
            text = f"{len(members)} cells have one label and differ in {keys}; name them, or submit with --rerun"
            remarks.append(_about("unequal", text, [next(iter(members.values()))], targets))
    return remarks


def _flat(asked: Mapping[str, Any], before: str = "") -> dict[str, str]:
    """Write nested values by their path: `detector.keywords.au_model`."""
    found: dict[str, str] = {}
    for key, value in asked.items():
        found |= _flat(value, f"{before}{key}.") if isinstance(value, dict) else {f"{before}{key}": str(value)}
    return found


def _differing(works: Sequence[Mapping[str, str]]) -> list[str]:
    keys = dict.fromkeys(key for work in works for key in work)
    return [wording.shortened(key, 40) for key in keys if len({work.get(key) for work in works}) > 1]


def _throttled(found: Sequence[Unit], targets: Mapping[str, NamedTarget]) -> list[Remark]:
    hot = [each for each in found if any(row.throttled for row in each.measured)]
    dark = [each for each in found if cautions.is_untold(each)]
    return [
        *([_about("throttled", "Throttled in spite of cool-downs", hot, targets)] if hot else []),
        *([_about("throttled", "Nothing on these GPUs tells whether heat slowed them", dark, targets)] if dark else []),
    ]


DISTURBANCES = (
    (cautions.is_shared, "Another process used the GPU meanwhile"),
    (
        cautions.is_slowed,
        f"The profiled call took over {cautions.PROFILED_MAX:g} times a timed one, so its stages are not those of one",
    ),
    (cautions.is_opaque, f"Over {cautions.OTHER_MAX:.0%} of the profiled call is in no known stage"),
)


def _disturbed(found: Sequence[Unit], targets: Mapping[str, NamedTarget]) -> list[Remark]:
    groups = [(text, [each for each in found if applies(each)]) for applies, text in DISTURBANCES]
    return [_about("disturbed", text, about, targets) for text, about in groups if about]


def _unmet(found: Sequence[Unit], targets: Mapping[str, NamedTarget]) -> list[Remark]:
    by_rule: dict[str, dict[Unit, None]] = collections.defaultdict(dict)
    for unit in found:
        for row in unit.measured:
            for rule in row.unmet_rules or ():
                by_rule[rule][unit] = None
    total = sum(bool(each.measured) for each in found)
    return [
        Remark("unmet", f"{_rule(rule)}: all {total} units.", _cell_ids(members))
        if len(members) == total > 1
        else _about("unmet", f"{_rule(rule)} ({len(members)} of {total} units)", members, targets)
        for rule, members in by_rule.items()
    ]


def _rule(name: str) -> str:
    return f"Rule not met, {wording.shortened(RULES.get(name, name))}"
