"""Plans: grouping, order, resume, retries."""

import dataclasses
import json
from collections import Counter
from typing import Any

import pytest

from featray.core import cell, detectors, invocation
from featray.core.cell import Cell
from featray.core.choices import Exclusive
from featray.core.status import Status
from featray.core.stored_unit import BegunUnit
from featray.planning import plan, time_estimate
from tests.support.plans import BLACKWELL, RTX3090, make_cell, make_host, make_plan, make_stored, place

BATCHES = [make_cell(batch_size=size) for size in (1, 4, 16)]
TARGET = "cpu@id-box"


def test_one_invocation_measures_every_cell_of_its_detector_on_its_target() -> None:
    both = [*BATCHES, make_cell(detector=detectors.CATALOGUE["detectorv2"])]
    work = make_plan(place(both))
    assert sorted(planned.invocation.name for planned in work.invocations) == [
        "demo/detectorv2/cpu/invocation-1",
        "demo/detectorv2/cpu/invocation-2",
        "demo/retinaface/cpu/invocation-1",
        "demo/retinaface/cpu/invocation-2",
    ]
    assert (work.remaining, work.done, work.total) == (8, 0, 8)


def test_block_k_of_a_target_comes_before_block_k_plus_1() -> None:
    work = make_plan(place(BATCHES, make_host("a"), make_host("b")), n=3)
    for target in ("cpu@id-a", "cpu@id-b"):
        blocks = [planned.invocation.block for planned in work.invocations if planned.target.target_id == target]
        assert blocks == [1, 2, 3]


def test_threads_and_variables_need_processes_of_their_own() -> None:
    cells = [make_cell(threads=1), make_cell(threads=2), make_cell(env={"A": "1"})]
    assert len(make_plan(place(cells), n=1).invocations) == 3


def test_order_is_seeded_shuffled_and_stored() -> None:
    cells = [make_cell(batch_size=size) for size in range(1, 9)]
    first = make_plan(place(cells), seed=1)
    again = make_plan(place(cells), seed=1)
    other = make_plan(place(cells), seed=2)
    sizes = [[asked.batch_size for asked in planned.invocation.cells] for planned in first.invocations]
    assert sizes == [[asked.batch_size for asked in planned.invocation.cells] for planned in again.invocations]
    assert sizes != [[asked.batch_size for asked in planned.invocation.cells] for planned in other.invocations]
    assert sizes[0] != sizes[1]
    assert Counter(sizes[0]) == Counter(range(1, 9))
    assert first.invocations[0].invocation.order == tuple(range(8))


def test_what_is_stored_is_not_planned_again() -> None:
    stored = [make_stored(asked, TARGET, number) for asked in BATCHES for number in (1, 2)]
    work = make_plan(place(BATCHES), stored)
    assert work.invocations == ()
    assert (work.done, work.total) == (6, 6)


def test_only_the_missing_cells_of_an_invocation_are_planned() -> None:
    work = make_plan(place(BATCHES), [make_stored(BATCHES[0], TARGET, 1)], n=1)
    (planned,) = work.invocations
    assert {asked.batch_size for asked in planned.invocation.cells} == {4, 16}


def test_a_crash_is_tried_again_with_the_next_attempt_number() -> None:
    stored = [make_stored(BATCHES[0], TARGET, status=Status.CRASHED)]
    work = make_plan(place(BATCHES[:1]), stored, n=1)
    assert [planned.invocation.attempt for planned in work.invocations] == [2]
    assert work.invocations[0].invocation.name == "demo/retinaface/cpu/invocation-1-attempt-2"


def test_a_third_crash_is_final_until_failures_are_retried() -> None:
    stored = [make_stored(BATCHES[0], TARGET, status=Status.CRASHED, attempt=number) for number in (1, 2, 3)]
    assert make_plan(place(BATCHES[:1]), stored, n=1).invocations == ()
    (again,) = make_plan(place(BATCHES[:1]), stored, n=1, retry_failed=True).invocations
    assert again.invocation.attempt == 4


def test_a_unit_whose_host_was_lost_is_planned_again_however_often_and_keeps_its_tries() -> None:
    statuses = [Status.CRASHED, Status.LOST, Status.LOST, Status.LOST, Status.LOST]
    stored = [
        make_stored(BATCHES[0], TARGET, status=status, attempt=number) for number, status in enumerate(statuses, 1)
    ]
    (again,) = make_plan(place(BATCHES[:1]), stored, n=1).invocations
    assert (again.invocation.attempt, again.tries, again.losses) == (6, 1, 0)


def test_failures_that_would_only_repeat_are_final() -> None:
    for status in (Status.OOM, Status.TIMEOUT, Status.FAILED, Status.WRONG_WORK, Status.SKIPPED, Status.UNSUPPORTED):
        stored = [make_stored(BATCHES[0], TARGET, status=status)]
        assert make_plan(place(BATCHES[:1]), stored, n=1).invocations == ()
        assert len(make_plan(place(BATCHES[:1]), stored, n=1, retry_failed=True).invocations) == 1


def test_cancelled_units_and_refusals_of_the_driver_are_planned_again() -> None:
    for change in ({"status": Status.CANCELLED}, {"status": Status.UNSUPPORTED, "order_index": None}):
        assert len(make_plan(place(BATCHES[:1]), [make_stored(BATCHES[0], TARGET, **change)], n=1).invocations) == 1


LATER = "2026-05-14T13:00:00.000+00:00"


def begin(unit: Cell, number: int = 1, at: str = "2026-05-14T00:00:00.000+00:00", **changes: Any) -> BegunUnit:
    made = BegunUnit(run_id="demo-1", cell_id=cell.cell_id(unit), target_id=TARGET, invocation=number, begun_at=at)
    return dataclasses.replace(made, **changes)


def list_failures(work: plan.Plan) -> list[tuple[int, int, int]]:
    """List invocation, number of cells and failures of what is planned."""
    return sorted((one.invocation.invocation, len(one.cell_ids), one.failures) for one in work.invocations)


def test_a_unit_that_was_begun_when_its_host_went_down_comes_last() -> None:
    elsewhere = [begin(BATCHES[2], run_id="demo-2"), begin(BATCHES[2], target_id="cpu@id-other")]
    other = [make_cell(batch_size=size, threads=2) for size in (1, 4, 16)]
    work = make_plan(place([*BATCHES, *other]), n=2, begun=[begin(BATCHES[0]), *elsewhere])
    assert list_failures(work) == [(1, 1, 1), (1, 2, 0), (1, 3, 0), (2, 3, 0), (2, 3, 0)]
    assert all(planned.invocation.attempt == 1 for planned in work.invocations)


def test_a_process_that_went_down_with_its_host_twice_comes_after_the_others() -> None:
    other = [make_cell(batch_size=size, threads=2) for size in (1, 4, 16)]
    begun = [begin(BATCHES[0]), begin(BATCHES[1], number=2, at=LATER)]
    work = make_plan(place([*BATCHES, *other]), n=2, begun=begun)
    assert list_failures(work) == [(1, 1, 2), (1, 2, 1), (1, 3, 0), (2, 1, 2), (2, 2, 1), (2, 3, 0)]


def test_a_row_says_what_came_of_what_began_before_it() -> None:
    stored = [make_stored(BATCHES[0], TARGET, status=Status.CANCELLED, started_at="2026-05-14T12:00:00.000+00:00")]
    before, after = begin(BATCHES[0]), begin(BATCHES[0], at=LATER)
    assert list_failures(make_plan(place(BATCHES[:1]), stored, n=1, begun=[before])) == [(1, 1, 0)]
    assert list_failures(make_plan(place(BATCHES[:1]), stored, n=1, begun=[before, after])) == [(1, 1, 1)]


def test_the_last_attempt_decides_whatever_the_order_of_rows() -> None:
    crash, good = make_stored(BATCHES[0], TARGET, status=Status.CRASHED), make_stored(BATCHES[0], TARGET, attempt=2)
    for stored in ([crash, good], [good, crash]):
        assert make_plan(place(BATCHES[:1]), stored, n=1).invocations == ()


def test_each_unit_gets_its_own_number_of_invocations() -> None:
    noisy = cell.cell_id(BATCHES[0])
    work = make_plan(place(BATCHES), n=lambda cell_id, _: 3 if cell_id == noisy else 1)
    assert [len(planned.invocation.cells) for planned in work.invocations] == [3, 1, 1]


def test_cells_are_shared_out_where_interchangeable_targets_outnumber_processes() -> None:
    work = make_plan(place(BATCHES, make_host("a"), make_host("b"), interchangeable=True), n=1)
    assert sorted(len(planned.invocation.cells) for planned in work.invocations) == [1, 2]
    assert sorted(id_ for planned in work.invocations for id_ in planned.cell_ids) == sorted(map(cell.cell_id, BATCHES))
    alone = make_plan(place(BATCHES, make_host("a"), interchangeable=True), n=1)
    assert [len(planned.invocation.cells) for planned in alone.invocations] == [3]


def test_a_cell_goes_on_where_most_of_its_invocations_are() -> None:
    placed = place(BATCHES[:1], make_host("a"), make_host("b"), interchangeable=True)
    stored = [make_stored(BATCHES[0], f"cpu@id-{name}", number) for number, name in enumerate("abb", 1)]
    (unit,) = plan.prefer_measured_target(placed, stored).units
    assert (unit.target.target_id, unit.was_measured_here, len(unit.alternatives)) == ("cpu@id-b", True, 1)
    lost = [make_stored(BATCHES[0], "cpu@id-b", status=Status.LOST)]
    assert plan.prefer_measured_target(placed, lost) == placed


def test_a_retry_on_the_target_of_the_last_try_may_go_to_every_other_target() -> None:
    placed = place(BATCHES[:1], make_host("a"), make_host("b"), interchangeable=True)
    crashed = make_stored(BATCHES[0], "cpu@id-b", status=Status.CRASHED)
    (planned,) = make_plan(placed, [crashed], n=1).invocations
    assert [target.target_id for target, _ in planned.everywhere()] == ["cpu@id-b", "cpu@id-a"]


def test_a_unit_measured_on_another_interchangeable_target_is_done() -> None:
    placed = place(BATCHES[:1], make_host("a"), make_host("b"), interchangeable=True)
    assert make_plan(placed, [make_stored(BATCHES[0], "cpu@id-b")], n=1).invocations == ()


def test_hosts_run_side_by_side_so_the_slowest_host_is_the_estimate() -> None:
    placed = place([make_cell()], make_host("a"), make_host("b"))
    durations = {(cell.cell_id(make_cell()), "cpu@id-a"): 100.0, (cell.cell_id(make_cell()), "cpu@id-b"): 40.0}
    assert make_plan(placed, n=2, durations=durations).expected_s == 2 * (100.0 + 15.0)


def test_what_an_absent_interchangeable_target_has_measured_is_done() -> None:
    stored = [make_stored(BATCHES[0], "cpu@id-gone")]
    placed = place(BATCHES[:1], make_host("a"), interchangeable=True)
    assert make_plan(placed, stored, n=1).remaining == 0
    assert make_plan(place(BATCHES[:1], make_host("a")), stored, n=1).remaining == 1


def test_a_cancelled_attempt_is_made_again_under_its_number() -> None:
    cells = [make_cell()]
    rows = [make_stored(cells[0], TARGET, attempt=2, status=Status.CANCELLED)]
    (planned,) = make_plan(place(cells), rows, n=1).invocations
    assert planned.invocation.attempt == 2


@pytest.mark.parametrize("order", [1, -1])
def test_a_cancelled_try_on_one_target_never_beats_an_answer_of_another(order: int) -> None:
    cells = [make_cell()]
    placed = place(cells, make_host("a"), make_host("b"), interchangeable=True)
    rows = [
        make_stored(cells[0], "cpu@id-a", status=Status.CANCELLED),
        make_stored(cells[0], "cpu@id-b", status=Status.FAILED),
    ]
    assert make_plan(placed, rows[::order], n=1).invocations == ()


def test_other_numbers_of_processes_are_other_invocations_of_one_block() -> None:
    cells = [make_cell(processes=count, batch_size=size) for count in (1, 2) for size in (1, 4)]
    made = make_plan(place(cells), n=1)
    groups = [{cell.processes for cell in planned.invocation.cells} for planned in made.invocations]
    assert sorted(map(tuple, groups)) == [(1,), (2,)]
    assert [len(planned.invocation.cells) for planned in made.invocations] == [2, 2]
    assert {planned.invocation.block for planned in made.invocations} == {1}


BOTH = make_host("box", BLACKWELL, RTX3090)
ALL = make_cell(device="cuda", targets="all")


@pytest.mark.parametrize("exclusive", list(Exclusive))
def test_an_invocation_of_all_gpus_names_them_and_has_its_host_alone(exclusive: Exclusive) -> None:
    (planned,) = make_plan(place([ALL], BOTH), n=1, exclusive=exclusive).invocations
    asked = planned.invocation
    assert (asked.gpus, asked.gpu_uuid) == ({RTX3090.uuid: RTX3090.name, BLACKWELL.uuid: BLACKWELL.name}, None)
    assert asked.exclusive is Exclusive.HOST
    assert asked.name == "demo/retinaface/all-cuda/invocation-1"
    assert invocation.from_mapping(json.loads(json.dumps(invocation.to_mapping(asked)))) == asked


def test_all_gpus_and_one_of_them_need_processes_of_their_own() -> None:
    work = make_plan(place([ALL, make_cell(device="cuda")], BOTH), n=1)
    assert sorted(len(planned.target.gpus) for planned in work.invocations) == [0, 0, 2]


def test_nothing_runs_beside_all_gpus_of_a_host() -> None:
    cells = [ALL, make_cell(device="cuda")]
    alone = make_plan(place([cells[1]], BOTH), n=1, exclusive=Exclusive.GPU)
    whole = make_plan(place([ALL], BOTH), n=1, exclusive=Exclusive.GPU)
    both = make_plan(place(cells, BOTH), n=1, exclusive=Exclusive.GPU)
    assert both.expected_s == pytest.approx(alone.expected_s + whole.expected_s)


def test_the_time_of_all_gpus_follows_from_what_they_took_together() -> None:
    (unit,) = place([ALL], BOTH).units
    durations = {(unit.cell_id, unit.target.target_id): 10.0}  # of both together: each GPU worked for 20 s
    work = make_plan(place([ALL], BOTH), n=1, durations=durations)
    assert work.expected_s == pytest.approx(time_estimate.LOAD_S + 20.0)
