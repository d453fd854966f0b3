"""Units: rows gathered by cell and target; which attempts and contexts count."""

import pytest

from featray.analysis import units
from tests.support.report_rows import make_failed_row, make_row


def test_only_the_last_attempt_of_an_invocation_counts() -> None:
    rows = [make_row(attempt=2, timed_s=[2.0]), make_failed_row("crashed", attempt=1)]
    (unit,) = units.gather(rows)
    assert unit.call_s == 2.0
    assert unit.failed == ()


def test_runs_cells_and_targets_are_never_pooled() -> None:
    rows = [make_row(), make_row(run_id="b"), make_row(cell_id="b"), make_row(target_id="b")]
    assert len(units.gather(rows)) == 4


def test_rows_of_older_work_are_stale_and_give_no_figure() -> None:
    rows = [
        make_row(invocation=1, work_id="old", timed_s=[9.0], started_at="2026-05-01T00:00:00.000+00:00"),
        make_row(invocation=2, work_id="new", timed_s=[1.0], started_at="2026-05-02T00:00:00.000+00:00"),
        make_failed_row("lost", invocation=3, started_at="2026-05-03T00:00:00.000+00:00"),
    ]
    (unit,) = units.gather(rows)
    assert unit.call_s == 1.0
    assert [row.invocation for row in unit.stale] == [1]
    assert [row.status for row in unit.failed] == ["lost"]


@pytest.mark.parametrize("column", units.CONTEXT)
def test_rows_measured_in_another_context_are_stale(column: str) -> None:
    earlier, later = "2026-05-01T00:00:00.000+00:00", "2026-05-02T00:00:00.000+00:00"
    rows = [
        make_row(invocation=1, timed_s=[9.0], started_at=earlier, **{column: "old"}),
        make_row(invocation=2, timed_s=[9.0], started_at=earlier, **{column: None}),  # unknown is not other
        make_row(invocation=3, timed_s=[4.0], started_at=later, **{column: "new"}),
    ]
    (unit,) = units.gather(rows)
    assert unit.medians_s == [9.0, 4.0]
    assert [row.invocation for row in unit.stale] == [1]


def test_a_refusal_is_gone_once_the_cell_could_run() -> None:
    refused = [
        make_failed_row("infeasible", target_id="none", order_index=None),
        make_failed_row("unsupported", target_id="cpu@b", order_index=None),
        make_failed_row("infeasible", cell_id="other", target_id="none", order_index=None),
    ]
    measured = [make_row(target_id="GPU-1", order_index=0)]
    assert units.without_outdated_refusals([*refused, *measured]) == [*refused[1:], *measured]
    assert units.without_outdated_refusals([*refused, make_row(target_id="cpu@b", order_index=0)])[0].cell_id == "other"
    assert units.without_outdated_refusals(refused) == refused
