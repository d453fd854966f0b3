"""Stages: how the time of one `detect()` call is divided, in wall seconds.

Flow: after the timed calls, `bench` makes one more call under `profile`; its times never mix with the timed ones.

For that one call, timers wrap functions and methods of py-feat. Time that a wrapped function spends inside another
wrapped one counts for the inner one. The device is synchronised before each reading, so a stage that only queues work
is charged for that work. py-feat often calls `.forward()` directly, where hooks never fire, so the attributes
themselves are replaced.

The stages of all four detectors:
    decode          waiting for the next batch: opening the file, reading, rescaling, collating, starting workers
    face detection  network, decoding of boxes, thresholds, non-maximum suppression; for img2pose the pose as well
    crop            frames to tensors on the device, cutting out and resizing faces
    landmark, emotion, identity, gaze, AU, pose   the model of that name, with the preparation of its input
    multitask       Detectorv2's one network for landmarks, emotion, gaze, AU and pose
    assembly        tensors to tables, back to the frame's coordinates, one table from all batches
    other           the rest of the call
"""

import contextlib
import importlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from featray.measurement.detector import LoadedDetector

DECODE, FACES, CROP, LANDMARK, EMOTION = "decode", "face detection", "crop", "landmark", "emotion"
IDENTITY, GAZE, ACTION_UNITS, POSE, MULTITASK = "identity", "gaze", "AU", "pose", "multitask"
ASSEMBLY, OTHER = "assembly", "other"

_FUNCTIONS = {
    "VideoDataset": DECODE,
    "ImageDataset": DECODE,
    "postprocess_img2pose": FACES,
    "extract_face_from_bbox_torch": CROP,
    "extract_face_square_pad_torch": CROP,
    "inverse_transform_landmarks_torch": LANDMARK,
    "extract_hog_features_batched": ACTION_UNITS,
    "pls_predict_batch": ACTION_UNITS,
    "_load_pls_weights": ACTION_UNITS,
    "convert_landmarks_3d": POSE,
    "estimate_face_pose_from_mesh": POSE,
    "rotation_matrix_to_euler_angles": POSE,
    "estimate_gaze": GAZE,
    "convert_bbox_output": ASSEMBLY,
    "per_face_padding_inversion_terms": ASSEMBLY,
    "Fex": ASSEMBLY,
}
"""Names in the module of the detector's class, as far as the module has them."""

_MODELS = {
    "landmark_detector": LANDMARK,
    "emotion_detector": EMOTION,
    "identity_detector": IDENTITY,
    "au_detector": ACTION_UNITS,
}
"""Attributes of the detector: networks, and classifiers with another method name."""

_CLASSIFIER_METHODS = ("detect_au", "detect_emo")


class StageClock:
    """Exclusive times of nested sections."""

    def __init__(self, synchronize: Callable[[], None], now: Callable[[], float] = time.perf_counter) -> None:
        self.seconds: dict[str, float] = {}
        self._synchronize = synchronize
        self._now = now
        self._inner: list[float] = []  # of each open section, the time spent in sections within it

    @contextlib.contextmanager
    def section(self, stage: str) -> Iterator[None]:
        """Count the time of the block for a stage, without the time of inner sections."""
        self._synchronize()
        started = self._now()
        self._inner.append(0.0)
        try:
            yield
        finally:
            self._synchronize()
            whole = self._now() - started
            self.seconds[stage] = self.seconds.get(stage, 0.0) + whole - self._inner.pop()
            if self._inner:
                self._inner[-1] += whole

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a function so that the time of its calls counts for a stage."""

        def wrapped(*arguments: Any, **keywords: Any) -> Any:
            with self.section(stage):
                return function(*arguments, **keywords)

        return wrapped


def profile(loaded: LoadedDetector, call: Callable[[], Any]) -> dict[str, float]:
    """Run one call and measure its stages.

    Args:
        loaded: The detector that `call` uses.
        call: One prepared call.

    Returns:
        Stage -> wall seconds, which sum to the call's duration; a stage that did not occur is absent. Empty for a
        custom detector, whose parts are unknown: it is not called.
    """
    if not loaded.spec.is_pyfeat:
        return {}
    clock = StageClock(loaded.synchronize)
    with _instrumented(loaded.detector, clock), clock.section(OTHER):
        call()
    return clock.seconds


@contextlib.contextmanager
def _instrumented(detector: Any, clock: StageClock) -> Iterator[None]:
    """Put timers around everything that has a stage; remove all of them at the end, also after an error."""
    with contextlib.ExitStack() as restored:

        def wrap(owner: Any, name: str, stage: str) -> None:
            restored.enter_context(_replaced(owner, name, clock.timed(stage, getattr(owner, name))))

        module = importlib.import_module(type(detector).__module__)
        for name, stage in _FUNCTIONS.items():
            if hasattr(module, name):
                wrap(module, name, stage)
        restored.enter_context(_replaced(module, "DataLoader", _timed_loader(module.DataLoader, clock)))
        wrap(importlib.import_module("feat.utils.face_pose_mlp"), "pose_from_landmarks_mlp", POSE)
        wrap(importlib.import_module("feat.data").Fex, "compute_identities", IDENTITY)
        pandas = importlib.import_module("pandas")
        for owner, name in ((pandas, "concat"), (pandas.DataFrame, "__setitem__"), (pandas.DataFrame, "reset_index")):
            wrap(owner, name, ASSEMBLY)
        wrap(detector, "detect_faces", CROP)
        wrap(detector, "forward", ASSEMBLY)
        wrap(getattr(detector, "face_detector", None) or detector.facepose_detector, "forward", FACES)
        for name, stage in _MODELS.items():
            restored.enter_context(_timed_model(detector, name, stage, clock))
        for name, stage in (("gaze_detector", GAZE), ("multitask", MULTITASK)):
            if (model := getattr(detector, name, None)) is not None:
                wrap(type(model), "__call__", stage)
        yield


@contextlib.contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Set an attribute; at the end restore the owner's own value, or let it inherit again."""
    attributes = vars(owner)
    is_own, original = name in attributes, attributes.get(name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if is_own:
            setattr(owner, name, original)
        else:
            delattr(owner, name)


@contextlib.contextmanager
def _timed_model(detector: Any, name: str, stage: str, clock: StageClock) -> Iterator[None]:
    model = getattr(detector, name, None)
    torch = sys.modules["torch"]
    if model is None:
        yield
    elif isinstance(model, torch.jit.ScriptModule):  # it accepts no new `forward`: use a module that has one instead
        proxy = torch.nn.Module()
        proxy.forward = clock.timed(stage, model.forward)
        setattr(detector, name, proxy)
        try:
            yield
        finally:
            setattr(detector, name, model)
    else:
        method = next((method for method in _CLASSIFIER_METHODS if hasattr(model, method)), "forward")
        with _replaced(model, method, clock.timed(stage, getattr(model, method))):
            yield


def _timed_loader(loader_class: Any, clock: StageClock) -> Any:
    """Make a DataLoader that times the wait for each batch; with workers, they decode, and this process only waits."""

    class Timed(loader_class):  # type: ignore[misc]  # whatever the detector's module uses
        def __iter__(self) -> Iterator[Any]:
            with clock.section(DECODE):
                batches = super().__iter__()
            try:
                while True:
                    try:
                        with clock.section(DECODE):
                            batch = next(batches)
                    except StopIteration:
                        return
                    yield batch
            finally:
                with clock.section(DECODE):
                    del batches  # ends its workers

    return Timed
