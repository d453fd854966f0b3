"""Stand-ins: the most urgent invocation that a target would end in time."""

import pytest

from featray.core import cell
from featray.planning.stand_ins import MARGIN, StandIns
from featray.planning.waiting import PlacesFinder, Waiting
from tests.support.outlooks import make_outlook
from tests.support.plans import make_cell, make_host, make_plan, place

SHORT, LONG = make_cell(threads=1), make_cell(threads=2)
HOSTS = make_host("fast"), make_host("slow")
SECONDS = (("fast", SHORT, 10.0), ("slow", SHORT, 100.0), ("fast", LONG, 20.0), ("slow", LONG, 200.0))
DURATIONS = {(cell.cell_id(one), f"cpu@id-{name}"): seconds for name, one, seconds in SECONDS}
PILOT = 2
WORK = make_plan(place([SHORT, LONG], *HOSTS, interchangeable=True), n=4, durations=DURATIONS).invocations
FINDER = PlacesFinder()


def wait_for(threads: int, number: int) -> Waiting:
    """Make the invocation of this number of the cell with so many threads wait."""
    (planned,) = (
        planned
        for planned in WORK
        if (planned.invocation.cells[0].threads, planned.invocation.invocation) == (threads, number)
    )
    return Waiting(planned, FINDER.find(planned)[0])


def make_stand_ins(*waiting: Waiting) -> StandIns:
    found = StandIns(make_outlook(WORK, pilot=PILOT, each=2))
    for one in waiting:
        found.add(one)
    return found


def seconds(waiting: Waiting, name: str) -> float:
    return waiting.places.seconds[f"cpu@id-{name}"]


def test_the_most_urgent_stands_in_first_and_none_that_has_started() -> None:
    later, long, short = wait_for(2, 4), wait_for(2, 3), wait_for(1, 3)
    found = make_stand_ins(later, short, long)
    assert found.find("cpu@id-fast", 1e6) is long  # of one block the longest
    long.is_waiting = False
    assert found.find("cpu@id-fast", 1e6) is short
    short.is_waiting = False
    assert found.find("cpu@id-fast", 1e6) is later
    later.is_waiting = False
    assert found.find("cpu@id-fast", 1e6) is None


def test_what_a_target_would_end_too_late_leaves_room_for_what_it_ends_in_time() -> None:
    long, short = wait_for(2, 3), wait_for(1, 3)
    found = make_stand_ins(long, short)
    assert found.find("cpu@id-slow", seconds(long, "slow")) is short
    assert found.find("cpu@id-slow", seconds(short, "slow")) is None
    assert found.find("cpu@elsewhere", 1e6) is None


@pytest.mark.parametrize(("number", "rest"), [(PILOT, 2), (PILOT + 1, 0)])
def test_a_pilot_leaves_time_for_its_rest(number: int, rest: int) -> None:
    waiting = wait_for(1, number)
    needed_s = seconds(waiting, "slow") * (1 + MARGIN) + rest * seconds(waiting, "fast")
    found = make_stand_ins(waiting)
    assert found.find("cpu@id-slow", needed_s * 1.001) is waiting
    assert found.find("cpu@id-slow", needed_s * 0.999) is None
    assert found.fits(waiting, "cpu@id-slow", needed_s * 1.001)
