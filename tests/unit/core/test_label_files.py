"""Label files: which frame a line is about, and what is refused."""

from pathlib import Path

import pytest

from featray.core import label_files


def read(folder: Path, text: str, images: tuple[str, ...] = ()) -> dict[str, dict[int, str]]:
    path = folder / "labels.csv"
    path.write_text(text, encoding="utf-8")
    return label_files.read(path, images)


def test_lines_without_a_frame_are_the_frames_in_order(tmp_path: Path) -> None:
    assert read(tmp_path, "AU12,emotion,subject\n3,happiness,7\n,anger,7\n0,,7\n") == {
        "AU12": {0: "3", 2: "0"},
        "emotion": {0: "happiness", 1: "anger"},
    }


def test_a_line_names_its_frame_or_its_image(tmp_path: Path) -> None:
    assert read(tmp_path, "frame,AU12\n24,1\n0,2\n") == {"AU12": {24: "1", 0: "2"}}
    assert read(tmp_path, "image,AU12\nfaces/b.jpg,1\n", ("a.jpg", "b.jpg")) == {"AU12": {1: "1"}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("subject,au12\n1,2\n", "no column can be compared with results; expected AU columns such as AU12"),
        ("", "no column can be compared"),
        ("frame,AU12\n-1,2\n", "labels.csv:2: frame '-1' is no frame; expected a whole number from 0"),
        ("image,AU12\nc.jpg,2\n", "labels.csv:2: image 'c.jpg' is none of this input's images"),
        ("AU12\n1\nmuch\n", "labels.csv:3: AU12 'much' is no number"),
        ("AU12\n9\n", "labels.csv:2: AU12 9 is beyond the scale; expected an intensity from 0 to 5, or 0 and 1"),
        ("AU12\n-1\n", "labels.csv:2: AU12 -1 is beyond the scale"),
        ("Yaw\nnan\n", "labels.csv:2: Yaw 'nan' is no number"),
        ("frame,AU12\n" + "9" * 5000 + ",1\n", "labels.csv:2: frame '99999999999999999999' is no frame"),
        ("AU12\n" + "9" * 200_000 + "\n", "labels.csv: cannot be read as a table (field larger than field limit"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"labels\.csv") as raised:
        read(tmp_path, text, ("a.jpg",))
    assert message in str(raised.value)


def test_a_frame_beyond_the_clip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("frame,AU12\n49,1\n")
    assert label_files.read(path, frames=50) == {"AU12": {49: "1"}}
    path.write_text("frame,AU12\n1,1\n99,1\n")
    with pytest.raises(ValueError, match=r"labels\.csv:3: no frame 99; the input has 50 frames, 0 to 49"):
        label_files.read(path, frames=50)
    path.write_text("AU12\n1\n1\n")
    with pytest.raises(ValueError, match=r"labels\.csv:3: no frame 1; the input has 1 frame, 0"):
        label_files.read(path, frames=1)


def test_a_file_that_is_not_utf_8_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes("AU12\n1\n".encode("utf-16"))
    with pytest.raises(ValueError, match=r"labels\.csv: cannot be read as a table .*; save it as CSV in UTF-8"):
        label_files.read(path)
