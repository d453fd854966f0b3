"""What a media file holds."""

from pathlib import Path

import av
import numpy as np
import pytest

from featray.core.files import hash_file
from featray.errors import BadInput
from featray.host import clips
from tests.support import odd_clips


def picture(path: Path) -> Path:
    with av.open(str(path), "w", format="image2") as sink:
        odd_clips.encode(
            sink, odd_clips.add_video(sink, 32, 16, codec="png", pixels="rgb24"), [*odd_clips.pictures(32, 16, 1)]
        )
    return path


def test_an_image_is_one_frame_without_a_rate(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png")
    assert clips.probe(path) == clips.Clip(frames=1, fps=None, sha256=hash_file(path))


@pytest.mark.parametrize("name", ["cover-first.mkv", "two-streams.mp4"])
def test_the_frames_are_those_of_the_best_stream(name: str, tmp_path: Path) -> None:
    assert clips.probe(odd_clips.make(name, tmp_path)).frames == odd_clips.FRAMES


def test_a_file_without_frames_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_text("no video")
    with pytest.raises(BadInput, match=r"a\.mp4: cannot be read as a video or image"):
        clips.probe(path)
    with pytest.raises(BadInput, match=r"b\.mp4: no such file"):
        clips.probe(tmp_path / "b.mp4")


def test_a_file_of_sound_alone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as sink:
        stream = sink.add_stream("aac", rate=48_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = 48_000, 0
        sink.mux(stream.encode(frame))
        sink.mux(stream.encode(None))
    with pytest.raises(BadInput, match=r"a\.mp4: holds no video stream or image"):
        clips.probe(path)


def test_what_stands_in_for_a_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").symlink_to("../.git/annex/objects/a.jpg")
    with pytest.raises(
        BadInput, match=r"a\.jpg: is a link to .* which is missing; fetch it with `git annex get a\.jpg`"
    ):
        clips.probe(tmp_path / "a.jpg")


def test_only_files_that_can_be_read_have_a_digest(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    of_a = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    assert clips.hash_files([str(tmp_path / "a"), str(tmp_path / "b"), str(tmp_path)]) == {str(tmp_path / "a"): of_a}
