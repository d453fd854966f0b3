"""Commands without Ray: plans, replays, hosts, bad input.

The first of a kind is a process of its own, as a user runs it; the others run in this one.
"""

import json
import os
from importlib.metadata import version
from pathlib import Path

import pytest

from featray import store, sweep
from featray.host import clips
from featray.sweep import expand
from tests.support.builders import make_row
from tests.support.command import ROOT, Shell, featray
from tests.support.failing_sweeps import write_sweep

BLACKWELL = ROOT / "sweeps" / "blackwell.yaml"
INVENTORY = ROOT / "clusters" / "liquidswords2.inventory.json"


def blackwell_uuid() -> str:
    (host,) = json.loads(INVENTORY.read_text(encoding="utf-8"))["hosts"]
    (uuid,) = [gpu["uuid"] for gpu in host["gpus"] if "Blackwell" in gpu["name"]]
    return str(uuid)


def test_the_flagship_is_planned_on_the_blackwell_alone(tmp_path: Path, shell: Shell) -> None:
    done = featray("plan", BLACKWELL, "--inventory", INVENTORY, "--results", tmp_path / "r", "--json")
    assert done.code == 0, done.err
    units = json.loads(done.out)["units"]
    assert len(units) == 36
    assert {unit["target_id"] for unit in units} == {blackwell_uuid()}
    table = shell("plan", BLACKWELL, "--inventory", INVENTORY, "--results", tmp_path / "r")
    assert "36 cells, 36 units on 1 target" in table.out
    assert "3090" not in table.out
    assert not (tmp_path / "r").exists()


def test_the_flagship_replayed_ends_in_a_full_report(tmp_path: Path) -> None:
    loaded = sweep.load(BLACKWELL, probe_clip=clips.probe)
    tape = [
        make_row(
            detector=cell.detector.name,
            input=cell.input.name,
            section_kind=cell.input.kind,
            section_label=cell.input.section_label,
            device=cell.device,
            batch_size=cell.batch_size,
            frames=cell.input.frames,
            timed_s=[1.0 + number / 100] * 3,
            invocation=number,
            gpu_name="NVIDIA RTX PRO 6000 Blackwell Workstation Edition",
        )
        for cell in expand(loaded)
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


def test_on_a_machine_without_its_gpu_the_flagship_exits_2_and_says_so(tmp_path: Path) -> None:
    done = featray("submit", BLACKWELL, "--results", tmp_path / "r")
    assert done.code == 2
    assert "no GPU matches '*RTX PRO 6000 Blackwell*'" in done.err
    assert "(no GPU)" in done.err
    assert not (tmp_path / "r").exists()


def test_a_host_that_has_everything_a_sweep_needs_is_called_ready(tmp_path: Path) -> None:
    sweep = write_sweep(tmp_path)
    done = featray("hosts", "--check", sweep)
    assert (done.code, done.err) == (0, f"every selected host is ready for {sweep}\n")
    assert f"featray {version('featray')}" in done.out


@pytest.mark.usefixtures("quick_probe")
def test_a_host_that_lacks_something_for_a_sweep_is_named_beside_its_inventory(
    tmp_path: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEATRAY_CACHE", str(tmp_path / "cache"))
    sweep, recorded = tmp_path / "pretrained.yaml", tmp_path / "here.json"
    sweep.write_text("detectors: [retinaface]\ninputs: [short]\naxes: {device: cpu, batch_size: 1}\n", encoding="utf-8")
    done = shell("hosts", "--check", sweep, "--json")
    assert done.code == 1
    assert f"{os.uname().nodename}: weights are not cached: py-feat/retinaface_r34: model.safetensors\n" in done.err
    assert "    hf download py-feat/retinaface_r34 model.safetensors --cache-dir " in done.err
    recorded.write_text(done.out, encoding="utf-8")
    planned = shell("plan", sweep, "--inventory", recorded, "--results", tmp_path / "r", "--json")
    assert [unit["label"] for unit in json.loads(planned.out)["units"]] == ["retinaface short cpu b=1"]


@pytest.mark.parametrize("typed", ["", "too-short", "two words of enough letters"])
def test_a_host_that_is_given_no_token_does_not_join_and_keeps_the_one_it_has(
    typed: str, tmp_path: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    token_file = tmp_path / "auth_token"
    token_file.write_text("0123456789abcdef", encoding="utf-8")
    command = ("cluster", "join", "--token-stdin", "127.0.0.1:9")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(token_file))
    refused = shell(*command, typed=f"{typed}\n")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith("featray: error: that is no token; expected the line that `featray cluster token`")
    assert token_file.read_text(encoding="utf-8") == "0123456789abcdef"


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
def test_a_bad_argument_exits_2_and_says_which(
    arguments: tuple[str, ...], expected: str, tmp_path: Path, shell: Shell
) -> None:
    done = shell(*arguments, *(("--results", tmp_path / "r") if arguments[-1][:2] != "--" else ()))
    assert done.code == 2, done.err
    assert expected in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "r").exists()
