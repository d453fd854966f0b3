"""Outlooks: how much is expected of pilots that are not over."""

import math

import pytest

from featray.core import cell
from featray.planning.outlook import DOUBT, SCOUTS, Outlook
from featray.planning.planned_invocation import PlannedInvocation
from tests.support.plans import make_cell, make_host, make_plan, place

CELLS = [make_cell(threads=number) for number in (1, 2, 3, 4)]
HOSTS = make_host("a"), make_host("b")
PILOTS = make_plan(place(CELLS, *HOSTS, interchangeable=True), n=3).invocations


def make_outlook(invocations: tuple[PlannedInvocation, ...] = PILOTS, most: int = 8) -> Outlook:
    return Outlook(invocations, pilot=3, most=most)


def cells_of(outlook: Outlook) -> set[str]:
    return {cell_id for planned in outlook.expected() for cell_id in planned.cell_ids}


def test_before_any_pilot_is_over_nothing_is_expected() -> None:
    assert (make_outlook().each, make_outlook().expected()) == (0.0, [])


def test_what_finished_pilots_asked_for_is_expected_of_the_others() -> None:
    outlook = make_outlook()
    outlook.finish(PILOTS[0], 5)
    assert outlook.each == pytest.approx(5 / (1 + DOUBT))
    outlook.finish(PILOTS[0], 5)  # it is over already
    assert outlook.each == pytest.approx(5 / (1 + DOUBT))
    assert len(outlook.expected()) == math.floor(3 * 5 / (1 + DOUBT))
    assert cells_of(outlook) == {cell.cell_id(one) for one in CELLS} - {*PILOTS[0].cell_ids}


def test_a_pilot_is_over_when_none_of_its_invocations_waits_or_runs() -> None:
    outlook = make_outlook()
    first, second, *others = (cell.cell_id(one) for one in CELLS)
    outlook.finish_all([(second, 3), (first, 4), *((other, 1) for other in others)], {first: 5})
    assert outlook.each == pytest.approx(5 / (1 + DOUBT))
    assert cells_of(outlook) == {second, *others}


def test_nothing_is_expected_where_the_number_is_fixed_or_no_other_target_may_take_it() -> None:
    alone = make_plan(place(CELLS, HOSTS[0]), n=3).invocations
    for outlook, pilots in ((make_outlook(most=3), PILOTS), (make_outlook(alone), alone)):
        outlook.finish(pilots[0], 5)
        assert outlook.expected() == []


def test_only_invocations_of_the_pilot_count() -> None:
    later = make_plan(place(CELLS, *HOSTS, interchangeable=True), n=5).invocations[-4:]
    outlook = make_outlook(later)
    outlook.finish_all([], {})
    assert outlook.each == 0.0
    assert [outlook.is_of_pilot(planned) for planned in (PILOTS[0], later[0])] == [True, False]


def test_the_first_pilots_go_first_until_as_many_are_over() -> None:
    cells = [make_cell(threads=number) for number in range(1, SCOUTS + 3)]
    pilots = make_plan(place(cells, *HOSTS, interchangeable=True), n=3).invocations
    outlook = make_outlook(pilots)
    scouts = {planned.cell_ids for planned in pilots if outlook.is_scout(planned)}
    assert scouts == set(list(dict.fromkeys(planned.cell_ids for planned in pilots))[:SCOUTS])
    of_each = {planned.cell_ids: planned for planned in pilots}
    for planned in list(of_each.values())[:SCOUTS]:
        assert outlook.is_scout(planned)
        outlook.finish(planned, 0)
    assert not any(map(outlook.is_scout, pilots))


def test_what_comes_after_a_pilot_is_no_scout() -> None:
    later = make_plan(place(CELLS, *HOSTS, interchangeable=True), n=5).invocations
    outlook = make_outlook(later)
    assert {planned.invocation.invocation for planned in later if outlook.is_scout(planned)} == {1, 2, 3}
