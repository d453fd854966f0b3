"""A new sweep file."""

from pathlib import Path

import pytest
import yaml

import featray
from featray import sweep
from featray.errors import BadInput, NothingMatches
from featray.sweep import expand
from tests.support.sweep_files import probe

REPORT = Path(__file__).parents[2] / "golden" / "2026-05-14-c716340.md"


def test_the_file_is_a_sweep_with_comments_and_a_schema_beside_it(tmp_path: Path) -> None:
    path = featray.init("lab", detectors=["img2pose"], devices=["cuda", "cpu"], folder=tmp_path / "sweeps")
    loaded = sweep.load(path, probe_clip=probe)
    assert (loaded.name, len(expand(loaded))) == ("lab", 2 * 3)
    text = path.read_text()
    assert text.startswith("# yaml-language-server: $schema=sweep.schema.json\n")
    assert text.count("#") > 10
    assert (path.parent / "sweep.schema.json").read_text() == featray.schema("sweep")


def test_a_clip_is_named_from_the_folder_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "a b.mp4").write_text("10")
    monkeypatch.chdir(tmp_path)
    path = featray.init(inputs=["clips/a b.mp4", "short"], devices=["cpu"])
    assert path == Path("sweeps/mine.yaml")
    assert yaml.safe_load(path.read_text())["inputs"] == ["../clips/a b.mp4", "short"]
    assert [clip.name for clip in sweep.load(path, probe_clip=probe).inputs] == ["a b", "short"]


def test_the_grid_of_a_report_is_taken(tmp_path: Path) -> None:
    path = featray.init("again", report=REPORT, folder=tmp_path)
    values = yaml.safe_load(path.read_text())
    assert values["detectors"] == ["img2pose", "retinaface", "mpdetector"]
    assert values["inputs"] == ["short", "long", "multi-face"]
    assert values["axes"] == {"device": ["cuda"], "batch_size": [1, 4, 16]}
    assert values["description"] == "The grid of 2026-05-14-c716340.md."


def test_a_file_that_exists_is_kept_unless_forced(tmp_path: Path) -> None:
    featray.init(devices=["cpu"], folder=tmp_path)
    with pytest.raises(BadInput, match="exists; give another name, or overwrite=True"):
        featray.init(devices=["cpu"], folder=tmp_path)
    assert featray.init(devices=["cpu"], folder=tmp_path, overwrite=True).exists()


def test_unknown_names_get_a_suggestion_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(NothingMatches, match=r"unknown detector 'retinafac'; expected img2pose.*'retinaface'"):
        featray.init(detectors=["retinafac"], devices=["cpu"], folder=tmp_path)
    with pytest.raises(NothingMatches, match="unknown device 'gpu'; expected cpu, cuda, mps"):
        featray.init(devices=["gpu"], folder=tmp_path)
    with pytest.raises(NothingMatches, match="no such file or folder; expected short, long, multi-face"):
        featray.init(inputs=["clip.mp4"], devices=["cpu"], folder=tmp_path)
    with pytest.raises(BadInput, match="cannot be a name"):
        featray.init("../up", devices=["cpu"], folder=tmp_path)
    assert list(tmp_path.iterdir()) == []
