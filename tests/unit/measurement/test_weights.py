"""Weights: which hub files a detector needs, and which are here."""

import dataclasses
import hashlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from featray.core import detectors
from featray.measurement import pyfeat_source, weights
from featray.measurement.weights import HubFile

XGB = HubFile("py-feat/xgb_au", "xgb_au_classifier_v2.skops")
COMMIT = "4" * 40


def place(folder: Path, file: HubFile, content: bytes, *, as_blob: bool = True) -> Path:
    """Write one file as the hub's client does: refs/main, a blob named by its digest, a link in the snapshot."""
    repository = weights.repository_folder(folder, file)
    blob = repository / "blobs" / (hashlib.sha256(content).hexdigest() if as_blob else "5" * 40)
    link = repository / "snapshots" / COMMIT / file.file
    for each in (blob, link, repository / "refs" / "main"):
        each.parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(content)
    link.symlink_to(blob)
    (repository / "refs" / "main").write_text(COMMIT)
    return link


def required_repositories(detector: detectors.Detector) -> set[str]:
    return {file.repository.removeprefix("py-feat/") for file in weights.required(detector)}


def test_retinaface_needs_nine_files_of_eight_repositories() -> None:
    # retinaface_r34, mobilefacenet, xgb_au, resmasknet (2 files), arcface_r50, l2cs, pose_mlp_v2 (2 files)
    files = weights.required(detectors.CATALOGUE["retinaface"])
    assert len(files) == 9
    assert required_repositories(detectors.CATALOGUE["retinaface"]) == {
        "retinaface_r34", "mobilefacenet", "xgb_au", "resmasknet", "arcface_r50", "l2cs", "pose_mlp_v2",
    }  # fmt: skip
    assert XGB in files


def test_img2pose_regresses_pose_itself_and_needs_no_pose_network() -> None:
    assert required_repositories(detectors.CATALOGUE["img2pose"]) == {
        "img2pose", "mobilefacenet", "xgb_au", "resmasknet", "arcface_r50", "l2cs",
    }  # fmt: skip


def test_mpdetector_needs_the_mesh_its_blendshapes_and_the_table_from_them_to_action_units() -> None:
    assert required_repositories(detectors.CATALOGUE["mpdetector"]) == {
        "retinaface_r34", "mp_facemesh_v2", "mp_blendshapes", "bs_to_au", "resmasknet", "arcface_r50", "l2cs",
    }  # fmt: skip


def test_detectorv2_needs_three_files() -> None:
    assert required_repositories(detectors.CATALOGUE["detectorv2"]) == {
        "retinaface_r34", "face_multitask_v2", "arcface_r50",
    }  # fmt: skip


def test_keywords_change_what_is_needed() -> None:
    asked = dict(detectors.CATALOGUE["retinaface"].keywords) | {"au_model": "svm", "identity_model": None}
    changed = dataclasses.replace(detectors.CATALOGUE["retinaface"], keywords=asked)
    assert required_repositories(changed) == {
        "retinaface_r34", "mobilefacenet", "svm_au", "resmasknet", "l2cs", "pose_mlp_v2",
    }  # fmt: skip


def test_keywords_left_out_count_with_py_feats_defaults() -> None:
    bare = detectors.Detector(name="mine", class_name="Detectorv1", keywords={}, heading="mine")
    assert weights.required(bare) == weights.required(detectors.CATALOGUE["retinaface"])


def test_a_value_unknown_to_featray_is_left_to_py_feat() -> None:
    odd = detectors.Detector(name="odd", class_name="Detectorv2", keywords={"identity_model": "new"}, heading="odd")
    assert required_repositories(odd) == {"retinaface_r34", "face_multitask_v2"}


def test_a_detector_from_elsewhere_needs_no_hub_file() -> None:
    own = detectors.Detector(name="own", class_name="mine.module:Class", keywords={}, heading="own")
    assert weights.required(own) == ()


def test_asking_for_weights_imports_neither_py_feat_nor_torch() -> None:

    code = (
        "import sys; from featray.core import detectors; from featray.measurement import weights\n"
        "assert weights.required(detectors.CATALOGUE['retinaface'])\n"
        "print(sorted({'feat', 'torch', 'huggingface_hub', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_repository_of_the_table_is_one_that_py_feats_source_loads() -> None:
    named = {
        repository
        for table in (weights._EVERYWHERE, *weights._REPOSITORIES.values())
        for choices in table.values()
        for repositories in choices.values()
        for repository in repositories
    }
    assert named == set(pyfeat_source.hub_files())


def test_every_keyword_of_the_table_is_one_that_the_constructor_takes() -> None:
    for class_name, table in weights._REPOSITORIES.items():
        assert set(table) <= set(pyfeat_source.defaults(class_name))


def test_a_hub_cache_tells_what_it_holds_at_which_commit_and_digest(tmp_path: Path) -> None:
    assert weights.cached(tmp_path, [XGB]) == ()
    assert weights.revision(tmp_path, XGB) is None
    assert weights.fingerprint(tmp_path, XGB) is None
    link = place(tmp_path, XGB, b"weights")
    assert weights.cached(tmp_path, [XGB]) == (XGB,)
    assert weights.locate(tmp_path, XGB) == link
    assert weights.revision(tmp_path, XGB) == COMMIT
    assert weights.fingerprint(tmp_path, XGB) == hashlib.sha256(b"weights").hexdigest()


def test_a_blob_that_is_not_named_by_its_sha256_is_read(tmp_path: Path) -> None:
    place(tmp_path, XGB, b"{}", as_blob=False)
    assert weights.fingerprint(tmp_path, XGB) == hashlib.sha256(b"{}").hexdigest()


def test_a_cache_is_told_by_the_files_that_it_holds(tmp_path: Path) -> None:
    needed = weights.required(detectors.CATALOGUE["retinaface"])
    assert weights.cached(tmp_path, needed) == ()
    place(tmp_path, XGB, b"weights")
    assert weights.cached(tmp_path, needed) == (XGB,)


def test_how_to_get_a_file_is_a_command_that_names_it(tmp_path: Path) -> None:
    text = weights.how_to_get([XGB], tmp_path)
    assert f"hf download py-feat/xgb_au xgb_au_classifier_v2.skops --cache-dir {tmp_path}" in text
    assert "weights: synthetic" in text


def test_the_cache_is_where_the_environment_says() -> None:
    assert weights.featray_cache({"FEATRAY_CACHE": "/data/cache"}) == Path("/data/cache")


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has its own place for caches")
def test_the_cache_follows_the_desktop_standard() -> None:
    assert weights.featray_cache({"XDG_CACHE_HOME": "/x"}) == Path("/x/featray")
    assert weights.featray_cache({}) == Path.home() / ".cache" / "featray"


def test_constants_parameters_and_literals_all_name_files(tmp_path: Path) -> None:
    (tmp_path / "detector.py").write_text(
        inspect.cleandoc(
            """
            REPO = "py-feat/a"
            class Detectorv1:
                def __init__(self, x="one", *, y=2): hf_hub_download(repo_id=REPO, filename="a.bin", cache_dir=here())
            def load(repo="py-feat/b", name="b.bin"): return hf_hub_download_with_fallback(repo_id=repo, filename=name)
            """
        )
    )
    assert pyfeat_source.hub_files(tmp_path) == {"py-feat/a": ("a.bin",), "py-feat/b": ("b.bin",)}
    assert pyfeat_source.defaults("Detectorv1", tmp_path) == {"x": "one", "y": 2}


@pytest.mark.parametrize("detector", detectors.CATALOGUE.values(), ids=lambda each: each.name)
def test_the_keywords_of_the_catalogue_are_known(detector: detectors.Detector) -> None:
    known = weights.keywords(detector.class_name)
    assert known is not None
    for keyword, value in detector.keywords.items():
        assert not known[keyword] or value in known[keyword]


def test_models_come_from_the_tables_and_from_the_classes_own_text() -> None:
    known = weights.keywords("MPDetector")
    assert known is not None
    assert set(known["gaze_model"]) == {"l2cs", "geometric", None}
    assert set(known["emotion_model"]) == {"resmasknet", "svm", None}
    assert set(known["identity_model"]) == {"arcface", "arcface_r50", "facenet", None}
    assert (weights.keywords("Detectorv2") or {})["multitask_weights"] == ()  # a path


def test_without_a_py_feat_that_can_be_read_no_keyword_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pyfeat_source, "folder", lambda: tmp_path)
    assert weights.keywords("Detectorv1") is None


def test_a_class_that_takes_any_keyword_cannot_be_checked(tmp_path: Path) -> None:
    (tmp_path / "detector.py").write_text(
        "class Detectorv1:\n    def __init__(self, x, **rest):\n        assert x == 'a'\n"
    )
    assert pyfeat_source.choices("Detectorv1", tmp_path) is None
