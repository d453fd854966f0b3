"""Columns: the headings of a report's tables, and a unit as the texts under them.

Flow: units -> `varying` -> `headings` and `line` -> `markdown`, `terminal`. Pure.
"""

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence

from featray.analysis import cold_start, energy, prices
from featray.analysis.unit import Unit
from featray.core import inputs, wording
from featray.rendering import unit_text


@dataclasses.dataclass(frozen=True, kw_only=True)
class Columns:
    """Which of the optional columns a report shows."""

    workers: bool
    threads: bool
    processes: bool
    environment: bool
    calls: bool
    interval: bool
    spread: bool
    faces: bool
    each: bool = False  # of one process beside others
    start: bool = False
    energy: bool = False
    idle: bool = False
    cost: bool = False
    accuracy: tuple[str, ...] = ()  # scores that any unit has


SCORES: Mapping[str, str] = {
    "AU F1": "AU F1",
    "AU ICC": "AU ICC",
    "emotion accuracy": "emotion",
    "gaze degrees": "gaze error",
    "pose degrees": "pose error",
}
"""Score of a row -> its column; the scores of single action units are in the JSON report."""


EACH = "ms each"
"""Time per frame of one process beside the others; `ms/frame` is that of all processes together."""
START = ("start s", "first call s")
ENERGY = ("J/frame", "J/face", "kWh/1000 h at 25 fps")
"""Energy of the whole device, its idle power included; the last for hours of film (`core.quantities`)."""
IDLE = ("J/frame above idle", "idle W")
"""The same without the power that the device drew before the detector was loaded, and that power."""
COST = ("cost/1000 h at 25 fps",)
"""For hours of film (`core.quantities`), in the currency of the cluster file."""


def varying(units: Sequence[Unit]) -> Columns:
    """Choose the columns: a setting that is the same everywhere, or a figure that no unit has, gets none."""
    return Columns(
        workers=len({unit.row.num_workers for unit in units}) > 1,
        threads=len({unit.threads for unit in units if unit.threads}) > 1,
        processes=len({unit.processes for unit in units}) > 1,
        each=len({unit.processes for unit in units}) > 1 or any(unit.gpus > 1 for unit in units),
        environment=len({unit.row.environment for unit in units}) > 1,
        calls=any(len(unit.rows) > 1 or unit.repeats[1] > 1 for unit in units),
        interval=any(unit.interval_s is not None for unit in units),
        spread=any(unit.spread is not None for unit in units),
        faces=any(unit.has_any_faces for unit in units),
        start=any(cold_start.start_s(unit) is not None for unit in units),
        energy=any(energy.frame_j(unit) is not None for unit in units),
        idle=any(energy.above_idle_j(unit) is not None for unit in units),
        cost=any(prices.film_cost(unit) is not None for unit in units),
        accuracy=tuple(score for score in SCORES if any(score in unit.accuracy for unit in units)),
    )


def headings(columns: Columns, kind: str) -> list[str]:
    """Name the columns of a table of one kind of input."""
    figures = ("sec", "ms/frame", "fps") if kind == inputs.VIDEO else ("sec", "ms/img", "rows")
    names = ["device", "batch", "workers", "threads", "processes", "environment", *figures, EACH]
    names += ["faces/frame", "ms/face", "calls", "95% CI", "IQR", *START, *ENERGY, *IDLE, *COST]
    return [*_shown(names, columns), *(SCORES[score] for score in columns.accuracy)]


def line(unit: Unit, columns: Columns, kind: str) -> list[str]:
    """Write one unit as a line of its table; a unit without a number shows its status and reason instead."""
    texts = [
        unit.row.device,
        str(unit.row.batch_size),
        str(unit.row.num_workers),
        unit_text.threads(unit),
        str(unit.processes),
        unit_text.environment(unit),
        *_figures(unit, kind),
        unit_text.process_frame_time(unit),
        unit_text.faces_per_frame(unit),
        unit_text.face_time(unit),
        unit_text.calls(unit),
        unit_text.interval(unit),
        unit_text.spread(unit),
        unit_text.start(unit),
        unit_text.first_call(unit),
        unit_text.frame_energy(unit),
        unit_text.face_energy(unit),
        unit_text.film_energy(unit),
        unit_text.energy_above_idle(unit),
        unit_text.idle_power(unit),
        unit_text.film_cost(unit),
    ]
    return [*_shown(texts, columns), *(unit_text.accuracy(unit, score) for score in columns.accuracy)]


def _shown(texts: Iterable[str], columns: Columns) -> list[str]:
    """Leave out what stands under a column that the report does not show."""
    settings = (columns.workers, columns.threads, columns.processes, columns.environment)
    faces = (columns.faces, columns.faces)
    groups = ((columns.start, START), (columns.energy, ENERGY), (columns.idle, IDLE), (columns.cost, COST))
    added = [is_shown for is_shown, headings in groups for _ in headings]
    spread = (columns.calls, columns.interval, columns.spread)
    shown = (True, True, *settings, True, True, True, columns.each, *faces, *spread, *added)
    return list(itertools.compress(texts, shown))


def _figures(unit: Unit, kind: str) -> tuple[str, str, str]:
    if unit.call_s is None:
        return unit_text.outcome(unit), wording.ABSENT, wording.ABSENT
    last = unit_text.throughput(unit) if kind == inputs.VIDEO else unit_text.output_rows(unit)
    return unit_text.call_time(unit), unit_text.frame_time(unit), last
