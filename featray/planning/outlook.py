"""Outlook: how many more invocations the pilots that are not over will ask for.

Flow: planned pilots, and what finished ones asked for -> `Outlook` -> `allotment.Allotment`. Pure.
A schedule that knows only the pilots lets slow hosts wait near the end of these, and later they get an invocation less.
"""

import itertools
import math
from collections.abc import Iterable, Mapping

from featray.planning.planned_invocation import PlannedInvocation

DOUBT = 3
"""Pilots that are counted as if they had asked for nothing.

Before any pilot is over nothing is expected, and the first ones to end say little: a slow host that starts something
because too much is expected ends last, by far. Measured on a virtual clock with 1000 hosts, over the bound of whole
invocations, before some pilots went first (`SCOUTS`): 1.087 with 1, 1.0096 with 3, 1.0106 with 4, 1.012 with 8."""

SCOUTS = 10
"""Pilots that go first, to the fastest targets.

Where there are more targets than processes, each pilot has an invocation on a slow one otherwise, and all end late.
Measured on a virtual clock, over the bound of whole invocations: with 300 hosts, where one process in eight asks for
seven more, 1.02 and 1.03 instead of 1.10 and 1.13; with 1000 hosts, where each asks for up to seven more, 1.004 to
1.006 instead of 1.011."""


class Outlook:
    """The processes that may run on several targets and whose pilot is not over."""

    def __init__(self, invocations: Iterable[PlannedInvocation], *, pilot: int, most: int) -> None:
        """Take what is planned.

        Args:
            invocations: Only those of pilots count.
            pilot: Invocations of a pilot.
            most: The most that a process gets, its pilot included.
        """
        self._pilot = pilot
        pilots = (planned for planned in invocations if self.is_of_pilot(planned) and planned.alternatives)
        self._open = {_process(planned): planned for planned in pilots} if pilot < most else {}
        self._scouts = frozenset(itertools.islice(self._open, SCOUTS))
        self._asked, self._finished = 0, DOUBT  # together

    @property
    def each(self) -> float:
        """Expect how many invocations a pilot asks for, from those that are over."""
        return self._asked / self._finished

    def is_of_pilot(self, planned: PlannedInvocation) -> bool:
        """Return True for an invocation after which its process may ask for more."""
        return planned.invocation.invocation <= self._pilot

    def is_scout(self, planned: PlannedInvocation) -> bool:
        """Return True for an invocation of a pilot that goes first: soon it is known what pilots ask for."""
        is_needed = self._finished < DOUBT + SCOUTS
        return is_needed and self.is_of_pilot(planned) and _process(planned) in self._scouts

    def expected(self) -> list[PlannedInvocation]:
        """List an invocation of a pilot for each one that is expected to come."""
        counts = (math.floor((at + 1) * self.each) - math.floor(at * self.each) for at in range(len(self._open)))
        return [planned for planned, count in zip(self._open.values(), counts, strict=True) for _ in range(count)]

    def finish(self, planned: PlannedInvocation, asked: int) -> None:
        """Say that the pilot of a process is over, and how many invocations it asked for."""
        if self._open.pop(_process(planned), None) is not None:
            self._asked += asked
            self._finished += 1

    def finish_all(self, unfinished: Iterable[tuple[str, int]], asked: Mapping[str, int]) -> None:
        """Finish every pilot of which nothing waits or runs.

        Args:
            unfinished: (cell id, invocation) of what waits or runs.
            asked: Cell id -> how many invocations its pilot asked for.
        """
        measuring = {cell_id for cell_id, number in unfinished if number <= self._pilot}
        for planned in list(self._open.values()):
            if measuring.isdisjoint(planned.cell_ids):
                self.finish(planned, max(asked.get(cell_id, 0) for cell_id in planned.cell_ids))


def _process(planned: PlannedInvocation) -> str:
    return min(planned.cell_ids)
