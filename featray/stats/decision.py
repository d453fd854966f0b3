"""Decisions: whether one unit is faster than another, the same, or not yet known.

Flow: timings of both sides -> `pairing` -> `estimates` -> `decide` -> `Decision`. Pure.
"""

import dataclasses
import math
from collections.abc import Sequence
from enum import StrEnum

from featray.stats.estimates import DifferenceEstimate, estimate
from featray.stats.invocations import CONFIDENCE
from featray.stats.pairing import INVOCATIONS_MIN, Design, Timing, pair
from featray.stats.power import EQUIVALENCE_CONFIDENCE, needed_to_decide
from featray.stats.sessions import ASSUMED, Basis, SessionSpread
from featray.stats.students import p_value, two_sided

MARGIN = math.log(1.03)
"""The least log ratio that is worth knowing, unless the caller says otherwise. Noise never widens it.

It is what the planned invocations can tell: the 95% interval of a ratio has a half-width of 2.6% at a between-process
sd of 2% (6 invocations) and of 3.4% at 4% (12).
"""

ASSUMED_SD = 0.04
"""Between-process sd of log time where nothing is calibrated; always said to be assumed.

The middle of the 2, 4 and 8% that the rules are tried on.
"""


class Verdict(StrEnum):
    """What a comparison of two units comes to."""

    FASTER = "FASTER"  # the candidate takes less time
    SLOWER = "SLOWER"
    EQUIVALENT = "EQUIVALENT"  # the same within the margin
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_COMPARABLE = "NOT COMPARABLE"  # other work, so that no ratio means anything


@dataclasses.dataclass(frozen=True, kw_only=True)
class Spread:
    """How identical cells vary on one target."""

    sd: float  # between invocations, of log time
    basis: Basis


@dataclasses.dataclass(frozen=True, kw_only=True)
class Decision:
    """What two units' invocations say about the ratio of their times.

    `ratio` is candidate time over baseline time: below 1 the candidate is faster. `low` and `high` are its 95%
    confidence interval, None where a side has fewer than two invocations.
    """

    verdict: Verdict
    ratio: float
    low: float | None
    high: float | None
    margin: float  # in log time
    n_baseline: int  # invocations there are
    n_candidate: int
    n_judged: int  # that count, on the side with fewer of them
    spread: Spread
    needed: int | None  # per side of one sweep with both, to decide it; None when decided, or when no number would
    p_value: float | None  # two-sided, of equal times
    design: Design
    sessions: tuple[int, int]  # of the baseline, of the candidate
    session_spread: (
        SessionSpread | None
    )  # allowed for between sessions; None where it is the sides' own, or none is due

    @property
    def speedup(self) -> float:
        """Give baseline time over candidate time: above 1 the candidate is faster."""
        return 1 / self.ratio


def decide(
    baseline: Sequence[Timing],
    candidate: Sequence[Timing],
    *,
    margin: float = MARGIN,
    calibrated_sd: float | None = None,
    session_spread: SessionSpread = ASSUMED,
) -> Decision:
    """Judge the ratio of two units' times.

    FASTER and SLOWER: the 95% interval leaves out 1 and the ratio is at least the margin away from it. EQUIVALENT: the
    90% interval lies within the margin. Anything else, and anything from fewer than INVOCATIONS_MIN invocations on a
    side, is INCONCLUSIVE with the number per side that would decide it. `estimates` says how the error is found.

    Args:
        baseline: At least one invocation.
        candidate: The same.
        margin: Least log ratio that counts.
        calibrated_sd: Between-process sd of the target, for pairs with too few invocations to have their own.
        session_spread: How sessions of the targets differ, for sides with too few sessions of their own.

    Raises:
        ValueError: a side is empty.
    """
    if not baseline or not candidate:
        raise ValueError("a side without invocations has no time")
    paired = pair(baseline, candidate)
    found = estimate(paired, session_spread)
    is_enough = min(len(baseline), len(candidate)) >= INVOCATIONS_MIN
    verdict = _verdict(found, margin) if is_enough else Verdict.INCONCLUSIVE
    spread = _spread(found.sd if is_enough else None, calibrated_sd)
    n_judged = min(len(paired.baseline), len(paired.candidate))
    far = None if found.freedom is None else two_sided(CONFIDENCE, found.freedom) * found.error
    return Decision(
        verdict=verdict,
        ratio=math.exp(found.difference),
        low=None if far is None else math.exp(found.difference - far),
        high=None if far is None else math.exp(found.difference + far),
        margin=margin,
        n_baseline=len(baseline),
        n_candidate=len(candidate),
        n_judged=n_judged,
        spread=spread,
        needed=_needed(found.difference, spread, margin, n_judged, paired.design)
        if verdict is Verdict.INCONCLUSIVE
        else None,
        p_value=_p_value(found),
        design=paired.design,
        sessions=(_sessions(paired.baseline), _sessions(paired.candidate)),
        session_spread=session_spread if found.uses_session_spread else None,
    )


def _sessions(side: Sequence[Timing]) -> int:
    return len({timing.session for timing in side})


def _verdict(found: DifferenceEstimate, margin: float) -> Verdict:
    if found.freedom is None:
        return Verdict.INCONCLUSIVE
    size = abs(found.difference)
    if size >= margin and size > two_sided(CONFIDENCE, found.freedom) * found.error:
        return Verdict.FASTER if found.difference < 0 else Verdict.SLOWER
    if size + two_sided(EQUIVALENCE_CONFIDENCE, found.freedom) * found.error <= margin:
        return Verdict.EQUIVALENT
    return Verdict.INCONCLUSIVE


def _spread(own_sd: float | None, calibrated_sd: float | None) -> Spread:
    """Choose the sides' own sd where each has enough invocations, else what is known of the target."""
    if own_sd is not None:
        return Spread(sd=own_sd, basis=Basis.MEASURED)
    if calibrated_sd is not None:
        return Spread(sd=calibrated_sd, basis=Basis.CALIBRATED)
    return Spread(sd=ASSUMED_SD, basis=Basis.ASSUMED)


def _needed(difference: float, spread: Spread, margin: float, have: int, design: Design) -> int | None:
    """Count as `power.needed_to_decide` does, but side by side more than there are: those have not decided it."""
    least = INVOCATIONS_MIN if design is Design.SESSIONS and have >= INVOCATIONS_MIN else have + 1
    needed = needed_to_decide(difference, spread.sd, margin, by_process=design is Design.PROCESSES)
    return None if needed is None else max(needed, least)


def _p_value(found: DifferenceEstimate) -> float | None:
    if found.freedom is None:
        return None
    if found.error == 0:
        return 1.0 if found.difference == 0 else 0.0
    return p_value(found.difference / found.error, found.freedom)
