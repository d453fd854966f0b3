"""Searches: which units form one, which go forward together, and what may still come."""

import math

from featray.core import cell
from featray.core.cell import Cell
from featray.planning import search
from featray.planning.ladder import RungReading
from featray.planning.search import Readings
from featray.sweep import Invocations, Search
from tests.support.plans import make_cell, make_host, make_plan, place

SEARCH = Search(axis="batch_size", values=(1, 2, 4))
ASKED = Invocations(pilot=3, max=5)
TARGET = "cpu@id-box"


def cells(**changes: object) -> list[Cell]:
    return [make_cell(batch_size=size, **changes) for size in (1, 2, 4)]


def read(*cells: Cell, target: str = TARGET, seconds: float = 1.0) -> Readings:
    return {(cell.cell_id(each), target): {1: RungReading(log_s=math.log(seconds))} for each in cells}


def test_units_that_differ_in_the_searched_setting_alone_are_one_search() -> None:
    placed = place([*cells(), *cells(num_workers=2), *cells(input="long")], make_host("a"), make_host("b"))
    groups = search.gather(SEARCH, placed.units, {})
    assert [len(group) for group in groups] == [3, 3]  # hosts a and b
    assert [unit.cell.batch_size for unit in groups[0][1].units] == [1, 2, 4]
    assert {unit.cell.num_workers for unit in groups[0][1].units} == {2}


def test_threads_are_searched_across_processes() -> None:
    placed = place([make_cell(threads=number) for number in (1, 2, 4)], make_host())
    threads = Search(axis="threads", values=(1, 2, 4))
    ((ladder,),) = search.gather(threads, placed.units, {})
    assert [rung.value for rung in ladder.ladder.rungs] == [1, 2, 4]


def test_only_the_batch_size_can_hold_all_frames() -> None:
    placed = place([make_cell(batch_size=size) for size in (64, 72, 128)])  # the clip has 72 frames
    ((ladder,),) = search.gather(SEARCH, placed.units, {})
    assert [rung.is_whole for rung in ladder.ladder.rungs] == [False, True, True]


def test_only_what_is_asked_for_now_is_planned() -> None:
    one, two, four = cells()
    placed = place([one, two, four])
    planned = make_plan(placed, n=search.decide(SEARCH, ASKED, placed.units, {}))
    assert [invocation.cell_ids for invocation in planned.invocations] == [(cell.cell_id(one),)]
    assert planned.progress[cell.cell_id(four), TARGET] == (0, 0)


def test_detectors_climb_by_themselves() -> None:
    first, second = cells(), cells(detector="img2pose")
    placed = place([*first, *second])
    needed = search.decide(SEARCH, ASKED, placed.units, read(first[0]))
    assert needed(cell.cell_id(first[1]), TARGET) == {1}
    assert needed(cell.cell_id(second[1]), TARGET) == set()


def test_the_outlook_is_the_rest_of_the_climb_and_the_values_that_are_measured_further() -> None:
    placed = place(cells())
    outlook = search.outlook(SEARCH, ASKED, placed.units, {}, lambda _: 25.0)
    assert outlook.measurements == 2 + 3 * 4  # two values of the climb, and each of the three 4 times more
    assert outlook.expected_s == {TARGET: 14 * 25.0}
    assert len(outlook.may_come) == 3


def test_a_search_that_has_ended_has_no_outlook() -> None:
    one, two, four = cells()
    single = Invocations(pilot=1, max=1)
    readings = read(one, two, four)
    assert search.outlook(SEARCH, single, place([one, two, four]).units, readings, lambda _: 1.0).measurements == 0
