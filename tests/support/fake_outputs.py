"""Outputs of a made-up film: what a detector might return for it, ways to corrupt that, and rows that hold its sums.

Two faces move about for 40 frames. Every column changes from frame to frame, as in footage.
"""

import dataclasses
import math
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from featray.core.output_table import OutputTable
from featray.core.row import Row
from featray.measurement import output_tables, outputs
from tests.support.builders import make_rows

FRAMES = 40
AUS = [f"AU{number:02}" for number in (1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 17, 20, 23, 24, 25, 26, 28, 43)]
EMOTIONS = ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"]
BOX = ["FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight"]
LANDMARKS = [f"{axis}_{number}" for axis in "xy" for number in range(68)]

Corruption = Callable[[pd.DataFrame], pd.DataFrame]


def make_fex(frames: int = FRAMES, seed: int = 0) -> pd.DataFrame:
    """Make what py-feat might return for the film."""
    return pd.DataFrame([_face(frame, face, seed) for frame in range(frames) for face in range(2)])


def _face(frame: int, face: int, seed: int) -> dict[str, Any]:
    chance = random.Random(f"{seed} {frame} {face}")
    left, top = 100 + 250 * face + 10 * math.sin(frame / 5), 80 + 6 * math.cos(frame / 7)
    record: dict[str, Any] = dict(zip(BOX, (left, top, 120.0, 150.0), strict=True)) | {"FaceScore": 0.98}
    for number in range(68):
        angle = 2 * math.pi * number / 68
        record[f"x_{number}"] = left + 60 + 50 * math.cos(angle) + chance.gauss(0, 1)
        record[f"y_{number}"] = top + 75 + 60 * math.sin(angle) + chance.gauss(0, 1)
    record |= {name: 0.2 * math.sin(frame / 9 + place) for place, name in enumerate(("Pitch", "Roll", "Yaw"))}
    record |= {name: min(1.0, max(0.0, chance.gauss(0.4, 0.2))) for name in AUS}
    weights = [chance.expovariate(1) for _ in EMOTIONS]
    record |= {name: weight / sum(weights) for name, weight in zip(EMOTIONS, weights, strict=True)}
    record |= {"gaze_pitch": chance.gauss(0, 0.2), "gaze_yaw": chance.gauss(0.1, 0.2)}
    embedding = [chance.gauss(0, 1) for _ in range(16)]
    record |= {f"Identity_{number}": value / 4 for number, value in enumerate(embedding, 1)}
    return record | {"frame": frame, "input": "film.mp4", "Identity": f"Person_{face}"}


def make_table(fex: pd.DataFrame | None = None) -> OutputTable:
    """Make the kept output of a result, by default of the film's."""
    return output_tables.read(make_fex() if fex is None else fex)


def make_output_columns(fex: pd.DataFrame) -> dict[str, Any]:
    """Make the columns of a row that come from its output."""
    inspected = outputs.inspect(fex)
    return {
        "fex_rows": inspected.fex_rows,
        "faces": inspected.faces,
        "output_summary": inspected.summary,
        "output_sums": output_tables.add_up(output_tables.read(fex)),
    }


def make_output_rows(medians_s: Sequence[float], results: Mapping[int, pd.DataFrame], **changes: Any) -> list[Row]:
    """Make rows whose outputs are `results`, by invocation; the last given one also holds for those not given."""
    columns = {id(fex): make_output_columns(fex) for fex in results.values()}
    last = results[max(results)]
    return [
        dataclasses.replace(row, **columns[id(results.get(row.invocation, last))])
        for row in make_rows(medians_s, **changes)
    ]


def moved(fex: pd.DataFrame, names: Sequence[str], by: float) -> pd.DataFrame:
    """Add a number to columns."""
    changed = fex.copy()
    changed[list(names)] += by
    return changed


def noisy(fex: pd.DataFrame, relative: float) -> pd.DataFrame:
    """Move every number a little, as another batch or another number of threads does."""
    chance = random.Random(1)
    changed = fex.copy()
    for name in map(str, changed.select_dtypes("float")):
        changed[name] = [value * (1 + relative * chance.gauss(0, 1)) for value in changed[name]]
    return changed


def in_other_frames(fex: pd.DataFrame) -> pd.DataFrame:
    """Give every value to the next frame."""
    changed = fex.copy()
    changed["frame"] = (changed["frame"] + 1) % FRAMES
    return changed.sort_values("frame", kind="stable").reset_index(drop=True)


def without(fex: pd.DataFrame, names: Sequence[str], rows: slice = slice(None)) -> pd.DataFrame:
    """Lose the values of columns."""
    changed = fex.copy()
    changed.loc[changed.index[rows], list(names)] = math.nan
    return changed


def exchanged(fex: pd.DataFrame, one: Sequence[str], two: Sequence[str]) -> pd.DataFrame:
    """Exchange columns."""
    changed = fex.copy()
    changed[list(one)], changed[list(two)] = fex[list(two)].to_numpy(), fex[list(one)].to_numpy()
    return changed


def with_faces_exchanged(fex: pd.DataFrame) -> pd.DataFrame:
    """Give each face the results of the other face of its frame; boxes stay."""
    names = [name for name in map(str, fex.select_dtypes("float")) if name not in (*BOX, "FaceScore")]
    changed = fex.copy()
    partner = [index + 1 if index % 2 == 0 else index - 1 for index in range(len(fex))]
    changed[names] = fex[names].to_numpy()[partner]
    return changed


def in_one_row(fex: pd.DataFrame, names: Sequence[str], by: float) -> pd.DataFrame:
    """Add a number to columns of one face of one frame."""
    changed = fex.copy()
    changed.loc[changed.index[20], list(names)] += by
    return changed


def backwards(fex: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Let columns run backwards through the film: mean and deviation stay."""
    changed = fex.copy()
    changed[list(names)] = fex[list(names)].to_numpy()[::-1]
    return changed


def negated(fex: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Turn the sign of columns."""
    changed = fex.copy()
    changed[list(names)] *= -1
    return changed


CORRUPTIONS: Mapping[str, Corruption] = {
    "boxes and landmarks by 30 px": lambda fex: moved(fex, [*BOX[:2], *LANDMARKS], 30.0),
    "every value in another frame": in_other_frames,
    "AU12 lost": lambda fex: without(fex, ["AU12"]),
    "the two faces exchanged": with_faces_exchanged,
    "two emotions exchanged": lambda fex: exchanged(fex, ["happiness"], ["sadness"]),
    "two action units exchanged": lambda fex: exchanged(fex, ["AU06"], ["AU12"]),
    "pitch and yaw of the gaze exchanged": lambda fex: exchanged(fex, ["gaze_pitch"], ["gaze_yaw"]),
    "x and y of the landmarks exchanged": lambda fex: exchanged(fex, LANDMARKS[:68], LANDMARKS[68:]),
    "one landmark by 30 px": lambda fex: moved(fex, ["x_30"], 30.0),
    "one box by 30 px": lambda fex: in_one_row(fex, ["FaceRectX"], 30.0),
    "an action unit by 0.16": lambda fex: moved(fex, ["AU12"], 0.16),
    "the roll with another sign": lambda fex: negated(fex, ["Roll"]),
    "the emotions backwards": lambda fex: backwards(fex, EMOTIONS),
    "one value lost": lambda fex: without(fex, ["AU04"], slice(7, 8)),
    "another person's embedding": lambda fex: backwards(fex, [f"Identity_{number}" for number in range(1, 17)]),
    "infinite instead of lost": lambda fex: without(fex, ["AU04"], slice(7, 8)).fillna(math.inf),
    "one frame's pose by 40 degrees": lambda fex: in_one_row(fex, ["Yaw"], 0.7),
}
"""What went wrong -> how: the film's output is given, a corrupted one is returned."""
