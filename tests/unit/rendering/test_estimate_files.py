"""The list and the script of each worker."""

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from featray.analysis import units
from featray.analysis.estimate import archive
from featray.analysis.estimate.archive import ArchiveEstimate, Terms
from featray.analysis.estimate.footage import Film, Footage
from featray.errors import BadInput
from featray.rendering import estimate_files
from tests.support.builders import RTX3090, SHELF, make_joint_rows, make_rows

DETECTOR = """
class Own:
    def __init__(self, device):
        print("made on", device)

    def detect(self, film, **keywords):
        print(film, keywords)
        return Table()


class Table:
    def to_csv(self, path, index):
        path.write_text("faces")
"""


def make(*paths: str | None, **columns: Any) -> ArchiveEstimate:
    films = tuple(Film(path=path, frames=100, duration_s=4.0) for path in paths)
    rows = make_rows([1.0] * 5, **columns)
    return archive.make(units.gather(rows), Footage(films=films), Terms())


def test_each_worker_has_its_films_and_its_script() -> None:
    rows = [*make_rows([1.0] * 5), *make_rows([1.0] * 5, **{**SHELF, **RTX3090, "target_id": "GPU-c0ffee"})]
    films = tuple(Film(path=f"/films/{name}.mp4", frames=10_000, duration_s=400.0) for name in "abcd")
    files = estimate_files.write(archive.make(units.gather(rows), Footage(films=films), Terms()))
    assert sorted(files) == [*("box-RTX-3090.py", "box-RTX-3090.txt", "shelf-RTX-3090.py", "shelf-RTX-3090.txt")]
    listed = [path for name, text in files.items() if name.endswith(".txt") for path in text.splitlines()]
    assert sorted(listed) == [f"/films/{name}.mp4" for name in "abcd"]


def test_the_script_detects_in_each_film_once(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "detectors.py").write_text(DETECTOR)
    for name, text in estimate_files.write(make("/films/a.mp4", "/other/a.mp4", detector="Own", threads=2)).items():
        (tmp_path / name).write_text(text)
    script = tmp_path / "box-RTX-3090.py"
    first, second = (
        subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, cwd=tmp_path) for _ in "ab"
    )
    keywords = "{'data_type': 'video', 'batch_size': 16, 'num_workers': 0, 'progress_bar': False}"
    assert first.stdout.splitlines() == [
        "made on cuda",
        *("1 of 2: /films/a.mp4", f"/films/a.mp4 {keywords}"),
        *("2 of 2: /other/a.mp4", f"/other/a.mp4 {keywords}"),
    ]
    assert second.stdout.splitlines() == ["made on cuda", "1 of 2: /films/a.mp4", "2 of 2: /other/a.mp4"]
    assert [path.read_text() for path in (tmp_path / "box-RTX-3090").iterdir()] == ["faces", "faces"]


def test_the_script_chooses_its_gpu_and_threads_before_the_import() -> None:
    script = estimate_files.write(make("/a.mp4", threads=2))["box-RTX-3090.py"]
    uuid = RTX3090["gpu_uuid"]
    choice = script.index(f"os.environ.setdefault('CUDA_VISIBLE_DEVICES', '{uuid}')")
    assert choice < script.index("os.environ['OMP_NUM_THREADS'] = '2'") < script.index("from feat import")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (None, "name a folder or a CSV table instead of hours"),
        ("/a\nb.mp4", "cannot hold a path with a line break"),
        ("/a\udcff.mp4", "that is not UTF-8"),
    ],
)
def test_what_a_list_cannot_hold_is_refused(path: str | None, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        estimate_files.write(make(path))


def test_a_setting_that_is_not_known_in_full_has_no_script() -> None:
    rows = [dataclasses.replace(row, asked=None, detector="unknown") for row in make_rows([1.0] * 5)]
    films = Footage(films=(Film(path="/a.mp4", frames=100, duration_s=4.0),))
    with pytest.raises(BadInput, match="not known in full"):
        estimate_files.write(archive.make(units.gather(rows), films, Terms()))


def test_each_of_several_processes_has_a_script_that_keeps_to_its_processors() -> None:
    films = tuple(Film(path=f"/films/{name}.mp4", frames=100, duration_s=4.0) for name in "ab")
    rows = make_joint_rows([1.0] * 5, pinned_cpus="0-1,4; 2-3,5", mps_daemon=True)
    files = estimate_files.write(archive.make(units.gather(rows), Footage(films=films), Terms()))
    scripts = [text for name, text in sorted(files.items()) if name.endswith(".py")]
    assert ["os.sched_setaffinity(0, [0, 1, 4])" in text for text in scripts] == [True, False]
    assert ["os.sched_setaffinity(0, [2, 3, 5])" in text for text in scripts] == [False, True]
    assert all("nvidia-cuda-mps-control -d" in text for text in scripts)
    assert "Process 1 of 2 side by side" in scripts[0]
    for text in scripts:
        compile(text, "script", "exec")


@pytest.mark.parametrize("pinned", ["0-1", "x; y", "0-99999999999; 1", ""])
def test_processors_that_are_not_known_are_not_set(pinned: str) -> None:
    films = tuple(Film(path=f"/films/{name}.mp4", frames=100, duration_s=4.0) for name in "ab")
    rows = make_joint_rows([1.0] * 5, pinned_cpus=pinned)
    files = estimate_files.write(archive.make(units.gather(rows), Footage(films=films), Terms()))
    second = [text for name, text in sorted(files.items()) if name.endswith(".py")][1]
    assert ("sched_setaffinity" in second) == (pinned == "0-99999999999; 1")
