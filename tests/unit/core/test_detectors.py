"""The catalogue of detectors."""

import pytest

from featray.core import detectors
from featray.core.detectors import Detector


def test_the_catalogue_names_py_feats_four_configurations() -> None:
    assert {name: detector.heading for name, detector in detectors.CATALOGUE.items()} == {
        "img2pose": "img2pose",
        "retinaface": "retinaface",
        "mpdetector": "MPDetector retinaface",
        "detectorv2": "Detectorv2 multitask",
    }
    assert {detector.class_name for detector in detectors.CATALOGUE.values()} == set(detectors.PYFEAT_CLASSES)


@pytest.mark.parametrize(("class_name", "expected"), [("Detectorv2", True), ("lab.fast:Detector", False)])
def test_a_class_of_another_package_has_a_colon(class_name: str, expected: bool) -> None:
    assert Detector(name="a", class_name=class_name, heading="a").is_pyfeat is expected
