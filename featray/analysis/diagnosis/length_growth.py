"""Length growth: what takes more time per frame, or more memory, the longer the clip is.

Flow: units -> `analysis.lengths` -> `findings`. Pure. The figures of every clip are in the report's table of lengths;
here stands only what is shown to grow, corrected for how many figures were looked at.
"""

from collections.abc import Callable, Iterable, Iterator

from featray.analysis import lengths, unit_wording
from featray.analysis.diagnosis.finding import Finding, FindingKind
from featray.analysis.lengths import LengthSeries
from featray.analysis.unit import Unit
from featray.core import wording
from featray.stats import curves
from featray.stats.growth import CallGrowth, Coefficient, MemoryGrowth

HOUR_S = 3600.0


def findings(units: Iterable[Unit], margin: float) -> Iterator[Finding]:
    """List what grows with the length.

    Args:
        units: Of the report.
        margin: Least log ratio of times per frame that counts.
    """
    series = lengths.gather(units)
    looked_at = [(each, coefficient) for each in series for coefficient in _coefficients(each)]
    chances = [coefficient.chance for _, coefficient in looked_at]
    grows = {id(coefficient) for (_, coefficient), real in zip(looked_at, curves.survive(chances), strict=True) if real}
    for each in series:
        calls = each.calls
        if calls and calls.curvature_s and id(calls.curvature_s) in grows and _rise(each, calls) > margin:
            yield _of_time(each, calls, calls.curvature_s)
        for memory, whose in ((each.gpu_memory, "of the GPU"), (each.memory, "of the process")):
            if memory and id(memory.frame_b) in grows and memory.frame_b.value >= lengths.MEMORY_LEAST_B:
                yield _of_memory(each, memory, whose)


def _coefficients(series: LengthSeries) -> Iterator[Coefficient]:
    """List what may grow, where it has an interval."""
    candidates = (
        series.calls and series.calls.curvature_s,
        series.memory and series.memory.frame_b,
        series.gpu_memory and series.gpu_memory.frame_b,
    )
    yield from (each for each in candidates if each and each.low is not None)


def _rise(series: LengthSeries, calls: CallGrowth) -> float:
    """Give by what share the time per frame without start-up rises from the shortest to the longest clip."""
    curvature_s = calls.curvature_s.value if calls.curvature_s else 0.0
    first = calls.frame_s.value + curvature_s * series.frames[0]
    return curvature_s * (series.frames[-1] - series.frames[0]) / first if first > 0 else 0.0


def _of_time(series: LengthSeries, calls: CallGrowth, curvature_s: Coefficient) -> Finding:
    piece = lengths.best_piece(calls)
    advice = "" if piece is None else f" A frame takes the least time in pieces of about {_whole(piece)} frames."
    first_s, last_s = (
        calls.frame_s.value + curvature_s.value * frames for frames in (series.frames[0], series.frames[-1])
    )
    return Finding(
        kind=FindingKind.LENGTH,
        text=(
            f"{_where(series)}: the time per frame grows with the length of the clip. Each 1000 frames add "
            f"{_between(curvature_s, 1e6, wording.digits)} ms to every frame: without the start-up of a call, a frame "
            f"takes {wording.milliseconds(first_s)} ms at {series.frames[0]} frames and "
            f"{wording.milliseconds(last_s)} ms at {series.frames[-1]}.{advice}"
        ),
        figures={
            "curvature_s": curvature_s.value,
            "curvature_low_s": curvature_s.low,
            "curvature_high_s": curvature_s.high,
            "best_piece_frames": piece,
        },
        units=tuple(unit.key for unit in series.units),
    )


def _of_memory(series: LengthSeries, memory: MemoryGrowth, whose: str) -> Finding:
    slope_b, clip_hz = memory.frame_b, series.last.clip_fps
    hour = "" if clip_hz is None else _of_an_hour(slope_b.value * clip_hz * HOUR_S)
    return Finding(
        kind=FindingKind.LENGTH,
        text=(
            f"{_where(series)}: the peak memory {whose} grows by {_between(slope_b, 1000, wording.size)} per 1000 "
            f"frames, from {series.frames[0]} to {series.frames[-1]} frames.{hour}"
        ),
        figures={"frame_b": slope_b.value, "frame_low_b": slope_b.low, "frame_high_b": slope_b.high},
        units=tuple(unit.key for unit in series.units),
    )


def _of_an_hour(growth_b: float) -> str:
    return f" If that goes on, an hour of this clip takes {wording.size(growth_b)} more: cut long films into pieces."


def _whole(frames: float) -> str:
    """Write frames with two significant digits."""
    return f"{float(f'{frames:.1e}'):.0f}"


def _where(series: LengthSeries) -> str:
    row = series.first.row
    return f"{unit_wording.detector(row)} on {series.clip}, {unit_wording.place(series.first)}, b={row.batch_size}"


def _between(figure: Coefficient, factor: float, write: Callable[[float], str]) -> str:
    """Write a figure with its interval: `2.9 (95% CI 2.5 to 3.3)`."""
    if figure.low is None or figure.high is None:
        return write(figure.value * factor)
    return f"{write(figure.value * factor)} (95% CI {write(figure.low * factor)} to {write(figure.high * factor)})"
