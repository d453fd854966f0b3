"""Cells: the ids that name them, and cells as JSON."""

import dataclasses
import json

import pytest

from featray.core import cell, detectors, inputs
from featray.core.cell import Cell
from featray.core.choices import Device, WeightsKind
from tests.support.builders import make_cell


def test_threads_win_over_the_environment_variable() -> None:
    asked = Cell(
        detector=detectors.CATALOGUE["retinaface"],
        input=inputs.CATALOGUE["short"],
        device=Device.CPU,
        batch_size=1,
        threads=2,
        env={"OMP_NUM_THREADS": "8", "A": "b"},
    )
    assert asked.environment_variables() == {"OMP_NUM_THREADS": "2", "A": "b"}


def test_ids_are_pinned_since_stored_rows_carry_them() -> None:
    detector = detectors.Detector(
        name="tiny", class_name="lab:Tiny", keywords={"depth": 3, "au_model": None}, heading="Tiny"
    )
    clip = inputs.Input(name="a", kind="video", packaged="a.mp4", source_frames=72, fps=24000 / 1001, skip_frames=18)
    assert (
        cell.cell_id(Cell(detector=detector, input=clip, device=Device.CPU, batch_size=4, threads=2)) == "54e50c603a49"
    )


def test_keywords_of_detect_are_part_of_the_id_where_there_are_any() -> None:
    usual = make_cell()
    called = dataclasses.replace(usual, detector=dataclasses.replace(usual.detector, call={"pin_memory": True}))
    assert "call" not in cell.to_asked(usual)["detector"]
    assert cell.cell_id(called) != cell.cell_id(usual)
    assert cell.from_asked(json.loads(json.dumps(cell.to_asked(called)))) == called


def test_any_number_of_faces_is_another_cell_than_one() -> None:
    one = make_cell(input="lab")
    any_number = dataclasses.replace(one, input=dataclasses.replace(one.input, faces=None))
    assert cell.cell_id(any_number) != cell.cell_id(one)
    assert cell.from_asked(json.loads(json.dumps(cell.to_asked(any_number)))) == any_number


def test_a_cell_survives_writing_and_reading() -> None:
    asked = make_cell(env={"A": "1"}, environment="e", requirements=("torch==2.11.0",), delay_s_per_frame=0.5)
    read = cell.from_asked(json.loads(json.dumps(cell.to_asked(asked))))
    assert read == asked
    assert (type(read.device), type(read.weights)) == (Device, WeightsKind)


def test_an_asked_cell_holds_plain_values_only() -> None:
    asked = cell.to_asked(make_cell())
    assert (type(asked["device"]), type(asked["weights"])) == (str, str)


def test_a_label_names_what_varies() -> None:
    assert make_cell().label == "retinaface short cuda b=16"
    assert make_cell(num_workers=2, threads=4, environment="new").label == "retinaface short cuda b=16 w=2 t=4 new"


def test_where_a_hashed_file_lies_is_not_part_of_the_id() -> None:
    def at(path: str, sha256: tuple[str, ...]) -> str:
        clip = inputs.Input(name="a", kind="video", paths=(path,), sha256=sha256, source_frames=3)
        return cell.cell_id(
            Cell(detector=detectors.CATALOGUE["retinaface"], input=clip, device=Device.CPU, batch_size=1)
        )

    assert at("/here/a.mp4", ("f00",)) == at("/there/a.mp4", ("f00",))
    assert at("/here/a.mp4", ("f00",)) != at("/here/a.mp4", ("ba5",))


def test_a_ragged_last_batch_counts() -> None:
    asked = Cell(
        detector=detectors.CATALOGUE["retinaface"], input=inputs.CATALOGUE["short"], device=Device.CPU, batch_size=16
    )
    assert asked.batches == 5


def test_labels_and_headings_are_not_part_of_the_id() -> None:
    plain = make_cell(requirements=("torch==2.11.0",), environment="a")
    assert cell.cell_id(plain) == cell.cell_id(make_cell(requirements=("torch==2.11.0",), environment="b"))
    assert cell.cell_id(plain) != cell.cell_id(make_cell(requirements=("torch==2.5.1",), environment="a"))


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("nonsense", 'not a cell: expected a mapping, got "nonsense"'),
        ({}, "not a cell: detector is missing"),
        ({"detector": {}, "input": 3}, "not a cell: input: expected a mapping, got 3"),
    ],
)
def test_what_is_no_cell_is_named(part: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cell.from_asked(part)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"device": "tpu"}, 'device: expected cpu, cuda, mps, got "tpu"'),
        ({"batch_size": 0}, "batch_size: expected a whole number from 1 to 1000000, got 0"),
        ({"colour": 1}, "unexpected keyword argument 'colour'"),
    ],
)
def test_a_wrong_setting_is_named_with_what_was_expected(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cell.from_asked(cell.to_asked(make_cell()) | change)


def test_a_missing_setting_is_named() -> None:
    value = cell.to_asked(make_cell())
    del value["device"]
    with pytest.raises(ValueError, match="'device'"):
        cell.from_asked(value)


def test_a_secret_counts_by_its_digest_so_that_the_cell_of_a_row_has_the_same_id() -> None:
    requirement = "py-feat @ git+https://lab:PASSPHRASE@github.com/cosanlab/py-feat"
    asked = make_cell(env={"A": "1", "HF_TOKEN": "hf_PASSPHRASE"}, requirements=(requirement,), environment="e")
    text = json.dumps(cell.to_recorded(asked))
    assert "PASSPHRASE" not in text
    assert cell.cell_id(cell.from_asked(json.loads(text))) == cell.cell_id(asked)
    assert cell.cell_id(dataclasses.replace(asked, env={"A": "1", "HF_TOKEN": "hf_OTHER"})) != cell.cell_id(asked)
    assert cell.from_asked(json.loads(json.dumps(cell.to_asked(asked)))) == asked  # the child gets the values


def test_what_holds_no_secret_is_recorded_as_it_was_asked() -> None:
    asked = make_cell(env={"TOKENIZERS_PARALLELISM": "false"}, requirements=("torch==2.11.0",))
    assert cell.to_recorded(asked) == cell.to_asked(asked)


def test_labels_are_asked_for_by_their_content_and_leave_other_cells_as_they_were() -> None:
    plain = make_cell()
    assert not {"labels", "labels_sha256"} & set(cell.to_asked(plain)["input"])
    labelled = dataclasses.replace(plain, input=dataclasses.replace(plain.input, labels="/a.csv", labels_sha256="1"))
    moved = dataclasses.replace(plain, input=dataclasses.replace(plain.input, labels="/b.csv", labels_sha256="1"))
    assert cell.cell_id(labelled) == cell.cell_id(moved) != cell.cell_id(plain)
    assert cell.from_asked(cell.to_asked(labelled)) == labelled


def test_one_process_is_asked_for_as_before_there_were_several() -> None:
    plain = make_cell()
    assert not {"processes", "mps_daemon"} & set(cell.to_asked(plain))
    two = dataclasses.replace(plain, processes=2)
    shared = dataclasses.replace(two, mps_daemon=True)
    assert len({cell.cell_id(each) for each in (plain, two, shared)}) == 3
    assert cell.from_asked(cell.to_asked(shared)) == shared
    assert (two.label, shared.label) == (f"{plain.label} p=2", f"{plain.label} p=2 mps")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"processes": 0}, "processes: expected a whole number from 1 to 64, got 0"),
        ({"processes": True}, "processes: expected a whole number from 1 to 64, got true"),
        ({"mps_daemon": 1}, "mps_daemon: expected true or false, got 1"),
    ],
)
def test_a_number_of_processes_that_cannot_be_is_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cell.from_asked(cell.to_asked(make_cell()) | change)


def test_a_cell_of_all_gpus_says_so_and_others_keep_their_ids() -> None:
    one, whole = make_cell(), make_cell(targets="all")
    assert whole.label.endswith(" b=16 all GPUs")
    assert cell.cell_id(whole) != cell.cell_id(one)
    assert "targets" not in cell.to_asked(one)
    assert cell.from_asked(json.loads(json.dumps(cell.to_asked(whole)))) == whole


@pytest.mark.parametrize("targets", [2, True, "every", None])
def test_targets_that_cannot_be_are_refused(targets: object) -> None:
    asked = {**cell.to_asked(make_cell()), "targets": targets}
    with pytest.raises(ValueError, match="targets: expected 1 or all"):
        cell.from_asked(asked)
