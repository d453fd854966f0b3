"""Retries: fewer cells, the next attempt, another target."""

import pytest

from featray.planning.planned_invocation import PlannedInvocation
from featray.running import retries
from tests.support.builders import make_row
from tests.support.plans import RTX3090, make_cell, make_host, make_plan, place

CELLS = [make_cell(batch_size=size) for size in (1, 2, 4, 8)]


def test_a_narrowed_invocation_keeps_the_order_of_its_cells_and_its_share_of_the_time() -> None:
    (planned,) = make_plan(place(CELLS), n=1).invocations
    kept = [planned.cell_ids[3], planned.cell_ids[1]]
    rest = retries.narrowed(planned, kept, attempt=2)
    assert rest.cell_ids == (planned.cell_ids[1], planned.cell_ids[3])
    assert rest.invocation.order == (planned.invocation.order[1], planned.invocation.order[3])
    assert rest.invocation.attempt == 2
    assert rest.expected_s == planned.expected_s / 2


@pytest.mark.parametrize(
    ("statuses", "attempts"),
    [
        (["crashed", "crashed", "crashed"], [2, 3, None]),
        (["lost", "lost", "lost"], [2, 3, None]),
        (["crashed", "lost", "crashed", "lost", "crashed"], [2, 3, 4, 5, None]),  # three crashes and two losses
        (["oom"], [None]),
    ],
)
def test_losses_of_hosts_and_tries_of_the_cell_are_counted_apart(
    statuses: list[str], attempts: list[int | None]
) -> None:
    planned: PlannedInvocation | None = make_plan(place(CELLS[:1]), n=1).invocations[0]
    made: list[int | None] = []
    for status in statuses:
        assert planned is not None
        failed = make_row(status=status, cell_id=planned.cell_ids[0], attempt=planned.invocation.attempt)
        planned = retries.next_attempt(planned, failed)
        made.append(planned.invocation.attempt if planned else None)
    assert made == attempts


def test_work_of_a_lost_host_moves_to_another_host() -> None:
    hosts = [make_host(name) for name in ("box", "shelf")]
    planned = make_plan(place(CELLS, *hosts, interchangeable=True), n=1).invocations[0]
    moved = retries.moved_elsewhere(planned)
    assert {planned.target.host.hostname, moved.target.host.hostname} == {"box", "shelf"}
    assert moved.invocation.target_id == moved.target.target_id
    assert moved.alternatives == ()


def test_work_that_may_run_nowhere_else_stays() -> None:
    (planned,) = make_plan(place([make_cell(device="cuda")], make_host("box", RTX3090)), n=1).invocations
    assert retries.moved_elsewhere(planned) is planned
