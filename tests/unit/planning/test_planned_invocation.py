"""Planned invocations: what they hold, what they should take, and how they move."""

from featray.core import cell
from featray.planning import planned_invocation
from featray.planning.planned_invocation import PlannedInvocation
from tests.support.plans import make_cell, make_host, make_plan, place

CELL = make_cell()
ID = cell.cell_id(CELL)
A, B, C = (make_host(name) for name in "abc")


def planned_anywhere(durations: dict[tuple[str, str], float]) -> PlannedInvocation:
    placed = place([CELL], A, B, C, interchangeable=True)
    (planned,) = make_plan(placed, n=1, durations=durations).invocations
    return planned


def test_each_target_should_take_what_it_took_and_else_the_mean_of_the_others() -> None:
    planned = planned_anywhere({(ID, "cpu@id-b"): 10.0})
    assert [seconds for _, seconds in planned.everywhere()] == [25.0, 25.0, 25.0]  # 15 s of load each
    planned = planned_anywhere({(ID, "cpu@id-a"): 2.0, (ID, "cpu@id-c"): 3.0})
    assert [seconds for _, seconds in planned.everywhere()] == [17.0, 17.5, 18.0]


def test_an_invocation_that_moves_keeps_its_cells_and_every_other_target() -> None:
    planned = planned_anywhere({(ID, f"cpu@id-{name}"): seconds for name, seconds in (("a", 3.0), ("b", 2.0))})
    moved = planned_invocation.move(planned, planned.alternatives[0])
    assert (moved.target.target_id, moved.invocation.target_id, moved.expected_s) == ("cpu@id-b", "cpu@id-b", 17.0)
    assert [target.target_id for target in moved.alternatives] == ["cpu@id-a", "cpu@id-c"]
    assert moved.elsewhere_s == (18.0, 17.5)  # c takes the mean of a and b
    assert moved.cell_ids == planned.cell_ids == (ID,)
    assert planned_invocation.move(moved, planned.target) == planned


def test_an_order_depends_on_its_seed_alone() -> None:
    first = planned_invocation.shuffle_indices(8, 1, "a")
    assert sorted(first) == list(range(8))
    assert first == planned_invocation.shuffle_indices(8, 1, "a")
    assert first != planned_invocation.shuffle_indices(8, 2, "a")


def test_an_order_stays_the_same_in_every_version() -> None:
    assert planned_invocation.shuffle_indices(5, 0, "a", 1, 1) == [0, 2, 4, 1, 3]


def test_every_second_block_runs_in_reverse() -> None:
    cells = [make_cell(batch_size=size, environment=name) for name in ("", "new") for size in (1, 2, 4, 8)]
    for seed in range(5):
        work = make_plan(place(cells), n=4, seed=seed)
        blocks = [
            [planned for planned in work.invocations if planned.invocation.block == block] for block in (1, 2, 3, 4)
        ]
        orders = [[planned.cell_ids for planned in block] for block in blocks]
        for first, second in (orders[:2], orders[2:]):
            assert second == [cell_ids[::-1] for cell_ids in first[::-1]]
