"""Pairing: how two sides were measured beside each other, which decides how their times are compared.

Flow: `analysis.comparison` -> `Timing` of each side -> `pair` -> `estimates` -> `decision.decide`. Pure.

The design of the run decides, never what looks better afterwards.
"""

import dataclasses
from collections.abc import Sequence
from enum import StrEnum

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

    `log` is the natural logarithm of its median repeat in seconds. `block` numbers the blocks of a session: both sides
    of an interleaved run have the same numbers. `session` and `process` are names; `process` may be unknown: None.
    """

    log: float
    block: int
    session: str
    process: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Paired:
    """Both sides as they are compared: block by block, in the order of the blocks, unless the design is SESSIONS."""

    design: Design
    baseline: tuple[Timing, ...]
    candidate: tuple[Timing, ...]


def pair(baseline: Sequence[Timing], candidate: Sequence[Timing]) -> Paired:
    """Find out how two sides were measured.

    Returns:
        The blocks that both sides have in common, one timing of each side for each. Where fewer than INVOCATIONS_MIN
        are common although both sides have as many: every timing in its order, as SESSIONS.
    """
    ours, theirs = ({(timing.session, timing.block): timing for timing in side} for side in (baseline, candidate))
    shared = sorted(ours.keys() & theirs.keys())
    is_short = min(len(baseline), len(candidate)) < INVOCATIONS_MIN
    if not shared or (len(shared) < INVOCATIONS_MIN and not is_short):
        return Paired(design=Design.SESSIONS, baseline=tuple(baseline), candidate=tuple(candidate))
    is_one_process = all(ours[key].process is not None and ours[key].process == theirs[key].process for key in shared)
    return Paired(
        design=Design.PROCESSES if is_one_process else Design.BLOCKS,
        baseline=tuple(ours[key] for key in shared),
        candidate=tuple(theirs[key] for key in shared),
    )
