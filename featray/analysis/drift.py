"""Drift: how far the output of one unit lies from that of a reference unit, family by family.

Flow: two `OutputTable`s -> `measure` -> `Drift` -> `comparison.pairs`, `rendering`.
Pure. Faces are matched within each frame by the overlap of their boxes; what is not matched counts as a lost face, and
all other figures are of matched faces. Figures are in units that people can judge: degrees, shares of the distance
between the eyes, probabilities.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from featray.core import output_families
from featray.core.output_families import Family
from featray.core.output_table import OutputTable

IOU_MIN = 0.5
"""Overlap of two boxes (intersection over union) from which they show the same face, as in PASCAL VOC (2010)."""

MATCHED_MIN = 0.99
"""Share of faces that must be matched: of 100 frames, one face at the detector's threshold may come or go."""

TOLERANCES: Mapping[Family, float] = {
    Family.BOX: 0.01,
    Family.SCORE: 0.01,
    Family.LANDMARKS: 0.003,
    Family.POSE: 0.1,
    Family.POSITION: 0.03,
    Family.ACTION_UNITS: 0.15,
    Family.EMOTIONS: 0.005,
    Family.GAZE: 0.15,
    Family.BLENDSHAPES: 0.005,
    Family.IDENTITY: 0.005,
    Family.OTHER: 0.005,
}
"""Family -> how far its 99th percentile may move, in the unit of `UNITS`.

Batch 8 against 1 and two threads against one, which nobody calls other work, moved continuous values by at most
1e-6 (landmarks), 3e-5 degrees (pose), 5e-4 degrees (gaze), 3e-7 (emotions) and 1e-5 (position): 19 outputs of
four detectors of py-feat 2.1.5 on a CPU, synthetic weights. Action units from trees step: up to 0.07 at the 99th
percentile of ten faces, 0.17 at most; their 99th percentile may move twice as far.

Of the others more is allowed, because convolutions on NVIDIA GPUs round to TF32. bfloat16 on a CPU rounds 8 times as
coarsely and moved Detectorv2 by 0.010 (landmarks), 0.4 degrees (gaze), 0.09 (position), 0.011 (valence and arousal).
The tolerances are two to three times an eighth of that, so that TF32 is within and bfloat16 is beyond. Boxes, scores,
pose, emotions and identity moved less; their tolerances are what nobody would notice."""

UNITS: Mapping[Family, str] = {
    Family.BOX: "1 - IoU",
    Family.LANDMARKS: "of the distance between the eyes",
    Family.POSE: "degrees",
    Family.GAZE: "degrees",
    Family.POSITION: "of the column's size",
    Family.IDENTITY: "cosine distance",
    Family.OTHER: "of the column's size",
}
"""Family -> the unit of its drift. The other families are probabilities or intensities from 0 to 1."""

EYE_CORNERS: Mapping[int, tuple[int, int]] = {68: (36, 45), 478: (33, 263)}
"""Number of landmarks -> the outer corners of both eyes, in dlib's and in MediaPipe's numbering."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class FamilyDrift:
    """How far the values of one family moved, in the family's unit; over faces, or over values of faces."""

    family: Family
    values: int
    median: float
    p99: float
    largest: float
    lost: int = 0  # values that only one of the two outputs has

    @property
    def share_of_tolerance(self) -> float:
        """Give the 99th percentile over the family's tolerance; a lost value is beyond any."""
        share = self.p99 / TOLERANCES[self.family]
        return max(share, LOST_SHARE) if self.lost else share


LOST_SHARE = 1000.0  # of the tolerance: where a value is missing, how far it moved has no number


@dataclasses.dataclass(frozen=True, kw_only=True)
class Drift:
    """How far one output lies from another."""

    families: tuple[FamilyDrift, ...]
    faces: tuple[int, int]  # of the reference and of the other
    matched: int
    strongest_emotion: float | None  # share of matched faces with the same strongest emotion
    columns_only: tuple[str, ...] = ()  # that one side lacks

    @property
    def matched_share(self) -> float:
        """Give the share of all faces that have a counterpart; 1 where neither output has a face."""
        return 2 * self.matched / sum(self.faces) if sum(self.faces) else 1.0

    @property
    def beyond(self) -> tuple[FamilyDrift, ...]:
        """List the families that moved further than their tolerance, the furthest first."""
        far = [family for family in self.families if family.share_of_tolerance > 1]
        return tuple(sorted(far, key=lambda family: -family.share_of_tolerance))

    @property
    def is_beyond(self) -> bool:
        """Return True if the outputs are those of other work."""
        return bool(self.beyond or self.columns_only) or self.matched_share < MATCHED_MIN

    @property
    def share_of_tolerance(self) -> float:
        """Give the drift of all families as one number: the largest share of a tolerance, 1 at its edge."""
        shares = [family.share_of_tolerance for family in self.families]
        return max([*shares, (1 - self.matched_share) / (1 - MATCHED_MIN), *([LOST_SHARE] * bool(self.columns_only))])

    @property
    def largest(self) -> FamilyDrift | None:
        """Give the family that moved furthest, by its tolerance."""
        return max(self.families, key=lambda family: family.share_of_tolerance, default=None)


def measure(reference: OutputTable, other: OutputTable) -> Drift:
    """Measure how far an output lies from a reference."""
    pairs = _match(reference, other)
    columns = [name for name in reference.columns if name in other.columns]
    before, after = _Matched(reference, [pair[0] for pair in pairs]), _Matched(other, [pair[1] for pair in pairs])
    families = [
        _summarise(family, *_moved(family, before, after, names))
        for family, names in output_families.group(columns).items()
        if pairs
    ]
    return Drift(
        families=tuple(family for family in families if family is not None),
        faces=(len(reference), len(other)),
        matched=len(pairs),
        strongest_emotion=_share_of_equal_emotions(before, after, columns) if pairs else None,
        columns_only=tuple(sorted(set(reference.columns) ^ set(other.columns))) if pairs else (),
    )


class _Matched:
    """The matched faces of one output, as matrices of 64-bit floats, shape (faces, columns)."""

    def __init__(self, table: OutputTable, indices: Sequence[int]) -> None:
        self._table, self._indices = table, indices

    def matrix(self, names: Sequence[str]) -> Any:
        import numpy as np

        columns = [np.frombuffer(self._table.columns[name], dtype=np.float32)[self._indices] for name in names]
        return np.array(columns, dtype=np.float64).T.reshape(len(self._indices), len(names))


def _match(reference: OutputTable, other: OutputTable) -> list[tuple[int, int]]:
    """Pair the faces of each frame, the largest overlap first; without boxes by their place in the frame."""
    there: dict[int, list[int]] = {}
    for index, frame in enumerate(other.frames):
        there.setdefault(frame, []).append(index)
    here: dict[int, list[int]] = {}
    for index, frame in enumerate(reference.frames):
        here.setdefault(frame, []).append(index)
    if not all(name in table.columns for table in (reference, other) for name in output_families.BOX):
        return [pair for frame, faces in here.items() for pair in zip(faces, there.get(frame, ()), strict=False)]
    boxes = _boxes(reference), _boxes(other)
    pairs: list[tuple[int, int]] = []
    for frame, faces in here.items():
        overlaps = [(_iou(boxes[0][one], boxes[1][two]), one, two) for one in faces for two in there.get(frame, ())]
        taken: tuple[set[int], set[int]] = set(), set()
        for overlap, one, two in sorted(overlaps, key=lambda entry: -entry[0]):
            if overlap >= IOU_MIN and one not in taken[0] and two not in taken[1]:
                taken[0].add(one)
                taken[1].add(two)
                pairs.append((one, two))
    return sorted(pairs)


FaceBox = tuple[float, float, float, float]
"""Left, top, width and height in pixels."""


def _boxes(table: OutputTable) -> list[FaceBox]:
    x, y, width, height = (table.columns[name] for name in output_families.BOX)
    return list(zip(x, y, width, height, strict=True))


def _iou(one: FaceBox, two: FaceBox) -> float:
    width = min(one[0] + one[2], two[0] + two[2]) - max(one[0], two[0])
    height = min(one[1] + one[3], two[1] + two[3]) - max(one[1], two[1])
    if not (width > 0 and height > 0):
        return 0.0
    return width * height / (one[2] * one[3] + two[2] * two[3] - width * height)


def _moved(family: Family, before: _Matched, after: _Matched, names: list[str]) -> tuple[Any, int]:
    """Give how far each face or value moved, NaN where neither has a value, and how many values one side lacks."""
    import numpy as np

    one, two = before.matrix(names), after.matrix(names)
    lost = int((np.isfinite(one) != np.isfinite(two)).sum())
    if family is Family.BOX and set(names) == set(output_families.BOX):
        order = [names.index(name) for name in output_families.BOX]
        return np.array([1 - _iou(*pair) for pair in zip(one[:, order], two[:, order], strict=True)]), lost
    if family is Family.POSE:
        degrees = np.degrees(two - one)
        return np.abs((degrees + 180) % 360 - 180), lost
    if family is Family.GAZE and set(output_families.GAZE) <= set(names):
        order = [names.index(name) for name in output_families.GAZE]
        return _angles(_directions(one[:, order]), _directions(two[:, order])), lost
    if family is Family.LANDMARKS:
        return _landmark_shifts(one, two, names), lost
    if family is Family.IDENTITY:
        return _cosine_distances(one, two), lost
    if family in (Family.OTHER, Family.POSITION):
        return np.abs(two - one) / _sizes(one), lost
    return np.abs(two - one), lost


def _sizes(values: Any) -> Any:
    """Give each column's size: the root of its mean square; 1 for a column of zeros or without a value."""
    import numpy as np

    squares = np.where(np.isfinite(values), values, 0.0) ** 2
    sizes = np.sqrt(squares.mean(axis=0))
    return np.where(sizes > 0, sizes, 1.0)


def _directions(gaze: Any) -> Any:
    """Make unit vectors of pitch and yaw in radians, shape (faces, 3)."""
    import numpy as np

    pitch, yaw = gaze[:, 0], gaze[:, 1]
    return np.stack([np.cos(pitch) * np.sin(yaw), np.sin(pitch), np.cos(pitch) * np.cos(yaw)], axis=-1)


def _angles(one: Any, two: Any) -> Any:
    """Give the angles between unit vectors in degrees; accurate for small angles, as the arc cosine is not."""
    import numpy as np

    return np.degrees(2 * np.arcsin(np.clip(np.linalg.norm(one - two, axis=1) / 2, 0.0, 1.0)))


def _cosine_distances(one: Any, two: Any) -> Any:
    import numpy as np

    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(two, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return 1 - (one * two).sum(axis=1) / lengths


def _landmark_shifts(one: Any, two: Any, names: list[str]) -> Any:
    """Give the distance that each landmark moved over the distance between the eyes, shape (faces, landmarks)."""
    import numpy as np

    shifts = []
    for prefix in ("", "mesh_"):
        numbers = [name[len(prefix) + 2 :] for name in names if name.startswith(f"{prefix}x_")]
        numbers = [number for number in numbers if f"{prefix}y_{number}" in names]
        if not numbers:
            continue
        places = [[names.index(f"{prefix}{axis}_{number}") for number in numbers] for axis in "xy"]
        moved = np.hypot(*(two[:, place] - one[:, place] for place in places))
        points = np.stack([one[:, place] for place in places])
        shifts.append(moved / _between_eyes(points, [int(number) for number in numbers])[:, None])
    return np.concatenate(shifts, axis=1) if shifts else np.abs(two - one) / _sizes(one)


def _between_eyes(points: Any, numbers: list[int]) -> Any:
    """Give the distance between the outer corners of the eyes in pixels, or of an unknown layout half its width.

    Args:
        points: x and y of each landmark, shape (2, faces, landmarks).
        numbers: Of the landmarks.
    """
    import numpy as np

    corners = EYE_CORNERS.get(len(numbers))
    if corners is not None and set(corners) <= set(numbers):
        left, right = (points[:, :, numbers.index(corner)] for corner in corners)
        distances = np.hypot(*(left - right))
    else:
        distances = (points[0].max(axis=1) - points[0].min(axis=1)) / 2
    return np.where(distances > 0, distances, np.nan)


def _summarise(family: Family, moved: Any, lost: int) -> FamilyDrift | None:
    """Reduce what moved to three figures; None where no value can be compared and none is lost."""
    import numpy as np

    finite = moved[np.isfinite(moved)]
    if not finite.size:
        return FamilyDrift(family=family, values=0, median=0.0, p99=0.0, largest=0.0, lost=lost) if lost else None
    median, p99, largest = np.quantile(finite, [0.5, 0.99, 1.0]).tolist()
    return FamilyDrift(family=family, values=int(finite.size), median=median, p99=p99, largest=largest, lost=lost)


def _share_of_equal_emotions(before: _Matched, after: _Matched, columns: Sequence[str]) -> float | None:
    import numpy as np

    names = output_families.group(columns).get(Family.EMOTIONS)
    if not names:
        return None
    one, two = before.matrix(names), after.matrix(names)
    known = np.isfinite(one).all(axis=1) & np.isfinite(two).all(axis=1)
    if not known.any():
        return None
    return float((one[known].argmax(axis=1) == two[known].argmax(axis=1)).mean())
