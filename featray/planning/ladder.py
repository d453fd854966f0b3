"""Ladder: which values of a searched setting are measured next, from what was measured of them so far.

Flow: `search` -> `Ladder` -> `next_numbers` -> `search`. Pure: the same readings give the same answer, so that a search
that was stopped goes on where it was.

1. The climb: one invocation of each value, from the smallest up. It ends after two values in a row that are not faster
   beyond the margin than what came before, at a value that ran out of memory, at a limit of the sweep, or where a
   larger value would do the same work.
2. Rounds: the smallest value that may be as good as the fastest, its two neighbours and the fastest are measured side
   by side, first in as many invocations as the pilot has, then in as many as their spread asks for. A value that is
   clearly slower after the pilot is not measured further. Another value that now may be the smallest as good one, or
   the fastest, joins the next round. Without one, the search has ended.

The invocations of a round have numbers of their own, the same for all its values, so that comparisons pair them.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from statistics import fmean

from featray import stats
from featray.stats import students
from featray.sweep import Invocations

PATIENCE = 2
"""Values in a row without a rise that end the climb. After one, a single measurement that is off by 4% would end it
early in one of nine curves that rise by 10% per value."""

DOUBT = 1.0
"""Standard errors beyond the margin from which a single measurement shows a value to be slower. A value that is taken
for slower by mistake is still measured further where it is the neighbour of the smallest as good one."""

CLEAR = 0.99
"""Confidence with which a value is slower beyond the margin, so that it is not measured further."""

ROUNDS_MAX = 6  # of each ladder; generated curves end after two or three


@dataclasses.dataclass(frozen=True, kw_only=True)
class RungReading:
    """One invocation of one value, once no other attempt of it is due."""

    log_s: float | None  # log of the median repeat; None: no time
    is_exhausted: bool = False  # ran out of memory
    memory_b: int | None = None  # that it took itself; None: unknown
    batch_s: float | None = None  # time of a batch


@dataclasses.dataclass(frozen=True, kw_only=True)
class RungLimits:
    """What a value may need to count."""

    memory_b: int | None = None
    batch_s: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rung:
    """One value and its readings by number of the invocation. A whole one: a larger value would do the same work."""

    value: int
    readings: Mapping[int, RungReading]
    is_whole: bool = False

    def logs(self, last: int) -> list[float]:
        """List the log times of the invocations up to a number."""
        return [
            reading.log_s
            for number, reading in sorted(self.readings.items())
            if number <= last and reading.log_s is not None
        ]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ladder:
    """The values of one search, in rising order: of one detector on one input and target, all else equal."""

    rungs: tuple[Rung, ...]
    limits: RungLimits = RungLimits()

    @cached_property
    def climbed(self) -> int:
        """Count the values that the climb reaches, with the one that is measured next."""
        return _climb(self)

    def shared(self, place: int, other: int, last: int) -> set[int]:
        """List the invocations up to a number in which two values were measured side by side."""
        both = self.rungs[place].readings.keys() & self.rungs[other].readings.keys()
        return {number for number in both if number <= last}

    def candidates(self, last: int) -> list[int]:
        """List the places of the values that count: with times, without a failure, and within the limits."""
        return [place for place in range(self.climbed) if _counts(self.rungs[place], self.limits, last)]


Numbers = Sequence[set[int]]
"""For each rung the numbers of the invocations that it has or should have."""


def _climb(ladder: Ladder) -> int:
    fastest, idle, before = math.inf, 0, None
    for place, rung in enumerate(ladder.rungs, 1):
        reading = rung.readings.get(1)
        if reading is None or rung.is_whole or _ends_climb(reading, before, ladder.limits):
            return place
        log_s = math.inf if reading.log_s is None else reading.log_s
        idle = 0 if log_s < fastest - stats.MARGIN else idle + 1
        if idle == 0:
            fastest = log_s
        if idle >= PATIENCE:
            return place
        before = reading
    return len(ladder.rungs)


def _ends_climb(reading: RungReading, before: RungReading | None, limits: RungLimits) -> bool:
    """Return True for what a larger value can only make worse: memory that ran out, or a limit that is passed.

    Where the time of a batch falls, as with more threads, a larger value may still meet the limit.
    """
    if reading.is_exhausted or _is_above(reading.memory_b, limits.memory_b):
        return True
    falls = before is None or (reading.batch_s or 0.0) < (before.batch_s or 0.0)
    return _is_above(reading.batch_s, limits.batch_s) and not falls


def _is_above(value: float | None, limit: float | None) -> bool:
    return value is not None and limit is not None and value > limit


def _counts(rung: Rung, limits: RungLimits, last: int) -> bool:
    known = [reading for number, reading in rung.readings.items() if number <= last]
    return bool(known) and all(
        reading.log_s is not None
        and not _is_above(reading.memory_b, limits.memory_b)
        and not _is_above(reading.batch_s, limits.batch_s)
        for reading in known
    )


def next_numbers(ladders: Sequence[Ladder], asked: Invocations) -> list[Numbers]:
    """Say which invocations each value of several ladders has or should have now.

    Args:
        ladders: Of searches that one process can measure. Their rounds have the same numbers.
        asked: As the sweep says. A pilot of one invocation has no rounds.

    Returns:
        Per ladder. What has no reading yet is to be measured; if everything has one, the search has ended.
    """
    numbers: list[Numbers] = [
        [{1} if place < ladder.climbed else set() for place in range(len(ladder.rungs))] for ladder in ladders
    ]
    last, full = 1, asked.pilot
    for index in range(ROUNDS_MAX):
        if any(_is_open(ladder, own) for ladder, own in zip(ladders, numbers, strict=True)):
            break
        members = [_members(ladder, last, full, asked) for ladder in ladders]
        length = max((lacking for own in members for lacking in own.values()), default=0)
        if not length:
            break
        for own, joining in zip(numbers, members, strict=True):
            for place in joining:
                own[place] |= set(range(last + 1, last + length + 1))
        last += length
        if index == 0:
            full = _full(ladders, numbers, asked)
    return numbers


def _is_open(ladder: Ladder, numbers: Numbers) -> bool:
    return any(own - rung.readings.keys() for rung, own in zip(ladder.rungs, numbers, strict=True))


def _full(ladders: Sequence[Ladder], numbers: Sequence[Numbers], asked: Invocations) -> int:
    """Fix the number of invocations of a value that may be the best, from the pilots of the first round."""
    pilots = [
        rung.logs(asked.pilot)
        for ladder, own in zip(ladders, numbers, strict=True)
        for rung, wanted in zip(ladder.rungs, own, strict=True)
        if len(wanted) > 1
    ]
    timed = [pilot for pilot in pilots if len(pilot) >= stats.INVOCATIONS_MIN]
    return stats.planned_together(timed, half_width=asked.half_width, least=asked.pilot, most=asked.max)


def _members(ladder: Ladder, last: int, full: int, asked: Invocations) -> dict[int, int]:
    """Give the place of each value of the next round, and how many invocations it lacks; empty if all have enough.

    Values that have enough are measured again beside those that lack some, so that they can be compared.
    """
    places = ladder.candidates(last)
    lacking: dict[int, int] = {}
    for place in _chosen(ladder, places, last) if places else ():
        count = len(ladder.shared(place, _fastest(ladder, places, last), last))
        if count < asked.pilot:
            lacking[place] = asked.pilot - count
        elif not _is_clear(ladder, places, place, last):
            lacking[place] = max(0, full - count)
    return lacking if any(lacking.values()) else {}


def _chosen(ladder: Ladder, places: Sequence[int], last: int) -> list[int]:
    """Choose the fastest value, the smallest that may be as good, and its neighbours."""
    fastest = _fastest(ladder, places, last)
    smallest = next(place for place in places if not _is_slower(ladder, places, place, last))
    at = places.index(smallest)
    return sorted({*places[max(0, at - 1) : at + 2], fastest})


def _fastest(ladder: Ladder, places: Sequence[int], last: int) -> int:
    return min(places, key=lambda place: fmean(ladder.rungs[place].logs(last)))


def _is_slower(ladder: Ladder, places: Sequence[int], place: int, last: int) -> bool:
    """Return True for a value that cannot be as good as the fastest, as far as is known."""
    excess, error, freedom = _excess(ladder, places, place, last)
    if len(ladder.rungs[place].logs(last)) < stats.INVOCATIONS_MIN:
        return excess > DOUBT * error
    return excess >= 0 and excess + stats.MARGIN > students.two_sided(stats.CONFIDENCE, freedom) * error


def _is_clear(ladder: Ladder, places: Sequence[int], place: int, last: int) -> bool:
    """Return True for a value that is slower than the fastest beyond the margin, with `CLEAR` confidence."""
    excess, error, freedom = _excess(ladder, places, place, last)
    return excess > students.two_sided(CLEAR, freedom) * error


def _excess(ladder: Ladder, places: Sequence[int], place: int, last: int) -> tuple[float, float, float]:
    """Give by how much a value is slower than the fastest, beyond the margin, its standard error and its freedom."""
    logs = {each: ladder.rungs[each].logs(last) for each in places}
    best, own = logs[_fastest(ladder, places, last)], logs[place]
    sd, freedom = _scatter([each for each in logs.values() if len(each) > 1])
    return fmean(own) - fmean(best) - stats.MARGIN, sd * math.sqrt(1 / len(own) + 1 / len(best)), freedom


def _scatter(samples: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Pool the spread between invocations; the assumed one where there is none."""
    freedom = sum(len(sample) - 1 for sample in samples)
    if freedom < stats.INVOCATIONS_MIN:
        return stats.ASSUMED_SD, math.inf
    squares = sum((log - fmean(sample)) ** 2 for sample in samples for log in sample)
    return math.sqrt(squares / freedom), freedom
