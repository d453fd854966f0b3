"""Accuracy: py-feat's own scores of one output against labels.

Flow: the last timed call's `OutputTable`, a label file -> `score` -> column `accuracy` of the row.
The figures are those of py-feat: F1 and ICC(3,1) of action units, accuracy and macro F1 of emotions, degrees
between gaze directions. Head pose, which it does not score, gets the mean absolute error of its three angles. As there,
a frame's face is the one with the highest score, and frames without a face are left out.
"""

import math
from collections.abc import Mapping, Sequence

from featray.core import output_families
from featray.core.label_files import EMOTION, GAZE, POSE, FrameLabels
from featray.core.output_families import Family
from featray.core.output_table import OutputTable

AU_PRESENT = 2  # from here on an intensity of DISFA's scale, 0 to 5, means present; labels of 0 and 1: from 1 on
ALIASES = {"happy": "happiness", "sad": "sadness"}
"""Detectorv2's name of an emotion -> the name that other detectors and data sets use."""

Scores = dict[str, float]
"""Score -> value: `AU F1`, `AU12 ICC`, `emotion accuracy`, `gaze degrees`, ..."""


def score(table: OutputTable, labels: FrameLabels, copies_of: int | None = None) -> Scores:
    """Score an output.

    Args:
        table: Every face of the output.
        labels: Of the frames.
        copies_of: Number of images in a list that is repeated; None for a video.

    Returns:
        Empty where no labelled frame has a face with such a column.
    """
    faces = _best_faces(table)
    frames = {frame: frame % copies_of if copies_of else frame for frame in faces}
    truth = {name: {frame: of[frames[frame]] for frame in faces if frames[frame] in of} for name, of in labels.items()}
    return {
        **_score_action_units(table, faces, truth),
        **_score_emotions(table, faces, truth),
        **_score_gaze(table, faces, truth),
        **_score_pose(table, faces, truth),
    }


def _best_faces(table: OutputTable) -> dict[int, int]:
    """Choose the face with the highest score of each frame: frame -> index."""
    scores: Sequence[float] = table.columns.get(output_families.SCORE) or [1.0] * len(table)
    best: dict[int, int] = {}
    for index, frame in enumerate(table.frames):
        if frame not in best or scores[index] > scores[best[frame]]:
            best[frame] = index
    return best


def _score_action_units(table: OutputTable, faces: Mapping[int, int], truth: FrameLabels) -> Scores:
    names = [name for name in truth if name.startswith("AU") and name in table.columns and truth[name]]
    if not names:
        return {}
    import numpy as np
    from feat.evaluation import metrics

    wanted = {name: np.array([float(text) for text in truth[name].values()]) for name in names}
    found = {name: np.array([table.columns[name][faces[frame]] for frame in truth[name]]) for name in names}
    is_binary = all(values.max() <= 1 for values in wanted.values())
    summary = metrics.summarize_au_metrics(wanted, found, truth_threshold=1 if is_binary else AU_PRESENT)
    if not summary["per_au"]:
        return {}
    scores = {"AU F1": summary["mean_f1"], "AU ICC": summary["mean_icc"]}
    for name, of_unit in summary["per_au"].items():
        scores |= {f"{name} F1": of_unit["f1"], f"{name} ICC": of_unit["icc"]}
    return scores


def _score_emotions(table: OutputTable, faces: Mapping[int, int], truth: FrameLabels) -> Scores:
    columns = output_families.group(table.columns).get(Family.EMOTIONS, [])
    names = [_emotion(column) for column in columns]
    wanted, found = [], []
    for frame, text in truth.get(EMOTION, {}).items():
        values = [table.columns[column][faces[frame]] for column in columns]
        if values and all(map(math.isfinite, values)):
            wanted.append(_emotion(text))
            found.append(names[values.index(max(values))])
    if not wanted:
        return {}
    from feat.evaluation import metrics

    codes = {name: code for code, name in enumerate(dict.fromkeys((*names, *wanted)))}
    true, predicted = ([codes[name] for name in side] for side in (wanted, found))
    return {
        "emotion accuracy": metrics.emotion_accuracy(true, predicted),
        "emotion F1": metrics.emotion_f1_macro(true, predicted),
    }


def _emotion(text: str) -> str:
    return ALIASES.get(text.casefold(), text.casefold())


def _score_gaze(table: OutputTable, faces: Mapping[int, int], truth: FrameLabels) -> Scores:
    pairs = _angles(table, faces, truth, GAZE)
    if not pairs:
        return {}
    import numpy as np
    from feat.evaluation import metrics

    wanted, found = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
    degrees = metrics.angular_error_degrees(wanted[:, 0], wanted[:, 1], found[:, 0], found[:, 1])
    return {"gaze degrees": float(degrees.mean())}


def _score_pose(table: OutputTable, faces: Mapping[int, int], truth: FrameLabels) -> Scores:
    pairs = _angles(table, faces, truth, POSE)
    if not pairs:
        return {}
    errors = [abs(math.remainder(one - other, 2 * math.pi)) for pair in pairs for one, other in zip(*pair, strict=True)]
    return {"pose degrees": math.degrees(math.fsum(errors) / len(errors))}


def _angles(
    table: OutputTable, faces: Mapping[int, int], truth: FrameLabels, names: Sequence[str]
) -> list[tuple[list[float], list[float]]]:
    """List (labels, results) in radians of the frames that have all of some angles on both sides."""
    if not all(name in truth and name in table.columns for name in names):
        return []
    frames = [frame for frame in truth[names[0]] if all(frame in truth[name] for name in names)]
    pairs = [
        ([float(truth[name][frame]) for name in names], [table.columns[name][faces[frame]] for name in names])
        for frame in frames
    ]
    return [pair for pair in pairs if all(map(math.isfinite, pair[1]))]
