"""Output tables: a detector's result in one order, and its weighted sums."""

import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from featray.core import output_sums
from featray.core.output_sums import MISSING
from featray.measurement import output_tables
from tests.support import fake_outputs

RECORDS = [
    {"frame": 0, "input": "a.mp4", "FaceRectX": 300.0, "FaceScore": 0.9, "AU01": 1.0},
    {"frame": 0, "input": "a.mp4", "FaceRectX": 10.0, "FaceScore": 0.8, "AU01": 3.0},
    {"frame": 24, "input": "a.mp4", "FaceRectX": 0.0, "FaceScore": 0.0, "AU01": None},
]
BOXES = [record | {"FaceRectY": 0.0, "FaceRectWidth": 50.0, "FaceRectHeight": 50.0} for record in RECORDS]


@pytest.mark.parametrize("result", [BOXES, pd.DataFrame(BOXES)], ids=["records", "table"])
def test_faces_are_ordered_by_frame_and_position(result: object) -> None:
    table = output_tables.read(result)
    assert (table.frames, table.faces) == ([0, 0], [0, 1])  # the frame without a face is left out
    assert list(table.columns["AU01"]) == [3.0, 1.0]  # from left to right


def test_faces_without_boxes_keep_their_order() -> None:
    table = output_tables.read(RECORDS)
    assert list(table.columns["AU01"]) == [1.0, 3.0]


def test_a_result_without_scores_and_frames_has_a_face_in_every_row() -> None:
    table = output_tables.read([{"mine": 1}, {"mine": 2, "text": "a"}])
    assert (table.frames, list(table.columns)) == ([0, 1], ["mine"])


def test_a_column_whose_name_is_not_utf_8_has_one_that_a_file_can_hold() -> None:
    table = output_tables.read([{"frame": 0, "FaceScore": 0.9, "caf\udce9": 2.0}])
    assert list(table.columns[r"caf\udce9"]) == [2.0]


def test_an_empty_result_has_no_sums_but_those_of_missing_values() -> None:
    assert set(output_tables.add_up(output_tables.read([]))) == {MISSING}


def test_numpy_adds_up_what_plain_python_does(monkeypatch: pytest.MonkeyPatch) -> None:
    fex = fake_outputs.without(fake_outputs.make_fex(frames=3), ["AU12"], slice(1, 2))
    fex.loc[2, "AU04"], fex.loc[3, "AU04"] = math.inf, -math.inf
    table = output_tables.read(fex)
    fast = output_tables.add_up(table)
    monkeypatch.delitem(sys.modules, "numpy")
    slow = output_tables.add_up(table)
    assert fast.keys() == slow.keys()
    for family, text in fast.items():
        one, two = output_sums.decode(text), output_sums.decode(slow[family])
        assert one is not None
        assert two is not None
        assert one.values == two.values
        assert one.sums == pytest.approx(two.sums, rel=1e-6)


def test_sums_estimate_how_far_outputs_lie_apart() -> None:
    fex = fake_outputs.make_fex()
    moved = output_tables.add_up(output_tables.read(fake_outputs.moved(fex, fake_outputs.BOX[:2], 30.0)))
    sums = [output_sums.decode(each["boxes"]) for each in (output_tables.add_up(output_tables.read(fex)), moved)]
    assert sums[0] is not None
    assert sums[1] is not None
    expected = 30.0 / math.sqrt(2)  # two of the four columns moved
    assert output_sums.rms_difference(sums[0], sums[1]) == pytest.approx(expected, rel=0.5)


def test_rows_in_another_order_are_the_same_output() -> None:
    fex = fake_outputs.make_fex()
    shuffled = fex.sample(frac=1, random_state=0)
    assert output_tables.add_up(output_tables.read(shuffled)) == output_tables.add_up(output_tables.read(fex))


def test_reading_records_needs_no_third_party() -> None:
    code = (
        "import sys; from featray.measurement import output_tables\n"
        "output_tables.add_up(output_tables.read([{'frame': 0, 'FaceScore': 1.0}]))\n"
        "print(sorted({'pandas', 'numpy', 'torch', 'feat'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_table_of_unlike_columns_keeps_its_numbers() -> None:
    table = pd.DataFrame(
        {
            "frame": [0, 2**40],
            "whole": pd.array([1, None], dtype="Int64"),
            "arrow": pd.array([1.5, None], dtype="float64[pyarrow]"),
            "single": np.array([0.1, 0.2], dtype="float32"),
            "taken": pd.to_timedelta([1, 2]),
            "name": ["a", "b"],
        }
    )
    read = output_tables.read(table)
    assert read.frames == [0, 2**40]
    assert [read.columns[name][0] for name in ("whole", "arrow")] == [1.0, 1.5]
    assert all(math.isnan(read.columns[name][1]) for name in ("whole", "arrow"))
    assert read.columns["single"].tolist() == table["single"].to_numpy().tolist()
    assert not {"taken", "name"} & set(read.columns)
