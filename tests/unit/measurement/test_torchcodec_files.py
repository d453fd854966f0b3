"""Which FFmpeg a torchcodec can load, by its files."""

import sys
from pathlib import Path

import pytest

from featray.measurement import torchcodec_files

LINUX = (
    b"\x7fELF\0libavcodec.so.62\0libavutil.so.60\0libswscale.so.9\0libc.so.6\0"
    b"libtorchcodec_core8.so\0cannot find libavutil.so.\0"
)
MAC = (
    b"\xcf\xfa\xed\xfe\0/opt/ffmpeg/lib/libavcodec.62.dylib\0\0@rpath/libavutil.60.26.dylib\0"
    b"@rpath/libswscale.9.dylib\0"
)


def install(packages: Path, **libraries: bytes) -> Path:
    folder = packages / "torchcodec"
    folder.mkdir(parents=True)
    for name, content in libraries.items():
        (folder / f"libtorchcodec_{name}.so").write_bytes(content)
    return folder


def test_a_torchcodec_is_found_in_its_folder_of_packages(tmp_path: Path) -> None:
    assert torchcodec_files.find(tmp_path) is None
    assert install(tmp_path) == torchcodec_files.find(tmp_path)


@pytest.mark.parametrize("content", [LINUX, MAC])
def test_the_names_of_the_libraries_are_read_from_its_files(tmp_path: Path, content: bytes) -> None:
    folder = install(tmp_path, core8=content, custom_ops8=b"libavutil.so.1")
    wanted = [torchcodec_files.file_name(*item) for item in (("avutil", 60), ("avcodec", 62), ("swscale", 9))]
    assert torchcodec_files.list_sets(folder) == [wanted]


def test_the_newest_ffmpeg_comes_first_also_from_version_10_on(tmp_path: Path) -> None:
    folder = install(tmp_path, core9=b"\0libavutil.so.61\0", core10=b"\0libavutil.so.62\0", core8=b"no names")
    assert list(torchcodec_files.list_files(folder)) == [10, 9, 8]
    assert torchcodec_files.list_sets(folder) == [
        [torchcodec_files.file_name("avutil", 62)],
        [torchcodec_files.file_name("avutil", 61)],
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="the names tested here are those of Linux")
def test_the_installed_torchcodec_names_all_seven_libraries() -> None:
    pytest.importorskip("torchcodec", reason="reads its files")
    folder = torchcodec_files.find()
    assert folder is not None
    sets = torchcodec_files.list_sets(folder)
    assert len(sets) == len(torchcodec_files.list_files(folder)) >= 5
    assert {len(names) for names in sets} == {7}
    assert ["libavutil.so.60", "libavcodec.so.62"] in [names[:2] for names in sets]


@pytest.mark.parametrize(("versions", "text"), [([], "no FFmpeg"), ([8], "FFmpeg 8"), ([8, 5, 4], "FFmpeg 4 to 8")])
def test_versions_are_said_as_a_range(versions: list[int], text: str) -> None:
    assert torchcodec_files.say_versions(versions) == text
