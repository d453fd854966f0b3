"""Lengths text: what the time and the memory of a call do as the clip gets longer, as the lines of a table.

Flow: `analysis.lengths` -> `lines` -> `markdown`, `terminal`, `page.tables`; `to_plain` -> `json_report`. Pure.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from featray.analysis import unit_wording
from featray.analysis.lengths import LengthSeries
from featray.core import wording
from featray.rendering import unit_text
from featray.stats.growth import Coefficient, MemoryGrowth

TITLE = "Length of the clip"
NOTE = (
    "A call of n frames takes start-up + n x time per frame + n² x curvature. The curvature is the time that every "
    "frame takes longer for each 1000 frames of the clip. Memory is the slope of the peak. In brackets: 95% CI; where "
    "it includes 0, the figure may be 0."
)
HEADINGS = (
    *("detector", "clip", "target", "settings", "frames", "start-up (s)", "ms/frame"),
    *("curvature (ms/frame per 1000 frames)", "process memory per 1000 frames", "GPU memory per 1000 frames"),
)
PER_THOUSAND = 1000


def lines(series: Iterable[LengthSeries]) -> list[tuple[str, ...]]:
    """Write a line for each clip that was measured at several lengths."""
    return [_line(each) for each in series]


def _line(series: LengthSeries) -> tuple[str, ...]:
    first, calls = series.first, series.calls
    return (
        unit_wording.detector(first.row),
        wording.short(series.clip),
        unit_wording.place(first),
        ", ".join(unit_text.settings(first)),
        _frames(series),
        between(calls.startup_s if calls else None, 1, wording.seconds),
        between(calls.frame_s if calls else None, 1, wording.milliseconds),
        between(calls.curvature_s if calls else None, PER_THOUSAND, _curvature),
        _memory(series.memory),
        _memory(series.gpu_memory),
    )


def _frames(series: LengthSeries) -> str:
    """List the lengths, and those that were tried and have no time."""
    failed = wording.listed(series.without_number, None)
    return wording.listed(series.frames, None) + (f" (without a number: {failed})" if failed else "")


def remarks(series: Iterable[LengthSeries]) -> list[str]:
    """Say why a clip has no fitted time, for below the table."""
    return [f"{', '.join(_line(each)[:4])}: {_not_fitted(each.reason)}" for each in series if each.reason is not None]


def _not_fitted(reason: str) -> str:
    return f"time not fitted: {reason}"


def _curvature(seconds: float) -> str:
    """Write milliseconds that may be below 0."""
    return wording.digits(1000 * seconds)


def sentences(series: Iterable[LengthSeries]) -> list[str]:
    """Write each clip as a sentence, for where the table is too wide."""
    return [_sentence(each.reason, *_line(each)) for each in series]


def _sentence(
    reason: str | None, detector: str, clip: str, target: str, settings: str, frames: str, *figures: str
) -> str:
    names = (
        *("start-up {} s", "{} ms/frame", "curvature {} ms/frame per 1000 frames"),
        *("{} of process memory per 1000 frames", "{} of GPU memory per 1000 frames"),
    )
    known = [name.format(text) for name, text in zip(names, figures, strict=True) if text != wording.ABSENT]
    measured = ", ".join([*([] if reason is None else [_not_fitted(reason)]), *known])
    return f"{detector}, {clip}, {target}, {settings} ({frames} frames): {measured}"


def _memory(memory: MemoryGrowth | None) -> str:
    return between(memory.frame_b if memory else None, PER_THOUSAND, wording.size)


def between(figure: Coefficient | None, factor: float, write: Callable[[float], str]) -> str:
    """Write a fitted figure with its interval: `2.9 (2.5 to 3.3)`."""
    if figure is None:
        return wording.ABSENT
    centre = write(factor * figure.value)
    if figure.low is None or figure.high is None:
        return centre
    return f"{centre} ({write(factor * figure.low)} to {write(factor * figure.high)})"


def to_plain(series: Sequence[LengthSeries]) -> list[dict[str, Any]]:
    """Write every fit for programs, in SI units."""
    return [_plain(each) for each in series]


def _plain(series: LengthSeries) -> dict[str, Any]:
    calls, memory, gpu_memory = series.calls, series.memory, series.gpu_memory
    return {
        "units": [dict(zip(("run_id", "cell_id", "target_id"), unit.key, strict=True)) for unit in series.units],
        "clip": series.clip,
        "frames": list(series.frames),
        "without_number": list(series.without_number),
        "processes": calls.processes if calls else 0,
        "startup_s": _figure(calls.startup_s if calls else None),
        "frame_s": _figure(calls.frame_s if calls else None),
        "curvature_s": _figure(calls.curvature_s if calls else None),
        "reason": series.reason,
        "process_memory_per_frame_b": _figure(memory.frame_b if memory else None),
        "gpu_memory_per_frame_b": _figure(gpu_memory.frame_b if gpu_memory else None),
    }


def _figure(figure: Coefficient | None) -> dict[str, float | None] | None:
    return None if figure is None else {"value": figure.value, "low": figure.low, "high": figure.high}
