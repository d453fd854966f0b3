"""A plan in place of an earlier one."""

import json
from pathlib import Path

import pytest

from featray.api import written_plan
from featray.errors import BadInput
from featray.rendering import estimate_files

SCRIPT = f'{estimate_files.MARK}2 films on CPU of vm."""'
TWO = {f"vm-process-{number}{suffix}": SCRIPT for number in (1, 2) for suffix in (".py", ".txt")}
ONE = {"vm-CPU.py": SCRIPT, "vm-CPU.txt": "/a.mp4"}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != written_plan.MANIFEST)


def test_a_plan_replaces_the_earlier_one_and_nothing_else(tmp_path: Path) -> None:
    written_plan.replace(tmp_path, TWO, "retinaface")
    (tmp_path / "own.py").write_text("print()")
    done = tmp_path / "vm-process-1" / "a-0123456789ab.csv"
    done.parent.mkdir()
    done.write_text("faces")
    written = written_plan.replace(tmp_path, ONE, "retinaface")
    assert names(tmp_path) == ["own.py", "vm-CPU.py", "vm-CPU.txt", "vm-process-1"]
    assert done.read_text() == "faces"
    assert sorted(path.name for path in written.removed) == sorted(TWO)
    assert sorted(path.name for path in written.files) == sorted([*ONE, written_plan.MANIFEST])


def test_the_same_plan_again_removes_nothing(tmp_path: Path) -> None:
    written_plan.replace(tmp_path, ONE, "retinaface")
    (tmp_path / "vm-CPU.txt").unlink()
    assert written_plan.replace(tmp_path, ONE, "retinaface").removed == ()
    assert names(tmp_path) == sorted(ONE)


def test_a_file_that_was_changed_is_kept_and_named(tmp_path: Path) -> None:
    written_plan.replace(tmp_path, TWO, "retinaface")
    (tmp_path / "vm-process-2.py").write_text("my own setting")
    with pytest.raises(
        BadInput, match=r"changed since featray wrote the plan: vm-process-2\.py; move or remove what is named"
    ):
        written_plan.replace(tmp_path, ONE, "retinaface")
    assert names(tmp_path) == sorted(TWO)


def test_a_file_that_featray_did_not_write_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "vm-CPU.txt").write_text("my notes")
    with pytest.raises(BadInput, match=r"not of the last plan that featray wrote there: vm-CPU\.txt"):
        written_plan.replace(tmp_path, ONE, "retinaface")
    assert names(tmp_path) == ["vm-CPU.txt"]


def test_a_script_of_a_plan_that_no_manifest_lists_is_named(tmp_path: Path) -> None:
    written_plan.replace(tmp_path, TWO, "retinaface")
    (tmp_path / written_plan.MANIFEST).unlink()
    with pytest.raises(BadInput, match=r"vm-process-1\.py, vm-process-2\.py; move or remove what is named, or"):
        written_plan.replace(tmp_path, ONE, "retinaface")


def test_outputs_of_another_detector_would_count_as_done_so_the_folder_is_refused(tmp_path: Path) -> None:
    written_plan.replace(tmp_path, ONE, "retinaface")
    written_plan.replace(tmp_path, ONE, "detectorv2")
    (tmp_path / "vm-CPU").mkdir()
    (tmp_path / "vm-CPU" / "a-0123456789ab.csv").touch()
    with pytest.raises(BadInput, match="holds what detectorv2 found in films, which retinaface would skip as done"):
        written_plan.replace(tmp_path, ONE, "retinaface")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        json.dumps({"detector": "x", "files": {"../own.py": "0"}}),
        json.dumps({"detector": "x", "files": 1}),
    ],
)
def test_a_manifest_that_is_none_is_refused_and_removes_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / written_plan.MANIFEST).write_text(content)
    with pytest.raises(BadInput, match=r"featray-plan\.json: .*; remove the earlier plan, or name another folder"):
        written_plan.replace(tmp_path, ONE, "retinaface")
    assert names(tmp_path) == []
