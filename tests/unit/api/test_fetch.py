"""The pretrained weights of a sweep."""

from collections.abc import Iterable
from pathlib import Path

import pytest

import featray
from featray.errors import NotReady
from featray.measurement import weights
from featray.measurement.weights import HubFile
from tests.support.sweep_files import GRID


def write_sweep(folder: Path, **changed: str) -> Path:
    path = folder / "trial.yaml"
    path.write_text("".join(f"{key}: {value}\n" for key, value in (GRID | changed).items()))
    return path


def place(files: Iterable[HubFile], _folder: Path) -> None:
    """Put empty files into the cache, as the hub lays them out."""
    for file in files:
        place_one(file)


def place_one(file: HubFile) -> None:
    folder = weights.repository_folder(weights.pretrained_folder(weights.featray_cache()), file)
    (folder / "refs").mkdir(parents=True, exist_ok=True)
    (folder / "refs" / "main").write_text("abc")
    (folder / "snapshots" / "abc").mkdir(parents=True, exist_ok=True)
    (folder / "snapshots" / "abc" / file.file).touch()


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATRAY_CACHE", str(tmp_path / "cache"))


def test_each_missing_file_is_named_and_then_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "fetch", place)
    said: list[str] = []
    fetched = featray.fetch(write_sweep(tmp_path), say=said.append)
    assert len(said) == len(fetched.downloaded) > 5
    assert said[0].startswith(f"[1/{len(said)}] py-feat/")
    again = featray.fetch(write_sweep(tmp_path), say=said.append)
    assert (again.downloaded, len(again.cached)) == ((), len(said))


def test_a_hub_out_of_reach_names_every_missing_file_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    def refuse(files: list[HubFile], folder: Path) -> None:
        raise NotReady(f"{files[0]} is not in {folder} and cannot be downloaded (no network); run this")

    monkeypatch.setattr(weights, "fetch", refuse)
    with pytest.raises(NotReady) as told:
        featray.fetch(write_sweep(tmp_path), say=lambda _: None)
    message = str(told.value)
    assert "weight files cannot be downloaded (no network)" in message
    assert message.count("hf download py-feat/retinaface_r34") == 1
    assert message.count("no network") == 1


def test_synthetic_weights_need_no_file(tmp_path: Path) -> None:
    fetched = featray.fetch(write_sweep(tmp_path, weights="synthetic"))
    assert (fetched.downloaded, fetched.cached) == ((), ())
