"""Outlooks that expect something: as many other pilots are over as are doubted."""

from collections.abc import Iterable

from featray.planning.outlook import DOUBT, Outlook
from featray.planning.planned_invocation import PlannedInvocation
from tests.support.plans import make_cell, make_host, make_plan, place


def make_outlook(pilots: Iterable[PlannedInvocation], *, pilot: int, each: int) -> Outlook:
    """Make an outlook that expects so many more invocations of each process."""
    cells = [make_cell(threads=1000 + number) for number in range(DOUBT)]
    over = make_plan(place(cells, make_host("x"), make_host("y"), interchangeable=True), n=1).invocations
    outlook = Outlook([*pilots, *over], pilot=pilot, most=pilot + 20)
    for planned in over:
        outlook.finish(planned, 2 * each)
    return outlook
