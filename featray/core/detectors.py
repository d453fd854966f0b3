"""Detectors: the catalogue of py-feat configurations, and the form of a user's own detector.

Pure. A catalogue entry carries every keyword that its constructor takes, so that two sweeps which name the same entry
ask for the same program. The child resolves what the installed py-feat makes of it.

Source of the configurations: py-feat's own benchmark script.
"""

import dataclasses
from collections.abc import Mapping

Keyword = str | int | float | bool | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Detector:
    """One detector configuration.

    `class_name` is a class of py-feat (`Detectorv1`, `MPDetector`, `Detectorv2`) or `package.module:Class` for
    anything else that has py-feat's `detect()`.
    """

    name: str
    class_name: str
    keywords: Mapping[str, Keyword] = dataclasses.field(default_factory=dict)
    call: Mapping[str, Keyword] = dataclasses.field(default_factory=dict)  # keywords of `detect()`
    heading: str  # the name in py-feat's reports

    @property
    def is_pyfeat(self) -> bool:
        """Return True for a class of py-feat; it needs pretrained weights."""
        return ":" not in self.class_name


PYFEAT_CLASSES = ("Detectorv1", "MPDetector", "Detectorv2")


def _detectorv1(name: str) -> Detector:
    return Detector(
        name=name,
        class_name="Detectorv1",
        keywords={
            "face_model": name,
            "landmark_model": "mobilefacenet",
            "au_model": "xgb",
            "emotion_model": "resmasknet",
            "identity_model": "arcface",
            "gaze_model": "l2cs",
        },
        heading=name,
    )


CATALOGUE: Mapping[str, Detector] = {
    detector.name: detector
    for detector in (
        _detectorv1("img2pose"),
        _detectorv1("retinaface"),
        Detector(
            name="mpdetector",
            class_name="MPDetector",
            keywords={
                "face_model": "retinaface",
                "landmark_model": "mp_facemesh_v2",
                "au_model": "mp_blendshapes",
                "emotion_model": "resmasknet",
                "identity_model": "arcface",
                "facepose_model": None,
                "gaze_model": "l2cs",
            },
            heading="MPDetector retinaface",
        ),
        Detector(
            name="detectorv2",
            class_name="Detectorv2",
            keywords={"identity_model": "arcface"},
            heading="Detectorv2 multitask",
        ),
    )
}


def missing_class(class_name: str) -> str:
    """Say that a module lacks the class that `package.module:Class` names."""
    module, _, name = class_name.partition(":")
    return f"{module} has no {name}"


NO_MODULE = "no module named "
"""How the reason begins where the module of a class is not there."""


def missing_module(name: str, environment: str | None) -> str:
    """Say that the module of a class is not there, and what to do."""
    return f"{NO_MODULE}{name}: {how_to_bring(environment)}"


def how_to_bring(environment: str | None) -> str:
    """Say how the package of a class comes to where it is measured: into an environment of the sweep, or the host's."""
    if environment is not None:
        return f"name its package in environment {environment}"
    return (
        "install its package there beside featray, or name it under `environments`; the current folder and PYTHONPATH "
        "do not count"
    )


def says_not_found(detector: Detector, reason: str) -> bool:
    """Return True if the reason of a row is that its process did not find the detector's class, as every other will."""
    starts = (NO_MODULE, f"{ModuleNotFoundError.__name__}: ")
    return reason == missing_class(detector.class_name) or reason.startswith(starts)
