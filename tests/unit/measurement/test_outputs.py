"""What a detector returned: rows, faces and frames counted, columns summarised."""

import math
import subprocess
import sys

import pandas as pd
import pytest

from featray.measurement import outputs

RECORDS = [
    {"frame": 0, "input": "a.mp4", "FaceScore": 0.9, "AU01": 1.0},
    {"frame": 0, "input": "a.mp4", "FaceScore": 0.8, "AU01": 3.0},
    {"frame": 24, "input": "a.mp4", "FaceScore": 0.0, "AU01": None},
]


@pytest.mark.parametrize("result", [RECORDS, pd.DataFrame(RECORDS)], ids=["records", "table"])
def test_rows_faces_and_frames_are_counted(result: object) -> None:
    output = outputs.inspect(result)
    assert (output.fex_rows, output.faces, output.frames) == (3, 2, 2)


@pytest.mark.parametrize("result", [RECORDS, pd.DataFrame(RECORDS)], ids=["records", "table"])
def test_columns_are_reduced_to_mean_deviation_and_count(result: object) -> None:
    summary = outputs.inspect(result).summary
    assert set(summary) == {"FaceScore", "AU01"}  # neither text nor the frame's number
    assert summary["AU01"] == [2.0, 1.0, 2.0]  # of 1 and 3
    assert summary["FaceScore"] == pytest.approx([1.7 / 3, math.sqrt((0.81 + 0.64) / 3 - (1.7 / 3) ** 2), 3.0])


def test_a_score_that_is_missing_is_no_face() -> None:
    output = outputs.inspect(pd.DataFrame({"frame": [0, 1], "FaceScore": [math.nan, 0.7]}))
    assert output.faces == 1


def test_a_result_that_names_no_frames_does_not_guess_them() -> None:
    output = outputs.inspect([{"FaceScore": 1.0}])
    assert (output.frames, output.faces) == (None, 1)


def test_an_empty_result_has_nothing() -> None:
    output = outputs.inspect([])
    assert (output.fex_rows, output.faces, output.frames, output.summary) == (0, 0, None, {})


def test_embeddings_are_left_out_and_landmarks_are_pooled() -> None:
    row = {f"Identity_{n}": 0.5 for n in range(1, 513)} | {f"x_{n}": float(n) for n in range(68)}
    summary = outputs.inspect([{"FaceScore": 1.0, "Identity": "Person_0", **row}]).summary
    assert set(summary) == {"FaceScore", "x_*"}
    mean, deviation, count = summary["x_*"]
    assert (mean, count) == (33.5, 68.0)
    assert deviation == pytest.approx(math.sqrt((68**2 - 1) / 12))  # of 0..67


def test_a_few_numbered_columns_stay_apart() -> None:
    summary = outputs.inspect([{"FaceScore": 1.0, "part_0": 1.0, "part_1": 2.0}]).summary
    assert summary["part_1"] == [2.0, 0.0, 1.0]


def test_a_column_without_numbers_has_a_count_of_zero() -> None:
    summary = outputs.inspect(pd.DataFrame({"FaceScore": [1.0], "gaze_yaw": [math.nan]})).summary
    assert math.isnan(summary["gaze_yaw"][0])
    assert summary["gaze_yaw"][2] == 0


def test_reading_records_needs_no_third_party() -> None:
    code = (
        "import sys; from featray.measurement import outputs\n"
        "outputs.inspect([{'frame': 0, 'FaceScore': 1.0}])\n"
        "print(sorted({'pandas', 'numpy', 'torch', 'feat'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
