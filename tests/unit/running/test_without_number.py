"""Units without a number: `submit` counts them in the store's rows and `status` in the events of a log, by one rule."""

import dataclasses

from featray.backends.ray.jobs import Job
from featray.core.row import NO_TARGET, Row
from featray.running import claims, submit_status, without_number
from tests.support.builders import make_row

LOST = make_row(target_id="cpu@a", status="lost")
MEASURED_ELSEWHERE = make_row(target_id="cpu@b", attempt=2)
FAILED = make_row(target_id="cpu@a", batch_size=4, status="failed")


def count_in_status(rows: list[Row], **metadata: str) -> int:
    """Count as `featray status` does, for a job that exited with 1."""
    events = [{"done": 1, "total": len(rows), "row": dataclasses.asdict(row)} for row in rows]
    job = Job(id="s-1", state="failed", metadata=metadata, started_at=None, ended_at=None, code=1)
    return submit_status.judge(job, events, "").without_number


def test_a_unit_lost_on_one_target_and_measured_on_another_counts_alike_in_submit_and_in_status() -> None:
    rows = [LOST, MEASURED_ELSEWHERE, FAILED]
    assert without_number.count(rows, interchangeable=True) == 1
    assert count_in_status(rows, **{claims.INTERCHANGEABLE: "true"}) == 1
    assert without_number.count(rows, interchangeable=False) == 2
    assert count_in_status(rows, **{claims.INTERCHANGEABLE: "false"}) == 2


def test_a_unit_that_was_lost_everywhere_has_no_number() -> None:
    assert without_number.count([LOST], interchangeable=True) == 1


def test_a_unit_counts_by_its_last_attempt_and_by_a_measured_one_before_all() -> None:
    crashed, measured = make_row(status="crashed"), make_row(attempt=2)
    assert without_number.count([crashed, measured], interchangeable=False) == 0
    assert without_number.count([measured, crashed], interchangeable=False) == 0  # the first came late, from a spool
    late = make_row(attempt=1)
    assert without_number.count([late, make_row(attempt=3, status="lost")], interchangeable=False) == 0


def test_a_refusal_is_gone_once_its_cell_could_run() -> None:
    refused = make_row(target_id=NO_TARGET, status="infeasible", attempt=0, order_index=None)
    assert without_number.count([refused], interchangeable=False) == 1
    assert without_number.count([refused, make_row()], interchangeable=False) == 0
