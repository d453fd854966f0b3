"""Accuracy: scores against made-up labels are those of py-feat's own evaluation."""

import dataclasses
import math
import random
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from featray.core import label_files
from featray.measurement import accuracy, output_tables
from featray.measurement.bench import Bench
from tests.support import fake_outputs
from tests.unit.measurement.test_cell_run import CELL, QUICK, loaded

FRAMES = 40
DISFA = ["AU01", "AU02", "AU04", "AU05", "AU06", "AU09", "AU12", "AU15", "AU17", "AU20", "AU25", "AU26"]


def make_labels(seed: int = 3) -> pd.DataFrame:
    chance = random.Random(seed)
    lines: list[dict[str, Any]] = [
        {name: chance.randint(0, 5) for name in DISFA}
        | {"emotion": chance.choice(fake_outputs.EMOTIONS)}
        | {name: chance.gauss(0, 0.3) for name in ("gaze_pitch", "gaze_yaw", "Pitch", "Roll", "Yaw")}
        for _ in range(FRAMES)
    ]
    return pd.DataFrame(lines)


def make_fex() -> pd.DataFrame:
    """Make an output with two faces per frame, of which the second one scores higher in every third frame."""
    fex = fake_outputs.make_fex(FRAMES).drop(index=[10, 11])  # nobody is in frame 5
    fex["FaceScore"] = [0.9 if frame % 3 else 0.7 for frame in fex["frame"]]
    fex.loc[fex.index % 2 == 1, "FaceScore"] = 0.8
    return fex


def score(fex: pd.DataFrame, labels: pd.DataFrame, folder: Path, **options: int) -> accuracy.Scores:
    path = folder / "labels.csv"
    labels.to_csv(path, index=False)
    return accuracy.score(output_tables.read(fex), label_files.read(path), **options)


class Recorded:
    """A detector that returns what it was made of."""

    def __init__(self, fex: pd.DataFrame) -> None:
        self._fex = fex

    def detect(self, *_: object, **__: object) -> pd.DataFrame:
        return self._fex


@pytest.mark.long
def test_scores_are_those_of_pyfeats_own_evaluation(tmp_path: Path) -> None:
    from feat.evaluation import datasets, runner

    fex, labels = make_fex(), make_labels()
    found = score(fex, labels, tmp_path)
    codes = {name: code for code, name in datasets.AFFECTNET_EMOTION_MAP.items()}
    theirs = labels.assign(
        expression_int=[codes[name] for name in labels["emotion"]],
        gaze_pitch_rad=labels["gaze_pitch"],
        gaze_yaw_rad=labels["gaze_yaw"],
    )
    expected: dict[str, Any] = {}
    for kind in ("au_intensity", "emotion_class", "gaze_angular"):
        split = datasets.DatasetSplit("made-up", [f"{index}.jpg" for index in range(FRAMES)], theirs, kind)
        expected |= runner.evaluate_dataset(Recorded(fex), split)
    assert found["AU F1"] == pytest.approx(expected["au_f1_mean"], abs=6e-5)  # rounded there
    assert found["AU ICC"] == pytest.approx(expected["au_icc_mean"], abs=6e-5)
    assert found["AU12 F1"] == pytest.approx(expected["au_f1_per_au"]["AU12"], abs=6e-5)
    assert found["AU12 ICC"] == pytest.approx(expected["au_icc_per_au"]["AU12"], abs=6e-5)
    assert found["emotion accuracy"] == pytest.approx(expected["emotion_accuracy"], abs=6e-5)
    assert found["emotion F1"] == pytest.approx(expected["emotion_f1_macro"], abs=6e-5)
    assert found["gaze degrees"] == pytest.approx(expected["gaze_angular_mae_deg"], abs=6e-4)


@pytest.mark.long
def test_labels_that_agree_have_the_best_scores(tmp_path: Path) -> None:
    fex = fake_outputs.make_fex(FRAMES).iloc[::2]
    fex["AU12"] = [0.0, 1.0] * (FRAMES // 2)
    labels = pd.DataFrame(
        {
            "AU12": [0, 1] * (FRAMES // 2),  # present or not
            "emotion": list(fex[fake_outputs.EMOTIONS].idxmax(axis=1)),
            **{name: list(fex[name]) for name in ("gaze_pitch", "gaze_yaw", "Pitch", "Roll", "Yaw")},
        }
    )
    found = score(fex, labels, tmp_path)
    assert (found["AU F1"], found["emotion accuracy"]) == (1.0, 1.0)
    assert found["AU ICC"] == pytest.approx(1.0)
    assert found["gaze degrees"] == pytest.approx(0.0, abs=1e-3)
    assert found["pose degrees"] == pytest.approx(0.0, abs=1e-4)


def test_pose_errors_are_in_degrees_and_wrap(tmp_path: Path) -> None:
    fex = fake_outputs.make_fex(2).iloc[::2]
    labels = pd.DataFrame({name: list(fex[name] + turn) for name, turn in POSES})
    assert score(fex, labels, tmp_path) == {"pose degrees": pytest.approx((3 + 0 + 6) / 3, abs=1e-4)}


POSES = (("Pitch", math.radians(3)), ("Roll", 0.0), ("Yaw", 2 * math.pi - math.radians(6)))


def test_a_list_of_images_that_is_repeated_has_its_labels_again(tmp_path: Path) -> None:
    fex = fake_outputs.make_fex(4).iloc[::2]
    labels = pd.DataFrame({name: list(fex[name])[:2] for name in ("Pitch", "Roll", "Yaw")})
    fex[["Pitch", "Roll", "Yaw"]] = fex[["Pitch", "Roll", "Yaw"]].to_numpy()[[0, 1, 0, 1]]
    assert score(fex, labels, tmp_path, copies_of=2) == {"pose degrees": pytest.approx(0.0, abs=1e-4)}


def test_labels_of_what_a_detector_does_not_find_give_no_score(tmp_path: Path) -> None:
    assert score(pd.DataFrame({"frame": [0], "FaceScore": [1.0]}), make_labels(), tmp_path) == {}


def test_a_row_holds_its_scores_and_a_broken_file_costs_no_time(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("Pitch,Roll,Yaw\n0,0,0\n")
    labelled = dataclasses.replace(CELL, input=dataclasses.replace(CELL.input, labels=str(path), labels_sha256="1"))
    bench = Bench(loaded(), rules=QUICK)
    columns = bench.measure(labelled, [Path(__file__)])
    assert (columns["accuracy"], columns["reason"]) == ({}, None)
    path.unlink()
    columns = bench.measure(labelled, [Path(__file__)])
    assert "accuracy" not in columns
    assert columns["timed_s"]
    assert columns["reason"].startswith("no accuracy: FileNotFoundError")
