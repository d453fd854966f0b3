"""Weights: which hub files a detector needs, and which are here."""

import dataclasses
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from featray import errors
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
    for path in (blob, link, repository / "refs" / "main"):
        path.parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(content)
    link.symlink_to(blob)
    (repository / "refs" / "main").write_text(COMMIT)
    return link


def required_repositories(detector: detectors.Detector) -> set[str]:
    return {file.repository.removeprefix("py-feat/") for file in weights.list_required(detector)}


def test_retinaface_needs_nine_files_of_eight_repositories() -> None:
    # retinaface_r34, mobilefacenet, xgb_au, resmasknet (2 files), arcface_r50, l2cs, pose_mlp_v2 (2 files)
    files = weights.list_required(detectors.CATALOGUE["retinaface"])
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
    assert weights.list_required(bare) == weights.list_required(detectors.CATALOGUE["retinaface"])


def test_a_value_that_featray_does_not_know_adds_no_file() -> None:
    odd = detectors.Detector(name="odd", class_name="Detectorv2", keywords={"identity_model": "new"}, heading="odd")
    assert required_repositories(odd) == {"retinaface_r34", "face_multitask_v2"}


def test_a_custom_detector_needs_no_hub_file() -> None:
    custom = detectors.Detector(name="own", class_name="mine.module:Class", keywords={}, heading="own")
    assert weights.list_required(custom) == ()


def test_asking_for_weights_imports_neither_py_feat_nor_torch() -> None:

    code = (
        "import sys; from featray.core import detectors; from featray.measurement import weights\n"
        "assert weights.list_required(detectors.CATALOGUE['retinaface'])\n"
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
    assert named == set(pyfeat_source.list_hub_files())


def test_every_keyword_of_the_table_is_one_that_the_constructor_takes() -> None:
    for class_name, table in weights._REPOSITORIES.items():
        assert set(table) <= set(pyfeat_source.read_defaults(class_name))


def test_a_hub_cache_gives_files_with_commit_and_digest(tmp_path: Path) -> None:
    assert weights.list_cached(tmp_path, [XGB]) == ()
    assert weights.read_revision(tmp_path, XGB) is None
    assert weights.compute_sha256(tmp_path, XGB) is None
    link = place(tmp_path, XGB, b"weights")
    assert weights.list_cached(tmp_path, [XGB]) == (XGB,)
    assert weights.locate(tmp_path, XGB) == link
    assert weights.read_revision(tmp_path, XGB) == COMMIT
    assert weights.compute_sha256(tmp_path, XGB) == hashlib.sha256(b"weights").hexdigest()


def test_a_blob_that_is_not_named_by_its_sha256_is_read(tmp_path: Path) -> None:
    place(tmp_path, XGB, b"{}", as_blob=False)
    assert weights.compute_sha256(tmp_path, XGB) == hashlib.sha256(b"{}").hexdigest()


def test_only_the_files_that_a_cache_holds_are_listed(tmp_path: Path) -> None:
    needed = weights.list_required(detectors.CATALOGUE["retinaface"])
    assert weights.list_cached(tmp_path, needed) == ()
    place(tmp_path, XGB, b"weights")
    assert weights.list_cached(tmp_path, needed) == (XGB,)


def test_how_to_get_a_file_is_a_command_that_names_it(tmp_path: Path) -> None:
    text = weights.how_to_get([XGB], tmp_path)
    assert f"hf download py-feat/xgb_au xgb_au_classifier_v2.skops --cache-dir {tmp_path}" in text
    assert "weights: synthetic" in text


def test_the_cache_is_in_the_folder_that_the_environment_names() -> None:
    assert weights.featray_cache({"FEATRAY_CACHE": "/data/cache"}) == Path("/data/cache")


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has its own place for caches")
def test_the_cache_follows_the_desktop_standard() -> None:
    assert weights.featray_cache({"XDG_CACHE_HOME": "/x"}) == Path("/x/featray")
    assert weights.featray_cache({}) == Path.home() / ".cache" / "featray"


def test_a_user_without_a_home_is_told_to_name_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(errors.BadInput, match="name a folder of featray's own in FEATRAY_CACHE"):
        weights.featray_cache({})
    assert weights.featray_cache({"FEATRAY_CACHE": "/data/cache"}) == Path("/data/cache")


@pytest.mark.parametrize("detector", detectors.CATALOGUE.values(), ids=lambda detector: detector.name)
def test_the_keywords_of_the_catalogue_are_known(detector: detectors.Detector) -> None:
    keywords = weights.list_keywords(detector.class_name)
    assert keywords is not None
    for keyword, value in detector.keywords.items():
        assert not keywords[keyword] or value in keywords[keyword]


def test_models_come_from_the_tables_and_from_the_classes_own_text() -> None:
    keywords = weights.list_keywords("MPDetector")
    assert keywords is not None
    assert set(keywords["gaze_model"]) == {"l2cs", "geometric", None}
    assert set(keywords["emotion_model"]) == {"resmasknet", "svm", None}
    assert set(keywords["identity_model"]) == {"arcface", "arcface_r50", "facenet", None}
    assert (weights.list_keywords("Detectorv2") or {})["multitask_weights"] == ()  # a path


def test_without_readable_py_feat_no_keyword_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyfeat_source, "find_folder", lambda: tmp_path)
    assert weights.list_keywords("Detectorv1") is None
