"""Quality: which figures are noisy, throttled or missing, and why."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from featray import stats
from featray.analysis import unit_wording
from featray.analysis.comparison import Calibration
from featray.analysis.diagnosis.finding import ASKED_MAX, Finding, FindingKind, WantedCells
from featray.analysis.units import Unit
from featray.core import wording
from featray.core.row import Row
from featray.core.status import Status

REASON_LENGTH = 120  # characters of a failure's reason in a sentence


def findings(units: Sequence[Unit], known: Mapping[str, Calibration]) -> Iterator[Finding]:
    """List what makes figures doubtful or absent."""
    yield from _noisy(units)
    yield from _few(units, known)
    yield from _throttled(units)
    yield from _failed(units)
    yield from _missing(units)


def _noisy(units: Sequence[Unit]) -> Iterator[Finding]:
    """List units whose interval is wider than the planner aims at, widest first, with the invocations that would do."""
    measured = [unit for unit in units if len(unit.logs) >= stats.INVOCATIONS_MIN]
    found = [(interval, unit) for unit in measured if (interval := stats.interval(unit.logs))]
    wide = sorted(
        ((interval, unit) for interval, unit in found if interval.half_width > stats.HALF_WIDTH),
        key=lambda each: -each[0].half_width,
    )
    if not wide:
        return
    needed = [stats.needed_for(stats.HALF_WIDTH, interval.sd) for interval, _ in wide]
    names = [
        f"{unit_wording.unit(unit)} (±{wording.percent(interval.half_width)} from {len(unit.logs)} invocations, "
        f"{count or 'over ' + str(stats.NEEDED_MAX)} would do)"
        for (interval, unit), count in zip(wide, needed, strict=True)
    ]
    target = wording.percent(stats.HALF_WIDTH)
    yield Finding(
        kind=FindingKind.NOISY,
        text=f"{_of(wide, found, 'is', 'are')} noisier than ±{target}: {wording.phrases(names)}.",
        figures={"half_width_max": wide[0][0].half_width, "units": len(wide), "needed": needed[0]},
        units=tuple(unit.key for _, unit in wide),
        wanted=tuple(
            WantedCells(
                unit=unit,
                reason=f"{unit_wording.unit(unit)}: ±{wording.percent(interval.half_width)} so far",
                invocations=count,
            )
            for (interval, unit), count in zip(wide, needed, strict=True)
            if count is not None and count <= ASKED_MAX
        ),
    )


def _of(some: Sequence[object], all_: Sequence[object], one: str, many: str) -> str:
    """Begin a sentence on some of the units, with the verb for one or for many of them."""
    return f"{wording.share(len(some), len(all_), 'unit')} {one if len(some) == 1 else many}"


def _few(units: Sequence[Unit], known: Mapping[str, Calibration]) -> Iterator[Finding]:
    """Say how many units are single measurements; those of imports are told with the baseline."""
    measured = [unit for unit in units if unit.logs]
    few = [unit for unit in measured if len(unit.logs) < stats.INVOCATIONS_MIN]
    if not few:
        return
    calibrated = [known[unit.row.target_id].sd for unit in few if unit.row.target_id in known]
    is_known = len(calibrated) == len(few)
    sd = max(calibrated) if is_known else stats.ASSUMED_SD
    needed = stats.needed_for(stats.HALF_WIDTH, sd, least=stats.INVOCATIONS_MIN)
    basis = "a calibrated" if is_known else "an assumed"
    text = (
        f"{_of(few, measured, 'rests', 'rest')} on fewer than {stats.INVOCATIONS_MIN} invocations: no interval; "
        f"{needed or 'over ' + str(stats.NEEDED_MAX)} invocations would give "
        f"±{wording.percent(stats.HALF_WIDTH)} at {basis} sd of {wording.percent(sd)}."
    )
    yield Finding(
        kind=FindingKind.FEW,
        text=text,
        figures={"units": len(few), "needed": needed, "sd": sd},
        units=tuple(unit.key for unit in few),
        wanted=tuple(
            WantedCells(unit=unit, reason=_so_far(unit), invocations=needed, measures=("all", unit.row.target_id))
            for unit in few
        ),
    )


def _so_far(unit: Unit) -> str:
    return "a single measurement" if len(unit.logs) == 1 else f"{len(unit.logs)} invocations so far"


def _throttled(units: Sequence[Unit]) -> Iterator[Finding]:
    hot = [unit for unit in units if any(row.throttled for row in unit.measured)]
    if hot:
        reasons = dict.fromkeys(
            reason for unit in hot for row in unit.measured if row.throttled for reason in row.throttle_reasons or ()
        )
        why = f" ({wording.listed(map(wording.short, reasons))})" if reasons else ""
        text = f"Throttled in spite of cool-downs{why}: {wording.phrases([unit_wording.unit(unit) for unit in hot])}."
        yield Finding(
            kind=FindingKind.THROTTLED, text=text, figures={"units": len(hot)}, units=tuple(unit.key for unit in hot)
        )


def _failed(units: Sequence[Unit]) -> Iterator[Finding]:
    """Group failures by what went wrong; of messages that differ in their numbers alone the first is shown."""
    groups: dict[tuple[str, str], list[tuple[Unit, Row]]] = {}
    for unit in units:
        for row in unit.failed:
            groups.setdefault((str(row.status), wording.without_numbers(row.reason or "")), []).append((unit, row))
    for failures in groups.values():
        about = {unit.key: unit for unit, _ in failures}
        members, cause = list(about.values()), _cause([row for _, row in failures])
        retry = [unit for unit in members if any(row.status in _WORTH_ANOTHER_TRY for row in unit.failed)]
        yield Finding(
            kind=FindingKind.FAILED,
            text=f"No number, {cause}: {wording.phrases([unit_wording.unit(unit) for unit in members])}.",
            figures={"units": len(members), "status": str(members[0].failed[-1].status)},
            units=tuple(about),
            wanted=tuple(WantedCells(unit=unit, reason=f"failed: {cause}") for unit in retry),
        )


_WORTH_ANOTHER_TRY = frozenset({Status.CRASHED, Status.LOST, Status.CANCELLED, Status.TIMEOUT})


def _cause(rows: Sequence[Row]) -> str:
    row = rows[0]
    status = str(row.status) if row.status != Status.OK else "ok without a time"
    if not row.reason:
        return status
    reason = " ".join(row.reason.split())
    like = "such as: " if len({each.reason for each in rows}) > 1 else ""
    return f"{status} ({like}{reason if len(reason) <= REASON_LENGTH else reason[: REASON_LENGTH - 1] + '…'})"


def _missing(units: Sequence[Unit]) -> Iterator[Finding]:
    """List holes of the grid: cells that other targets of the same run and device have, and this one has no row of."""
    by_run: dict[tuple[str, str], dict[str, dict[str, Unit]]] = {}
    for unit in units:
        if not unit.is_imported and unit.row.status != Status.INFEASIBLE:
            targets = by_run.setdefault((unit.row.run_id, unit.row.device), {})
            targets.setdefault(unit.row.target_id, {})[unit.row.cell_id] = unit
    for targets in by_run.values():
        if _are_shared_out(targets.values()):
            continue
        cells = {name: unit for members in targets.values() for name, unit in members.items()}
        for target_id, members in targets.items():
            lacking = [unit for name, unit in cells.items() if name not in members]
            if lacking:
                yield _hole(lacking, target_id, next(iter(members.values())))


def _are_shared_out(targets: Iterable[Mapping[str, Unit]]) -> bool:
    """Tell targets among which a sweep moves its cells: no invocation of any cell was measured on two of them."""
    seen = [(name, row.invocation) for members in targets for name, unit in members.items() for row in unit.rows]
    return len(set(seen)) == len(seen)


def _hole(lacking: Sequence[Unit], target_id: str, there: Unit) -> Finding:
    names = [
        f"{unit_wording.detector(unit.row)}, {unit_wording.clip(unit.row)}, b={unit.row.batch_size}" for unit in lacking
    ]
    text = f"Not measured on {there.target.name} though elsewhere in the same run: {wording.phrases(names)}."
    return Finding(
        kind=FindingKind.MISSING,
        text=text,
        figures={"cells": len(lacking)},
        wanted=tuple(WantedCells(unit=unit, reason="missing on this target", target_id=target_id) for unit in lacking),
    )
