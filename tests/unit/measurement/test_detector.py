"""A cell's detector: made with its keywords and device, called with its settings, and resolved into work."""

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from featray import errors
from featray.core import detectors, inputs
from featray.core.cell import Cell
from featray.core.choices import Device
from featray.core.detectors import Keyword
from featray.core.status import Status
from featray.measurement import detector, weights
from featray.measurement.outcome import Refused
from tests.support.builders import make_cell

CLIP = dataclasses.replace(inputs.CATALOGUE["short"], skip_frames=24, output_size=256)


class Recorder:
    """A custom detector: it returns what it was called with."""

    def __init__(self, depth: int, *, device: str = "nowhere", mode: str = "plain") -> None:
        self.depth, self.device, self.mode = depth, device, mode

    def detect(self, given: object, **settings: object) -> list[dict[str, Any]]:
        return [{"given": given, "settings": settings, "frame": 0, "FaceScore": 1.0}]


class Placeless:
    def detect(self, given: object, **_: object) -> list[dict[str, Any]]:
        return [{"given": given}]


class Wrapper(Recorder):
    """A subclass that hands every keyword on."""

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**keywords)


class Deaf:
    """Takes any keyword and knows no device."""

    def __init__(self, **keywords: Any) -> None:
        assert "device" not in keywords

    def detect(self, given: object, **_: object) -> list[dict[str, Any]]:
        return [{"given": given}]


class DeafWrapper(Placeless):
    """Hands its keywords to a class that knows no device."""

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**keywords)


def cell_of(class_name: str = "Recorder", clip: inputs.Input = CLIP, **keywords: detectors.Keyword) -> Cell:
    """Make a cell of a detector of this module."""
    custom = detectors.Detector(name="own", class_name=f"{__name__}:{class_name}", keywords=keywords, heading="own")
    return make_cell(detector=custom, input=clip, device="cpu", batch_size=2, num_workers=1)


def load(cell: Cell, device: Device = Device.CPU) -> detector.LoadedDetector:
    return detector.load(cell, cache=Path("/nowhere"), device=device)


@pytest.mark.parametrize("module", ["not_there", "not_there.detectors", "json.not_there"])
@pytest.mark.parametrize(("environment", "remedy"), [(None, "install its package there"), ("mine", "environment mine")])
def test_a_module_that_is_not_there_is_refused_with_what_to_do(
    module: str, environment: str | None, remedy: str
) -> None:
    own = detectors.Detector(name="own", class_name=f"{module}:Own", heading="own")
    cell = make_cell(
        detector=own, device="cpu", environment=environment, requirements=() if environment is None else ("own",)
    )
    with pytest.raises(Refused) as refused:
        load(cell)
    assert refused.value.status == "unsupported"
    missing = module if module.startswith("json") else "not_there"
    assert str(refused.value).startswith(f"no module named {missing}: ")
    assert remedy in str(refused.value)
    assert detectors.says_not_found(own, str(refused.value))


def test_a_module_that_a_class_imports_and_that_is_not_there_keeps_its_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_module.py").write_text("import not_there_either")
    monkeypatch.syspath_prepend(tmp_path)
    own = detectors.Detector(name="own", class_name="own_module:Own", heading="own")
    with pytest.raises(ModuleNotFoundError, match="not_there_either"):
        load(make_cell(detector=own, device="cpu"))


def test_a_custom_detector_gets_its_keywords_and_the_device() -> None:
    loaded = load(cell_of(depth=3), device=Device.CUDA)
    assert (loaded.detector.depth, loaded.detector.device, loaded.detector.mode) == (3, "cuda", "plain")
    assert loaded.import_s >= 0
    assert loaded.load_s >= 0


def test_a_subclass_that_passes_its_keywords_on_gets_the_device() -> None:
    assert load(cell_of("Wrapper", depth=3), device=Device.CUDA).detector.device == "cuda"
    assert isinstance(load(cell_of("Deaf"), device=Device.CUDA).detector, Deaf)
    assert isinstance(load(cell_of("DeafWrapper"), device=Device.CUDA).detector, DeafWrapper)


def test_weights_from_a_variable_enter_the_work_by_their_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "own.bin"
    file.write_bytes(b"a")
    monkeypatch.setenv("FEAT_ARCFACE_R50_PATH", str(file))
    work = load(cell_of(depth=3)).resolve()
    assert json.loads(work["variable FEAT_ARCFACE_R50_PATH"]).startswith("sha256:ca978112ca1b")


def test_a_detector_that_knows_no_device_gets_none() -> None:
    assert isinstance(load(cell_of("Placeless")).detector, Placeless)


def test_work_lists_keywords_given_and_default_but_never_the_device() -> None:
    work = {key: json.loads(value) for key, value in load(cell_of(depth=3)).resolve().items()}
    assert work == {"depth": 3, "mode": "plain", "class": f"{__name__}.Recorder", "precision": None}


class Fallback:
    """A detector that settles in its first call what it runs, and says so."""

    def __init__(self, au_model: str = "xgb", identity_model: str = "arcface", **rest: object) -> None:
        assert identity_model == "arcface"
        info = {"au_model": au_model, "identity_model": "ArcFace", "device": "cuda:0", "net": rest, "class": "x"}
        self.info: dict[str, object] = {**info}

    def detect(self, given: object, **_: object) -> list[dict[str, Any]]:
        self.info |= {"au_model": "svm", "facepose_model": "pose_mlp", "gaze_model": None}
        return [{"given": given}]


def test_what_the_object_says_after_its_calls_wins_over_what_was_asked() -> None:
    cell = cell_of("Fallback", au_model="xgb", amp=True, depth=2)
    loaded = load(cell)
    assert json.loads(loaded.resolve()["au_model"]) == "xgb"
    loaded.prepare(cell, [Path("/clips/short.mp4")])()
    assert {key: json.loads(value) for key, value in loaded.resolve().items()} == {
        "au_model": "svm",
        "identity_model": "arcface",  # only written differently
        "amp": True,  # not in `info`, so as asked
        "depth": 2,
        "facepose_model": "pose_mlp",
        "gaze_model": None,
        "class": f"{__name__}.Fallback",
        "precision": None,
    }


def test_weights_named_by_a_path_enter_the_work_by_their_content(tmp_path: Path) -> None:
    works = []
    for folder, content in (("a", "same"), ("b", "same"), ("c", "other")):
        file = tmp_path / folder / "weights.safetensors"
        file.parent.mkdir()
        file.write_text(content)
        works.append(load(cell_of("Fallback", multitask_weights=str(file))).resolve())
    assert works[0] == works[1]
    assert works[0] != works[2]
    assert works[0]["multitask_weights"].startswith('"sha256:')


def test_a_clip_is_one_call_with_the_cells_settings() -> None:
    cell = cell_of(depth=1)
    (record,) = load(cell).prepare(cell, [Path("/clips/short.mp4")])()
    assert record["given"] == "/clips/short.mp4"
    assert record["settings"] == {
        "data_type": "video", "batch_size": 2, "num_workers": 1, "skip_frames": 24, "output_size": 256,
        "progress_bar": False,
    }  # fmt: skip


def called(**call: Keyword) -> Cell:
    cell = cell_of("Calling")
    return dataclasses.replace(cell, detector=dataclasses.replace(cell.detector, call=call))


class Calling:
    def detect(self, given: object, face_detection_threshold: float = 0.5, **rest: object) -> list[dict[str, Any]]:
        return [{"given": given, "settings": {"face_detection_threshold": face_detection_threshold, **rest}}]


def test_keywords_of_the_call_are_passed_on_beside_the_cells_settings() -> None:
    cell = called(pin_memory=True, face_detection_threshold=0.7)
    (record,) = load(cell).prepare(cell, [Path("/clips/short.mp4")])()
    settings = record["settings"]
    assert (settings["pin_memory"], settings["face_detection_threshold"]) == (True, 0.7)
    assert (settings["data_type"], settings["batch_size"]) == ("video", 2)


@pytest.mark.parametrize(
    ("call", "work"),
    [
        ({"face_detection_threshold": 0.7}, {"call.face_detection_threshold": "0.7"}),
        ({"face_detection_threshold": 0.5}, {}),  # as the class has it anyway
        ({"pin_memory": True, "save": None}, {}),  # settings
        ({"own": "x"}, {"call.own": '"x"'}),
    ],
)
def test_what_the_call_changes_is_work_and_a_setting_is_not(call: dict[str, Keyword], work: dict[str, str]) -> None:
    cell = called(**call)
    resolved = load(cell).resolve_input(cell, [Path(__file__)])
    assert {key: value for key, value in resolved.items() if key.startswith("call.")} == work


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"keywords": {"au_modell": "svm"}}, "keyword au_modell: Detectorv1 has no such keyword"),
        (
            {"call": {"save_as": True}},
            "keyword save_as: Detectorv1 has no such keyword of detect(), which would ignore it",
        ),
    ],
)
def test_a_keyword_that_the_measuring_py_feat_lacks_is_refused_before_anything_is_loaded(
    changes: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    cell = make_cell(detector=dataclasses.replace(detectors.CATALOGUE["retinaface"], **changes))
    with pytest.raises(Refused) as caught:
        detector.load(cell, cache=tmp_path, device=Device.CPU)
    assert str(caught.value).startswith(reason)
    assert caught.value.status is Status.UNSUPPORTED


@pytest.mark.parametrize("name", detectors.CATALOGUE)
def test_the_catalogue_is_known_to_the_installed_py_feat(name: str) -> None:
    allowed = weights.list_keywords(detectors.CATALOGUE[name].class_name)
    assert allowed is not None
    assert {*detectors.CATALOGUE[name].keywords} <= {*allowed}
    detector._check_keywords(detectors.CATALOGUE[name])


def test_images_are_a_list_repeated_as_often_as_the_input_says() -> None:
    clip = inputs.Input(name="two", kind=inputs.IMAGES, paths=("/a.jpg", "/b.jpg"), source_frames=2, copies=2)
    cell = cell_of(clip=clip, depth=1)
    (record,) = load(cell).prepare(cell, [Path("/a.jpg"), Path("/b.jpg")])()
    assert record["given"] == ["/a.jpg", "/b.jpg", "/a.jpg", "/b.jpg"]
    assert record["settings"]["data_type"] == "image"


def test_the_input_is_resolved_by_content(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"not really a clip")
    cell = cell_of(depth=1)
    work = {key: json.loads(value) for key, value in load(cell).resolve_input(cell, [clip]).items()}
    assert work == {
        "input_sha256": ["0b32ffe3504fe6d192febcbead3ce6a8bc550e753889c6d5c247ba85a41587de"],
        "input_frames": 3,  # every 24th of 72
        "copies": 1,
        "skip_frames": 24,
        "output_size": 256,
    }


def test_a_cut_clip_enters_the_work_by_its_source_and_number_of_frames(tmp_path: Path) -> None:
    clip = dataclasses.replace(CLIP, frame_limit=48)
    cell = cell_of(clip=clip, depth=1)
    works = []
    for host in ("few-processors", "many-processors"):
        cut = tmp_path / host / f"{'ab' * 32}-first48.mp4"
        cut.parent.mkdir()
        cut.write_text(f"encoded on {host}")
        works.append(load(cell).resolve_input(cell, [cut]))
    assert works[0] == works[1]
    assert json.loads(works[0]["input_sha256"]) == ["ab" * 32]
    assert json.loads(works[0]["frame_limit"]) == 48


def test_a_looped_clip_enters_the_work_by_its_source_and_length(tmp_path: Path) -> None:
    cell = cell_of(clip=dataclasses.replace(CLIP, looped_frames=144), depth=1)
    loop = tmp_path / f"{'ab' * 32}-loop144.mp4"
    loop.write_text("looped")
    work = {key: json.loads(value) for key, value in load(cell).resolve_input(cell, [loop]).items()}
    assert (work["input_sha256"], work["looped_frames"], work["input_frames"]) == (["ab" * 32], 144, 6)


def test_there_is_nothing_to_wait_for_on_a_cpu() -> None:
    load(cell_of(depth=1)).synchronize()


def test_a_class_that_its_module_lacks_is_refused_with_both_names() -> None:
    lacking = dataclasses.replace(detectors.CATALOGUE["retinaface"], class_name="json.decoder:Detectr")
    with pytest.raises(Refused, match=r"^json\.decoder has no Detectr$") as caught:
        load(make_cell(detector=lacking))
    assert caught.value.status is Status.UNSUPPORTED


def test_neither_py_feat_nor_torch_is_imported_for_a_custom_detector(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("class Own:\n    def detect(self, given, **_): return []\n")
    code = (
        "import sys; from pathlib import Path; from featray.core import cell, detectors, inputs\n"
        "from featray.measurement import detector\n"
        "custom = detectors.Detector(name='own', class_name='mine:Own', keywords={}, heading='own')\n"
        "asked = cell.Cell(detector=custom, input=inputs.CATALOGUE['short'], device='cpu', batch_size=1)\n"
        "loaded = detector.load(asked, cache=Path('/nowhere'), device='cpu')\n"
        "loaded.inspect(loaded.prepare(asked, [Path('a.mp4')])())\n"
        "print(sorted({'feat', 'torch', 'pandas', 'numpy', 'huggingface_hub'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == "[]"


def test_missing_pretrained_weights_are_named_with_the_command_that_gets_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    file = weights.HubFile("py-feat/xgb_au", "xgb_au_classifier_v2.skops")
    with pytest.raises(
        errors.NotReady, match=re.escape("py-feat/xgb_au: xgb_au_classifier_v2.skops is not in")
    ) as failure:
        weights.fetch([file], tmp_path)
    assert f"hf download py-feat/xgb_au xgb_au_classifier_v2.skops --cache-dir {tmp_path}" in str(failure.value)
