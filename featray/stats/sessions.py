"""Sessions: how far the same work lies apart from one day, boot or run to the next on one target.

Flow: stored repeats of a target -> `spread_of` -> `estimates` for sides that were not measured side by side. Pure.

Processes of one session share the machine's state: memory layout after boot, temperature, clocks, neighbours. They say
nothing about the next session. Judged on processes alone, identical pairs of two sessions are called different in 31,
47 and 66% where sessions differ by an sd of 2, 3 and 5%.

Source: Kalibera & Jones, Rigorous Benchmarking in Reasonable Time (2013), two levels of repetition; Smyth (2004) for
the moderated variance.
"""

import dataclasses
import math
from collections.abc import Iterable, Sequence
from enum import StrEnum
from statistics import fmean

from featray.stats.invocations import Logs, variance

SESSIONS_MIN = 3
"""Sessions of a side from which their own spread counts. Two have a single degree of freedom: a quantile of 12.7."""

SESSION_SD_ASSUMED = 0.03
"""Between-session sd of log time where nothing tells it; always said to be assumed. The middle of 2, 3 and 5%, which
tests/benchmarks/verdicts.py simulates."""

SESSION_FREEDOM_ASSUMED = 12
"""How far the assumed sd is trusted: like one learned from 13 sessions. Fewer would hide +25%, more would call over 20%
of identical pairs different where sessions really differ by 5%."""

PRIOR_FREEDOM = 2
"""Weight of the assumed sd beside a measured one, in degrees of freedom. Without it, two or three sessions that happen
to lie close would count as sessions that never differ."""


class Basis(StrEnum):
    """Where a standard deviation comes from."""

    MEASURED = "measured"  # from the pair's own rows
    CALIBRATED = "calibrated"  # from other rows of the same target
    ASSUMED = "assumed"  # a named constant


@dataclasses.dataclass(frozen=True, kw_only=True)
class SessionSpread:
    """How identical work varies between sessions of one target."""

    sd: float  # between sessions, of log time
    freedom: float  # degrees of freedom behind the sd
    sessions: int  # that it was learned from; 0 where it is assumed
    basis: Basis


ASSUMED = SessionSpread(sd=SESSION_SD_ASSUMED, freedom=SESSION_FREEDOM_ASSUMED, sessions=0, basis=Basis.ASSUMED)


def spread_of(units: Iterable[Sequence[Logs]]) -> SessionSpread | None:
    """Estimate the between-session sd of a target from units that were measured in several sessions.

    The variance of a unit's session means holds a share of the variance between its processes, which is taken out.
    Units of one target share its sessions, so their degrees of freedom are not added up: the unit with the most
    sessions gives them. The assumed sd counts as PRIOR_FREEDOM further ones.

    Args:
        units: For each unit its sessions, and for each session one log time per invocation.

    Returns:
        None where no unit was measured in two sessions.
    """
    several = [sessions for sessions in units if len(sessions) >= 2]
    freedom = max((len(sessions) - 1 for sessions in several), default=0)
    if freedom == 0:
        return None
    between = sum((len(sessions) - 1) * variance([fmean(logs) for logs in sessions]) for sessions in several)
    weight = sum(len(sessions) - 1 for sessions in several)
    within, _ = pooled([logs for sessions in several for logs in sessions])
    share = fmean(fmean(1 / len(logs) for logs in sessions) for sessions in several)
    own = max(0.0, between / weight - within * share)
    return SessionSpread(
        sd=math.sqrt((PRIOR_FREEDOM * SESSION_SD_ASSUMED**2 + freedom * own) / (PRIOR_FREEDOM + freedom)),
        freedom=PRIOR_FREEDOM + freedom,
        sessions=freedom + 1,
        basis=Basis.CALIBRATED,
    )


def wider(one: SessionSpread, other: SessionSpread) -> SessionSpread:
    """Choose the larger spread, for sides of two targets."""
    return one if one.sd >= other.sd else other


def pooled(sessions: Sequence[Logs]) -> tuple[float, float]:
    """Pool the variance between processes over sessions, and give its degrees of freedom.

    Returns:
        (0, 1) where no session has two processes.
    """
    freedom = sum(len(logs) - 1 for logs in sessions)
    if freedom == 0:
        return 0.0, 1.0
    return sum((len(logs) - 1) * variance(logs) for logs in sessions if len(logs) > 1) / freedom, float(freedom)


def by_session(timings: Iterable[tuple[str, float]]) -> list[list[float]]:
    """Group (session, log time) by session, in the order in which sessions are first seen."""
    sessions: dict[str, list[float]] = {}
    for session, log in timings:
        sessions.setdefault(session, []).append(log)
    return list(sessions.values())
