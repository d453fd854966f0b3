"""Allotments: places that are kept for what is expected, and when they are given anew."""

from featray.core.cell import cell_id
from featray.planning.allotment import Allotment
from featray.planning.outlook import SCOUTS, Outlook
from featray.planning.waiting import PlacesFinder, Waiting
from tests.support.outlooks import make_outlook
from tests.support.plans import make_cell, make_host, make_plan, place

HOSTS = [make_host(f"h{number}") for number in range(60)]
WORK = make_plan(place([make_cell()], *HOSTS, interchangeable=True), n=80).invocations
LEASES = {f"cpu@{host.host_id}": host.host_id for host in HOSTS}


def make_allotment(*, each: int) -> Allotment:
    """Make one of a pilot of 60 invocations on as many alike hosts, when the first of it has ended."""
    finder = PlacesFinder()
    found = Allotment(finder, make_outlook(WORK[:60], pilot=60, each=each))
    waiting = [Waiting(planned, finder.find(planned)[0]) for planned in WORK[:60]]
    found.make(waiting, LEASES, dict.fromkeys(LEASES.values(), 0.0), lambda _: None)
    return found


def make_waiting(number: int) -> Waiting:
    return Waiting(WORK[number - 1], PlacesFinder().find(WORK[number - 1])[0])


def test_what_was_expected_takes_a_place_that_was_kept_for_it() -> None:
    allotment = make_allotment(each=2)
    for number in (61, 62):
        allotment.add(make_waiting(number))
        assert allotment.is_made
        assert allotment.is_guess  # a place may have been kept where it cannot start
    allotment.add(make_waiting(63))
    assert not allotment.is_made


def test_where_nothing_is_expected_whatever_comes_has_all_given_anew() -> None:
    allotment = make_allotment(each=0)
    assert not allotment.is_guess
    allotment.add(make_waiting(61))
    assert not allotment.is_made


def test_ends_make_a_guess_out_of_date_sooner_where_little_runs() -> None:
    for each, running, serves in ((2, 60, 3), (2, 50, 2), (2, 5, 1), (0, 5, 3)):
        allotment = make_allotment(each=each)
        for _ in range(serves):
            assert allotment.is_made
            allotment.note_release(running)
        assert not allotment.is_made


def test_the_first_pilots_get_the_fastest_targets() -> None:
    speeds = {f"cpu@{host.host_id}": 1.0 + number for number, host in enumerate(HOSTS)}
    cells = [make_cell(threads=number) for number in range(1, SCOUTS + 11)]
    stored = {(cell_id(one), target): seconds for one in cells for target, seconds in speeds.items()}
    pilots = make_plan(place(cells, *HOSTS, interchangeable=True), n=3, durations=stored).invocations
    assert len(pilots) == len(HOSTS)
    finder, outlook = PlacesFinder(), Outlook(pilots, pilot=3, most=8)
    allotment = Allotment(finder, outlook)
    waiting = [Waiting(planned, finder.find(planned)[0]) for planned in pilots]
    allotment.make(waiting, LEASES, dict.fromkeys(LEASES.values(), 0.0), lambda _: None)
    firsts = {target: allotment.next_of(lease, target, 0.0) for target, lease in LEASES.items()}
    of_scouts = [speeds[target] for target, one in firsts.items() if one and outlook.is_scout(one.planned)]
    of_others = [speeds[target] for target, one in firsts.items() if one and not outlook.is_scout(one.planned)]
    assert len(of_scouts) + len(of_others) > SCOUTS
    assert max(of_scouts) < min(of_others)
