"""All GPUs of a host at the same time, through the command: planned, measured, replayed, compared, reported."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from featray import store
from featray.core.status import Status
from featray.host import probe, venvs
from featray.measurement import provenance
from featray.planning import inventory
from tests.support import gpu_child
from tests.support.builders import BLACKWELL, RTX3090, make_rows, make_whole_rows
from tests.support.command import Shell
from tests.support.plans import BLACKWELL as BLACKWELL_GPU
from tests.support.plans import RTX3090 as RTX3090_GPU
from tests.support.plans import make_host, make_inventory

BOTH = make_host("box", RTX3090_GPU, BLACKWELL_GPU)
ONE = make_host("shelf", dataclasses.replace(RTX3090_GPU, uuid="GPU-5e1f0000-0000-4000-8000-000000000086"))

SWEEP = """
detectors: [retinaface]
inputs: [short]
axes: {device: cuda, batch_size: 16, targets: [1, all]}
"""

CLOCKWORK = """
detectors:
- {name: tick, class: "featray.measurement.fakes.clockwork:Clockwork", keywords: {seconds_per_call: 0.02, frames: 72}}
inputs: [short]
axes: {device: cuda, batch_size: 16, targets: all}
measure: {warmup: 1, repeats: 2, min_time_s: 0, stages: false, invocations: 1}
"""


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A sweep `both.yaml`, and recorded hosts of which one has two GPUs and another has one."""
    (tmp_path / "both.yaml").write_text(SWEEP, encoding="utf-8")
    hosts = tmp_path / "hosts.json"
    hosts.write_text(inventory.to_json(make_inventory(BOTH, ONE, make_host("bare"))), encoding="utf-8")
    return hosts


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A store that has the sweep's rows of `box`: together the GPUs make 1.9 times the calls of the faster one."""
    steady = (0.99, 1.0, 1.0, 1.0, 1.01)
    start: dict[str, Any] = {"sweep": "both", "run_id": "both-1"}
    sides = {1.0: RTX3090, 0.95: BLACKWELL}
    rows = [
        row for call_s, gpu in sides.items() for row in make_rows([call_s * each for each in steady], **start, **gpu)
    ]
    rows += make_whole_rows([0.5 * each for each in steady], **start)
    store.append(tmp_path / "results", rows)
    return tmp_path / "results"


def test_a_plan_names_all_gpus_and_why_another_host_has_no_such_unit(recorded: Path, shell: Shell) -> None:
    planned = json.loads(shell("plan", "both.yaml", "--inventory", recorded, "--json").out)
    assert [(unit["target"], unit["label"].endswith("all GPUs")) for unit in planned["units"]] == [
        ("RTX 3090 of box", False),
        ("RTX PRO 6000 Blackwell", False),
        ("RTX 3090 of shelf", False),
        ("2 GPUs", True),
    ]
    (refusal,) = planned["refusals"]
    assert refusal["reason"] == "`targets: all` needs two CUDA GPUs, and there is one on shelf"
    shown = shell("plan", "both.yaml", "--inventory", recorded)
    assert shown.code == 0
    assert "targets" in shown.out
    assert "2 GPUs" in shown.out
    fleet = shell("plan", "both.yaml", "--inventory", recorded, "--fleet")
    assert fleet.code == 0, fleet.err
    assert "on 1 host (shelf): `targets: all` needs two CUDA GPUs, and there is one" in " ".join(fleet.out.split())


def test_where_no_host_has_two_gpus_the_sweep_is_refused_with_the_reason(recorded: Path, shell: Shell) -> None:
    (recorded.parent / "whole.yaml").write_text(SWEEP.replace("[1, all]", "all"), encoding="utf-8")
    recorded.write_text(inventory.to_json(make_inventory(ONE)), encoding="utf-8")
    told = shell("plan", "whole.yaml", "--inventory", recorded)
    assert told.code != 0
    assert "whole: no cell can run anywhere: `targets: all` needs two CUDA GPUs, and there is one on shelf" in told.err
    fleet = shell("plan", "whole.yaml", "--inventory", recorded, "--fleet")
    assert "no cell can run on any of the hosts: " in fleet.err


def test_rows_of_all_gpus_are_replayed_on_hosts_with_as_many(recorded: Path, results: Path, shell: Shell) -> None:
    ran = shell("submit", "both.yaml", "--replay", results, "--inventory", recorded, "--results", "replayed")
    assert ran.code == 0, ran.err
    assert "`targets: all` needs two CUDA GPUs, and there is one on shelf" in " ".join((ran.out + ran.err).split())
    rows = store.read(str(results.parent / "replayed")).rows
    whole = [row for row in rows if row.gpus]
    assert {row.status for row in whole} == {Status.OK}
    assert {len(row.gpus or ()) for row in whole} == {2}
    assert len(rows) == 20  # four units of five invocations: `shelf` has no unit of all GPUs, and lacks nothing


def test_a_report_and_a_recommendation_say_what_the_second_gpu_brings(results: Path, shell: Shell) -> None:
    gist = "2 GPUs at once: 1.90 times the RTX PRO 6000 Blackwell alone (95% CI "
    for form in ("markdown", "html", "json"):
        report = shell("report", "both", "--results", results, "--format", form, "-o", "-")
        assert report.code == 0, report.err
        assert gist in " ".join(report.out.split()), form
    recommended = shell("recommend", "--results", results)
    assert "batch 16 on 2 GPUs of box" in recommended.out
    assert gist in recommended.out
    code = shell("recommend", "--results", results, "--python")
    assert f"CUDA_VISIBLE_DEVICES to one of {RTX3090['gpu_uuid']}, {BLACKWELL['gpu_uuid']}" in code.out


def test_one_gpu_and_all_are_compared_on_request_only(results: Path, shell: Shell) -> None:
    compared = json.loads(shell("compare", "both", "--over", "targets", "--results", results, "--json").out)
    assert {pair["verdict"] for pair in compared["pairs"]} == {"FASTER"}
    assert len(compared["pairs"]) == 2
    told = shell("compare", "gpu=3090,target=GPU-*", "target=all-*", "--results", results)
    assert told.code != 0
    assert "--over targets" in told.err


def test_an_estimate_takes_the_measured_speed_of_all(results: Path, shell: Shell) -> None:
    estimated = shell("estimate", "--hours", "1", "--results", results)
    assert "Measured: the speed of 2 GPUs of box at the same time (2 GPUs at once: 1.90" in estimated.out
    assert "2 GPUs of box, number 1 (RTX 3090)" in estimated.out


@pytest.mark.slow
def test_a_submit_measures_with_a_child_on_each_gpu(
    tmp_path: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tick.yaml").write_text(CLOCKWORK, encoding="utf-8")
    here = make_host("here", RTX3090_GPU, BLACKWELL_GPU, host_id=provenance.compute_host_id(), packages={})
    python = gpu_child.write_interpreter(tmp_path / "python")
    monkeypatch.setattr(probe, "this_host", lambda **_: here)
    monkeypatch.setattr(venvs, "interpreter", lambda *_: python)
    ran = shell("submit", "tick.yaml", "--backend", "inline", "--results", "measured")
    assert ran.code == 0, ran.err
    rows = store.read(str(tmp_path / "measured")).rows
    (row,) = rows
    assert (row.status, row.power_median_w, list(row.gpus or ())) == (
        Status.OK,
        800.0,
        [RTX3090_GPU.uuid, BLACKWELL_GPU.uuid],
    )
    again = shell("submit", "tick.yaml", "--backend", "inline", "--results", "measured")
    assert again.code == 0
    assert store.read(str(tmp_path / "measured")).rows == rows
    command = f"--cell {row.cell_id} --target {row.target_id} --results measured".split()
    measured = shell("measure", *command)
    assert measured.code == 0, measured.err
    assert json.loads(measured.out)["gpus"] == row.gpus
