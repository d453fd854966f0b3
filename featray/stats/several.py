"""Several units at once: which differences survive their number, and which settings are tied for the best."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from featray.stats.decision import MARGIN

K = TypeVar("K")

DISCOVERY_RATE = 0.05  # share of the differences that one report leaves unmarked and that may be false


def survivors(p_values: Sequence[float], rate: float = DISCOVERY_RATE) -> list[bool]:
    """Tell which of several tests remain differences when all are judged together (Benjamini-Hochberg).

    Returns:
        Shape (tests,), in input order.
    """
    count = len(p_values)
    order = sorted(range(count), key=lambda index: p_values[index])
    passed = [rank for rank, index in enumerate(order, start=1) if p_values[index] <= rate * rank / count]
    kept = set(order[: max(passed, default=0)])
    return [index in kept for index in range(count)]


def tied_best(times: Mapping[K, float], margin: float = MARGIN) -> list[K]:
    """List the settings that are as good as the fastest: within the margin of it, in the mapping's order.

    Args:
        times: Setting -> mean log time per call.
        margin: In log time.
    """
    if not times:
        return []
    fastest = min(times.values())
    return [setting for setting, time in times.items() if time - fastest <= margin]
