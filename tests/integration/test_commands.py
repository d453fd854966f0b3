"""Commands without Ray: plans, replays, bad input. Each is a process of its own, as a user runs it."""

import json
from pathlib import Path

import pytest

from featray import cell, clips, store, sweep
from tests.builders import make_row
from tests.command import ROOT, featray

BLACKWELL = ROOT / "sweeps" / "blackwell.yaml"
INVENTORY = ROOT / "clusters" / "liquidswords2.inventory.json"


def blackwell_uuid() -> str:
    (host,) = json.loads(INVENTORY.read_text(encoding="utf-8"))["hosts"]
    (uuid,) = [gpu["uuid"] for gpu in host["gpus"] if "Blackwell" in gpu["name"]]
    return str(uuid)


def test_the_flagship_is_planned_on_the_blackwell_alone(tmp_path: Path) -> None:
    done = featray("plan", BLACKWELL, "--inventory", INVENTORY, "--results", tmp_path / "r", "--json")
    assert done.code == 0, done.err
    units = json.loads(done.out)["units"]
    assert len(units) == 36
    assert {unit["target_id"] for unit in units} == {blackwell_uuid()}
    table = featray("plan", BLACKWELL, "--inventory", INVENTORY, "--results", tmp_path / "r")
    assert "36 cells, 36 units on 1 targets" in table.out
    assert "3090" not in table.out
    assert not (tmp_path / "r").exists()


def test_the_flagship_replayed_ends_in_a_full_report(tmp_path: Path) -> None:
    of = sweep.load(BLACKWELL, probe_clip=clips.probe)
    tape = [
        make_row(
            detector=each.detector.name,
            input=each.input.name,
            section_kind=each.input.kind,
            section_label=each.input.section_label,
            device=each.device,
            batch_size=each.batch_size,
            frames=each.input.frames,
            timed_s=[1.0 + number / 100] * 3,
            invocation=number,
            gpu_name="NVIDIA RTX PRO 6000 Blackwell Workstation Edition",
        )
        for each in cell.expand(of)
        for number in (1, 2, 3, 4, 5)
    ]
    store.append(str(tmp_path / "tape"), tape)
    done = featray(
        *("submit", BLACKWELL, "--replay", tmp_path / "tape", "--inventory", INVENTORY, "--results", tmp_path / "r")
    )
    assert done.code == 0, done.err
    (report,) = (tmp_path / "r" / "reports").glob("blackwell-*.md")
    text = report.read_text(encoding="utf-8")
    for heading in ("Video: short (72 frames)", "Video: long (472 frames)", "Images: 16 x multi_face.jpg = 80 faces"):
        assert f"## {heading}" in text
    assert text.count("| cuda |") >= 36
    assert len(store.read(str(tmp_path / "r")).rows) == 36 * 5


def test_here_the_flagship_exits_2_and_says_what_was_looked_at(tmp_path: Path) -> None:
    done = featray("submit", BLACKWELL, "--results", tmp_path / "r")
    assert done.code == 2
    assert "no GPU matches '*RTX PRO 6000 Blackwell*'" in done.err
    assert "(no GPU)" in done.err
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("submit", "missing.yaml"), "missing.yaml"),
        (("plan", str(BLACKWELL), "--inventory", "missing.json"), "missing.json: cannot be read"),
        (("plan", str(BLACKWELL), "--inventory", str(BLACKWELL)), "not JSON"),
        (("measure", "--cell", "123", "--sweep", str(BLACKWELL)), "blackwell: no cell with id '123'"),
        (("measure",), "name a cell"),
        (("measure", str(INVENTORY)), "not a cell"),
        (("submit", "--no-such-option"), "No such option: --no-such-option"),
    ],
)
def test_a_bad_argument_exits_2_and_says_which(arguments: tuple[str, ...], expected: str, tmp_path: Path) -> None:
    done = featray(*arguments, *(("--results", tmp_path / "r") if arguments[-1][:2] != "--" else ()))
    assert done.code == 2, done.err
    assert expected in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "r").exists()
