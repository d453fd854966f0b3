"""Search: the next versions to measure side by side, given what earlier steps have shown, or how the search ends.

Flow: number of versions, results of steps -> `advance` -> `BisectionStep` or `Conclusion`. Pure.

Each step measures two ends that differ and the version in the middle. The middle then takes the place of the end that
it lies with, until the ends are neighbours. A last step checks versions further away, which the search has not looked
at: without it, a time that goes up, down and up again would look like a single change.
"""

import dataclasses
import itertools
import math
from collections.abc import Iterator, Sequence
from enum import StrEnum

from featray.analysis.bisection.judging import BisectionStep, Ends, StepResult
from featray.stats import MARGIN
from featray.stats.sequential import Contrast, Position


class Ending(StrEnum):
    """How a bisection ends."""

    FOUND = "FOUND"  # the first version with another time, or few that could not be measured
    UNCHANGED = "UNCHANGED"  # both ends take the same time, within the margin
    NOT_MONOTONE = "NOT MONOTONE"  # the time goes up and down, so there is no first version with another time
    UNDECIDED = "UNDECIDED"  # too little could be measured, or it scatters too much


class Reason(StrEnum):
    """Why a bisection ends as it does, where the ending leaves that open."""

    END_UNMEASURED = "an end has no times"
    ENDS_OPEN = "the ends are neither clearly different nor clearly equal"
    MIDDLE_OPEN = "a version is not clearly with one end"
    ENDS_MET = "two neighbours that should differ take the same time"
    MIDDLE_OFF = "a version between them takes another time than both ends"
    SEVERAL = "a version further away has changed as well, and back"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Conclusion:
    """The end of a bisection; versions are numbers in the list that was bisected."""

    ending: Ending
    reason: Reason | None = None
    good: int | None = None  # the last version that lies with the first end
    suspects: tuple[int, ...] = ()  # one of these is the first that lies with the last end; the only one if FOUND
    about: tuple[int, ...] = ()  # versions that the reason is about
    unmeasured: tuple[int, ...] = ()  # all that could not be measured
    change: Contrast | None = None  # from `good` to the last suspect, in log time
    overall: Contrast | None = None  # from the first end to the last


def steps_most(count: int) -> int:
    """Count the steps that a search among so many versions needs at the most, the check included."""
    return max(1, math.ceil(math.log2(max(count - 1, 1)))) + 1


def advance(count: int, results: Sequence[StepResult], *, margin: float = MARGIN) -> BisectionStep | Conclusion:
    """Choose the next step, or end.

    Args:
        count: Number of versions, at least 2; the first and the last are the ends.
        results: Of all steps so far, each of which was chosen by this function.
        margin: Least log ratio that counts.
    """
    first, last = 0, count - 1
    unmeasured: set[int] = set()
    for number, result in enumerate(results):
        unmeasured |= set(result.measured.unmeasured)
        ended = _end(result, margin, differs=_have_differed(results[:number]))
        if ended is not None:
            return _conclude(ended, results, first, last, unmeasured)
        if not result.step.is_check:
            first, last = _narrow(result, first, last)
    middle = _middle(first, last, unmeasured)
    if middle is not None or not results or not _is_judged(results, first, last):
        return BisectionStep(first=first, last=last, middles=() if middle is None else (middle,))
    found = Conclusion(ending=Ending.FOUND)
    if results[-1].step.is_check:
        return _conclude(found, results, first, last, unmeasured)
    probes = tuple(_probes(count, first, last, results))
    if probes:
        return BisectionStep(first=first, last=last, middles=probes, is_check=True)
    return _conclude(found, results, first, last, unmeasured)


def _end(result: StepResult, margin: float, *, differs: bool) -> Conclusion | None:
    """End the search where a result asks for it; `differs` says that its ends are known to differ."""
    step, lacking = result.step, result.measured.unmeasured
    if missing := tuple(version for version in (step.first, step.last) if version in lacking):
        return Conclusion(ending=Ending.UNDECIDED, reason=Reason.END_UNMEASURED, about=missing)
    if lacking and not step.is_check:
        return None  # another middle is tried
    if result.ends is Ends.OPEN:
        return Conclusion(ending=Ending.UNDECIDED, reason=Reason.ENDS_OPEN, about=(step.first, step.last))
    if result.ends is Ends.EQUAL:
        return _end_of_equals(result, margin, differs=differs)
    return _end_of_check(result) if step.is_check else _end_of_search(result)


def _end_of_equals(result: StepResult, margin: float, *, differs: bool) -> Conclusion:
    """End at two ends that take the same time: nothing changed, unless an earlier step says that they differ."""
    step = result.step
    if differs:
        return Conclusion(ending=Ending.UNDECIDED, reason=Reason.ENDS_MET, about=(step.first, step.last))
    if off := tuple(version for version, offset in result.offsets.items() if offset.differs(margin)):
        return Conclusion(ending=Ending.NOT_MONOTONE, reason=Reason.MIDDLE_OFF, about=off)
    return Conclusion(ending=Ending.UNCHANGED)


def _end_of_search(result: StepResult) -> Conclusion | None:
    for version, place in result.places.items():
        if place in (Position.BELOW, Position.ABOVE):
            return Conclusion(ending=Ending.NOT_MONOTONE, reason=Reason.MIDDLE_OFF, about=(version,))
        if place is Position.OPEN:
            return Conclusion(ending=Ending.UNDECIDED, reason=Reason.MIDDLE_OPEN, about=(version,))
    return None


BEFORE = (Position.FIRST, Position.BELOW, Position.OPEN)
"""Where a version before the change may lie. BELOW: the time had changed in the same direction before."""

AFTER = (Position.LAST, Position.ABOVE, Position.OPEN)


def _end_of_check(result: StepResult) -> Conclusion | None:
    odd = tuple(
        version
        for version, place in result.places.items()
        if place not in (BEFORE if version < result.step.first else AFTER)
    )
    return Conclusion(ending=Ending.NOT_MONOTONE, reason=Reason.SEVERAL, about=odd) if odd else None


def _narrow(result: StepResult, first: int, last: int) -> tuple[int, int]:
    """Let the middle take the place of the end that it lies with; what lies between has left the first end."""
    for version, place in result.places.items():
        if place is Position.FIRST:
            first = version
        elif place in (Position.LAST, Position.BETWEEN):
            last = version
    return first, last


def _middle(first: int, last: int, unmeasured: set[int]) -> int | None:
    """Choose the version nearest to the middle that may be measured; None if there is none."""
    candidates = [version for version in range(first + 1, last) if version not in unmeasured]
    return min(candidates, key=lambda version: abs(2 * version - first - last), default=None)


def _is_judged(results: Sequence[StepResult], first: int, last: int) -> bool:
    """Return True if the ends were measured in one step that came to an answer about them."""
    return any(
        {first, last} <= set(result.measured.times) and result.ends is not Ends.OPEN and not _is_given_up(result)
        for result in results
    )


def _is_given_up(result: StepResult) -> bool:
    """Return True for a search whose middle had no times: it ended before its ends were judged."""
    return not result.step.is_check and bool(result.measured.unmeasured)


def _probes(count: int, first: int, last: int, results: Sequence[StepResult]) -> Iterator[int]:
    """Choose, on either side of the change, the middle of the longest stretch that no step has looked at."""
    seen = {version for result in results for version in result.step.versions}
    for side in (range(1, first), range(last + 1, count - 1)):
        stretches = [
            list(members) for is_seen, members in itertools.groupby(side, key=seen.__contains__) if not is_seen
        ]
        if stretches:
            longest = max(stretches, key=len)
            yield longest[len(longest) // 2]


def _conclude(
    ended: Conclusion, results: Sequence[StepResult], first: int, last: int, unmeasured: set[int]
) -> Conclusion:
    """Add what is known of the change: where it lies, and how large it is."""
    is_located = ended.ending is not Ending.UNCHANGED and ended.reason is not Reason.MIDDLE_OFF
    is_located = is_located and _have_differed(results)
    suspects = tuple(range(first + 1, last + 1)) if is_located else ()
    pairs = [result for result in results if {first, last} <= set(result.measured.times) and result.blocks]
    ends = [result for result in results if result.difference is not None and not result.step.is_check]
    return dataclasses.replace(
        ended,
        good=first if is_located else None,
        suspects=suspects,
        unmeasured=tuple(sorted(unmeasured)),
        change=pairs[-1].compare(first, last) if is_located and pairs else None,
        overall=ends[0].compare(ends[0].step.first, ends[0].step.last) if ends else None,
    )


def _have_differed(results: Sequence[StepResult]) -> bool:
    """Return True if some step has shown that its ends differ."""
    return any(result.ends is Ends.DIFFERENT for result in results)
