"""Film lengths: what a clip that was measured at several lengths says of films of other lengths.

Flow: units of one target -> `find` -> `start_share_s`, `grows`, `cautions` -> `forecast`. Pure.

A call on n frames takes  start-up + rate * n + curvature * n^2  seconds (`analysis.lengths`). A film pays the start-up
once, however long it is. A curve is not followed beyond the longest length that was measured: there it is only said.
"""

from collections.abc import Iterator, Sequence

from featray.analysis import lengths
from featray.analysis.estimate.footage import Footage
from featray.analysis.lengths import LengthSeries
from featray.analysis.unit import Unit
from featray.core import wording


def find(units: Sequence[Unit], unit: Unit) -> LengthSeries | None:
    """Find the lengths at which a unit's cell was measured; None for one length."""
    return next((each for each in lengths.gather(units) if unit.key in [member.key for member in each.units]), None)


def start_share_s(series: LengthSeries | None, unit: Unit, footage: Footage) -> float:
    """Give by how much a frame of these films takes longer than one of the measured call, since it shares the start-up.

    Args:
        series: Of the unit.
        unit: What is planned with. Several processes share their calls, and are left as they are.
        footage: The films.

    Returns:
        Seconds, below 0 for films that are longer than the call; 0 unless a start-up was shown.
    """
    calls = series.calls if series and unit.workers == 1 else None
    if calls is None or not calls.startup_s.is_above_zero or not unit.row.frames:
        return 0.0
    return calls.startup_s.value * (len(footage.films) / footage.frames - 1 / unit.row.frames)


def grows(series: LengthSeries | None) -> bool:
    """Return True if a frame takes longer the longer the film is."""
    calls = series.calls if series else None
    return bool(calls and calls.curvature_s and calls.curvature_s.is_above_zero)


def cautions(series: LengthSeries | None, footage: Footage) -> Iterator[str]:
    """Say what grows with the length, where a film is longer than every measured call."""
    if series is None or footage.longest.frames <= series.frames[-1]:
        return
    if grows(series) and series.calls and series.calls.curvature_s:
        piece = lengths.best_piece(series.calls)
        size = f"of about {float(f'{piece:.1e}'):.0f} frames" if piece else f"of at most {series.frames[-1]} frames"
        yield (
            "The time per frame grows with the length of a film, by "
            f"{wording.digits(series.calls.curvature_s.value * 1e6)} ms for each 1000 frames. Films are taken to go at "
            f"the speed of {series.frames[-1]} frames, the longest that was measured: as long as they are, they take "
            f"longer. Cut them into pieces {size}."
        )
    for memory, whose in ((series.gpu_memory, "of the GPU"), (series.memory, "of the process")):
        if memory and memory.frame_b.is_above_zero and memory.frame_b.value >= lengths.MEMORY_LEAST_B:
            needed_b = memory.base_b.value + memory.frame_b.value * footage.longest.frames
            yield (
                f"The peak memory {whose} grows by {wording.size(memory.frame_b.value * 1000)} for each 1000 frames: "
                f"if that goes on, the longest film needs {wording.size(needed_b)}. Cut long films into pieces."
            )
