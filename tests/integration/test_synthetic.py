"""Making synthetic weights: complete or not at all, once, and the same from the same seed."""

import threading
import time
from pathlib import Path

import pytest

from featray import errors
from featray.measurement import synthetic, weights
from featray.measurement.weights import HubFile

SMALL = (
    HubFile("py-feat/pose_mlp_v2", "pose_mlp_v2.safetensors"),
    HubFile("py-feat/pose_mlp_v2", "pose_mlp_v2.json"),
    HubFile("py-feat/bs_to_au", "bs_to_au_pls_v2.npz"),
)


def contents(folder: Path, files: tuple[HubFile, ...] = SMALL) -> dict[str, bytes]:
    paths = {file.file: weights.locate(folder, file) for file in files}
    return {name: path.read_bytes() for name, path in paths.items() if path is not None}


def modified(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file() and path.name != "lock"}


def inodes(folder: Path) -> set[tuple[str, int]]:
    paths = {file.file: weights.locate(folder, file) for file in SMALL}
    return {(name, path.stat().st_ino) for name, path in paths.items() if path is not None}


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[tuple[str, int]]]:
    """Files made by two callers at once, where a killed generator had left a part; and every inode that was seen."""
    folder = tmp_path_factory.mktemp("synthetic")
    stale = weights.repository_folder(folder, SMALL[0]) / "snapshots" / "c0ffee" / ".making-1-pose_mlp_v2.safetensors"
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"half a file")
    threads = [threading.Thread(target=synthetic.ensure, args=(SMALL, folder, 0)) for _ in range(2)]
    for thread in threads:
        thread.start()
    seen: set[tuple[str, int]] = set()
    while any(thread.is_alive() for thread in threads):
        seen |= inodes(folder)
        time.sleep(0.01)
    return folder, seen | inodes(folder)


@pytest.fixture(scope="module")
def finished(watched: tuple[Path, set[tuple[str, int]]]) -> Path:
    return watched[0]


def test_two_generators_at_once_make_each_file_once(watched: tuple[Path, set[tuple[str, int]]]) -> None:
    _, seen = watched  # a file that is made again is another inode, renamed into place
    assert sorted(name for name, _ in seen) == sorted(file.file for file in SMALL)


def test_nothing_half_made_is_left(finished: Path) -> None:
    assert [path for path in finished.rglob("*") if path.name.startswith(".making-")] == []


def test_what_is_there_is_left_alone(finished: Path) -> None:
    before = modified(finished)
    synthetic.ensure(SMALL, finished, 0)
    assert modified(finished) == before


def test_another_seed_gives_other_parameters(finished: Path, tmp_path: Path) -> None:
    synthetic.ensure(SMALL[:1], tmp_path, 1)
    assert contents(tmp_path)[SMALL[0].file] != contents(finished)[SMALL[0].file]


def test_a_file_that_cannot_be_made_is_named_and_the_files_before_it_are_made(finished: Path, tmp_path: Path) -> None:
    unheard_of = HubFile("py-feat/unheard_of", "weights.bin")
    with pytest.raises(errors.NotReady, match=r"synthetic weights cannot be made(?s:.*)py-feat/unheard_of"):
        synthetic.ensure([SMALL[0], SMALL[2], unheard_of], tmp_path, 0)
    assert set(contents(tmp_path)) == {SMALL[0].file, SMALL[2].file}
    for name, content in contents(tmp_path).items():
        assert content == contents(finished)[name]  # the same seed, another process
