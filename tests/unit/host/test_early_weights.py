"""Early weights: what is missing is made beside the body, and nothing of it outlives a body that fails."""

import time
from pathlib import Path

import psutil
import pytest

from featray.core.detectors import CATALOGUE
from featray.host import early_weights
from featray.measurement import synthetic, weights

FILES = sorted(weights.list_required(CATALOGUE["detectorv2"]))

WRITE = """
import os, sys, time
time.sleep(0.1)
open(os.path.join({folder!r}, "made"), "w").write(sys.argv[1])
"""

WAIT = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open(os.path.join({folder!r}, "new"), "w").write(str(child.pid))
os.rename(os.path.join({folder!r}, "new"), os.path.join({folder!r}, "child"))
child.wait()
"""


def wait_and_interrupt(path: Path) -> None:
    while not path.exists():
        time.sleep(0.01)
    raise KeyboardInterrupt


def test_files_are_missing_until_the_cache_holds_them(tmp_path: Path) -> None:
    assert early_weights.list_missing(FILES, tmp_path) == FILES
    folder, first = synthetic.folder(tmp_path), FILES[0]
    snapshot = weights.repository_folder(folder, first) / "snapshots" / "a"
    snapshot.mkdir(parents=True)
    (snapshot / first.file).touch()
    (weights.repository_folder(folder, first) / "refs").mkdir()
    (weights.repository_folder(folder, first) / "refs" / "main").write_text("a", encoding="utf-8")
    assert early_weights.list_missing(FILES, tmp_path) == FILES[1:]


def test_files_are_made_by_the_end_of_the_body(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(early_weights, "_MAKE", WRITE.format(folder=str(tmp_path)))
    with early_weights.making(FILES, tmp_path) as made:
        pass
    assert made.failure is None
    order = (tmp_path / "made").read_text(encoding="utf-8")
    assert str(synthetic.folder(tmp_path)) in order
    assert all(file.file in order for file in FILES)


def test_a_failure_is_told_by_its_first_and_its_last_line(tmp_path: Path) -> None:
    (tmp_path / "synthetic").write_text("a file where a folder should be")
    with early_weights.making(FILES, tmp_path) as made:
        pass
    assert made.failure is not None
    assert made.failure.startswith(f"synthetic weights cannot be made in {synthetic.folder(tmp_path)}: [Errno")


FAIL = """
from featray.errors import NotReady
import sys
sys.exit(str(NotReady("synthetic weights cannot be made in /x: exit code 1\\nTraceback\\nOSError: no space")))
"""


def test_weights_that_cannot_be_made_are_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(early_weights, "_MAKE", FAIL)
    with early_weights.making(FILES, tmp_path) as made:
        pass
    assert made.failure == "synthetic weights cannot be made in /x: exit code 1: OSError: no space"


def test_what_makes_files_ends_with_a_body_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(early_weights, "_MAKE", WAIT.format(folder=str(tmp_path)))
    with pytest.raises(KeyboardInterrupt), early_weights.making(FILES, tmp_path):
        wait_and_interrupt(tmp_path / "child")
    child = int((tmp_path / "child").read_text(encoding="utf-8"))
    deadline = time.monotonic() + 30
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.01)
