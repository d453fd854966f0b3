"""Scaling: what all GPUs of a host do at the same time, against the same setting on one of them alone.

Flow: units -> `find` -> `GpuScaling` -> `diagnosis.gpu_scaling`, `advice.recommendation`, `estimate.archive`. Pure.

Weak scaling: each GPU does the whole work, and the speeds are compared. Strong scaling: one film is divided over the
GPUs, each with its share by speed, and the times are compared, start included.

One GPU is the average of those of its model, because the fastest of several alike ones is so partly by chance
(`comparison.pooling`). Of unlike models it is the fastest model.
"""

import dataclasses
import functools
import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from statistics import fmean

from featray import stats
from featray.analysis import cold_start, comparison, lengths
from featray.analysis.comparison import Pair, matching
from featray.analysis.comparison.noise import NO_NOISE, Noise
from featray.analysis.lengths import LengthSeries
from featray.analysis.unit import Unit, UnitKey
from featray.core import wording
from featray.core.choices import Exclusive
from featray.core.targets import short_models

OVER = ("targets",)

ALIKE = ("torch", "pyfeat", "driver", "environment", "measuring", "rules", "torch_settings")
"""Factors that a ratio of several GPUs to one should not include. Whether other GPUs had work is said by itself."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class GpuScaling:
    """One setting on all GPUs of a host at the same time, and on those of them that were measured alone."""

    whole: Unit
    alone: tuple[Unit, ...]  # at least one, the fastest first
    one: tuple[Unit, ...]  # those of them that stand for one GPU: all of the fastest model
    pair: Pair  # the average of `one` is the baseline
    apart: tuple[Unit, ...]  # those of `alone` that did other work than all together
    series: Mapping[UnitKey, LengthSeries]  # of units whose clip was measured at several lengths

    @property
    def times(self) -> float | None:
        """Give how many times the speed of one GPU alone all have; None if they did other work."""
        return self.pair.decision.speedup if self.pair.decision else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Give the 95% interval of `times`; None below three invocations."""
        decision = self.pair.decision
        few = decision is None or min(decision.n_baseline, decision.n_candidate) < stats.INVOCATIONS_MIN
        if decision is None or few or not decision.low or not decision.high:
            return None
        return 1 / decision.high, 1 / decision.low

    @property
    def share(self) -> float | None:
        """Give the speed as a share of the sum of those alone; None unless each did this work with one software."""
        if len(self.alone) < self.whole.gpus or self.apart or len(set(map(_stack, self.alone))) > 1:
            return None
        return self.whole.throughput_hz / sum(unit.throughput_hz for unit in self.alone)

    @property
    def confounders(self) -> list[str]:
        """List what else differs from the one GPU alone, such as `torch stack (2.15.0 -> 2.16.0)`."""
        factors = (factor for factor in self.pair.factors if factor.key in ALIKE)
        return [factor.gist for factor in factors if any(change.key != "exclusive" for change in factor.changes)]

    def film_s(self, frames: float) -> tuple[float, float] | None:
        """Give the seconds of a film on one GPU alone and divided over all; None if a start is unknown."""
        one, whole = [self._film_s(unit, frames) for unit in self.one], self._film_s(self.whole, frames)
        known = [film_s for film_s in one if film_s is not None]
        if whole is None or len(known) < len(one) or self.times is None:
            return None
        return fmean(known), whole

    def _film_s(self, unit: Unit, frames: float) -> float | None:
        start_s = cold_start.start_s(unit)
        return None if start_s is None else start_s + self._frames_s(unit, frames)

    def _frames_s(self, unit: Unit, frames: float) -> float:
        """Give the seconds that calls take on all frames, each worker with its share in one call.

        Where lengths were measured, each call has its start-up; a curve is not followed beyond the longest length.
        """
        series = self.series.get(unit.key)
        calls = series.calls if series else None
        if calls is None or (calls.curvature_s is not None and calls.curvature_s.is_above_zero):
            return frames * (unit.frame_s or 0.0)
        return unit.workers * max(0.0, calls.startup_s.value) + calls.frame_s.value * frames


def find(units: Iterable[Unit], margin: float = stats.MARGIN, noise: Noise = NO_NOISE) -> list[GpuScaling]:
    """Find the settings that a sweep measured on all GPUs of a host and on one alone, with daggers for all of them.

    Args:
        units: Of any runs; the last of each cell and target counts.
        margin: Least log ratio that counts as a difference.
        noise: What is known of the targets' spread between processes and sessions.
    """
    timed = [unit for unit in units if unit.logs and unit.row.frames and unit.asked and not unit.is_replayed]
    if not any(unit.gpus > 1 for unit in timed):
        return []
    latest, _ = matching.split_latest(timed)
    groups: dict[Hashable, list[Unit]] = {}
    for unit in latest:
        groups.setdefault(_alike(unit), []).append(unit)
    series = {unit.key: each for each in lengths.gather(latest) for unit in each.units}
    found = [
        _against_one(unit, alone, series, margin, noise)
        for members in groups.values()
        for unit in members
        if unit.gpus > 1 and (alone := _alone(unit, members))
    ]
    pairs = comparison.mark_daggers([scaling.pair for scaling in found])
    return [dataclasses.replace(scaling, pair=pair) for scaling, pair in zip(found, pairs, strict=True)]


def _against_one(
    whole: Unit, alone: Sequence[Unit], series: Mapping[UnitKey, LengthSeries], margin: float, noise: Noise
) -> GpuScaling:
    """Compare all GPUs with the average of those that stand for one.

    GPUs that did other work do not count, nor those with too few invocations beside others that have enough.
    """
    judged = {unit.key: comparison.judge(unit, whole, OVER, margin=margin, noise=noise) for unit in alone}
    model = _fastest_model(whole, alone)
    comparable = [unit for unit in model if judged[unit.key].decision] or model
    one = [unit for unit in comparable if len(unit.timings) >= stats.INVOCATIONS_MIN] or comparable
    return GpuScaling(
        whole=whole,
        alone=tuple(alone),
        one=tuple(one),
        pair=comparison.pool([judged[unit.key] for unit in one], margin=margin, noise=noise),
        apart=tuple(unit for unit in alone if not judged[unit.key].decision),
        series=series,
    )


def _fastest_model(whole: Unit, alone: Sequence[Unit]) -> list[Unit]:
    """List the units of the model that is the fastest on average."""
    models, by_model = whole.row.gpus or {}, dict[str, list[Unit]]()
    for unit in alone:
        by_model.setdefault(models[unit.row.gpu_uuid or ""], []).append(unit)
    return min(by_model.values(), key=lambda members: fmean(fmean(unit.logs) for unit in members))


def _alike(unit: Unit) -> Hashable:
    return unit.row.sweep, unit.target.host_id, _without_targets(unit.row.asked or "{}")


@functools.lru_cache(maxsize=4096)  # the same cells are on many targets
def _without_targets(asked: str) -> str:
    value = json.loads(asked)
    return json.dumps({name: part for name, part in value.items() if name != "targets"}, sort_keys=True)


def _alone(whole: Unit, members: Iterable[Unit]) -> list[Unit]:
    """List the units of one of its GPUs each, the fastest first."""
    alone = [unit for unit in members if unit.gpus == 1 and unit.row.gpu_uuid in (whole.row.gpus or ())]
    return sorted(alone, key=lambda unit: -unit.throughput_hz)


def of_setting(unit: Unit, units: Sequence[Unit]) -> GpuScaling | None:
    """Find what is known of one setting among units of any runs; it may be on one GPU or on all."""
    of_host = [other for other in units if other.target.host_id == unit.target.host_id]
    alike = [other for other in of_host if _alike(other) == _alike(unit)]
    return next((each for each in find(alike) if unit.key in {each.whole.key, *(one.key for one in each.alone)}), None)


def gist(scaling: GpuScaling) -> str:
    """Write it: `2 GPUs at once: 1.93 times one GPU (95% CI 1.88 to 1.97), ...`, or why there is no ratio."""
    return f"{scaling.whole.gpus} GPUs at once: {ratio(scaling) or lack(scaling)}"


def lack(scaling: GpuScaling) -> str:
    """Say why there is no ratio: `not comparable with one GPU (faces 72 -> 216)`."""
    return f"not comparable with {_one(scaling)} ({wording.listed(scaling.pair.reasons) or scaling.pair.verdict})"


def ratio(scaling: GpuScaling) -> str | None:
    """Write the ratio: `1.93 times one GPU (95% CI 1.88 to 1.97), 97% of the sum of all alone`; None without one."""
    if scaling.times is None:
        return None
    text = f"{scaling.times:.2f} times {_one(scaling)}"
    if scaling.interval is None:
        text += f" (fewer than {stats.INVOCATIONS_MIN} invocations)"
    else:
        text += " (95% CI {:.2f} to {:.2f})".format(*scaling.interval)
    text += "" if scaling.share is None else f", {wording.percent(scaling.share)} of the sum of all alone"
    if others := scaling.confounders:
        text += f", but {wording.phrases(others)} {'differs' if len(others) == 1 else 'differ'} as well"
    if scaling.apart:
        names = wording.phrases([unit.target.device_name for unit in scaling.apart])
        text += f"; not counted, because the work differs: {names} alone"
    if any(unit.row.exclusive == Exclusive.GPU for unit in scaling.one):
        text += "; the one GPU may have had others at work beside it (`exclusive: gpu`)"
    return text if scaling.pair.is_decided else f"{text}; not decided"


def _one(scaling: GpuScaling) -> str:
    """Name what stands for one GPU: `one GPU`, `the RTX 4090 alone`, or `one RTX 4090 alone` of several."""
    models = scaling.whole.row.gpus or {}
    if len(set(models.values())) == 1:
        return "one GPU"
    model = models[scaling.one[0].row.gpu_uuid or ""]
    article = "the" if list(models.values()).count(model) == 1 else "one"
    return f"{article} {short_models(models.values())[model]} alone"


def _stack(unit: Unit) -> tuple[object, ...]:
    row = unit.row
    return row.torch, row.torchcodec, row.cuda, row.pyfeat, row.pyfeat_commit, row.driver
