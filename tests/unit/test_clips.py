"""Clips that featray cuts itself."""

from pathlib import Path

import av
import numpy as np
import pytest

from featray import clips


def video(path: Path, width: int, height: int, frames: int = 5) -> Path:
    with av.open(str(path), "w") as sink:
        stream = sink.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "bgr0"
        for _ in range(frames):
            sink.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((height, width, 3), np.uint8), format="bgr24")))
        sink.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(("width", "height"), [(64, 48), (63, 48), (64, 47), (63, 47)])
def test_a_clip_of_any_size_is_cut_to_its_first_frames(tmp_path: Path, width: int, height: int) -> None:
    cut = clips.cut(video(tmp_path / "a.mkv", width, height), 2, tmp_path)
    with av.open(str(cut)) as container:
        found = [(frame.width, frame.height) for frame in container.decode(video=0)]
    assert found == [(width, height)] * 2


def test_a_clip_that_cannot_be_cut_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_text("no video")
    with pytest.raises(OSError, match=r"a\.mp4: cannot be cut to 2 frames"):
        clips.cut(path, 2, tmp_path)
    assert list((tmp_path / "clips").iterdir()) == []
