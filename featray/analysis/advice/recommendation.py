"""Recommendation: which setting to use for an input, and which others come near.

Flow: units of any runs -> `recommend` -> `rendering.recommendation_text`, `featray recommend`, `featray.recommend`.
Pure. Along the batch size, every setting within the margin of the fastest is equally fast, and the smallest of them
wins: it needs the least memory and answers first. Synthetic weights count only if nothing else was measured. Imported
settings come after those that featray measured: what they compute is unknown.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from statistics import fmean

from featray import stats
from featray.analysis import cautions, footprint
from featray.analysis.cautions import Caution, CautionKind
from featray.analysis.units import Unit
from featray.core import wording
from featray.errors import NothingMatches, suggest

RUNNERS_UP = 5  # other settings shown; the report has them all


@dataclasses.dataclass(frozen=True, kw_only=True)
class Constraints:
    """What the caller fixes; None leaves it open. `memory_limit_b` is the device's memory, used by all processes."""

    detector: str | None = None
    host: str | None = None
    input: str | None = None
    device: str | None = None
    memory_limit_b: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setting:
    """One measured setting, with the 95% interval of `frames_per_s` if there are enough invocations."""

    unit: Unit
    frames_per_s: float
    low: float | None
    high: float | None
    tied: tuple[int, ...]  # batch sizes that are equally fast, this one included


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recommendation:
    """The setting for one input, the best of every other detector and target, and what makes the figures doubtful."""

    input: str
    section_label: str
    best: Setting
    runners_up: tuple[Setting, ...]
    cautions: tuple[Caution, ...]


def recommend(
    units: Iterable[Unit],
    constraints: Constraints = Constraints(),
) -> list[Recommendation]:
    """Recommend a setting for each input that was measured.

    Args:
        units: Of any runs; of each cell and target the last measured run counts.
        constraints: What is fixed.

    Raises:
        NothingMatches: nothing that was measured fits; the message names the constraint that fails.
    """
    units = list(units)
    measured = [unit for unit in _latest(units) if unit.logs and unit.row.frames and not unit.row.delay_s_per_frame]
    if not measured:
        raise NothingMatches("nothing was measured yet; submit a sweep first")
    fitting, left_out = _fitting(measured, constraints)
    by_input: dict[tuple[str, str], list[Unit]] = {}
    for unit in fitting:
        by_input.setdefault((unit.row.input, unit.row.section_label), []).append(unit)
    return [_recommendation(*label, members, left_out) for label, members in by_input.items()]


def _latest(units: Iterable[Unit]) -> list[Unit]:
    latest: dict[tuple[str, str], Unit] = {}
    for unit in units:
        key = unit.row.cell_id, unit.row.target_id
        if key not in latest or _recency(unit) > _recency(latest[key]):
            latest[key] = unit
    return list(latest.values())


def _recency(unit: Unit) -> tuple[bool, str]:
    return bool(unit.measured), unit.row.started_at


def _fitting(units: Sequence[Unit], constraints: Constraints) -> tuple[list[Unit], list[Unit]]:
    """Split units into those that meet the constraints, and those left out because their memory is unknown.

    Raises:
        NothingMatches: nothing is left; the message names the constraint and what exists.
    """
    fitting = _having(units, "detector", constraints.detector, lambda unit: (unit.row.detector,))
    fitting = _having(fitting, "input", constraints.input, lambda unit: (unit.row.input,))
    fitting = _having(fitting, "device", constraints.device, lambda unit: (unit.row.device,))
    fitting = _having(fitting, "host", constraints.host, lambda unit: (unit.row.hostname, unit.row.host_id))
    return (fitting, []) if constraints.memory_limit_b is None else _within(fitting, constraints.memory_limit_b)


def _within(units: Sequence[Unit], limit_b: int) -> tuple[list[Unit], list[Unit]]:
    used = {unit.key: footprint.used_b(unit) for unit in units}
    below = [unit for unit in units if (used[unit.key] or math.inf) <= limit_b]
    if below:
        return below, [unit for unit in units if used[unit.key] is None]
    values = [value for value in used.values() if value is not None]
    least = f"the smallest needs {wording.size(min(values))}" if values else "the memory that they need is unknown"
    raise NothingMatches(f"no measured setting fits into {wording.size(limit_b)}; {least}")


def _having(
    units: Sequence[Unit], name: str, wanted: str | None, values: Callable[[Unit], tuple[str | None, ...]]
) -> list[Unit]:
    fitting = [unit for unit in units if wanted is None or wanted in values(unit)]
    if not fitting and wanted is not None:
        measured = dict.fromkeys(value for unit in units for value in values(unit) if value)
        raise NothingMatches(f"nothing was measured for {name} {wanted!r}{suggest(wanted, measured)}")
    return fitting


def _recommendation(
    name: str,
    label: str,
    units: Sequence[Unit],
    left_out: Sequence[Unit],
) -> Recommendation:
    candidates = [unit for unit in units if not cautions.is_synthetic(unit)] or list(units)
    settings = sorted(
        (_best_of(curve) for curve in _curves(candidates)),
        key=lambda setting: (setting.unit.is_imported, -setting.frames_per_s),
    )
    best, others = settings[0], settings[1:]
    return Recommendation(
        input=name,
        section_label=label,
        best=best,
        runners_up=tuple(others[:RUNNERS_UP]),
        cautions=tuple(_cautions(best, others, left_out)),
    )


def _curves(units: Iterable[Unit]) -> list[list[Unit]]:
    """Split units into curves on which only the batch size differs."""
    curves: dict[tuple[object, ...], list[Unit]] = {}
    for unit in units:
        row = unit.row
        how = (row.num_workers, unit.threads, row.environment, row.torch, row.pyfeat, unit.variant, unit.is_imported)
        curves.setdefault((row.detector, row.target_id, *how), []).append(unit)
    return list(curves.values())


def _best_of(curve: Sequence[Unit]) -> Setting:
    times = {unit.row.batch_size: fmean(unit.logs) for unit in curve}
    tied = sorted(stats.tied_best(times))
    unit = next(unit for unit in curve if unit.row.batch_size == tied[0])
    frames, interval_s = unit.row.frames or 0, unit.interval_s
    return Setting(
        unit=unit,
        frames_per_s=frames / (unit.call_s or math.inf),
        low=frames / interval_s[1] if interval_s else None,
        high=frames / interval_s[0] if interval_s else None,
        tied=tuple(tied),
    )


def _cautions(best: Setting, others: Sequence[Setting], left_out: Sequence[Unit]) -> Iterator[Caution]:
    """List what makes the best setting's figures doubtful, and which others may be better."""
    yield from cautions.of_origin(best.unit)
    yield from cautions.few_invocations(best.unit)
    yield from cautions.of_times(best.unit)
    near = [setting.unit for setting in others if _overlap(best, setting)]
    if near:
        interval = "its interval overlaps" if len(near) == 1 else "their intervals overlap"
        sentence = f"{wording.count(len(near), 'other setting')} may be as fast: {interval} with this one's"
        yield Caution(
            kind=CautionKind.TIED, sentence=sentence, what_to_do="Measure more invocations of both", units=tuple(near)
        )
    faster = [setting.unit for setting in others if _claims_more(best, setting)]
    if faster:
        verb = "is" if len(faster) == 1 else "are"
        sentence = f"{wording.count(len(faster), 'imported setting')} {verb} faster according to a report"
        yield Caution(
            kind=CautionKind.IMPORTED, sentence=sentence, what_to_do="Measure them with featray", units=tuple(faster)
        )
    if left_out:
        verb, pronoun = ("is", "its") if len(left_out) == 1 else ("are", "their")
        sentence = f"{wording.count(len(left_out), 'setting')} {verb} left out because {pronoun} memory use is unknown"
        yield Caution(kind=CautionKind.UNKNOWN_MEMORY, sentence=sentence, units=tuple(left_out))


def _overlap(best: Setting, other: Setting) -> bool:
    return other.high is not None and best.low is not None and other.high >= best.low


def _claims_more(best: Setting, other: Setting) -> bool:
    return other.unit.is_imported and not best.unit.is_imported and other.frames_per_s > best.frames_per_s
