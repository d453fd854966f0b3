"""Clips that featray cuts itself."""

import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from featray.core.files import hash_file
from featray.host import clips

CPUS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def video(path: Path, width: int, height: int, frames: int = 5) -> Path:
    with av.open(str(path), "w") as sink:
        stream = sink.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "bgr0"
        for _ in range(frames):
            sink.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((height, width, 3), np.uint8), format="bgr24")))
        sink.mux(stream.encode(None))
    return path


def noise(path: Path, frames: int) -> Path:
    """Make a clip that moves, so that an encoder has something to decide."""
    random = np.random.default_rng(0)
    still = random.integers(0, 256, (144, 176, 3), np.uint8)
    with av.open(str(path), "w") as sink:
        stream = sink.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 176, 144, "bgr0"
        for index in range(frames):
            moved = np.roll(still, 3 * index, axis=1) // 2 + random.integers(0, 20, still.shape, np.uint8)
            sink.mux(stream.encode(av.VideoFrame.from_ndarray(moved.astype(np.uint8), format="bgr24")))
        sink.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(("width", "height"), [(64, 48), (63, 48), (64, 47), (63, 47)])
def test_a_clip_of_any_size_is_cut_to_its_first_frames(tmp_path: Path, width: int, height: int) -> None:
    cut = clips.cut(video(tmp_path / "a.mkv", width, height), 2, tmp_path)
    with av.open(str(cut)) as container:
        sizes = [(frame.width, frame.height) for frame in container.decode(video=0)]
    assert sizes == [(width, height)] * 2


def test_only_files_that_can_be_read_have_a_digest(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    of_a = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    assert clips.hash_files([str(tmp_path / "a"), str(tmp_path / "b"), str(tmp_path)]) == {str(tmp_path / "a"): of_a}


def test_a_clip_that_cannot_be_cut_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_text("no video")
    with pytest.raises(OSError, match=r"a\.mp4: cannot be cut to 2 frames"):
        clips.cut(path, 2, tmp_path)
    assert list((tmp_path / "clips").iterdir()) == []


@pytest.mark.skipif(CPUS < 2, reason="needs two processors that this process may use")
def test_a_cut_is_the_same_bytes_on_hosts_with_few_and_with_many_processors(tmp_path: Path) -> None:
    source = noise(tmp_path / "a.mkv", frames=30)

    def cut_on(processors: int) -> bytes:
        cache = tmp_path / f"{processors}"
        code = (
            "import os, sys; from pathlib import Path; from featray.host import clips\n"
            f"os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:{processors}])\n"
            f"print(clips.cut(Path({str(source)!r}), 24, Path({str(cache)!r})))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        return Path(done.stdout.strip()).read_bytes()

    assert cut_on(1) == cut_on(CPUS)


def test_a_cut_is_named_by_its_source_and_length(tmp_path: Path) -> None:
    source = video(tmp_path / "a.mkv", 64, 48)
    assert clips.cut(source, 2, tmp_path).name == f"{hash_file(source)}-2.mp4"
