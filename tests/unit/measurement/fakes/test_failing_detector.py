"""The failing detector: it fails as asked, and otherwise finds its faces."""

from pathlib import Path

import pytest

from featray.measurement.fakes.failing_detector import FailingDetector


def test_without_a_fault_it_finds_one_face_per_frame() -> None:
    result = FailingDetector(frames=2).detect("clip.mp4")
    assert result == [{"frame": 0.0, "FaceScore": 1.0}, {"frame": 1.0, "FaceScore": 1.0}]


def test_it_fails_at_the_named_batch_size_only() -> None:
    detector = FailingDetector("error", at_batch=2)
    detector.detect("clip.mp4", batch_size=1)
    with pytest.raises(RuntimeError, match="failed on purpose"):
        detector.detect("clip.mp4", batch_size=2)


def test_a_fault_that_happens_once_leaves_a_file_and_does_not_come_back(tmp_path: Path) -> None:
    detector = FailingDetector("error", once=str(tmp_path / "failed"))
    with pytest.raises(RuntimeError):
        detector.detect("clip.mp4")
    assert len(detector.detect("clip.mp4")) == 72


def test_it_can_find_no_face() -> None:
    assert FailingDetector("no_face", frames=1).detect("clip.mp4") == [{"frame": 0.0, "FaceScore": 0.0}]


def test_it_can_fail_while_it_is_made() -> None:
    with pytest.raises(RuntimeError, match="while loading"):
        FailingDetector("load")


def test_an_unknown_fault_is_refused_with_the_list() -> None:
    with pytest.raises(ValueError, match="fault is one of sigkill"):
        FailingDetector("earthquake")
