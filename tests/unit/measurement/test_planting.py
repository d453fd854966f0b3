"""Planting: candidates around each planted box, and the anchors that carry them."""

import pytest

torch = pytest.importorskip("torch")

from featray.measurement import planting  # noqa: E402 - it imports torch


def test_the_first_candidate_of_a_box_is_the_box_and_the_others_overlap_it() -> None:
    boxes = [(0.0, 0.0, 100.0, 200.0), (300.0, 0.0, 400.0, 200.0)]
    candidates = planting._candidates(boxes, 3)
    assert candidates.shape == (6, 4)
    assert candidates[0].tolist() == list(boxes[0])
    assert candidates[3].tolist() == list(boxes[1])
    shifts = (candidates[1] - candidates[0]).abs() / torch.tensor([100.0, 200.0, 100.0, 200.0])
    assert 0 < shifts.max() <= 0.03  # half the jitter to either side


def test_faces_come_and_go_alike_in_every_call_and_batch() -> None:
    planted = planting.PlantedFaces()
    planted.begin(None)
    whole = planted.next_counts(20)
    assert {*whole} == {0, 1, 2}
    planted.begin(None)
    assert [count for _ in range(5) for count in planted.next_counts(4)] == whole


def test_a_declared_number_of_faces_is_in_every_frame() -> None:
    planted = planting.PlantedFaces()
    planted.begin(5)
    assert planted.next_counts(3) == [5, 5, 5]


def test_frames_with_as_many_faces_are_planted_together() -> None:
    assert list(planting._spans([1, 1, 0, 1, 2], 1)) == [slice(0, 2), slice(3, 4)]


def test_no_anchor_serves_two_faces() -> None:
    priors = torch.tensor([[0.1, 0.5, 1, 1], [0.2, 0.5, 1, 1], [0.3, 0.5, 1, 1], [0.9, 0.5, 1, 1]])
    centres = torch.tensor([[0.0, 0.5], [0.1, 0.5]])
    assert planting._nearest(priors, centres, 2).tolist() == [0, 1, 2, 3]
