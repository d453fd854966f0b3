"""Keywords of `detect()`, and whether a class knows a keyword."""

import pytest

from featray.core import detect_call
from featray.core.detectors import Keyword

ALLOWED: dict[str, tuple[object, ...]] = {
    "inputs": (), "device": (), "amp": (), "compile": (True, False), "au_model": ("xgb", None),
    "face_detection_threshold": (), "depth": (),
}  # fmt: skip


def fault(**given: Keyword) -> str | None:
    return detect_call.find_unknown("Detectorv2", given, ALLOWED)


def test_known_keywords_and_values_have_no_fault() -> None:
    assert fault(amp=None, compile=True, au_model=None, face_detection_threshold=1, depth=7) is None


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"dept": 7}, "keyword dept: Detectorv2 has no such keyword; expected amp, compile, au_model, "
         "face_detection_threshold, depth. Did you mean 'depth'?"),
        ({"amp": "yes"}, "keyword amp: unknown value 'yes'; expected true, false, null"),
        ({"compile": 1}, "keyword compile: unknown value 1; expected true, false"),
        ({"au_model": "svm"}, "keyword au_model: unknown value 'svm'; expected xgb, null"),
        ({"face_detection_threshold": 1.01}, "keyword face_detection_threshold: expected a number from 0 to 1 or null, "
         "got 1.01"),
        ({"face_detection_threshold": True}, "keyword face_detection_threshold: expected a number from 0 to 1 or null, "
         "got true"),
    ],
)  # fmt: skip
def test_a_fault_names_the_keyword_and_what_was_expected(given: dict[str, Keyword], text: str) -> None:
    assert fault(**given) == text


def test_settings_that_are_not_named_are_py_feats_own() -> None:
    assert detect_call.settings({"pin_memory": True, "face_detection_threshold": 0.7}) == {
        "pin_memory": True, "save": None, "data_type": None,
    }  # fmt: skip
