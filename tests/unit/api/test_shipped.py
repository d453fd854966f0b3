"""Sweeps that ship with featray, by their name."""

from pathlib import Path

import pytest

from featray.api import arguments, shipped
from featray.errors import SweepFileError


def test_a_name_is_a_file_here_then_in_sweeps_then_one_that_ships(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert shipped.find_sweep(Path("quickstart")) == shipped.folder("sweeps") / "quickstart.yaml"
    (tmp_path / "sweeps").mkdir()
    (tmp_path / "sweeps" / "quickstart.yaml").touch()
    assert shipped.find_sweep(Path("quickstart")) == Path("sweeps/quickstart.yaml")
    (tmp_path / "quickstart.yaml").touch()
    assert shipped.find_sweep(Path("quickstart")) == Path("quickstart.yaml")


def test_a_path_is_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert shipped.find_sweep(Path("sweeps/quickstart.yaml")) == Path("sweeps/quickstart.yaml")


def test_a_shipped_sweep_is_read_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert arguments.load_sweep("quickstart").name == "quickstart"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("sweeps/quickstart.yaml", "no such file; featray brings a sweep of this name: give `quickstart`"),
        ("quicstart", "expected blackwell, calibration, ceiling, cpu, quickstart. Did you mean 'quickstart'"),
        ("mine.yaml", "mine.yaml: no such file"),
    ],
)
def test_a_missing_file_names_what_may_have_been_meant(
    path: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SweepFileError) as told:
        arguments.load_sweep(path)
    assert message in str(told.value)
