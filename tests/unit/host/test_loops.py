"""Longer copies of videos."""

import itertools
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from featray.core.files import hash_file
from featray.host import loops, media
from tests.support import odd_clips
from tests.unit.host.test_cuts import decode, rotation

WHOLE = sorted(set(odd_clips.MAKERS) - {"edit-list.mp4"})  # without frames that are stored and not shown


def times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        frames: list[Any] = list(container.decode(container.streams.best("video")))
        return [float(frame.time) for frame in frames]


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("frames", [24, 31])
def test_a_loop_has_the_pictures_of_its_source_to_the_bit(name: str, frames: int, tmp_path: Path) -> None:
    source = odd_clips.make(name, tmp_path)
    loop = loops.loop(source, frames, tmp_path)
    looped, whole = decode(loop), decode(source)
    assert len(looped) == frames
    assert all(np.array_equal(picture, whole[index % odd_clips.FRAMES]) for index, picture in enumerate(looped))


def test_a_loop_goes_on_where_the_clip_ends(tmp_path: Path) -> None:
    source = odd_clips.make("variable-rate.mp4", tmp_path)  # 20 and 80 ms in turn; the last one is stored as 33 ms
    shown = times(loops.loop(source, 24, tmp_path))
    steps = [round(late - early, 3) for early, late in itertools.pairwise(shown)]
    assert steps == [0.02, 0.08] * 5 + [0.02, 0.033] + [0.02, 0.08] * 5 + [0.02]


def test_a_loop_keeps_rotation_and_rate(tmp_path: Path) -> None:
    source = odd_clips.make("portrait.mp4", tmp_path)
    loop = loops.loop(source, 36, tmp_path)
    assert rotation(loop) == rotation(source) == 90
    before, after = media.read_video(source), media.read_video(loop)
    assert before
    assert after
    assert after.rate_hz == before.rate_hz == odd_clips.RATE


def test_a_loop_is_named_by_its_source_and_length_and_kept(tmp_path: Path) -> None:
    source = odd_clips.make("portrait.mp4", tmp_path)
    loop = loops.loop(source, 30, tmp_path)
    assert loop == tmp_path / "clips" / f"{hash_file(source)}-loop30.mp4"
    made = loop.stat().st_mtime_ns
    assert loops.loop(source, 30, tmp_path).stat().st_mtime_ns == made
    assert [path.name for path in (tmp_path / "clips").iterdir()] == [loop.name]  # nothing temporary is left


def test_hidden_frames_would_be_seen_in_a_loop_so_it_is_refused_with_what_to_do(tmp_path: Path) -> None:
    source = odd_clips.make("edit-list.mp4", tmp_path)
    with pytest.raises(OSError, match="cannot be looped to 30 frames") as refused:
        loops.loop(source, 30, tmp_path)
    assert str(refused.value).endswith(
        "(it hides 2 of its stored frames); leave out `frames`, or name a film of this length"
    )
    assert not list((tmp_path / "clips").iterdir())


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("no video")
    with pytest.raises(OSError, match="cannot be looped to 30 frames"):
        loops.loop(tmp_path / "a.mp4", 30, tmp_path)
