"""Input entries: catalogue, variants, and files of the user."""

import os
import sys
from pathlib import Path

import pytest

from featray.core.files import hash_file
from featray.sweep import expand
from tests.support.sweep_files import Complain, Load


def test_an_input_can_be_shortened(load: Load) -> None:
    clip = load(inputs="{like: short, skip_frames: 18}").inputs[0]
    assert (clip.name, clip.frames, clip.section_label) == ("short-skip18", 4, "short-skip18 (4 frames)")
    assert load(inputs="{like: long, frame_limit: 10}").inputs[0].frames == 10


def test_a_limit_beyond_the_clip_asks_for_the_same_work(load: Load) -> None:
    same = load(inputs="{like: short, skip_frames: 1, frame_limit: 72}")
    assert expand(same)[0] == expand(load())[0]


def test_lengths_of_a_clip_are_inputs_that_are_cut_whole_and_looped(load: Load) -> None:
    clips = load(inputs="{like: short, frames: [36, 72, 288]}").inputs
    assert [(clip.name, clip.frames) for clip in clips] == [
        ("short-first36", 36),
        ("short", 72),
        ("short-loop288", 288),
    ]
    assert [(clip.frame_limit, clip.looped_frames) for clip in clips] == [(36, None), (None, None), (None, 288)]


def test_a_length_asks_for_what_is_measured_already(load: Load) -> None:
    assert expand(load(inputs="{like: short, frames: 72}")) == expand(load())
    assert expand(load(inputs="{like: short, frames: 36}")) == expand(load(inputs="{like: short, frame_limit: 36}"))


def test_lengths_of_a_named_clip_have_its_name(load: Load) -> None:
    names = [clip.name for clip in load(inputs="{like: short, name: mine, frames: [36, 72, 100]}").inputs]
    assert names == ["mine-36", "mine-72", "mine-100"]
    assert load(inputs="{like: short, name: mine, frames: 100}").inputs[0].name == "mine"


def test_skipped_frames_are_frames_of_the_whole_length(load: Load) -> None:
    (clip,) = load(inputs="{like: short, frames: 288, skip_frames: 18}").inputs
    assert (clip.name, clip.frames, clip.section_label) == (
        "short-skip18-loop288",
        16,
        "short-skip18-loop288 (16 frames)",
    )


def test_images_can_be_repeated(load: Load) -> None:
    clip = load(inputs="{like: multi-face, copies: 2, name: two}").inputs[0]
    assert (clip.name, clip.frames, clip.faces) == ("two", 2, 5)


def test_a_video_by_path_starts_from_the_sweep_file(load: Load, tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "a.mp4").write_text("50")
    clip = load(inputs="[{path: clips/a.mp4, faces: 2, output_size: 320}]").inputs[0]
    assert clip.paths == (str(tmp_path / "clips" / "a.mp4"),)
    assert (clip.name, clip.kind, clip.frames, clip.fps, clip.faces) == ("a-320px", "video", 50, 25.0, 2)
    assert clip.sha256 == ("sha-of-a.mp4",)


def test_a_file_of_the_user_may_have_any_number_of_faces_unless_the_sweep_says_one(load: Load, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("50")
    entries = "[a.mp4, {path: a.mp4, name: b, faces: any}, {path: a.mp4, name: c, faces: 2}]"
    assert [clip.faces for clip in load(inputs=entries).inputs] == [None, None, 2]


def test_a_clip_of_the_catalogue_keeps_its_number_of_faces_unless_the_sweep_says_any(load: Load) -> None:
    clips = load(inputs="[multi-face, {like: multi-face, faces: any, name: b}]").inputs
    assert [clip.faces for clip in clips] == [5, None]
    assert [clip.section_label for clip in clips] == ["16 x multi_face.jpg = 80 faces", "16 x multi_face.jpg"]


def test_another_word_for_faces_is_refused(complain: Complain) -> None:
    assert "inputs[0]" in complain(inputs="[{like: short, faces: some}]")


def test_a_folder_is_its_images_by_name(load: Load, tmp_path: Path) -> None:
    folder = tmp_path / "faces"
    folder.mkdir()
    for name in ("b.png", "a.JPG", "notes.txt", "._a.JPG", ".DS_Store", ".hidden.png"):
        (folder / name).write_text("1")
    clip = load(inputs="{path: faces, copies: 3}").inputs[0]
    assert [Path(path).name for path in clip.paths] == ["a.JPG", "b.png"]
    assert (clip.name, clip.kind, clip.frames, clip.fps) == ("faces-x3", "images", 6, None)


def test_a_missing_clip_is_named_with_what_is_there(complain: Complain, tmp_path: Path) -> None:
    (tmp_path / "face.mp4").write_text("5")
    message = complain(inputs="[./fase.mp4]")
    assert (
        message
        == "trial.yaml:2: inputs[0]: fase.mp4: no such file or folder; expected face.mp4. Did you mean 'face.mp4'?"
    )


def test_a_text_file_named_mp4_is_refused(complain: Complain, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("hello")
    assert complain(inputs="[text.mp4]").startswith("trial.yaml:2: inputs[0]: text.mp4: cannot be read as a video")


def test_an_unknown_kind_of_file_is_refused(complain: Complain, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    assert "not known as a video or an image; expected a name ending in .mp4" in complain(inputs="[notes.txt]")


def test_an_unknown_input_gets_a_suggestion(complain: Complain) -> None:
    assert "Did you mean 'short'?" in complain(inputs="[shrt]")


def test_a_folder_without_images_is_refused(complain: Complain, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no image in this folder" in complain(inputs="[./empty]")


def test_a_link_to_nothing_is_named_with_its_target(complain: Complain, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").symlink_to("/gone/a.mp4")
    assert complain(inputs="[a.mp4]") == "trial.yaml:2: inputs[0]: a.mp4: is a link to /gone/a.mp4, which is missing"


def test_a_pointer_is_named_with_the_command_that_fetches_the_file(complain: Complain, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    assert complain(inputs="[a.mp4]") == (
        "trial.yaml:2: inputs[0]: a.mp4: is a pointer of Git LFS, not the file itself; "
        "fetch it with `git lfs pull --include a.mp4`"
    )


def test_videos_and_images_do_not_mix(complain: Complain, tmp_path: Path) -> None:
    for name in ("a.mp4", "b.png"):
        (tmp_path / name).write_text("1")
    assert "expected one entry per video" in complain(inputs="{path: [a.mp4, b.png]}")
    assert "expected one entry per video" in complain(inputs="{path: [b.png, a.mp4]}")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{like: multi-face, skip_frames: 2}", "skip_frames is for videos; leave it out"),
        ("{like: multi-face, frame_limit: 2}", "frame_limit is for videos; leave it out"),
        ("{like: multi-face, frames: 2}", "frames is for videos; leave it out (copies makes a list of images longer)"),
        ("{like: short, frames: [72, 72]}", "72 is listed twice"),
        ("{like: short, frames: 0}", "frames"),
        ("{like: short, frames: 9, frame_limit: 9}", "frames and frame_limit both say how long the clip is; keep"),
        ("{like: short, copies: 2}", "copies is for images; leave it out"),
        ("{skip_frames: 2}", "expected either 'like'"),
    ],
)
def test_a_setting_of_the_other_kind_is_refused(complain: Complain, entry: str, message: str) -> None:
    assert message in complain(inputs=f"[{entry}]")


def test_a_label_file_is_checked_and_named_by_its_content(load: Load, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("frame,AU12\n0,3\n")
    clip = load(inputs="{like: short, labels: labels.csv}").inputs[0]
    assert clip.labels == str(tmp_path / "labels.csv")
    assert clip.labels_sha256 == hash_file(tmp_path / "labels.csv")


def test_a_label_file_that_is_missing_or_holds_no_label_is_refused(complain: Complain, tmp_path: Path) -> None:
    assert "no label file that can be read" in complain(inputs="{like: short, labels: labels.csv}")
    (tmp_path / "labels.csv").write_text("frame,AU12\n99,3\n")
    assert "no frame 99; the input has 72 frames, 0 to 71" in complain(inputs="{like: short, labels: labels.csv}")
    (tmp_path / "labels.csv").write_text("who\nme\n")
    assert "no column can be compared with results" in complain(inputs="{like: short, labels: labels.csv}")


def test_the_home_of_a_user_who_is_not_there_is_a_file_that_is_not_there(complain: Complain) -> None:
    assert "no-such-user" in complain(inputs="['~no-such-user/clip.mp4']")


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS allows UTF-8 names only")
def test_a_file_whose_name_no_row_can_hold_is_refused(complain: Complain, tmp_path: Path) -> None:
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces" / os.fsdecode(b"a\xff.jpg")).write_text("1")
    assert "the path is not UTF-8, so no row can hold it; rename" in complain(inputs="[./faces]")
