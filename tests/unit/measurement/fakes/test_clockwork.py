"""Clockwork: a detector that keeps time."""

import time

from featray.measurement.fakes.clockwork import Clockwork


def test_a_call_lasts_as_long_as_its_frames() -> None:
    clockwork = Clockwork(seconds_per_frame=0.005, seconds_per_call=0.01)
    start = time.perf_counter()
    clockwork.detect(["a"] * 4, batch_size=2)
    assert 0.03 <= time.perf_counter() - start < 3


def test_only_the_first_call_has_the_start_up() -> None:
    clockwork = Clockwork(first_call_s=0.5)
    start = time.perf_counter()
    clockwork.detect(["a"])
    between = time.perf_counter()
    clockwork.detect(["a"])
    assert between - start >= 0.5
    assert time.perf_counter() - between < 0.5


def test_it_finds_its_faces_in_every_frame() -> None:
    result = Clockwork(faces=2).detect(["a", "b"])
    assert [row["frame"] for row in result] == [0.0, 0.0, 1.0, 1.0]
    assert all(row["FaceScore"] == 1.0 for row in result)


def test_a_frame_without_a_face_still_has_a_row() -> None:
    assert Clockwork(faces=0, frames=2).detect("clip.mp4") == [
        {"frame": 0.0, "FaceScore": 0.0},
        {"frame": 1.0, "FaceScore": 0.0},
    ]


def test_the_same_seed_jitters_alike() -> None:
    def pace(seed: int) -> float:
        return Clockwork(process_jitter=0.1, seed=seed)._pace

    assert pace(1) == pace(1)
    assert pace(1) != pace(2)
