"""Output families: which columns of an output belong together, because they are in one unit and compared in one way.

Flow: column names of py-feat, or of a detector of the user's own -> `find` -> `output_sums`, `analysis.drift`.
Pure. The names are those of py-feat 2.0 to 2.1; any other numeric column is `Family.OTHER`.
"""

import re
from collections.abc import Iterable
from enum import StrEnum


class Family(StrEnum):
    """A family of columns, in the order in which reports name them."""

    BOX = "boxes"
    SCORE = "face scores"
    LANDMARKS = "landmarks"
    POSE = "pose"
    POSITION = "position"  # of the head, in units of the pose model
    ACTION_UNITS = "action units"
    EMOTIONS = "emotions"
    GAZE = "gaze"
    BLENDSHAPES = "blendshapes"
    IDENTITY = "identity"  # the embedding
    OTHER = "other columns"


BOX = ("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight")
SCORE = "FaceScore"
FRAME = "frame"
POSE = ("Pitch", "Roll", "Yaw")  # radians
GAZE = ("gaze_pitch", "gaze_yaw")  # radians
EMOTIONS = frozenset(
    ("neutral", "happiness", "happy", "sadness", "sad", "surprise", "fear", "disgust", "anger")  # in any case
)

LEFT_OUT = frozenset({FRAME, "input", "Identity", "FrameHeight", "FrameWidth", "approx_time"})
"""Columns that say where a row comes from, and the label that py-feat gives a cluster of embeddings."""

_PATTERNS = (
    (Family.BOX, re.compile("|".join(BOX))),
    (Family.SCORE, re.compile(SCORE)),
    (Family.LANDMARKS, re.compile(r"(mesh_)?[xyz]_\d+")),
    (Family.POSE, re.compile("|".join(POSE))),
    (Family.POSITION, re.compile("[XYZ]")),
    (Family.ACTION_UNITS, re.compile(r"AU\d+")),
    (Family.EMOTIONS, re.compile("|".join(sorted(EMOTIONS)), re.IGNORECASE)),
    (Family.GAZE, re.compile(r"gaze_\w+")),
    (Family.BLENDSHAPES, re.compile(r"_neutral|(brow|cheek|eye|jaw|mouth|nose|tongue)[A-Z]\w*")),
    (Family.IDENTITY, re.compile(r"Identity_\d+")),
)


def find(column: str) -> Family:
    """Find a column's family by its name."""
    return next((family for family, pattern in _PATTERNS if pattern.fullmatch(column)), Family.OTHER)


def group(columns: Iterable[str]) -> dict[Family, list[str]]:
    """Group columns by family, in the order of `Family`; columns that are no result are left out."""
    groups: dict[Family, list[str]] = {family: [] for family in Family}
    for column in columns:
        if column not in LEFT_OUT:
            groups[find(column)].append(column)
    return {family: members for family, members in groups.items() if members}
