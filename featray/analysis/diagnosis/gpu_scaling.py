"""GPU scaling: what the further GPUs of a host bring, when all work at the same time.

Flow: units -> `analysis.scaling` -> `findings`. Pure. Weak scaling is a ratio of speeds with its interval; strong
scaling, the time of one film that is divided over the GPUs, is told only where the start is known.
"""

from collections.abc import Iterable, Iterator, Sequence

from featray.analysis import scaling, unit_wording
from featray.analysis.comparison.noise import Noise
from featray.analysis.diagnosis.finding import Finding, FindingKind
from featray.analysis.scaling import GpuScaling
from featray.analysis.unit import Unit
from featray.core import wording

FILMS_S = (60.0, 3600.0)  # of film whose times are told: a short one, which the start decides, and a long one


def findings(units: Iterable[Unit], margin: float, noise: Noise) -> Iterator[Finding]:
    """Tell for each host what all its GPUs do at the same time, setting by setting, the fastest first."""
    by_target: dict[str, list[GpuScaling]] = {}
    for each in scaling.find(units, margin, noise):
        by_target.setdefault(each.whole.row.target_id, []).append(each)
    for members in by_target.values():
        yield _finding(sorted(members, key=lambda each: -each.whole.throughput_hz))


def _finding(members: Sequence[GpuScaling]) -> Finding:
    """Tell one host; where no setting has a ratio, why that of the fastest has none."""
    timed, whole = [each for each in members if each.times], members[0].whole
    settings = wording.phrases([f"{scaling.ratio(each)} ({_setting(each.whole)})" for each in timed])
    settings = settings or f"{scaling.lack(members[0])} ({_setting(whole)})"
    other = len(members) - len(timed) - (not timed)
    rest = f" Not comparable, because the work differs: {wording.count(other, 'setting')}." if other else ""
    ratios = [each.times for each in timed if each.times]
    return Finding(
        kind=FindingKind.GPU_SCALING,
        text=f"On {whole.target.host_name}, {whole.gpus} GPUs at once: {settings}.{rest}{_divided(timed)}",
        figures={
            "gpus": whole.gpus,
            "ratio_low": min(ratios, default=None),
            "ratio_high": max(ratios, default=None),
            "settings": len(members),
            "decided": sum(each.pair.is_decided for each in timed),
        },
        units=tuple(dict.fromkeys(unit.key for each in timed or members for unit in (*each.alone, each.whole))),
    )


def _setting(unit: Unit) -> str:
    name = unit_wording.detector_and_clip(unit.row)
    return f"{wording.listed([name, *unit_wording.settings(unit)], limit=None)}{unit_wording.in_run(unit)}"


def _divided(timed: Sequence[GpuScaling]) -> str:
    """Tell the times of one film divided over the GPUs, of the longest clip at its fastest setting.

    Settings whose ratio has no interval, or of which more differs than the GPUs, are left out.
    """
    sound = [each for each in timed if each.interval and not each.confounders]
    clips = [each for each in sound if each.whole.is_video and each.whole.clip_fps]
    if not clips:
        return ""
    chosen = max(clips, key=lambda each: each.whole.row.frames or 0)
    parts = [part for film_s in FILMS_S if (part := _film(chosen, film_s)) is not None]
    if not parts:
        return ""
    name = f"{unit_wording.detector_and_clip(chosen.whole.row)}{unit_wording.in_run(chosen.whole)}"
    return f" One film divided over them, start included ({name}): {wording.phrases(parts)}."


def _film(each: GpuScaling, film_s: float) -> str | None:
    times = each.film_s(film_s * (each.whole.clip_fps or 0.0))
    if times is None or not times[1]:
        return None
    alone_s, divided_s = times
    return (
        f"{wording.duration(film_s)} of film takes {wording.duration(divided_s)} instead of "
        f"{wording.duration(alone_s)}, {alone_s / divided_s:.2f} times as fast"
    )
