"""Idle targets: of what they may go on with, what is on its way already is left out."""

from featray.core.cell import cell_id
from featray.running import idle_targets
from tests.support.plans import make_cell, make_host, make_plan, place

CELLS = [make_cell(batch_size=size) for size in (1, 4)]


def test_units_that_wait_or_run_are_left_out() -> None:
    first, second = make_plan(place(CELLS, make_host()), n=2).invocations
    known = idle_targets.on_their_way([first])
    assert idle_targets.only_new(first, known) is None
    assert idle_targets.only_new(second, known) == second


def test_what_is_on_its_way_in_part_keeps_the_rest() -> None:
    (whole,) = make_plan(place(CELLS, make_host()), n=1).invocations
    (part,) = make_plan(place(CELLS[:1], make_host()), n=1).invocations
    new = idle_targets.only_new(whole, idle_targets.on_their_way([part]))
    assert new is not None
    assert new.cell_ids == (cell_id(CELLS[1]),)


def test_another_target_counts_only_where_the_work_may_move() -> None:
    (here,) = make_plan(place(CELLS, make_host("here")), n=1).invocations
    (there,) = make_plan(place(CELLS, make_host("there")), n=1).invocations
    assert idle_targets.only_new(there, idle_targets.on_their_way([here])) == there
    hosts = (make_host("there"), make_host("here"))
    (moving,) = make_plan(place(CELLS[:1], *hosts, interchangeable=True), n=1).invocations
    assert idle_targets.only_new(moving, idle_targets.on_their_way([here])) is None
