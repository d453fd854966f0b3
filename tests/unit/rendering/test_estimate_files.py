"""The list and the script of each worker."""

import csv
import dataclasses
import inspect
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from featray.analysis import units
from featray.analysis.estimate import archive
from featray.analysis.estimate.archive import ArchiveEstimate
from featray.analysis.estimate.footage import Film, Footage
from featray.analysis.estimate.terms import Terms
from featray.core.row import Row
from featray.errors import BadInput
from featray.measurement import detector
from featray.rendering import estimate_files, script_parts
from tests.support.builders import BLACKWELL, CPU, RTX3090, SHELF, make_joint_rows, make_rows, make_whole_rows

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


DEVICELESS = """
class Own:
    def detect(self, film, *, data_type, batch_size, num_workers, skip_frames, output_size, progress_bar):
        return [{"frame": 0, "FaceScore": 0.9}, {"frame": 1, "FaceScore": 0, "mood": "glad"}]
"""


def make(*paths: str | None, **columns: Any) -> ArchiveEstimate:
    films = tuple(Film(path=path, frames=100, duration_s=4.0) for path in paths)
    rows = make_rows([1.0] * 5, **columns)
    return archive.make(units.gather(rows), Footage(films=films), Terms())


def lay(folder: Path, *names: str) -> list[str]:
    """Lay films that a detector of a test does not open; return their paths."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return [str(folder / name) for name in names]


def run(script: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a written script beside the module of its detector."""
    kept = {name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"}
    return subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        check=False,
        cwd=script.parent,
        env={**kept, **variables},
    )


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
    one, other = lay(tmp_path, "films/a.mp4", "other/a.mp4")
    for name, text in estimate_files.write(make(one, other, detector="Own", threads=2)).items():
        (tmp_path / name).write_text(text)
    script = tmp_path / "box-RTX-3090.py"
    first, second = (run(script) for _ in "ab")
    keywords = (
        "{'data_type': 'video', 'batch_size': 16, 'num_workers': 0, 'skip_frames': None, 'output_size': None, "
        "'progress_bar': False}"
    )
    gpu = f"GPU: {RTX3090['gpu_uuid']}"
    assert first.stdout.splitlines() == [
        gpu,
        "made on cuda",
        *(f"1 of 2: {one}", f"{one} {keywords}"),
        *(f"2 of 2: {other}", f"{other} {keywords}"),
    ]
    assert second.stdout.splitlines() == [gpu, "made on cuda", f"1 of 2: {one}", f"2 of 2: {other}"]
    assert [path.read_text() for path in (tmp_path / "box-RTX-3090").iterdir()] == ["faces", "faces"]


FAILING = """
import errno
from pathlib import Path


class Own:
    def detect(self, film, **keywords):
        if "full" in film:
            raise OSError(errno.ENOSPC, "No space left on device")
        text = Path(film).read_text()
        if text == "torn":
            raise ValueError("moov atom\\nnot found")
        return [{"text": text}]
"""


def test_a_film_that_fails_is_named_and_the_others_are_done_and_a_restart_tries_it_again(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "detectors.py").write_text(FAILING)
    torn, gone, whole = lay(tmp_path, "films/torn.mp4", "films/gone.mp4", "films/whole.mp4")
    Path(torn).write_text("torn")
    Path(gone).unlink()
    for name, text in estimate_files.write(make(torn, gone, whole, detector="Own", **CPU)).items():
        (tmp_path / name).write_text(text)
    script = tmp_path / "box-CPU.py"
    ran = run(script)
    assert ran.returncode == 1
    assert ran.stderr.splitlines() == [
        f"failed: {torn}: ValueError: moov atom not found",
        f"failed: {gone}: FileNotFoundError: {gone}: no such file",
        "2 of 3 films failed; start this script again to try these again",
    ]
    assert [path.name[:5] for path in (tmp_path / "box-CPU").iterdir()] == ["whole"]
    Path(torn).write_text("mended")
    Path(whole).unlink()  # what is done is not needed any more
    again = run(script)
    assert "1 of 3 films failed" in again.stderr
    Path(gone).touch()
    assert (run(script).returncode, len(list((tmp_path / "box-CPU").iterdir()))) == (0, 3)


def test_a_full_disk_ends_the_script_since_no_film_could_be_saved(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "detectors.py").write_text(FAILING)
    for name, text in estimate_files.write(make(*lay(tmp_path, "full.mp4", "b.mp4"), detector="Own", **CPU)).items():
        (tmp_path / name).write_text(text)
    ran = run(tmp_path / "box-CPU.py")
    assert ran.returncode == 1
    assert ran.stderr.splitlines() == [
        "[Errno 28] No space left on device; make room, then start this script again",
    ]
    assert "2 of 2" not in ran.stdout


def test_a_film_that_a_script_of_an_earlier_plan_has_done_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "detectors.py").write_text(DEVICELESS)
    for name, text in estimate_files.write(make(*lay(tmp_path, "films/a.mp4"), detector="Own", **CPU)).items():
        (tmp_path / name).write_text(text)
    script = tmp_path / "box-CPU.py"
    assert run(script).returncode == 0
    (tmp_path / "box-CPU").rename(tmp_path / "box-CPU-process-1")
    (tmp_path / "films" / "a.mp4").unlink()
    assert run(script).returncode == 0
    assert not (tmp_path / "box-CPU").exists()


ONE_ROW = """
import runpy
import sys

runpy.run_path("box-CPU.py", run_name="plan")["Detect"]()({"path": sys.argv[0].replace("row.py", "torn.mp4")})
"""


def test_under_ray_data_a_film_that_fails_is_an_error_of_its_row(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "detectors.py").write_text(FAILING)
    (tmp_path / "row.py").write_text(ONE_ROW)
    (torn,) = lay(tmp_path, "torn.mp4")
    Path(torn).write_text("torn")
    (tmp_path / "box-CPU.py").write_text(estimate_files.write(make(torn, detector="Own", **CPU))["box-CPU.py"])
    ran = run(tmp_path / "row.py")
    assert ran.stderr.endswith("ValueError: moov atom\nnot found\n")
    Path(torn).unlink()
    assert run(tmp_path / "row.py").stderr.endswith(f"FileNotFoundError: {torn}: no such file\n")


def test_a_class_without_a_device_is_made_without_one_and_its_list_of_faces_is_kept(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "detectors.py").write_text(DEVICELESS)
    (film,) = lay(tmp_path, "a.mp4")
    files = estimate_files.write(make(film, detector="Own", **CPU))
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    ran = run(tmp_path / "box-CPU.py")
    assert (ran.returncode, ran.stdout.splitlines()) == (0, [f"1 of 1: {film}"]), ran.stderr
    (written,) = (tmp_path / "box-CPU").iterdir()
    with written.open(encoding="utf-8") as file:
        assert list(csv.DictReader(file)) == [
            {"frame": "0", "FaceScore": "0.9", "mood": ""},
            {"frame": "1", "FaceScore": "0", "mood": "glad"},
        ]


def test_what_a_class_takes_is_decided_as_the_measuring_process_does() -> None:
    written: dict[str, Any] = {"inspect": inspect}
    exec(script_parts.TAKES_DEVICE, written)

    class Takes:
        def __init__(self, device: str) -> None:
            self.device = device

    class Passes(Takes):
        def __init__(self, size: int, **rest: Any) -> None:
            super().__init__(**rest)
            self.size = size

    class Hides(Takes):
        def __init__(self) -> None:
            super().__init__("cpu")

    classes = (Takes, Passes, Hides, object, type("Inherits", (Takes,), {}))
    answers = [written["takes_device"](class_) for class_ in classes]
    assert answers == [detector.takes_device(class_) for class_ in classes] == [True, True, False, False, True]


@pytest.mark.parametrize(
    ("listed", "code", "said"),
    [
        ("GPU-1, RTX 3090\nGPU-2, RTX 4090", 0, "GPU: GPU-1"),
        ("GPU-1, RTX 3090\nGPU-2, RTX 3090", 1, "2 GPUs here are a RTX 3090 (GPU-1, RTX 3090; GPU-2, RTX 3090); set"),
        ("GPU-2, RTX 4090", 1, "0 GPUs here are a RTX 3090 (GPU-2, RTX 4090); set CUDA_VISIBLE_DEVICES"),
        (None, 1, "the GPU RTX 3090 was not found; set CUDA_VISIBLE_DEVICES to its UUID"),
    ],
    ids=["one", "two", "another", "no driver"],
)
def test_a_gpu_of_which_only_the_model_is_known_is_found_by_it(
    listed: str | None, code: int, said: str, tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "detectors.py").write_text(DETECTOR)
    if listed is not None:
        program = tmp_path / "nvidia-smi"
        program.write_text(f"#!/bin/sh\ncat <<END\n{listed}\nEND\n")
        program.chmod(0o755)
    unknown = {"gpu_uuid": None, "target_id": "cuda:RTX 3090@box", "gpu_name": "RTX 3090"}
    for name, text in estimate_files.write(make(*lay(tmp_path, "a.mp4"), detector="Own", **unknown)).items():
        (tmp_path / name).write_text(text)
    script = tmp_path / "box-RTX-3090.py"
    assert "It uses this machine's only RTX 3090, unless CUDA_VISIBLE_DEVICES is set." in script.read_text()
    ran = run(script, PATH=f"{tmp_path}:/usr/bin:/bin")
    assert ran.returncode == code
    assert said in ran.stdout + ran.stderr
    chosen = run(script, PATH=str(tmp_path), CUDA_VISIBLE_DEVICES="GPU-9")
    assert "GPU: GPU-9" in chosen.stdout


def test_two_gpus_of_one_host_are_two_scripts_with_a_gpu_each() -> None:
    rows = [*make_rows([1.0] * 5), *make_rows([1.0] * 5, **BLACKWELL)]
    films = tuple(Film(path=f"/films/{name}.mp4", frames=10_000, duration_s=400.0) for name in "ab")
    files = estimate_files.write(archive.make(units.gather(rows), Footage(films=films), Terms()))
    for name, gpu in (("box-RTX-3090.py", RTX3090), ("box-RTX-PRO-6000-Blackwell.py", BLACKWELL)):
        text = files[name]
        assert f"It uses the GPU {gpu['gpu_uuid']}, unless CUDA_VISIBLE_DEVICES is set." in text
        assert text.index(f"setdefault('CUDA_VISIBLE_DEVICES', '{gpu['gpu_uuid']}')") < text.index("from feat import")


def test_an_ffmpeg_that_only_featray_finds_is_named() -> None:
    said = "Measured with the FFmpeg of the package av, which only featray's processes find"
    assert said in estimate_files.write(make("/a.mp4", ffmpeg="8.0 (pyav)"))["box-RTX-3090.py"]
    assert said not in estimate_files.write(make("/a.mp4", ffmpeg="7.1 (system)"))["box-RTX-3090.py"]


def test_a_class_of_your_own_is_not_told_to_install_an_ffmpeg_that_it_may_not_use() -> None:
    assert "FFmpeg" not in estimate_files.write(make("/a.mp4", ffmpeg="8.0 (pyav)", detector="Own"))["box-RTX-3090.py"]


def test_a_script_says_where_a_class_of_your_own_is_looked_for() -> None:
    said = "It imports own.detectors: if Python does not find it, set PYTHONPATH to the folder that has it."
    assert said in estimate_files.write(make("/a.mp4", detector="Own"))["box-RTX-3090.py"]
    assert "It imports" not in estimate_files.write(make("/a.mp4"))["box-RTX-3090.py"]


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


def test_each_gpu_that_works_at_the_same_time_has_its_own_script() -> None:
    films = tuple(Film(path=f"/films/{name}.mp4", frames=10_000, duration_s=400.0) for name in "abcd")
    made = archive.make(units.gather(make_whole_rows([0.5] * 5)), Footage(films=films), Terms())
    files = estimate_files.write(made)
    scripts = {name: text for name, text in files.items() if name.endswith(".py")}
    assert sorted(scripts) == ["box-2-GPUs-process-1.py", "box-2-GPUs-process-2.py"]
    for (name, text), gpu in zip(sorted(scripts.items()), (RTX3090, BLACKWELL), strict=True):
        assert f"os.environ.setdefault('CUDA_VISIBLE_DEVICES', '{gpu['gpu_uuid']}')" in text, name
        assert "start the scripts of all of them at the same time" in text
        compile(text, name, "exec")


@pytest.mark.parametrize("rows", [make_joint_rows([1.0] * 5), make_whole_rows([1.0] * 5, processes=2)])
def test_a_script_of_several_says_once_how_they_are_started(rows: list[Row]) -> None:
    films = tuple(Film(path=f"/films/{name}.mp4", frames=10_000, duration_s=400.0) for name in "abcdefgh")
    files = estimate_files.write(archive.make(units.gather(rows), Footage(films=films), Terms()))
    scripts = [text for name, text in files.items() if name.endswith(".py")]
    assert len(scripts) == units.gather(rows)[0].workers
    for script in scripts:
        assert script.count("side by side: start the scripts of all of them at the same time.") == 1
        assert f"start this {len(scripts)} times" not in script  # each has its own films: nothing is started twice
