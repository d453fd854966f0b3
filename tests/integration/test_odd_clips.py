"""Odd clips, decoded by py-feat itself: whole and cut agree, and featray counts what py-feat counts."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from featray.measurement import ffmpeg
from tests.support import odd_clips

ROOT = Path(__file__).parents[2]
CUT, LOOP = 5, 31  # frames


@pytest.fixture(scope="module")
def examined(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Let one process decode all clips: importing py-feat takes seconds."""
    folder, cache = tmp_path_factory.mktemp("clips"), tmp_path_factory.mktemp("cache")
    for name in odd_clips.MAKERS:
        odd_clips.make(name, folder)
    (folder / "truncated.mp4").write_bytes(odd_clips.make("portrait.mp4", cache).read_bytes()[:900])
    path = ffmpeg.make_library_path(ffmpeg.find(cache), os.environ.get(ffmpeg.PATH_VARIABLE))
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.decode_clips", str(folder), str(CUT), str(LOOP), str(cache)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | ({ffmpeg.PATH_VARIABLE: path} if path else {}),
    )
    assert done.returncode == 0, done.stderr
    return {line["name"]: line for line in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("name", sorted(odd_clips.MAKERS))
def test_an_odd_clip_is_counted_and_cut_as_py_feat_sees_it(examined: dict[str, dict[str, Any]], name: str) -> None:
    found = examined[name]
    assert "refused" not in found
    frames = odd_clips.FRAMES - (odd_clips.HIDDEN if name == "edit-list.mp4" else 0)
    assert found["frames"] == [frames, frames]
    assert found["cut_frames"] == CUT
    assert found["equal"] == [True] * CUT


@pytest.mark.parametrize("name", sorted(set(odd_clips.MAKERS) - {"edit-list.mp4"}))
def test_an_odd_clip_is_looped_to_the_bit_as_py_feat_sees_it(examined: dict[str, dict[str, Any]], name: str) -> None:
    found = examined[name]
    assert "loop_refused" not in found
    assert (found["loop_frames"], found["loop_equal"]) == (LOOP, True)


def test_a_clip_that_hides_frames_is_not_looped(examined: dict[str, dict[str, Any]]) -> None:
    assert "it hides 2 of its stored frames" in examined["edit-list.mp4"]["loop_refused"]


def test_a_portrait_clip_stands(examined: dict[str, dict[str, Any]]) -> None:
    assert examined["portrait.mp4"]["size"] == [96, 64]  # height and width; stored as 64 and 96


def test_a_clip_that_cannot_be_read_is_refused_by_name(examined: dict[str, dict[str, Any]]) -> None:
    assert "truncated.mp4: cannot be read as a video or image" in examined["truncated.mp4"]["refused"]
