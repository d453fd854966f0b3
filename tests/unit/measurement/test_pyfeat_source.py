"""py-feat's source, read as text."""

import inspect
from collections.abc import Mapping
from pathlib import Path

from featray.measurement import pyfeat_source


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
    assert pyfeat_source.list_hub_files(package=tmp_path) == {"py-feat/a": ("a.bin",), "py-feat/b": ("b.bin",)}
    assert pyfeat_source.read_defaults("Detectorv1", tmp_path) == {"x": "one", "y": 2}


def test_a_module_that_names_no_wanted_repository_is_not_parsed(tmp_path: Path) -> None:
    (tmp_path / "detector.py").write_text('hf_hub_download(repo_id="py-feat/a", filename="a.bin")')
    (tmp_path / "MPDetector.py").write_text("this is no Python")
    assert pyfeat_source.list_hub_files({"py-feat/a", "py-feat/b"}, tmp_path) == {"py-feat/a": ("a.bin",)}
    assert pyfeat_source.list_hub_files({"py-feat/b"}, tmp_path) == {}


def test_the_files_of_some_repositories_of_the_installed_py_feat_are_those_of_all() -> None:
    files = pyfeat_source.list_hub_files()
    for repository in files:
        assert pyfeat_source.list_hub_files({repository}) == {repository: files[repository]}


def test_a_class_that_takes_any_keyword_cannot_be_checked(tmp_path: Path) -> None:
    (tmp_path / "detector.py").write_text(
        "class Detectorv1:\n    def __init__(self, x, **rest):\n        assert x == 'a'\n"
    )
    assert pyfeat_source.read_choices("Detectorv1", tmp_path) is None


CALLS = """
class Detectorv1:
    def __init__(self): pass
    def detect(self, inputs, data_type="image", pin_memory=False, save=None, **kwargs):
        return inputs
class Other:
    pass
"""


def test_the_keywords_that_detect_names_are_known_and_its_switches_have_two_values(tmp_path: Path) -> None:
    (tmp_path / "detector.py").write_text(CALLS)
    assert pyfeat_source.list_call_keywords("Detectorv1", tmp_path) == {
        "inputs": (), "data_type": (), "pin_memory": (True, False), "save": (),
    }  # fmt: skip


def test_a_detect_that_uses_its_other_keywords_cannot_be_checked(tmp_path: Path) -> None:
    (tmp_path / "detector.py").write_text(CALLS.replace("return inputs", "return kwargs"))
    assert pyfeat_source.list_call_keywords("Detectorv1", tmp_path) is None


def test_of_py_feat_only_detectorv1_can_save() -> None:
    saving = [name for name in ("Detectorv1", "MPDetector", "Detectorv2") if "save" in (_installed(name) or {})]
    assert saving == ["Detectorv1"]
    assert all("pin_memory" in (_installed(name) or {}) for name in ("Detectorv1", "MPDetector", "Detectorv2"))


def _installed(class_name: str) -> Mapping[str, tuple[object, ...]] | None:
    return pyfeat_source.list_call_keywords(class_name)
