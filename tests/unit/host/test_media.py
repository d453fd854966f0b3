"""Which frames of a video py-feat will analyse."""

from pathlib import Path

import pytest

from featray.host import media
from tests.support import odd_clips


@pytest.mark.parametrize("name", sorted(odd_clips.MAKERS))
def test_the_frames_of_an_odd_clip_are_counted_and_in_order(name: str, tmp_path: Path) -> None:
    video = media.read_video(odd_clips.make(name, tmp_path))
    assert video is not None
    hidden = odd_clips.HIDDEN if name == "edit-list.mp4" else 0
    assert len(video.frames) == odd_clips.FRAMES - hidden
    assert sorted(frame.position for frame in video.frames) == list(range(hidden, odd_clips.FRAMES))
    times = [frame.time for frame in video.frames]
    assert times == sorted(times)


def test_a_rate_that_the_header_gets_wrong_is_the_mean_of_the_frames(tmp_path: Path) -> None:
    declared_30 = media.read_video(odd_clips.make("variable-rate.mkv", tmp_path))
    assert declared_30 is not None
    assert declared_30.rate_hz == pytest.approx(12 / 0.553)  # 11 steps of 20 or 80 ms, and a last one of 33 ms


def test_a_recording_without_a_rate_has_that_of_its_times(tmp_path: Path) -> None:
    recorded = media.read_video(odd_clips.make("recorder.webm", tmp_path))
    assert recorded is not None
    assert recorded.rate_hz == pytest.approx(11 / 0.52)  # no frame says how long it lasts, so the last one is left out


def test_a_rate_that_is_true_stays_exact(tmp_path: Path) -> None:
    video = media.read_video(odd_clips.make("odd-size.mkv", tmp_path))  # Matroska rounds 33.3 ms to 33 and 34
    assert video is not None
    assert video.rate_hz == 30.0
