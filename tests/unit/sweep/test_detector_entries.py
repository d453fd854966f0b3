"""Detector entries: catalogue, variants, and classes of the user."""

from pathlib import Path

import pytest

from featray import sweep
from featray.errors import SweepFileError
from tests.support.sweep_files import Complain, Load, probe, write, write_and_load


def test_a_keyword_of_a_catalogue_detector_can_be_changed(load: Load) -> None:
    detector = load(detectors="{like: retinaface, keywords: {au_model: svm}}").detectors[0]
    assert (detector.name, detector.heading) == ("retinaface[au_model=svm]",) * 2
    assert detector.keywords["au_model"] == "svm"
    assert detector.keywords["emotion_model"] == "resmasknet"


def test_a_keyword_with_several_values_gives_several_detectors(load: Load) -> None:
    loaded = load(
        detectors="{name: rf, like: retinaface, keywords: {au_model: [xgb, svm], emotion_model: [svm, null], n: 1}}"
    )
    assert [detector.name for detector in loaded.detectors] == [
        "rf[au_model=xgb,emotion_model=svm]",
        "rf[au_model=xgb,emotion_model=null]",
        "rf[au_model=svm,emotion_model=svm]",
        "rf[au_model=svm,emotion_model=null]",
    ]
    assert loaded.detectors[1].keywords["emotion_model"] is None


def test_a_detector_can_be_a_class_of_py_feat_or_of_the_user(load: Load) -> None:
    loaded = load(detectors="[{name: own, class: 'lab.fast:Tiny', keywords: {depth: 3}}, {class: Detectorv2}]")
    assert [(detector.name, detector.class_name, detector.is_pyfeat) for detector in loaded.detectors] == [
        ("own", "lab.fast:Tiny", False),
        ("Detectorv2", "Detectorv2", True),
    ]


def test_an_unknown_detector_gets_a_suggestion(complain: Complain) -> None:
    assert complain(detectors="[retinaface, detectrv2]") == (
        "trial.yaml:1: detectors[1]: unknown detector 'detectrv2'; expected img2pose, retinaface, mpdetector, "
        "detectorv2. Did you mean 'detectorv2'?"
    )


def test_an_unknown_class_gets_a_suggestion(complain: Complain) -> None:
    assert "Did you mean 'Detectorv2'?" in complain(detectors="[{name: a, class: Detectr2}]")
    assert "Did you mean 'Detectorv2'?" in complain(detectors="[{name: a, class: feat.Detectorv2}]")
    assert "Did you mean 'lab.fast:Tiny'?" in complain(detectors="[{name: a, class: lab.fast.Tiny}]")


def test_a_detector_needs_one_origin(complain: Complain) -> None:
    for entry in ("{name: a}", "{like: retinaface, class: Detectorv2}"):
        assert "expected either 'like'" in complain(detectors=f"[{entry}]")


@pytest.mark.parametrize("keyword", ["device: cpu", "au_model: []", "au_model: {a: 1}", "au_model: [xgb, xgb]"])
def test_a_keyword_that_cannot_be_is_refused(complain: Complain, keyword: str) -> None:
    message = complain(detectors=f"[{{like: retinaface, keywords: {{{keyword}}}}}]")
    assert message.startswith(f"trial.yaml:1: detectors[0]: keyword {keyword.split(':')[0]}")


def installed_keywords(class_name: str) -> dict[str, tuple[object, ...]] | None:
    """Stand in for the installed py-feat, which has no Detectorv2."""
    return {"au_model": ("xgb", "svm", None), "depth": (), "device": ()} if class_name == "Detectorv1" else None


def installed_call(class_name: str) -> dict[str, tuple[object, ...]] | None:
    """Stand in for the installed py-feat's `detect()`."""
    names: dict[str, tuple[object, ...]] = {
        "inputs": (),
        "batch_size": (),
        "pin_memory": (True, False),
        "face_detection_threshold": (),
        "data_type": (),
    }
    return names | ({"save": ()} if class_name == "Detectorv1" else {})


def complain_of(tmp_path: Path, detectors: str, **changed: str) -> str:
    path = tmp_path / "trial.yaml"
    write(path, {"detectors": detectors, **changed})
    with pytest.raises(SweepFileError) as caught:
        sweep.load(path, probe_clip=probe, keywords_of=installed_keywords, call_keywords_of=installed_call)
    return str(caught.value).replace(f"{tmp_path}/", "")


def test_a_misspelt_keyword_of_py_feat_gets_a_suggestion(tmp_path: Path) -> None:
    assert complain_of(tmp_path, "[{like: retinaface, keywords: {au_modell: svm}}]") == (
        "trial.yaml:1: detectors[0]: keyword au_modell: Detectorv1 has no such keyword; expected au_model, depth. "
        "Did you mean 'au_model'?"
    )


def test_a_misspelt_model_of_py_feat_gets_a_suggestion(tmp_path: Path) -> None:
    assert complain_of(tmp_path, "[{like: retinaface, keywords: {au_model: [svm, xgbb]}}]") == (
        "trial.yaml:1: detectors[0]: keyword au_model: unknown value 'xgbb'; expected xgb, svm, null. "
        "Did you mean 'xgb'?"
    )


@pytest.mark.parametrize(
    ("detectors", "changed"),
    [
        ("[{like: retinaface, keywords: {au_model: [svm, null], depth: 7}}]", {}),
        ("[{like: detectorv2, keywords: {au_modell: svm}}]", {}),  # a class that cannot be read
        ("[{class: 'lab.fast:Tiny', keywords: {au_modell: svm}}]", {}),
        ("[{like: retinaface, keywords: {au_modell: svm}}]", {"environments": "{new: ['py-feat==3.0']}"}),
    ],
)
def test_what_cannot_be_told_is_not_checked(tmp_path: Path, detectors: str, changed: dict[str, str]) -> None:
    path = tmp_path / "trial.yaml"
    write_and_load(path, {"detectors": detectors, **changed})
    assert sweep.load(path, probe_clip=probe, keywords_of=installed_keywords).detectors


def test_keywords_of_detect_are_swept_beside_those_of_the_class(load: Load) -> None:
    entry = "{like: retinaface, keywords: {au_model: [xgb, svm]}, call: {pin_memory: [true, false]}}"
    loaded = load(detectors=entry).detectors
    assert [detector.name for detector in loaded] == [
        "retinaface[au_model=xgb,pin_memory=true]",
        "retinaface[au_model=xgb,pin_memory=false]",
        "retinaface[au_model=svm,pin_memory=true]",
        "retinaface[au_model=svm,pin_memory=false]",
    ]
    assert [detector.call["pin_memory"] for detector in loaded] == [True, False, True, False]
    assert "pin_memory" not in loaded[0].keywords


@pytest.mark.parametrize(
    ("detector", "call", "message"),
    [
        (
            "like: detectorv2",
            "save: true",
            "keyword save: Detectorv2 has no such keyword of detect(), which would ignore it",
        ),
        ("like: retinaface", "pin_memry: true", "Did you mean 'pin_memory'?"),
        ("like: retinaface", "pin_memory: 1", "keyword pin_memory: unknown value 1; expected true, false"),
        ("like: retinaface", "save: a.csv", "keyword save: unknown value 'a.csv'; expected true, null"),
        ("like: retinaface", "data_type: video", "keyword data_type: unknown value 'video'; expected tensor, null"),
        (
            "like: retinaface",
            "face_detection_threshold: 7",
            "keyword face_detection_threshold: expected a number from 0 to 1 or null, got 7",
        ),
        ("like: retinaface", "batch_size: 4", "keyword batch_size is set by axes.batch_size; leave it out here"),
        ("like: retinaface", "progress_bar: true", "keyword progress_bar is set by featray, which shows no bar"),
        ("class: 'lab.fast:Tiny'", "data_type: tensor", "keyword data_type is for detectors of py-feat; leave it out"),
        (
            "like: retinaface, keywords: {au_model: svm}",
            "au_model: svm",
            "keyword au_model is in keywords and in call; expected it in one of them",
        ),
    ],
)
def test_a_keyword_that_detect_does_not_have_is_refused(detector: str, call: str, message: str, tmp_path: Path) -> None:
    assert message in complain_of(tmp_path, f"[{{{detector}, call: {{{call}}}}}]")


def test_a_keyword_of_detect_is_not_checked_where_an_environment_brings_its_own_py_feat(tmp_path: Path) -> None:
    path = tmp_path / "trial.yaml"
    write_and_load(
        path, {"detectors": "{like: detectorv2, call: {save: true}}", "environments": "{new: ['py-feat==3']}"}
    )
    assert sweep.load(path, probe_clip=probe, call_keywords_of=installed_call).detectors
