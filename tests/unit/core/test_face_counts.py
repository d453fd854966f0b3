"""Faces of the frames of a call, in order and as runs."""

import pytest

from featray.core import face_counts


def test_frames_are_put_in_order_and_one_that_is_not_named_has_no_face() -> None:
    assert face_counts.in_order({36: 2, 0: 1}, frames=3, step=18) == (1, 0, 2)


@pytest.mark.parametrize("found", [{1: 1}, {54: 1}, {-18: 1}])
def test_frames_that_were_not_planned_have_no_order(found: dict[int, int]) -> None:
    assert face_counts.in_order(found, frames=3, step=18) is None


@pytest.mark.parametrize(
    ("counts", "runs"), [((), []), ((1,), [1, 1]), ((1, 1, 0, 0, 0, 2), [1, 2, 0, 3, 2, 1]), ((0,) * 9, [0, 9])]
)
def test_runs_are_read_back(counts: tuple[int, ...], runs: list[int]) -> None:
    assert face_counts.to_runs(counts) == runs
    assert face_counts.from_runs(runs) == counts


@pytest.mark.parametrize(
    ("first", "second", "share"), [([1, 1, 0, 2], [1, 0, 0, 2], 0.25), ([1], [1, 1], 1.0), ([], [], 0.0)]
)
def test_the_share_of_frames_that_differ(first: list[int], second: list[int], share: float) -> None:
    assert face_counts.differing_share(first, second) == share
