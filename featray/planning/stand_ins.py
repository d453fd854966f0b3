"""Stand-ins: what a target starts in place of an invocation that is expected but not known yet.

Flow: `allotment.Allotment` -> `StandIns` -> `allotment.Allotment`. Pure.
A pilot that ended with the sweep would ask for its rest too late. So an invocation of a pilot stands in only where it
leaves time for the rest.
"""

import heapq
import itertools
import math

from featray.planning.outlook import Outlook
from featray.planning.waiting import Waiting, urgency

MARGIN = 0.1
"""Share of its own length by which a stand-in must end before the sweep.

Both the length and the sweep's end are guesses, and a slow host that ends last decides when the sweep ends. Measured on
a virtual clock with 1000 hosts and lengths that are known, over the bound of whole invocations: 1.064 with 0.02."""

_Queue = list[tuple[tuple[int, int, float], int, Waiting]]
"""A heap, the most urgent first; of equally urgent ones the earlier."""


class StandIns:
    """Waiting invocations, found by the time that is left for them."""

    def __init__(self, outlook: Outlook) -> None:
        """Hold none yet."""
        self._outlook = outlook
        self._alike: dict[
            tuple[int, bool], _Queue
        ] = {}  # those that take the same time, by whether they are of a pilot
        self._count = itertools.count()

    def add(self, waiting: Waiting) -> None:
        """Put one in; it is left out as soon as it no longer waits."""
        key = waiting.places.alike, self._outlook.is_of_pilot(waiting.planned)
        heapq.heappush(self._alike.setdefault(key, []), (urgency(waiting), next(self._count), waiting))

    def find(self, target_id: str, left_s: float) -> Waiting | None:
        """Find the most urgent one that a target would end in time, or None.

        Args:
            target_id: The target.
            left_s: Seconds until the sweep ends.
        """
        first = [queue[0][2] for queue in self._alike.values() if _tidy(queue)]
        return min((one for one in first if self.fits(one, target_id, left_s)), key=urgency, default=None)

    def fits(self, waiting: Waiting, target_id: str, left_s: float) -> bool:
        """Return True if a target would end an invocation in time, with the rest of its pilot at the fastest one."""
        rest = self._outlook.each if self._outlook.is_of_pilot(waiting.planned) else 0.0
        seconds = waiting.places.seconds.get(target_id, math.inf)
        return seconds * (1 + MARGIN) + rest * waiting.places.fastest_s <= left_s


def _tidy(queue: _Queue) -> bool:
    """Leave out what no longer waits at the head of a queue; return whether anything is left."""
    while queue and not queue[0][2].is_waiting:
        heapq.heappop(queue)
    return bool(queue)
