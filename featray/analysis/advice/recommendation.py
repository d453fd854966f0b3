"""Recommendation: which setting to use for an input, and what else comes near.

Flow: units of any runs -> `recommend` -> `report.advice`, `featray recommend`, `featray.recommend`.
Pure. Along the batch size every setting within the margin of the fastest is as good, and the smallest of them wins:
it takes the least memory and answers first. Synthetic weights count only where nothing else was measured, and what was
imported only after what featray measured: nobody knows what it computes.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from statistics import fmean

from featray import stats
from featray.analysis import comparison, footprint
from featray.analysis.comparison import Calibration
from featray.analysis.units import Unit
from featray.core import wording
from featray.core.choices import WeightsKind
from featray.errors import NothingMatches, suggest

RUNNERS_UP = 5  # other lines shown: more is the report


@dataclasses.dataclass(frozen=True, kw_only=True)
class Constraints:
    """What the caller is bound to; None leaves it open. `memory_limit_b` is of the device, by anybody."""

    detector: str | None = None
    host: str | None = None
    input: str | None = None
    device: str | None = None
    memory_limit_b: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setting:
    """One measured setting. `frames_per_s` comes with its 95% interval where there are invocations enough."""

    unit: Unit
    frames_per_s: float
    low: float | None
    high: float | None
    tied: tuple[int, ...]  # batch sizes as good as this one, itself included


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recommendation:
    """The setting for one input, the best of every other detector and place, and what makes the figures doubtful."""

    input: str
    section_label: str
    best: Setting
    runners_up: tuple[Setting, ...]
    cautions: tuple[str, ...]


def recommend(
    units: Iterable[Unit], wish: Constraints = Constraints(), *, known: Mapping[str, Calibration] | None = None
) -> list[Recommendation]:
    """Recommend a setting for each input that was measured.

    Args:
        units: Of any runs; of a cell and target the last measured run counts.
        wish: What is fixed.
        known: Target id -> noise floor, for what counts as as good; None reads them from calibrations among `units`.

    Raises:
        NothingMatches: nothing that was measured fits; the message says which wish it fails on.
    """
    whole = list(units)
    floors = comparison.find_calibrations(row for unit in whole for row in unit.rows) if known is None else known
    measured = [unit for unit in _latest(whole) if unit.logs and unit.row.frames and not unit.row.delay_s_per_frame]
    if not measured:
        raise NothingMatches("nothing was measured yet; submit a sweep first")
    fitting, unknown = _fitting(measured, wish)
    by_input: dict[tuple[str, str], list[Unit]] = {}
    for unit in fitting:
        by_input.setdefault((unit.row.input, unit.row.section_label), []).append(unit)
    return [_recommendation(*name, members, unknown, floors) for name, members in by_input.items()]


def _latest(units: Iterable[Unit]) -> list[Unit]:
    kept: dict[tuple[str, str], Unit] = {}
    for unit in units:
        key = unit.row.cell_id, unit.row.target_id
        if key not in kept or _recency(unit) > _recency(kept[key]):
            kept[key] = unit
    return list(kept.values())


def _recency(unit: Unit) -> tuple[bool, str]:
    return bool(unit.measured), unit.row.started_at


def _fitting(units: Sequence[Unit], wish: Constraints) -> tuple[list[Unit], int]:
    """Keep what the wish allows; count what was left out since its memory is unknown.

    Raises:
        NothingMatches: nothing is left; the message names the wish and what exists.
    """
    kept = _having(units, "detector", wish.detector, lambda unit: (unit.row.detector,))
    kept = _having(kept, "input", wish.input, lambda unit: (unit.row.input,))
    kept = _having(kept, "device", wish.device, lambda unit: (unit.row.device,))
    kept = _having(kept, "host", wish.host, lambda unit: (unit.row.hostname, unit.row.host_id))
    if wish.memory_limit_b is None:
        return kept, 0
    used = {unit.key: footprint.used_b(unit) for unit in kept}
    known = [each for each in used.values() if each is not None]
    below = [unit for unit in kept if (used[unit.key] or math.inf) <= wish.memory_limit_b]
    if not below:
        least = f"the least that any took is {wording.size(min(known))}" if known else "none tells how much it took"
        raise NothingMatches(f"no measured setting keeps within {wording.size(wish.memory_limit_b)}; {least}")
    return below, len(kept) - len(known)


def _having(
    units: Sequence[Unit], name: str, wanted: str | None, values: Callable[[Unit], tuple[str | None, ...]]
) -> list[Unit]:
    kept = [unit for unit in units if wanted is None or wanted in values(unit)]
    if not kept and wanted is not None:
        known = dict.fromkeys(value for unit in units for value in values(unit) if value)
        raise NothingMatches(f"nothing was measured for {name} {wanted!r}{suggest(wanted, known)}")
    return kept


def _recommendation(
    name: str, label: str, units: Sequence[Unit], unknown: int, known: Mapping[str, Calibration]
) -> Recommendation:
    real = [unit for unit in units if unit.row.weights != WeightsKind.SYNTHETIC] or list(units)
    settings = sorted(
        (_best_of(curve, known) for curve in _curves(real)),
        key=lambda setting: (setting.unit.is_imported, -setting.frames_per_s),
    )
    best, others = settings[0], settings[1:]
    return Recommendation(
        input=name,
        section_label=label,
        best=best,
        runners_up=tuple(others[:RUNNERS_UP]),
        cautions=tuple(_cautions(best, others, unknown)),
    )


def _curves(units: Iterable[Unit]) -> list[list[Unit]]:
    """Split units into curves, on each of which only the batch size differs."""
    curves: dict[tuple[object, ...], list[Unit]] = {}
    for unit in units:
        row = unit.row
        how = (row.num_workers, unit.threads, row.environment, row.torch, row.pyfeat, unit.variant, unit.is_imported)
        key = (row.detector, row.target_id, *how)
        curves.setdefault(key, []).append(unit)
    return list(curves.values())


def _best_of(curve: Sequence[Unit], known: Mapping[str, Calibration]) -> Setting:
    logs = {unit.row.batch_size: fmean(unit.logs) for unit in curve}
    tied = sorted(stats.tied_best(logs, comparison.margin_of(curve, stats.MARGIN, known)))
    unit = next(unit for unit in curve if unit.row.batch_size == tied[0])
    frames, interval_s = unit.row.frames or 0, unit.interval_s
    return Setting(
        unit=unit,
        frames_per_s=frames / (unit.call_s or math.inf),
        low=frames / interval_s[1] if interval_s else None,
        high=frames / interval_s[0] if interval_s else None,
        tied=tuple(tied),
    )


def _cautions(best: Setting, others: Sequence[Setting], unknown: int) -> Iterator[str]:
    unit = best.unit
    if unit.row.weights == WeightsKind.SYNTHETIC:
        yield "synthetic weights: times are indicative"
    if unit.is_imported:
        yield "imported: known by its labels only"
    if len(unit.logs) < stats.INVOCATIONS_MIN:
        yield f"{len(unit.logs)} of at least {stats.INVOCATIONS_MIN} invocations, so there is no interval"
    if any(row.throttled for row in unit.measured):
        yield "throttled while it was measured"
    if unit.stale:
        yield f"{len(unit.stale)} more invocations are stale: of other work or versions"
    if unit.failed:
        yield f"{len(unit.failed)} of {len(unit.rows)} invocations failed ({unit.failed[-1].status})"
    near = [each for each in others if each.high is not None and best.low is not None and each.high >= best.low]
    if near:
        whose = "its interval overlaps" if len(near) == 1 else "their intervals overlap"
        yield f"{_settings(len(near), 'other ')} may be as fast: {whose} with this one's"
    claimed = [each for each in others if each.unit.is_imported and each.frames_per_s > best.frames_per_s]
    if claimed and not unit.is_imported:
        claim = "claims" if len(claimed) == 1 else "claim"
        yield f"{_settings(len(claimed), 'imported ')} {claim} to be faster: imports are known by their labels only"
    if unknown:
        take = "it takes" if unknown == 1 else "they take"
        yield f"{_settings(unknown)} left out, since nothing tells how much memory {take}"


def _settings(count: int, which: str = "") -> str:
    return f"{count} {which}setting{'' if count == 1 else 's'}"
