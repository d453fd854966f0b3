"""Known failures: what one process could not do is not tried by the next one on the same target."""

from featray.core.status import Status
from featray.planning.planned_invocation import PlannedInvocation
from featray.running.known_failures import KnownFailures
from tests.support.builders import make_row
from tests.support.plans import make_cell, make_host, make_plan, place

CELLS = [make_cell(batch_size=size) for size in (1, 4, 16)]


def plan() -> PlannedInvocation:
    (planned,) = make_plan(place(CELLS, make_host()), n=1).invocations
    return planned


def test_nothing_is_left_out_before_anything_has_failed() -> None:
    planned = plan()
    assert KnownFailures({}).leave_out(planned) == (planned, [])


def test_larger_batches_than_one_that_ran_out_of_memory_are_left_out_on_its_target_alone() -> None:
    planned = plan()
    rest, left_out = KnownFailures({planned.target.target_id: [CELLS[1]]}).leave_out(planned)
    assert rest is not None
    assert sorted(cell.batch_size for cell in rest.invocation.cells) == [1, 4]
    assert [(cell.batch_size, status) for cell, status, _ in left_out] == [(16, Status.SKIPPED)]
    assert KnownFailures({"cpu@another": [CELLS[1]]}).leave_out(planned) == (planned, [])


def test_a_row_out_of_memory_is_learnt_from_and_a_row_that_is_ok_is_not() -> None:
    planned, known = plan(), KnownFailures({})
    for status, left in ((Status.OK, 0), (Status.OOM, 2)):
        known.note(planned.target, CELLS[0], make_row(status=status, target_id=planned.target.target_id))
        assert len(known.leave_out(planned)[1]) == left


def test_of_a_class_that_a_host_does_not_have_nothing_remains() -> None:
    planned, known = plan(), KnownFailures({})
    known._not_found = {(planned.target.host.host_id, CELLS[0].detector.class_name, ()): "no such class"}
    rest, left_out = known.leave_out(planned)
    assert rest is None
    assert [(status, reason) for _, status, reason in left_out] == [(Status.UNSUPPORTED, "no such class")] * 3
