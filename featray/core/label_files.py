"""Label files: what people or a data set say of each frame, to be compared with what a detector finds.

Flow: `labels:` of a sweep's input -> `read_names` checks it -> the measuring child -> `read` -> `measurement.accuracy`.
Standard library only. A label file is a CSV with a header. `frame` or `image` says which frame a line is about; without
both, the lines are the frames in order. The other columns have py-feat's names; an empty field is no label.
"""

import csv
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from featray.core.files import check_regular

FRAME, IMAGE, EMOTION = "frame", "image", "emotion"
POSE = ("Pitch", "Roll", "Yaw")
GAZE = ("gaze_pitch", "gaze_yaw")
EXPECTED = "AU columns such as AU12, emotion, gaze_pitch with gaze_yaw, or Pitch, Roll and Yaw"

INTENSITY_MAX = 5.0  # of an action unit, as FACS and DISFA have it; 0 and 1 say absent and present
DIGITS_MAX = 20  # of a frame's number; no film has as many frames

_AU = re.compile(r"AU\d\d")

FrameLabels = Mapping[str, Mapping[int, str]]
"""Column -> frame -> what the file says; frames without a label are left out."""


def is_label(column: str) -> bool:
    """Return True for a column that can be scored."""
    return bool(_AU.fullmatch(column)) or column in (EMOTION, *GAZE, *POSE)


def read(path: Path, images: Sequence[str] = (), frames: int | None = None) -> dict[str, dict[int, str]]:
    """Read a label file.

    Args:
        path: The file.
        images: Names of the images in their order, for files with the column `image`; empty for a video.
        frames: Frames or images that the input has; None: not checked.

    Returns:
        Column -> frame -> label, of the columns that can be scored.

    Raises:
        OSError: the file cannot be read.
        ValueError: it holds no label, or a line cannot be used; the message says where and what was expected.
    """
    check_regular(path)
    try:
        return _read(path, images, frames)
    except (csv.Error, UnicodeDecodeError) as wrong:
        raise ValueError(f"{path}: cannot be read as a table ({wrong}); save it as CSV in UTF-8") from wrong


def _read(path: Path, images: Sequence[str], frames: int | None) -> dict[str, dict[int, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        lines = csv.DictReader(stream)
        names = [name for name in lines.fieldnames or () if is_label(name)]
        if not names:
            raise ValueError(f"{path}: no column can be compared with results; expected {EXPECTED}")
        labels: dict[str, dict[int, str]] = {name: {} for name in names}
        places = {name: index for index, name in enumerate(images)}
        for index, line in enumerate(lines):
            where = f"{path}:{lines.line_num}"
            frame = _frame(line, index, places, where)
            if frames is not None and frame >= frames:
                known = "1 frame, 0" if frames == 1 else f"{frames} frames, 0 to {frames - 1}"
                raise ValueError(f"{where}: no frame {frame}; the input has {known}. Correct the line or leave it out")
            for name in names:
                if text := (line.get(name) or "").strip():
                    labels[name][frame] = _checked(name, text, where)
    return labels


def _frame(line: Mapping[str, str | None], index: int, places: Mapping[str, int], where: str) -> int:
    if (text := line.get(FRAME)) is not None:
        if not text.strip().isdecimal() or len(text) > DIGITS_MAX:
            raise ValueError(f"{where}: frame {text[:DIGITS_MAX]!r} is no frame; expected a whole number from 0")
        return int(text)
    if (name := line.get(IMAGE)) is not None:
        if Path(name).name not in places:
            raise ValueError(f"{where}: image {name!r} is none of this input's images")
        return places[Path(name).name]
    return index


def _checked(name: str, text: str, where: str) -> str:
    if name != EMOTION:
        try:
            if not math.isfinite(float(text)):
                raise ValueError
        except ValueError:
            raise ValueError(f"{where}: {name} {text!r} is no number") from None
    if _AU.fullmatch(name) and not 0 <= float(text) <= INTENSITY_MAX:
        expected = f"an intensity from 0 to {INTENSITY_MAX:g}, or 0 and 1"
        raise ValueError(f"{where}: {name} {text} is beyond the scale; expected {expected}")
    return text
