"""Unit text: the figures and names of one unit as text; a table, a plot and a page all show the same text.

Flow: `unit.Unit` -> one function per figure -> `columns`, `best_settings`, the tables and plots of `page`.
Pure. A figure that is not there is `wording.ABSENT`.
"""

from collections.abc import Callable

from featray.analysis import cold_start, energy, footprint, prices, unit_wording
from featray.analysis.unit import Unit
from featray.core import inputs, wording
from featray.core.row import Row

REASON_LENGTH = 160  # characters of a reason in a table; the remarks below it show more
NAME_LENGTH = 40  # characters of an environment or a run in a table


def section(row: Row) -> str:
    """Name an input as the headings of py-feat's reports do: `Video: short (72 frames)`."""
    kind = "Video" if row.section_kind == inputs.VIDEO else "Images"
    return f"{kind}: {wording.shortened(row.section_label)}"


def environment(unit: Unit) -> str:
    """Name the environment."""
    return wording.shortened(unit.row.environment or "host's own", NAME_LENGTH)


def threads(unit: Unit) -> str:
    """Write the number of threads."""
    return unit.threads or wording.ABSENT


def call_time(unit: Unit) -> str:
    """Write the seconds of a call."""
    return _written(unit.call_s, wording.seconds)


def frame_time(unit: Unit) -> str:
    """Write the time per frame or image in ms."""
    return _written(unit.frame_s, wording.milliseconds)


def process_frame_time(unit: Unit) -> str:
    """Write the time per frame or image of one process beside the others in ms."""
    return _written(unit.process_frame_s, wording.milliseconds)


def faces_per_frame(unit: Unit) -> str:
    """Write the mean number of faces per frame, with the fewest and the most: `0.8 (0 to 2)`."""
    row = unit.row
    if row.faces_mean is None or row.faces_min is None or row.faces_max is None:
        return wording.ABSENT
    if row.faces_min == row.faces_max:
        return str(row.faces_min)
    return f"{row.faces_mean:.2g} ({row.faces_min} to {row.faces_max})"


def face_time(unit: Unit) -> str:
    """Write the time per face in ms."""
    return _written(unit.face_s, wording.milliseconds)


def start(unit: Unit) -> str:
    """Write the seconds before the first usual call."""
    return _written(cold_start.start_s(unit), wording.digits)


def first_call(unit: Unit) -> str:
    """Write the seconds of the first call."""
    return _written(cold_start.first_call_s(unit), wording.seconds)


def frame_energy(unit: Unit) -> str:
    """Write the joules per frame or image."""
    return _written(energy.frame_j(unit), wording.digits)


def face_energy(unit: Unit) -> str:
    """Write the joules per face."""
    return _written(energy.face_j(unit), wording.digits)


def film_energy(unit: Unit) -> str:
    """Write the kilowatt hours of 1000 hours of film."""
    return _written(energy.film_kwh(unit), wording.digits)


def energy_above_idle(unit: Unit) -> str:
    """Write the joules per frame or image that idling would not have taken."""
    return _written(energy.above_idle_j(unit), wording.digits)


def idle_power(unit: Unit) -> str:
    """Write the watts that the device draws without work."""
    return _written(energy.idle_w(unit), wording.digits)


def film_cost(unit: Unit) -> str:
    """Write the cost of 1000 hours of film."""
    return _written(prices.film_cost(unit), wording.digits)


def throughput(unit: Unit) -> str:
    """Write frames or images per second."""
    return _written(throughput_hz(unit), wording.rate)


def throughput_hz(unit: Unit) -> float | None:
    """Give frames or images per second; None where nothing was measured or the number of frames is unknown."""
    return None if unit.frame_s is None else unit.throughput_hz


def interval(unit: Unit) -> str:
    """Write the 95% interval of the time per frame or image in ms; of a call in s where the frames are unknown."""
    if unit.interval_s is None:
        return wording.ABSENT
    low, high = unit.interval_s
    frames = unit.row.frames
    if not frames:
        return f"{wording.seconds(low)} to {wording.seconds(high)} s"
    return f"{wording.milliseconds(low / frames)} to {wording.milliseconds(high / frames)}"


def spread(unit: Unit) -> str:
    """Write the interquartile range of an invocation's repeats over their median."""
    return _written(unit.spread, wording.percent)


def calls(unit: Unit) -> str:
    """Write invocations x repeats: `3 x 5`, `2 of 3 x 5-8`; `0 of 3` where nothing was measured."""
    measured, planned = len(unit.measured), len(unit.rows)
    fewest, most = unit.repeats
    text = str(measured) if measured == planned else f"{measured} of {planned}"
    if not measured:
        return text
    return f"{text} x {fewest}" if fewest == most else f"{text} x {fewest}-{most}"


def memory(unit: Unit) -> str:
    """Write the peak memory."""
    return _written(footprint.used_b(unit), wording.size)


def output_rows(unit: Unit) -> str:
    """Write how many rows detect() returned."""
    return _written(unit.row.fex_rows, str)


def accuracy(unit: Unit, score: str) -> str:
    """Write a score against labels: `0.71`, `4.2°`."""
    write = "{:.1f}°" if score.endswith("degrees") else "{:.2f}"
    return _written(unit.accuracy.get(score), write.format)


def settings(unit: Unit) -> list[str]:
    """List everything that was set: `batch 16`, `2 workers`, `4 threads`."""
    own = [f"environment {environment(unit)}"] if unit.row.environment else []
    return [*unit_wording.settings(unit), *own]


def outcome(unit: Unit) -> str:
    """Write why a unit has no number: the status and reason of its last row."""
    return unit_wording.status(unit.rows[-1], REASON_LENGTH)


def _written(value: float | None, write: Callable[[float], str]) -> str:
    return wording.ABSENT if value is None else write(value)
