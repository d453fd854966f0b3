"""Generated curves: the true time per frame of each batch size, and grids and searches that measure them.

No process is started. What is measured is drawn: the true time, with noise between invocations.
"""

import collections
import dataclasses
import datetime
import functools
import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from featray import stats
from featray.analysis import units
from featray.analysis.advice import search_results
from featray.core import clock
from featray.core.row import Row
from featray.planning import time_estimate
from featray.planning.ladder import Ladder, Rung, RungReading, next_numbers
from featray.sweep import Invocations, Search
from tests.support.builders import CPU, STARTED, make_row

SIZES = tuple(1 << power for power in range(10))  # 1 to 512
FRAMES = 472  # the long clip
CALLS = 7  # of a cell in one invocation: warm-up, repeats and the profiled one
SEARCH = Search(axis="batch_size", values=SIZES)
ASKED = Invocations()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Curve:
    """Seconds per frame of each batch size; None where memory runs out, as from there on."""

    frame_s: tuple[float | None, ...]

    @property
    def best(self) -> int:
        """Give the smallest batch that is as good as the fastest, within the margin."""
        known = [seconds for seconds in self.frame_s if seconds is not None]
        limit_s = min(known) * math.exp(stats.MARGIN)
        return next(
            size
            for size, seconds in zip(SIZES, self.frame_s, strict=True)
            if seconds is not None and seconds <= limit_s
        )


def plateau(rng: random.Random) -> Curve:
    """Rise by 10 to 80% per doubling up to a knee, then stay."""
    knee, rise = rng.randrange(len(SIZES) - 1), rng.uniform(1.1, 1.8)
    return Curve(frame_s=tuple(0.02 * rise ** max(0, knee - place) for place in range(len(SIZES))))


def peak(rng: random.Random) -> Curve:
    """Rise by 10 to 80% per doubling up to a peak, then fall by 6 to 30%."""
    top, rise, fall = rng.randrange(len(SIZES)), rng.uniform(1.1, 1.8), rng.uniform(1.06, 1.3)
    places = range(len(SIZES))
    return Curve(frame_s=tuple(0.02 * (rise ** (top - at) if at < top else fall ** (at - top)) for at in places))


def saturating(rng: random.Random) -> Curve:
    """Take a fixed time per batch besides that per frame: each doubling brings half of what the last one brought."""
    per_batch = 2 ** rng.uniform(-2, 4)
    return Curve(frame_s=tuple(0.02 * (1 + per_batch / size) for size in SIZES))


def exhausted(rng: random.Random) -> Curve:
    """Run out of memory from some batch on, on a plateau or below a peak."""
    curve, end = rng.choice((plateau, peak))(rng), rng.randrange(1, len(SIZES))
    return Curve(frame_s=tuple(seconds if at < end else None for at, seconds in enumerate(curve.frame_s)))


KINDS: Mapping[str, Callable[[random.Random], Curve]] = {
    "plateau": plateau,
    "peak": peak,
    "out of memory": exhausted,
    "saturating": saturating,
}


class Machine:
    """Measures one curve on a clock of its own."""

    def __init__(self, curve: Curve, sd: float, rng: random.Random) -> None:
        """Start with nothing measured; `sd` is that of log time between invocations."""
        self._curve, self._sd, self._rng = curve, sd, rng
        self.rows: list[Row] = []
        self.spent_s = 0.0

    def invoke(self, number: int, sizes: Iterable[int]) -> None:
        """Measure some batch sizes in one fresh process, in random order."""
        self.spent_s += time_estimate.LOAD_S
        in_order = list(sizes)
        self._rng.shuffle(in_order)
        process, is_exhausted = f"p{len(self.rows)}", False
        for size in sorted(in_order, key=lambda size: (self._seconds(size) is None, in_order.index(size))):
            seconds = self._seconds(size)
            started = clock.utc_text(STARTED + datetime.timedelta(seconds=self.spent_s))
            call_s = None if seconds is None else FRAMES * seconds * math.exp(self._rng.gauss(0.0, self._sd))
            self.rows.append(_row(size, number, call_s, process, started))
            if not is_exhausted:  # larger batches are skipped then
                self.spent_s += CALLS * (call_s or 0.0) + (2.0 if call_s is None else 0.0)
            is_exhausted = is_exhausted or call_s is None

    def _seconds(self, size: int) -> float | None:
        return self._curve.frame_s[SIZES.index(size)]

    def recommend(self) -> int | None:
        """Choose as featray does."""
        (result,) = search_results.find(units.gather(self.rows), SEARCH)
        return result.value


@functools.cache
def _prototype(size: int, status: str) -> Row:
    return make_row(input="long", batch_size=size, status=status, **CPU)


def _row(size: int, number: int, call_s: float | None, process: str, started: str) -> Row:
    if call_s is None:
        return dataclasses.replace(_prototype(size, "oom"), invocation=number, block=number, started_at=started)
    return dataclasses.replace(
        _prototype(size, "ok"),
        invocation=number,
        block=number,
        process=process,
        started_at=started,
        ended_at=started,
        timed_s=[call_s] * 3,
    )


def measure_grid(curve: Curve, sd: float, rng: random.Random, asked: Invocations = ASKED) -> Machine:
    """Measure every batch size in full: a pilot, then as many invocations as its spread asks for."""
    machine = Machine(curve, sd, rng)
    for number in range(1, asked.pilot + 1):
        machine.invoke(number, SIZES)
    for number in range(asked.pilot + 1, _full(machine.rows, asked) + 1):
        machine.invoke(number, SIZES)
    return machine


def _full(rows: Sequence[Row], asked: Invocations) -> int:
    pilots = [unit.logs for unit in units.gather(rows) if len(unit.logs) >= stats.INVOCATIONS_MIN]
    return stats.planned_together(pilots, half_width=asked.half_width, least=asked.pilot, most=asked.max)


def search(curve: Curve, sd: float, rng: random.Random, asked: Invocations = ASKED) -> Machine:
    """Measure what the search asks for, until it asks for nothing."""
    machine = Machine(curve, sd, rng)
    while due := _due(machine.rows, asked):
        for number, sizes in due.items():
            machine.invoke(number, sizes)
    return machine


def _due(rows: Sequence[Row], asked: Invocations) -> dict[int, list[int]]:
    """Give what is due, by number of the invocation."""
    ladder = Ladder(rungs=tuple(_rungs(rows)))
    (numbers,) = next_numbers([ladder], asked)
    due: dict[int, list[int]] = collections.defaultdict(list)
    for rung, wanted in zip(ladder.rungs, numbers, strict=True):
        for number in sorted(wanted - rung.readings.keys()):
            due[number].append(rung.value)
    return dict(sorted(due.items()))


def _rungs(rows: Sequence[Row]) -> Iterator[Rung]:
    for size in SIZES:
        readings = {
            row.invocation: RungReading(
                log_s=None if row.timed_s is None else math.log(row.timed_s[0]), is_exhausted=row.status == "oom"
            )
            for row in rows
            if row.batch_size == size
        }
        yield Rung(value=size, readings=readings, is_whole=size >= FRAMES)


def write_rows(curve: Curve, sd: float, rng: random.Random, numbers: Iterable[int]) -> list[Row]:
    """Make the rows that a replay of any search of this curve may need."""
    machine = Machine(curve, sd, rng)
    for number in numbers:
        machine.invoke(number, SIZES)
    return machine.rows


def write_sweep(path: Path, text: str = "") -> Path:
    """Write the sweep whose rows `write_rows` makes."""
    lines = "detectors: [retinaface]\ninputs: [long]\naxes: {device: cpu}\nsearch: {batch_size: {max: 512}}\n"
    path.write_text(lines + text, encoding="utf-8")
    return path
