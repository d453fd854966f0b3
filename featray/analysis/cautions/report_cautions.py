"""Report cautions: what makes the figures of a report doubtful, one caution for all units with the same cause.

Flow: units of a report -> `of_units` -> the report's remarks, findings about quality. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from featray.analysis import output_agreement
from featray.analysis.cautions import failures, signs, unmet_rules
from featray.analysis.cautions.caution import Caution, CautionKind, names
from featray.analysis.cautions.unit_cautions import replayed, stale
from featray.analysis.unit import Unit
from featray.core import wording

REASON_LENGTH = 480  # characters of a failure's reason
KEY_LENGTH = 40  # characters of a key of the work that differs


def of_units(units: Sequence[Unit]) -> list[Caution]:
    """List the cautions about all units, gravest kind first."""
    measured = [unit for unit in units if unit.measured]
    return [
        *(failed.caution(REASON_LENGTH) for failed in failures.group(units)),
        *_replayed(units),
        *_unequal_work(units),
        *_equal_labels(units),
        *signs.FACES_DIFFER.of_units(measured),
        *_deviating(measured),
        *_stale(units),
        *(caution for sign in signs.SIGNS for caution in sign.of_units(measured)),
        *unmet_rules.of_units(units),
    ]


def _stale(units: Sequence[Unit]) -> Iterator[Caution]:
    about = [unit for unit in units if unit.stale]
    if about:
        caution = stale(about)
        yield Caution(
            kind=caution.kind,
            sentence=f"{caution.sentence}: {names(about)}",
            what_to_do=caution.what_to_do,
            units=caution.units,
        )


def _replayed(units: Sequence[Unit]) -> Iterator[Caution]:
    about = tuple(unit for unit in units if unit.is_replayed)
    if about:
        share = wording.share(len(about), len(units), "setting")
        share = f"{share[:1].lower()}{share[1:]}"
        verb = "is" if len(about) == 1 else "are"
        yield replayed(about, f"{share} {verb} replayed")


def _unequal_work(units: Sequence[Unit]) -> Iterator[Caution]:
    """Warn about cells that computed different things on different targets."""
    by_cell: dict[tuple[str, str], dict[str, Unit]] = {}
    for unit in units:
        if unit.row.work_id is not None:
            by_cell.setdefault(unit.key[:2], {}).setdefault(unit.row.work_id, unit)
    for members in by_cell.values():
        if len(members) > 1:
            about = tuple(members.values())
            keys = _differing_keys([unit.row.work or {} for unit in about])
            yield Caution(
                kind=CautionKind.UNEQUAL,
                sentence=f"different work on different devices, so not comparable: {keys} differ in {names(about)}",
                what_to_do="Give all hosts the same software and weights, then submit with `--rerun`",
                units=about,
            )


def _deviating(units: Sequence[Unit]) -> Iterator[Caution]:
    """Warn about units whose invocations had different outputs."""
    for unit in units:
        if deviations := output_agreement.find_deviations(unit):
            yield Caution(
                kind=CautionKind.UNEQUAL,
                sentence=f"outputs differ between the invocations of {names([unit])}: {wording.phrases(deviations)}",
                what_to_do="Its times are those of different work: find out why before you use them",
                units=(unit,),
            )


def _equal_labels(units: Sequence[Unit]) -> Iterator[Caution]:
    """Warn about different cells with the same label, such as before and after a detector of the sweep was edited."""
    by_label: dict[tuple[object, ...], dict[str, Unit]] = {}
    for unit in units:
        row = unit.row
        if row.asked is not None and unit.measured:
            label = (row.run_id, row.target_id, row.detector, row.section_label, row.device, row.batch_size)
            settings = row.num_workers, unit.asked_threads, unit.processes, unit.is_whole, row.environment
            by_label.setdefault((*label, *settings), {})[row.cell_id] = unit
    for members in by_label.values():
        if len(members) > 1:
            about = tuple(members.values())
            keys = _differing_keys([_flat(unit.asked) for unit in about])
            yield Caution(
                kind=CautionKind.UNEQUAL,
                sentence=f"{len(about)} settings have the same label but differ in {keys}: {names(about[:1])}",
                what_to_do="Give them different names, or submit with `--rerun`",
                units=about[:1],
            )


def _differing_keys(mappings: Sequence[Mapping[str, str]]) -> str:
    """List the keys whose values are not the same in all mappings."""
    keys = dict.fromkeys(key for mapping in mappings for key in mapping)
    differing = [key for key in keys if len({mapping.get(key) for mapping in mappings}) > 1]
    return wording.listed(wording.shortened(key, KEY_LENGTH) for key in differing) or "unknown keys"


def _flat(asked: Mapping[str, Any], path: str = "") -> dict[str, str]:
    """Write nested values by their path: `detector.keywords.au_model`."""
    flat: dict[str, str] = {}
    for key, value in asked.items():
        flat |= _flat(value, f"{path}{key}.") if isinstance(value, dict) else {f"{path}{key}": str(value)}
    return flat
