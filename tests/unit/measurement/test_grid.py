"""Where planted faces lie: as many boxes as asked, within the frame, none touching another."""

import pytest

from featray.measurement import grid


def test_one_face_stands_in_the_middle() -> None:
    # 640x360: one cell; height 0.5 * min(360, 640 / 0.8) = 180, width 0.8 * 180 = 144
    assert grid.spread_boxes(1, 360, 640) == [(248.0, 90.0, 392.0, 270.0)]


def test_no_faces_are_no_boxes() -> None:
    assert grid.spread_boxes(0, 360, 640) == []


@pytest.mark.parametrize("faces", [1, 2, 5, 16, 100, 750])
@pytest.mark.parametrize(("height", "width"), [(360, 640), (640, 360), (97, 211), (1080, 1920), (64, 64)])
def test_boxes_lie_within_the_frame_and_do_not_touch(faces: int, height: int, width: int) -> None:
    boxes = grid.spread_boxes(faces, height, width)
    assert len(boxes) == faces
    for left, top, right, bottom in boxes:
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
    for index, (left, top, right, bottom) in enumerate(boxes):
        for other in boxes[index + 1 : index + 50]:
            assert other[0] > right or other[2] < left or other[1] > bottom or other[3] < top
