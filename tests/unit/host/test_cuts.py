"""Shorter copies of videos."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from featray.core.files import hash_file
from featray.host import cuts, media
from tests.support import odd_clips


def decode(path: Path) -> list[Any]:
    """Decode the best stream's frames, as stored: before any rotation."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray() for frame in container.decode(container.streams.best("video"))]


def rotation(path: Path) -> int:
    with av.open(str(path)) as container:
        return int(next(container.decode(container.streams.best("video"))).rotation)


@pytest.mark.parametrize("name", sorted(odd_clips.MAKERS))
@pytest.mark.parametrize("frames", [1, 2, 5])
def test_a_cut_has_the_first_frames_of_its_source_to_the_bit(name: str, frames: int, tmp_path: Path) -> None:
    source = odd_clips.make(name, tmp_path)
    cut = cuts.cut(source, frames, tmp_path)
    assert cut != source
    copied, whole = decode(cut), decode(source)
    assert len(copied) == frames
    assert all(np.array_equal(*pair) for pair in zip(copied, whole[:frames], strict=True))


def test_a_cut_is_rotated_as_its_source(tmp_path: Path) -> None:
    source = odd_clips.make("portrait.mp4", tmp_path)
    assert rotation(cuts.cut(source, 2, tmp_path)) == rotation(source) == 90


def test_a_cut_is_named_by_its_source_and_length_and_kept(tmp_path: Path) -> None:
    source = odd_clips.make("portrait.mp4", tmp_path)
    cut = cuts.cut(source, 2, tmp_path)
    assert cut == tmp_path / "clips" / f"{hash_file(source)}-first2.mp4"
    made = cut.stat().st_mtime_ns
    assert cuts.cut(source, 2, tmp_path).stat().st_mtime_ns == made


def test_a_limit_beyond_the_video_needs_no_cut(tmp_path: Path) -> None:
    source = odd_clips.make("portrait.mp4", tmp_path)
    assert cuts.cut(source, odd_clips.FRAMES, tmp_path) == source


def test_a_cut_that_would_show_later_frames_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = odd_clips.make("cover-first.mkv", tmp_path)
    monkeypatch.setattr(cuts, "REORDERED", ())  # as if this codec did not fit into MP4
    with pytest.raises(
        OSError,
        match=r"cannot be cut to 2 frames \(later frames are stored among these\); use another frame_limit, or leave",
    ):
        cuts.cut(source, 2, tmp_path)
    assert list((tmp_path / "clips").iterdir()) == []


def test_a_file_that_is_no_video_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_text("no video")
    with pytest.raises(OSError, match=r"a\.mp4: cannot be cut to 2 frames"):
        cuts.cut(path, 2, tmp_path)


def test_a_cut_of_a_long_clip_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    source = odd_clips.make("variable-rate.mp4", tmp_path)
    first, again = (cuts.cut(source, 5, tmp_path / name) for name in ("a", "b"))
    assert first.read_bytes() == again.read_bytes()
    assert media.read_video(first) == media.read_video(again)
