"""Output families: every column of py-feat has one."""

import pytest

from featray.core import output_families
from featray.core.output_families import Family


@pytest.mark.parametrize(
    ("column", "family"),
    [
        ("FaceRectX", Family.BOX),
        ("FaceScore", Family.SCORE),
        ("x_67", Family.LANDMARKS),
        ("mesh_z_477", Family.LANDMARKS),
        ("Pitch", Family.POSE),
        ("X", Family.POSITION),
        ("AU12", Family.ACTION_UNITS),
        ("happiness", Family.EMOTIONS),
        ("Happy", Family.EMOTIONS),
        ("gaze_angle", Family.GAZE),
        ("_neutral", Family.BLENDSHAPES),
        ("mouthSmileLeft", Family.BLENDSHAPES),
        ("Identity_512", Family.IDENTITY),
        ("valence", Family.OTHER),
        ("mine", Family.OTHER),
    ],
)
def test_a_column_belongs_to_the_family_of_its_name(column: str, family: Family) -> None:
    assert output_families.find(column) is family


def test_columns_that_are_no_result_are_left_out() -> None:
    groups = output_families.group(["frame", "input", "Identity", "FrameWidth", "AU01", "FaceScore", "AU02"])
    assert groups == {Family.SCORE: ["FaceScore"], Family.ACTION_UNITS: ["AU01", "AU02"]}
