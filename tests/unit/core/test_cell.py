"""Cells: the grid, its rules, and the ids that name its points."""

from pathlib import Path

from featray.core import cell, detectors, inputs
from featray.core.cell import Cell
from featray.core.choices import Device
from featray.sweep import Axes, GridPart, Sweep, expand


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
    return [each.label for each in expand(sweep)]


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
    assert [(each.environment, each.requirements) for each in cells[:2]] == [
        ("own", ()),
        ("torch-2.11", ("torch==2.11.0",)),
    ]
    assert len(cells) == 8


def test_weights_variables_and_delay_are_part_of_the_cell() -> None:
    made = expand(grid(weights="synthetic", env={"A": "1"}, delay_s_per_frame=0.5))[0]
    assert (made.weights, made.env, made.delay_s_per_frame) == ("synthetic", {"A": "1"}, 0.5)


def test_threads_win_over_the_environment_variable() -> None:
    made = Cell(
        detector=detectors.CATALOGUE["retinaface"],
        input=inputs.CATALOGUE["short"],
        device=Device.CPU,
        batch_size=1,
        threads=2,
        env={"OMP_NUM_THREADS": "8", "A": "b"},
    )
    assert made.environment_variables() == {"OMP_NUM_THREADS": "2", "A": "b"}


def test_ids_are_pinned_since_stored_rows_carry_them() -> None:
    detector = detectors.Detector(
        name="tiny", class_name="lab:Tiny", keywords={"depth": 3, "au_model": None}, heading="Tiny"
    )
    clip = inputs.Input(name="a", kind="video", packaged="a.mp4", source_frames=72, fps=24000 / 1001, skip_frames=18)
    assert (
        cell.cell_id(Cell(detector=detector, input=clip, device=Device.CPU, batch_size=4, threads=2)) == "54e50c603a49"
    )


def test_every_setting_is_part_of_the_id() -> None:
    sweep = grid(
        inputs=tuple(inputs.CATALOGUE.values()),
        axes=Axes(device=(Device.CPU, Device.CUDA), batch_size=(1, 2), num_workers=(0, 1), threads=(None, 1)),
    )
    cells = expand(sweep)
    assert len({cell.cell_id(each) for each in cells}) == len(cells) == 96


def test_a_cell_survives_writing_and_reading() -> None:
    made = expand(grid(env={"A": "1"}, environments={"e": ("torch==2.11.0",)}))[0]
    assert cell.from_asked(cell.asked(made)) == made


def test_where_a_hashed_file_lies_is_not_part_of_the_id() -> None:
    def at(path: str, sha256: tuple[str, ...]) -> str:
        clip = inputs.Input(name="a", kind="video", paths=(path,), sha256=sha256, source_frames=3)
        return cell.cell_id(
            Cell(detector=detectors.CATALOGUE["retinaface"], input=clip, device=Device.CPU, batch_size=1)
        )

    assert at("/here/a.mp4", ("f00",)) == at("/there/a.mp4", ("f00",))
    assert at("/here/a.mp4", ("f00",)) != at("/here/a.mp4", ("ba5",))


def test_a_ragged_last_batch_counts() -> None:
    made = Cell(
        detector=detectors.CATALOGUE["retinaface"], input=inputs.CATALOGUE["short"], device=Device.CPU, batch_size=16
    )
    assert made.batches == 5
