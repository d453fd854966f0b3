"""FFmpeg for torchcodec: PyAV's libraries under the names it looks for, or the system's own."""

import importlib.metadata
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from featray.measurement import ffmpeg

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="the loader's rules tested here are those of Linux")


@pytest.mark.long
@linux_only
def test_pyavs_libraries_load_under_the_names_torchcodec_looks_for(tmp_path: Path) -> None:
    libraries = ffmpeg.find(tmp_path, prefer=ffmpeg.PYAV)
    assert libraries.origin == "pyav"
    assert libraries.folder is not None
    assert libraries.folder.parent == tmp_path / "ffmpeg"
    assert libraries.version is not None
    assert int(libraries.version.partition(".")[0]) in range(4, 10)
    path = ffmpeg.make_library_path(libraries, None)
    assert path == str(libraries.folder)
    code = "from torchcodec.decoders import VideoDecoder; print('imported')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {ffmpeg.PATH_VARIABLE: path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "imported", done.stderr[-2000:]


@linux_only
def test_finding_twice_gives_the_same_folder_and_leaves_nothing_else(tmp_path: Path) -> None:
    first = ffmpeg.find(tmp_path, prefer=ffmpeg.PYAV)
    assert ffmpeg.find(tmp_path, prefer=ffmpeg.PYAV) == first
    assert list((tmp_path / "ffmpeg").iterdir()) == [first.folder]


@linux_only
def test_a_link_that_somebody_deleted_is_made_again(tmp_path: Path) -> None:
    folder = ffmpeg.find(tmp_path, prefer=ffmpeg.PYAV).folder
    assert folder is not None
    names = sorted(link.name for link in folder.iterdir())
    (folder / names[0]).unlink()
    assert ffmpeg.find(tmp_path, prefer=ffmpeg.PYAV).folder == folder
    assert sorted(link.name for link in folder.iterdir()) == names
    assert list((tmp_path / "ffmpeg").iterdir()) == [folder]


@linux_only
def test_several_processes_at_once_make_one_complete_folder(tmp_path: Path) -> None:
    libraries: list[ffmpeg.Libraries] = []
    threads = [
        threading.Thread(target=lambda: libraries.append(ffmpeg.find(tmp_path, prefer=ffmpeg.PYAV))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(libraries) == 4
    assert len(set(libraries)) == 1
    assert list((tmp_path / "ffmpeg").iterdir()) == [libraries[0].folder]


@linux_only
def test_featrays_own_links_on_the_library_path_are_not_the_systems_libraries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = ffmpeg.find(tmp_path)
    linked = ffmpeg.find(tmp_path, prefer=ffmpeg.PYAV)
    path = ffmpeg.make_library_path(linked, None)
    assert path is not None
    monkeypatch.setenv(ffmpeg.PATH_VARIABLE, path)
    assert ffmpeg.find(tmp_path) == alone


def test_the_environment_variable_chooses_as_the_argument_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ffmpeg.CHOICE_VARIABLE, ffmpeg.SYSTEM)
    libraries = ffmpeg.find(tmp_path)
    assert libraries.origin in (None, ffmpeg.SYSTEM)
    assert libraries.folder is None
    assert not (tmp_path / "ffmpeg").exists()


def test_the_systems_libraries_leave_the_library_path_alone() -> None:
    system = ffmpeg.Libraries(origin=ffmpeg.SYSTEM, version="7.1", folder=None)
    assert ffmpeg.make_library_path(system, "/opt/lib") == "/opt/lib"
    assert ffmpeg.make_library_path(system, None) is None


def test_the_links_come_before_what_the_library_path_held() -> None:
    pyav = ffmpeg.Libraries(origin=ffmpeg.PYAV, version="8.0", folder=Path("/cache/links"))
    assert ffmpeg.make_library_path(pyav, "/opt/lib") == f"/cache/links{os.pathsep}/opt/lib"


def test_a_row_names_version_and_origin() -> None:
    assert ffmpeg.describe(ffmpeg.Libraries(origin=ffmpeg.PYAV, version="8.0", folder=None)) == "8.0 (pyav)"
    assert ffmpeg.describe(ffmpeg.NO_LIBRARIES) is None


def test_finding_ffmpeg_does_not_load_it_into_this_process(tmp_path: Path) -> None:
    if "torchcodec" in sys.modules or "av" in sys.modules:
        pytest.skip("another test of this process has loaded FFmpeg already")
    ffmpeg.find(tmp_path)
    assert ffmpeg.find_loaded() == ffmpeg.NO_LIBRARIES


def make_packages(folder: Path, name: str, *majors: int) -> Path:
    """Make another interpreter's folder of packages, with a torchcodec for these versions of FFmpeg."""
    packages = folder / name
    (packages / "torchcodec").mkdir(parents=True)
    for major in majors:
        library = packages / "torchcodec" / f"libtorchcodec_core{major}.so"
        library.write_bytes(f"\0libavutil.so.{major + 52}\0".encode())  # FFmpeg 8 has libavutil 60
    return packages


@linux_only
def test_an_environment_gets_the_ffmpeg_that_its_own_torchcodec_can_load(tmp_path: Path) -> None:
    own = ffmpeg.find(tmp_path, prefer=ffmpeg.PYAV)
    assert own.version is not None
    major = int(own.version.partition(".")[0])
    assert ffmpeg.find(tmp_path, ffmpeg.PYAV, make_packages(tmp_path, "same", major, major + 1)) == own
    assert ffmpeg.find(tmp_path, ffmpeg.PYAV, tmp_path) == ffmpeg.NO_LIBRARIES  # it has no torchcodec


@linux_only
@pytest.mark.parametrize(("step", "what"), [(-1, "too new"), (1, "too old")])
def test_an_ffmpeg_that_no_torchcodec_there_can_load_is_explained(tmp_path: Path, step: int, what: str) -> None:
    own = ffmpeg.find(tmp_path, prefer=ffmpeg.PYAV)
    assert own.version is not None
    major = int(own.version.partition(".")[0])
    pyav = importlib.metadata.version("av")
    found = ffmpeg.find(tmp_path, ffmpeg.PYAV, make_packages(tmp_path, "other", major + step))
    assert (found.origin, found.folder) == (None, None)
    assert found.lack == (
        f"PyAV {pyav} brings FFmpeg {own.version}, {what} for torchcodec, which loads FFmpeg {major + step}"
    )
    older = f"python -m pip install 'av<{pyav.partition('.')[0]}', or a newer torchcodec"
    assert found.remedy == (older if step < 0 else "python -m pip install --upgrade av")
