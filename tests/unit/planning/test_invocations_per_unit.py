"""Invocations per unit: the pilot, then once what its spread asks for."""

import dataclasses
from collections.abc import Iterable

import pytest

from featray import stats
from featray.core import cell
from featray.core.stored_unit import StoredUnit
from featray.planning import invocations_per_unit, plan
from featray.stats import Logs
from featray.sweep import Invocations
from tests.support.plans import make_cell, make_host, make_stored, place

CELL, LARGER, OTHER = make_cell(batch_size=1), make_cell(batch_size=4), make_cell(threads=2)
TARGET = "cpu@id-box"
ASKED = Invocations(pilot=3, max=9, half_width=0.03)

STEADY = [make_stored(CELL, TARGET, number, timed_s=[1.0]) for number in (1, 2, 3)]
NOISY = [make_stored(CELL, TARGET, number, timed_s=[seconds]) for number, seconds in enumerate((0.5, 1.0, 2.0), 1)]


def test_a_fixed_number_needs_no_pilot() -> None:
    needed = invocations_per_unit.decide(Invocations(pilot=4, max=4), place([CELL]), NOISY)
    assert needed(cell.cell_id(CELL), TARGET) == 4


def test_a_steady_pilot_is_enough_and_a_noisy_one_asks_for_the_most() -> None:
    for stored, number in ((STEADY, 3), (NOISY, 9), (NOISY[:2], 3)):
        assert invocations_per_unit.decide(ASKED, place([CELL]), stored)(cell.cell_id(CELL), TARGET) == number


def test_only_the_pilot_fixes_the_number() -> None:
    later = [make_stored(CELL, TARGET, 4, timed_s=[50.0])]
    assert invocations_per_unit.decide(ASKED, place([CELL]), [*STEADY, *later])(cell.cell_id(CELL), TARGET) == 3


def test_cells_of_one_process_get_the_number_of_the_noisiest() -> None:
    calm = [dataclasses.replace(unit, cell_id=cell.cell_id(LARGER)) for unit in STEADY]
    apart = [dataclasses.replace(unit, cell_id=cell.cell_id(OTHER)) for unit in STEADY]
    needed = invocations_per_unit.decide(ASKED, place([CELL, LARGER, OTHER]), [*NOISY, *calm, *apart])
    assert [needed(cell.cell_id(one), TARGET) for one in (CELL, LARGER, OTHER)] == [9, 9, 3]


def test_environments_get_the_same_number() -> None:
    newer = make_cell(batch_size=1, environment="new", requirements=("torch==2.11.0",))
    calm = [dataclasses.replace(unit, cell_id=cell.cell_id(newer)) for unit in STEADY]
    needed = invocations_per_unit.decide(ASKED, place([CELL, newer], make_host()), [*NOISY, *calm])
    assert needed(cell.cell_id(newer), TARGET) == 9


def test_only_processes_whose_pilot_is_not_over_may_ask_for_more() -> None:
    placed = place([CELL, LARGER, OTHER])  # two processes: two units and one
    apart = [dataclasses.replace(unit, cell_id=cell.cell_id(OTHER)) for unit in NOISY]
    assert invocations_per_unit.decide(ASKED, placed, []).may_come == 3 * 6
    assert invocations_per_unit.decide(ASKED, placed, [*NOISY, *apart]).may_come == 2 * 6  # LARGER has no pilot yet
    calm = [dataclasses.replace(unit, cell_id=cell.cell_id(LARGER)) for unit in STEADY]
    assert invocations_per_unit.decide(ASKED, placed, [*NOISY, *calm, *apart]).may_come == 0
    assert invocations_per_unit.decide(Invocations(pilot=4, max=4), placed, []).may_come == 0


def keys_of_finished(stored: list[StoredUnit]) -> list[tuple[object, ...]]:
    return [unit.key() for unit in invocations_per_unit.finished(stored)]


def test_a_pilot_is_complete_when_no_try_of_it_is_due() -> None:
    pilot = [make_stored(CELL, TARGET, number, timed_s=[1.0]) for number in (1, 2)]
    crashed = make_stored(CELL, TARGET, 3, status="crashed")
    assert keys_of_finished([*pilot, crashed]) == [unit.key() for unit in pilot]
    again = dataclasses.replace(crashed, attempt=2, status="ok")
    assert keys_of_finished([*pilot, crashed, again]) == [unit.key() for unit in (*pilot, again)]
    third = dataclasses.replace(crashed, attempt=3)
    assert keys_of_finished([*pilot, crashed, third]) == [unit.key() for unit in (*pilot, third)]
    lost = dataclasses.replace(third, status="lost")
    assert keys_of_finished([*pilot, crashed, lost]) == [unit.key() for unit in pilot]


def test_a_pilot_that_lost_an_invocation_still_fixes_its_number() -> None:
    asked = Invocations(pilot=4, max=9, half_width=0.03)
    lost = make_stored(CELL, TARGET, 4, status="timeout")
    assert invocations_per_unit.decide(asked, place([CELL]), [*NOISY, lost])(cell.cell_id(CELL), TARGET) == 9


def test_the_number_of_a_process_is_found_once_however_many_cells_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def count(pilots: Iterable[Logs], **_: object) -> int:
        calls.append(len(list(pilots)))
        return 5

    monkeypatch.setattr(stats, "planned_together", count)
    cells = [make_cell(batch_size=size) for size in range(1, 41)]
    stored = [make_stored(each, TARGET, number, timed_s=[1.0]) for each in cells for number in (1, 2, 3)]
    needed = invocations_per_unit.decide(ASKED, place(cells), stored)
    assert {needed(cell.cell_id(each), TARGET) for each in cells} == {5}
    assert calls == [40]


TWO = make_host("box"), make_host("shelf")
SPLIT = [*NOISY, make_stored(CELL, "cpu@id-shelf", 4, timed_s=[9.0])]


def test_a_pilot_that_was_split_over_interchangeable_targets_counts_by_the_target_that_has_most_of_it() -> None:
    asked = Invocations(pilot=4, max=9, half_width=0.03)
    placed = place([CELL], *TWO, interchangeable=True)
    for stored, number in ((SPLIT, 9), (SPLIT[:3], 4), ([*STEADY, SPLIT[3]], 4)):
        assert invocations_per_unit.decide(asked, placed, stored)(cell.cell_id(CELL), TARGET) == number
    assert invocations_per_unit.decide(asked, place([CELL], *TWO), SPLIT)(cell.cell_id(CELL), TARGET) == 4


def test_what_comes_after_a_split_pilot_changes_no_number() -> None:
    asked = Invocations(pilot=4, max=9, half_width=0.03)
    later = [make_stored(CELL, "cpu@id-shelf", number, timed_s=[1.0]) for number in range(5, 10)]
    placed = plan.prefer_measured_target(place([CELL], *TWO, interchangeable=True), [*SPLIT, *later])
    needed = invocations_per_unit.decide(asked, placed, [*SPLIT, *later])
    assert needed(cell.cell_id(CELL), "cpu@id-shelf") == 9
