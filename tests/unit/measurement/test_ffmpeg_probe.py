"""The probe for FFmpeg's libraries: asked once, and again where what it depends on has changed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from featray.measurement import ffmpeg_probe, torchcodec_files

CODEC = torchcodec_files.find() or Path("/nowhere")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """List the processes that were started."""
    commands: list[object] = []
    real = subprocess.run

    def run(command: list[str], **options: object) -> object:
        commands.append(command)
        return real(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", run)
    return commands


def test_the_same_question_is_asked_once(tmp_path: Path, started: list[object]) -> None:
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    first = ffmpeg_probe.find_version(str(libraries), tmp_path / "cache", CODEC)
    assert ffmpeg_probe.find_version(str(libraries), tmp_path / "cache", CODEC) == first
    assert len(started) == 1


def test_it_is_asked_again_when_a_folder_on_the_library_path_changes(tmp_path: Path, started: list[object]) -> None:
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    ffmpeg_probe.find_version(str(libraries), tmp_path / "cache", CODEC)
    os.utime(libraries, ns=(1, 1))
    ffmpeg_probe.find_version(str(libraries), tmp_path / "cache", CODEC)
    assert len(started) == 2


def test_an_answer_that_came_too_late_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg_probe, "_PROBE_LIMIT_S", 0.0)
    assert ffmpeg_probe.find_version(None, tmp_path, CODEC) is None
    assert not (tmp_path / "probes").exists()


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path, started: list[object]) -> None:
    blocked = tmp_path / "cache"
    blocked.write_text("a file where the folder should be")
    first = ffmpeg_probe.find_version(None, blocked, CODEC)
    assert ffmpeg_probe.find_version(None, blocked, CODEC) == first
    assert len(started) == 2


def test_it_is_asked_again_for_another_torchcodec(tmp_path: Path, started: list[object]) -> None:
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "libtorchcodec_core8.so").write_bytes(b"\0libavutil.so.1\0")
        assert ffmpeg_probe.find_version(None, tmp_path / "cache", folder) is None
    assert len(started) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="the names tested here are those of Linux")
def test_a_library_is_looked_for_by_its_soname() -> None:
    assert torchcodec_files.file_name("avutil", 60) == "libavutil.so.60"
