"""Quality: which figures are uncertain, throttled or missing, and why. `cautions` finds and words most of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from featray import stats
from featray.analysis import cautions, unit_wording
from featray.analysis.cautions import Caution
from featray.analysis.comparison.noise import Noise
from featray.analysis.diagnosis.finding import ASKED_MAX, Figure, Finding, FindingKind, WantedCells
from featray.analysis.unit import Unit
from featray.core import wording
from featray.core.status import Status
from featray.stats import Interval

REASON_LENGTH = 120  # characters of a failure's reason in a finding


def findings(units: Sequence[Unit], noise: Noise) -> Iterator[Finding]:
    """List what makes figures doubtful, and which figures are missing."""
    yield from _noisy(units)
    yield from _few_invocations(units, noise)
    yield from _throttled(units)
    yield from _failed(units)
    yield from _missing(units)


def _noisy(units: Sequence[Unit]) -> Iterator[Finding]:
    """List units whose interval is wider than the planner aims at, the widest first, with the invocations they need."""
    measured = [unit for unit in units if len(unit.logs) >= stats.INVOCATIONS_MIN]
    intervals = [(unit.interval, unit) for unit in measured if unit.interval]
    wide = [(interval, unit) for interval, unit in intervals if interval.half_width > stats.HALF_WIDTH]
    wide.sort(key=lambda entry: -entry[0].half_width)
    if not wide:
        return
    needed = [_needed_of(unit, interval) for interval, unit in wide]
    names = [_noise(unit, interval, count) for (interval, unit), count in zip(wide, needed, strict=True)]
    limit = wording.percent(stats.HALF_WIDTH)
    yield Finding(
        kind=FindingKind.NOISY,
        text=f"{_settings(len(wide), len(intervals), 'is', 'are')} noisier than ±{limit}: {wording.phrases(names)}.",
        figures={"half_width_max": wide[0][0].half_width, "units": len(wide), "needed": needed[0]},
        units=tuple(unit.key for _, unit in wide),
        wanted=tuple(
            WantedCells(
                unit=unit,
                reason=f"{unit_wording.unit(unit)}: ±{wording.percent(interval.half_width)} so far",
                invocations=count,
            )
            for (interval, unit), count in zip(wide, needed, strict=True)
            if len(unit.session_logs) == 1 and count is not None and count <= ASKED_MAX
        ),
    )


def _noise(unit: Unit, interval: Interval, needed: int | None) -> str:
    half_width, invocations = wording.percent(interval.half_width), wording.count(len(unit.logs), "invocation")
    name, sessions = unit_wording.unit(unit), len(unit.session_logs)
    if sessions == 1:
        return f"{name} (±{half_width} from {invocations}, {_needed(needed)} needed)"
    advice = f"{_needed(needed)} sessions needed: days or boots, not more invocations"
    return f"{name} (±{half_width} from {invocations} in {sessions} sessions, {advice})"


def _needed_of(unit: Unit, interval: Interval) -> int | None:
    """Count the invocations that a unit needs; of a unit of several sessions the sessions, which vary more."""
    spread = stats.spread_of([unit.session_logs])
    sd = spread.sd if spread else interval.sd
    return stats.needed_for(stats.HALF_WIDTH, sd, least=len(unit.session_logs) + 1 if spread else 2)


def _needed(invocations: int | None) -> str:
    return str(invocations) if invocations else f"over {stats.NEEDED_MAX}"


def _settings(number: int, total: int, one: str, many: str) -> str:
    """Begin a sentence about some of the settings, with the verb for one or for many."""
    return f"{wording.share(number, total, 'setting')} {one if number == 1 else many}"


def _few_invocations(units: Sequence[Unit], noise: Noise) -> Iterator[Finding]:
    """Say how many units have too few invocations for an interval, and how many would do."""
    measured = [unit for unit in units if unit.logs]
    few = [unit for unit in measured if len(unit.logs) < stats.INVOCATIONS_MIN]
    if not few:
        return
    sd, basis = _expected_sd(few, noise)
    needed = stats.needed_for(stats.HALF_WIDTH, sd, least=stats.INVOCATIONS_MIN)
    text = (
        f"{_settings(len(few), len(measured), 'has', 'have')} fewer than {stats.INVOCATIONS_MIN} invocations and "
        f"therefore no interval. {_needed(needed)[:1].upper()}{_needed(needed)[1:]} invocations would give "
        f"±{wording.percent(stats.HALF_WIDTH)}, if processes vary by {wording.percent(sd)} ({basis})."
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


def _expected_sd(units: Sequence[Unit], noise: Noise) -> tuple[float, str]:
    """Give the largest sd of the units' targets if all are calibrated, and otherwise the assumed one."""
    calibrated = [
        noise.calibrations[unit.row.target_id].sd for unit in units if unit.row.target_id in noise.calibrations
    ]
    return (max(calibrated), "calibrated") if len(calibrated) == len(units) else (stats.ASSUMED_SD, "assumed")


def _so_far(unit: Unit) -> str:
    return "a single measurement" if len(unit.logs) == 1 else f"{len(unit.logs)} invocations so far"


def _throttled(units: Sequence[Unit]) -> Iterator[Finding]:
    for caution in cautions.THROTTLED.of_units([unit for unit in units if unit.measured]):
        yield _of_caution(FindingKind.THROTTLED, caution)


def _of_caution(
    kind: FindingKind, caution: Caution, figures: Mapping[str, Figure] | None = None, *wanted: WantedCells
) -> Finding:
    keys = tuple(unit.key for unit in caution.units)
    return Finding(
        kind=kind, text=str(caution), figures={"units": len(keys), **(figures or {})}, units=keys, wanted=wanted
    )


def _failed(units: Sequence[Unit]) -> Iterator[Finding]:
    """List failures by their cause, and ask again for those that may work on another try."""
    for failed in cautions.group_failures(units):
        retried = [unit for unit in failed.units if any(row.status in _WORTH_ANOTHER_TRY for row in unit.failed)]
        wanted = [WantedCells(unit=unit, reason=f"failed: {failed.cause(REASON_LENGTH)}") for unit in retried]
        figures = {"status": str(failed.units[0].failed[-1].status)}
        yield _of_caution(FindingKind.FAILED, failed.caution(REASON_LENGTH), figures, *wanted)


_WORTH_ANOTHER_TRY = frozenset({Status.CRASHED, Status.LOST, Status.CANCELLED, Status.TIMEOUT})


def _missing(units: Sequence[Unit]) -> Iterator[Finding]:
    """List holes of the grid: cells without a row on one target but with rows on others of the same run and device."""
    by_run: dict[tuple[str, str, bool], dict[str, dict[str, Unit]]] = {}
    for unit in units:
        if not unit.is_imported and unit.row.status != Status.INFEASIBLE:
            targets = by_run.setdefault((unit.row.run_id, unit.row.device, unit.is_whole), {})
            targets.setdefault(unit.row.target_id, {})[unit.row.cell_id] = unit
    for targets in by_run.values():
        if _share_the_cells(targets.values()):
            continue
        cells = {cell_id: unit for members in targets.values() for cell_id, unit in members.items()}
        for target_id, members in targets.items():
            missing = [unit for cell_id, unit in cells.items() if cell_id not in members]
            if missing:
                yield _hole(missing, target_id, next(iter(members.values())))


def _share_the_cells(targets: Iterable[Mapping[str, Unit]]) -> bool:
    """Return True for targets among which a sweep divides its cells: no invocation was measured on two of them."""
    measured = [
        (cell_id, row.invocation) for members in targets for cell_id, unit in members.items() for row in unit.rows
    ]
    return len(set(measured)) == len(measured)


def _hole(missing: Sequence[Unit], target_id: str, on_target: Unit) -> Finding:
    names = [f"{unit_wording.detector_and_clip(unit.row)}, b={unit.row.batch_size}" for unit in missing]
    where = f"Not measured on {unit_wording.place(on_target)}, but elsewhere in the same run"
    return Finding(
        kind=FindingKind.MISSING,
        text=f"{where}: {wording.phrases(names)}.",
        figures={"cells": len(missing)},
        wanted=tuple(WantedCells(unit=unit, reason="missing on this target", target_id=target_id) for unit in missing),
    )
