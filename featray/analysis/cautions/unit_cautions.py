"""Unit cautions: what makes the figures of one unit doubtful.

Flow: `unit.Unit` -> `of_unit`, `of_times`, `of_origin` -> a pair's cautions, a recommendation's. Pure.
"""

from collections.abc import Iterator, Sequence

from featray import stats
from featray.analysis.cautions import failures
from featray.analysis.cautions.caution import Caution, CautionKind
from featray.analysis.cautions.signs import FACES_DIFFER, OF_MACHINE, OF_STAGES, THROTTLED
from featray.analysis.unit import Unit
from featray.analysis.units import context_changes
from featray.core import wording
from featray.core.choices import WeightsKind
from featray.core.row import Row
from featray.core.status import UNFINISHED


def of_unit(unit: Unit) -> Iterator[Caution]:
    """List what makes a unit's times or stages doubtful."""
    yield from of_times(unit)
    for sign in OF_STAGES:
        yield from sign.of_unit(unit)


def of_times(unit: Unit) -> Iterator[Caution]:
    """List what makes a unit's times doubtful."""
    yield from THROTTLED.of_unit(unit)
    if unit.failed and unit.measured:
        yield _partly_failed(unit)
    if unit.stale:
        yield stale([unit])
    if unit.row.delay_s_per_frame:
        yield _delayed(unit, unit.row.delay_s_per_frame)
    yield from FACES_DIFFER.of_unit(unit)
    for sign in OF_MACHINE:
        yield from sign.of_unit(unit)


def of_origin(unit: Unit) -> Iterator[Caution]:
    """List what is doubtful because of where a unit's figures come from: imports and synthetic weights."""
    if unit.is_replayed:
        yield replayed([unit])
    if unit.is_imported:
        yield Caution(
            kind=CautionKind.IMPORTED,
            sentence="imported from a report; the exact model settings are unknown",
            what_to_do="Measure it with featray",
            units=(unit,),
        )
    if is_synthetic(unit):
        yield synthetic([unit])


def replayed(about: Sequence[Unit], what: str = "replayed") -> Caution:
    """Warn about rows that were not measured."""
    stores = wording.listed(row.replayed for unit in about for row in unit.rows if row.replayed)
    return Caution(
        kind=CautionKind.REPLAYED,
        sentence=f"{what}{f' from {stores}' if stores else ''}: nothing was measured, so there is no interval",
        what_to_do="To measure, submit without `--replay` into another store",
        units=tuple(about),
    )


def is_synthetic(unit: Unit) -> bool:
    """Return True if the weights are random numbers."""
    return unit.row.weights == WeightsKind.SYNTHETIC


def synthetic(about: Sequence[Unit]) -> Caution:
    """Warn about synthetic weights."""
    return Caution(
        kind=CautionKind.SYNTHETIC,
        sentence="synthetic weights: times are indicative",
        what_to_do="Measure with pretrained weights",
        units=tuple(about),
    )


def few_invocations(unit: Unit) -> Iterator[Caution]:
    """Warn if there are too few invocations for an interval."""
    if len(unit.logs) < stats.INVOCATIONS_MIN:
        yield Caution(
            kind=CautionKind.FEW,
            sentence=f"only {wording.count(len(unit.logs), 'invocation')}, so there is no interval",
            what_to_do=f"Measure at least {stats.INVOCATIONS_MIN} invocations",
            units=(unit,),
        )


def stale(about: Sequence[Unit]) -> Caution:
    """Warn about rows that are left out because their cell was measured later with other work or versions."""
    number = sum(len(unit.stale) for unit in about)
    is_left_out = "row is left out: it was" if number == 1 else "rows are left out: they were"
    return Caution(
        kind=CautionKind.STALE,
        sentence=f"{number} stale {is_left_out} measured with other work or versions than the latest{_changes(about)}",
        what_to_do="To measure everything again, submit with `--rerun`",
        units=tuple(about),
    )


def _changes(about: Sequence[Unit]) -> str:
    """Write what made rows stale: ` (os Linux 6.12 -> Linux 6.19)`."""
    pairs = [(row, unit.row) for unit in about for row in unit.stale]
    context = [
        wording.short(f"{column} {own} -> {new}")
        for row, latest in pairs
        for column, own, new in context_changes(row, latest)
    ]
    work = [f"work: {key}" for row, latest in pairs if row.work_id != latest.work_id for key in _work_keys(row, latest)]
    return f" ({wording.listed([*work, *context])})" if work or context else ""


def _work_keys(row: Row, latest: Row) -> list[str]:
    before, after = row.work or {}, latest.work or {}
    return [wording.short(key) for key in {**before, **after} if before.get(key) != after.get(key)]


def _partly_failed(unit: Unit) -> Caution:
    statuses = wording.listed(row.status for row in unit.failed)
    is_unfinished = all(row.status in UNFINISHED for row in unit.failed)
    share = f"{len(unit.failed)} of {wording.count(len(unit.rows), 'invocation')}"
    return Caution(
        kind=CautionKind.FAILED,
        sentence=f"{share} {'ended without a number' if is_unfinished else 'failed'} ({statuses})",
        what_to_do=failures.SUBMIT_AGAIN if is_unfinished else failures.TRY_AGAIN,
        units=(unit,),
    )


def _delayed(unit: Unit, delay_s: float) -> Caution:
    return Caution(
        kind=CautionKind.DELAYED,
        sentence=f"measured with an injected delay of {wording.milliseconds(delay_s)} ms per frame",
        units=(unit,),
    )
