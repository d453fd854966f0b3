"""py-feat's source, read as text."""

import inspect
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
    assert pyfeat_source.list_hub_files(tmp_path) == {"py-feat/a": ("a.bin",), "py-feat/b": ("b.bin",)}
    assert pyfeat_source.read_defaults("Detectorv1", tmp_path) == {"x": "one", "y": 2}


def test_a_class_that_takes_any_keyword_cannot_be_checked(tmp_path: Path) -> None:
    (tmp_path / "detector.py").write_text(
        "class Detectorv1:\n    def __init__(self, x, **rest):\n        assert x == 'a'\n"
    )
    assert pyfeat_source.read_choices("Detectorv1", tmp_path) is None
