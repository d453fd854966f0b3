"""Status: which rows count, and which units are measured again."""

import pytest

from featray.core.status import MAX_ATTEMPTS, Status, is_final, precedence


@pytest.mark.parametrize(
    "better_and_worse",
    [
        ((Status.FAILED, 2), (Status.FAILED, 1)),  # the last attempt counts
        ((Status.OK, 1), (Status.LOST, 3)),  # but what was measured counts most, however late it comes
        ((Status.OK, 2), (Status.OK, 1)),
        ((Status.OOM, 1), (Status.CRASHED, 1)),  # of one attempt: the host's own answer
        ((Status.CRASHED, 1), (Status.LOST, 1)),
        ((Status.LOST, 1), (Status.CANCELLED, 1)),
        ((Status.LOST, 2), (Status.OOM, 1)),
    ],
)
def test_the_row_that_counts_ranks_highest(better_and_worse: tuple[tuple[str, int], tuple[str, int]]) -> None:
    better, worse = better_and_worse
    assert precedence(*better) > precedence(*worse)


def test_stored_text_ranks_as_its_status_does() -> None:
    assert precedence("lost", 2) == precedence(Status.LOST, 2)
    assert is_final("crashed", 1) is is_final(Status.CRASHED, 1)


def test_a_crash_is_final_after_three_tries_and_the_loss_of_a_host_never() -> None:
    retried = {status for status in Status if not is_final(status, 1)}
    assert retried == {Status.CRASHED, Status.LOST, Status.CANCELLED, Status.INFEASIBLE}
    assert {status for status in Status if not is_final(status, MAX_ATTEMPTS)} == {
        *(Status.CANCELLED, Status.INFEASIBLE, Status.LOST)
    }


def test_stored_statuses_keep_their_text() -> None:
    assert [str(status) for status in Status] == [
        *("ok", "oom", "timeout", "crashed", "failed", "wrong_work", "unsupported", "infeasible", "skipped"),
        *("wrong_device", "lost", "cancelled"),
    ]
