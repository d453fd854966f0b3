"""Pairing: how two sides were measured beside each other, which decides how their times are compared.

Flow: `analysis.comparison` -> `Timing` of each side -> `pair` -> `estimates` -> `decision.decide`. Pure.

The design of the run decides, never what looks better afterwards.
"""

import bisect
import dataclasses
from collections.abc import Sequence
from enum import StrEnum
from statistics import fmean

INVOCATIONS_MIN = 3
"""Fewer on a side: a single measurement. Two processes of a program with two modes fall into the same mode every second
time, and the quantile of t on one degree of freedom is 12.7."""


class Design(StrEnum):
    """How two sides were measured."""

    PROCESSES = "processes"  # one process measured both sides
    BLOCKS = "blocks"  # processes of both sides took turns, block by block
    SESSIONS = "sessions"  # the sides were measured at different times, or on different targets


@dataclasses.dataclass(frozen=True, kw_only=True)
class Timing:
    """One invocation of one side.

    `log` is the natural logarithm of its median repeat in seconds. `block` numbers the blocks of a stretch, which is a
    part of a run without a long pause: both sides of an interleaved run have the same numbers. `session`, `stretch` and
    `process` are names. What is None is unknown: a session is then one stretch, and blocks lie in their order.
    """

    log: float
    block: int
    session: str
    stretch: str | None = None
    began_s: float | None = None  # seconds from any origin
    process: str | None = None

    @property
    def place(self) -> tuple[str, int]:
        """Name the block among all blocks."""
        return self.stretch or self.session, self.block


@dataclasses.dataclass(frozen=True, kw_only=True)
class Paired:
    """Both sides as they are compared: block by block, in the order of the blocks, unless the design is SESSIONS."""

    design: Design
    baseline: tuple[Timing, ...]
    candidate: tuple[Timing, ...]


def pair(baseline: Sequence[Timing], candidate: Sequence[Timing]) -> Paired:
    """Find out how two sides were measured.

    Returns:
        The blocks in which both sides were measured side by side, one timing of each side for each. Where fewer than
        INVOCATIONS_MIN are, although both sides have as many: every timing in its order, as SESSIONS.
    """
    ours, theirs = ({timing.place: timing for timing in side} for side in (baseline, candidate))
    shared = _find_enough_blocks([baseline, candidate])
    if not shared:
        return Paired(design=Design.SESSIONS, baseline=tuple(baseline), candidate=tuple(candidate))
    is_one_process = all(ours[key].process is not None and ours[key].process == theirs[key].process for key in shared)
    return Paired(
        design=Design.PROCESSES if is_one_process else Design.BLOCKS,
        baseline=tuple(ours[key] for key in shared),
        candidate=tuple(theirs[key] for key in shared),
    )


def average(sides: Sequence[Sequence[Timing]]) -> list[Timing]:
    """Average alike sides, so that none of them is chosen: the fastest of several is so partly by chance.

    Returns:
        One timing for each block in which all sides were measured side by side. Where these are too few: one for each
        number, in no block that another side could share.
    """
    if shared := _find_enough_blocks(sides):
        by_block = [{timing.place: timing for timing in side} for side in sides]
        return [_average([side[place] for side in by_block]) for place in shared]
    return [
        dataclasses.replace(
            _average(timings),
            session=" and ".join(dict.fromkeys(timing.session for timing in timings)),
            stretch="not side by side",
            began_s=None,
        )
        for timings in zip(*sides, strict=False)
    ]


def _average(timings: Sequence[Timing]) -> Timing:
    began_s = min((timing.began_s for timing in timings if timing.began_s is not None), default=None)
    log = fmean(timing.log for timing in timings)
    return dataclasses.replace(timings[0], log=log, began_s=began_s, process=None)


def _find_enough_blocks(sides: Sequence[Sequence[Timing]]) -> list[tuple[str, int]]:
    """List the blocks that all sides share; none where they are too few although the sides have as many timings."""
    shared = find_shared_blocks(sides)
    is_short = min(map(len, sides)) < INVOCATIONS_MIN
    return shared if is_short or len(shared) >= INVOCATIONS_MIN else []


def find_shared_blocks(sides: Sequence[Sequence[Timing]]) -> list[tuple[str, int]]:
    """List the blocks in which all sides were measured side by side: nothing of another block began in between.

    A side that was added to a run later has blocks of the same numbers, measured at another time.
    """
    by_block = [{timing.place: timing for timing in side} for side in sides]
    shared = sorted(set.intersection(*map(set, by_block)))
    begun = sorted((timing.began_s, timing.place) for side in sides for timing in side if timing.began_s is not None)
    return [place for place in shared if not _is_interrupted(place, [side[place] for side in by_block], begun)]


def _is_interrupted(
    place: tuple[str, int], timings: Sequence[Timing], begun: Sequence[tuple[float, tuple[str, int]]]
) -> bool:
    known_s = [timing.began_s for timing in timings if timing.began_s is not None]
    if len(known_s) < len(timings):
        return False
    first = bisect.bisect_right(begun, min(known_s), key=_began_s)
    last = bisect.bisect_left(begun, max(known_s), key=_began_s)
    return any(other != place for _, other in begun[first:last])


def _began_s(begun: tuple[float, tuple[str, int]]) -> float:
    return begun[0]
