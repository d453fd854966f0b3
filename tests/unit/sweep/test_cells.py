"""The cells of a sweep: the grid and its rules."""

import dataclasses
from pathlib import Path

import pytest

from featray.core import cell, detectors, inputs
from featray.core.choices import Device
from featray.sweep import Axes, GridPart, Sweep, expand
from tests.support.sweep_files import Load


def grid(**changed: object) -> Sweep:
    given: dict[str, object] = {
        "name": "trial",
        "path": Path("trial.yaml"),
        "detectors": (detectors.CATALOGUE["img2pose"], detectors.CATALOGUE["retinaface"]),
        "inputs": (inputs.CATALOGUE["short"],),
        "axes": Axes(device=(Device.CPU,), batch_size=(1, 4)),
    }
    return Sweep(**(given | changed))  # type: ignore[arg-type]  # keywords of a test


def labels(sweep: Sweep) -> list[str]:
    return [asked.label for asked in expand(sweep)]


def test_the_first_axis_is_the_slowest() -> None:
    sweep = grid(
        inputs=(inputs.CATALOGUE["short"], inputs.CATALOGUE["long"]),
        axes=Axes(device=(Device.CPU, Device.CUDA), batch_size=(1, 4), threads=(1, 2)),
    )
    assert labels(sweep)[:5] == [
        "img2pose short cpu b=1 t=1",
        "img2pose short cpu b=4 t=1",
        "img2pose short cpu b=1 t=2",
        "img2pose short cpu b=4 t=2",
        "img2pose short cuda b=1 t=1",
    ]
    assert len(labels(sweep)) == 32


def test_an_exclude_rule_drops_what_matches_all_its_keys() -> None:
    sweep = grid(exclude=(GridPart(detector=("img2pose",), batch_size=(4,)),))
    assert labels(sweep) == ["img2pose short cpu b=1", "retinaface short cpu b=1", "retinaface short cpu b=4"]


def test_an_include_rule_fills_what_it_leaves_out_from_the_axes() -> None:
    sweep = grid(include=(GridPart(detector=("detectorv2",), batch_size=(16,)),))
    assert labels(sweep)[4:] == ["detectorv2 short cpu b=16"]


def test_an_include_rule_brings_back_what_was_excluded() -> None:
    every = GridPart(device=(Device.CPU,))
    sweep = grid(exclude=(every,), include=(GridPart(detector=("retinaface",), batch_size=(1,), threads=(None,)),))
    assert labels(sweep) == ["retinaface short cpu b=1"]


def test_an_included_cell_that_is_there_already_is_not_doubled() -> None:
    assert len(labels(grid(include=(GridPart(batch_size=(1,)),)))) == 4


def test_environments_are_the_fastest_axis() -> None:
    sweep = grid(environments={"own": (), "torch-2.11": ("torch==2.11.0",)})
    cells = expand(sweep)
    assert [(asked.environment, asked.requirements) for asked in cells[:2]] == [
        ("own", ()),
        ("torch-2.11", ("torch==2.11.0",)),
    ]
    assert len(cells) == 8


def test_weights_variables_and_delay_are_part_of_the_cell() -> None:
    first = expand(grid(weights="synthetic", env={"A": "1"}, delay_s_per_frame=0.5))[0]
    assert (first.weights, first.env, first.delay_s_per_frame) == ("synthetic", {"A": "1"}, 0.5)


def test_every_setting_is_part_of_the_id() -> None:
    sweep = grid(
        inputs=tuple(inputs.CATALOGUE.values()),
        axes=Axes(device=(Device.CPU, Device.CUDA), batch_size=(1, 2), num_workers=(0, 1), threads=(None, 1)),
    )
    cells = expand(sweep)
    assert len({cell.cell_id(asked) for asked in cells}) == len(cells) == 96


def test_processes_are_an_axis_and_mps_is_for_several_on_a_gpu(load: Load) -> None:
    loaded = load(axes="{device: [cpu, cuda], batch_size: 1, processes: [1, 2]}", mps_daemon="true")
    found = [(cell.device, cell.processes, cell.mps_daemon) for cell in expand(loaded)]
    assert found == [("cpu", 1, False), ("cpu", 2, False), ("cuda", 1, False), ("cuda", 2, True)]


def test_a_rule_may_name_processes(load: Load) -> None:
    loaded = load(
        axes="{device: cpu, batch_size: [1, 4], processes: [1, 2]}", exclude="[{processes: 2, batch_size: 4}]"
    )
    assert [(cell.processes, cell.batch_size) for cell in expand(loaded)] == [(1, 1), (1, 4), (2, 1)]


def test_all_gpus_at_once_are_an_axis_of_cuda_alone(load: Load) -> None:
    loaded = load(axes="{device: [cpu, cuda], batch_size: 1, targets: [1, all]}")
    assert [(cell.device, cell.targets) for cell in expand(loaded)] == [("cpu", 1), ("cuda", 1), ("cuda", "all")]
    loaded = load(axes="{device: cuda, batch_size: [1, 4], targets: all}", exclude="[{targets: all, batch_size: 4}]")
    assert [(cell.targets, cell.batch_size) for cell in expand(loaded)] == [("all", 1)]


@pytest.mark.parametrize(
    "parts",
    [
        {"axes": "{device: [cpu, cuda], batch_size: 1, targets: [1, all]}", "exclude": "[{device: cuda, targets: 1}]"},
        {"axes": "{device: [cpu, cuda], batch_size: 1, targets: all}"},
        {"axes": "{device: cpu, batch_size: 1}", "include": "[{device: [cpu, cuda], targets: all}]"},
    ],
)
def test_a_cpu_is_measured_once_wherever_all_is_asked_for(load: Load, parts: dict[str, str]) -> None:
    """A host has one CPU, which is all of them; it is neither refused nor left out."""
    assert [(cell.device, cell.targets) for cell in expand(load(**parts))] == [("cpu", 1), ("cuda", "all")]


def test_an_included_all_adds_nothing_on_a_cpu(load: Load) -> None:
    plain = load(axes="{device: [cpu, cuda], batch_size: [1, 4]}")
    added = load(axes="{device: [cpu, cuda], batch_size: [1, 4]}", include="[{targets: all}]")
    new = expand(added)[len(expand(plain)) :]
    assert [(cell.device, cell.targets, cell.batch_size) for cell in new] == [("cuda", "all", 1), ("cuda", "all", 4)]


def test_a_sweep_lists_its_cells_once_and_a_changed_one_again() -> None:
    sweep = grid()
    first = expand(sweep)
    assert all(again is known for again, known in zip(expand(sweep), first, strict=True))
    first.clear()  # the list is the caller's own
    assert len(expand(sweep)) == 4
    changed = dataclasses.replace(sweep, axes=Axes(device=(Device.CPU,), batch_size=(1,)))
    assert [found.batch_size for found in expand(changed)] == [1, 1]
    assert dataclasses.replace(sweep) == sweep
