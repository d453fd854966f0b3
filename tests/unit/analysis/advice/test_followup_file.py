"""Follow-up file: it reads back as exactly the cells that were wanted."""

from pathlib import Path

from featray.analysis.advice import followup_file
from featray.analysis.diagnosis import FindingKind, WantedCells
from tests.support.builders import make_row, make_whole_rows
from tests.support.clip_lengths import of_length
from tests.support.followups import cell_ids, gather_one, make_finding, propose_for, read_back


def test_larger_batches_of_a_unit_become_a_sweep_of_exactly_those_cells(tmp_path: Path) -> None:
    unit = gather_one(make_row(threads=1))
    wanted = WantedCells(unit=unit, reason="still rising", settings={"batch_size": (32, 64)})
    (followup,) = propose_for(make_finding(wanted))
    cells = read_back(followup, tmp_path)
    assert [cell.batch_size for cell in cells] == [32, 64]
    assert cell_ids(cells) == cell_ids(followup.cells)


def test_cells_that_are_no_full_grid_are_the_only_ones(tmp_path: Path) -> None:
    labels = [
        ("retinaface", "short", 1),
        ("retinaface", "long", 16),
        ("img2pose", "short", 1),
        ("img2pose", "short", 4),
    ]
    rows = [make_row(detector=detector, input=clip, batch_size=batch) for detector, clip, batch in labels]
    wanted = [WantedCells(unit=gather_one(row), reason="noisy") for row in rows]
    (followup,) = propose_for(make_finding(*wanted))
    assert cell_ids(read_back(followup, tmp_path)) == cell_ids(followup.cells)
    assert len(followup.cells) == 4


def test_a_unit_as_it_is_gives_the_cell_that_was_measured(tmp_path: Path) -> None:
    row = make_row(num_workers=2, threads=4, weights="synthetic")
    wanted = WantedCells(unit=gather_one(row), reason="noisy", invocations=9)
    (followup,) = propose_for(make_finding(wanted, kind=FindingKind.NOISY))
    assert cell_ids(read_back(followup, tmp_path)) == {row.cell_id}
    assert 'measure: {"invocations": 9}' in followup_file.to_yaml(followup)


def test_variants_of_inputs_and_detectors_read_back(tmp_path: Path) -> None:
    images = gather_one(make_row(detector="mpdetector", input="multi-face"))
    for wanted in (
        WantedCells(unit=images, reason="rate or one-off", settings={"copies": (64,)}),
        WantedCells(unit=gather_one(make_row()), reason="other model", settings={"au_model": ("svm",)}),
    ):
        (followup,) = propose_for(make_finding(wanted))
        assert cell_ids(read_back(followup, tmp_path)) == cell_ids(followup.cells)


def test_requirements_are_an_environment(tmp_path: Path) -> None:
    wanted = WantedCells(unit=gather_one(make_row()), reason="separates torch", requirements=("torch==2.11.0",))
    (followup,) = propose_for(make_finding(wanted))
    (cell,) = read_back(followup, tmp_path)
    assert cell.requirements == ("torch==2.11.0",)


def test_reasons_and_the_expected_duration_are_comments() -> None:
    (followup,) = propose_for(make_finding(WantedCells(unit=gather_one(make_row()), reason="a\nname: evil")))
    first, second, *_ = followup_file.to_yaml(followup).splitlines()
    assert first == "# 1 cell, about 2 min 56 s; submit with: featray submit demo-headroom.yaml"
    assert second == "# - a name: evil"


def test_the_first_comment_names_the_invocations_if_they_are_fixed() -> None:
    wanted = WantedCells(unit=gather_one(make_row()), reason="noisy", invocations=9)
    (followup,) = propose_for(make_finding(wanted))
    assert followup_file.to_yaml(followup).startswith("# 1 cell x 9 invocations, about ")


def test_names_from_the_store_stay_values(tmp_path: Path) -> None:
    row = make_row(hostname='a"\nweights: synthetic #', gpu_name="RTX [*] ?")
    (followup,) = propose_for(make_finding(WantedCells(unit=gather_one(row), reason="r")))
    (cell,) = read_back(followup, tmp_path)
    assert cell.weights == "pretrained"


def test_processes_side_by_side_read_back(tmp_path: Path) -> None:
    rows = [make_row(batch_size=1), make_row(batch_size=4, processes=2)]
    wanted = [WantedCells(unit=gather_one(row), reason="noisy") for row in rows]
    (followup,) = propose_for(make_finding(*wanted))
    cells = read_back(followup, tmp_path)
    assert sorted((cell.processes, cell.batch_size) for cell in cells) == [(1, 1), (2, 4)]
    assert cell_ids(cells) == cell_ids(followup.cells)


def test_a_looped_clip_reads_back(tmp_path: Path) -> None:
    row = of_length(make_row(), 288)
    wanted = WantedCells(unit=gather_one(row), reason="noisy")
    (followup,) = propose_for(make_finding(wanted))
    assert cell_ids(read_back(followup, tmp_path)) == {row.cell_id}


def test_all_gpus_at_once_read_back_without_a_pattern_of_one_gpu(tmp_path: Path) -> None:
    rows = [*make_whole_rows([1.0]), *make_whole_rows([1.0], batch_size=4)]
    wanted = [WantedCells(unit=gather_one(row), reason="noisy") for row in rows]
    (followup,) = propose_for(make_finding(*wanted))
    assert (followup.host, followup.gpu) == ("box", None)
    cells = read_back(followup, tmp_path)
    assert {cell.targets for cell in cells} == {"all"}
    assert cell_ids(cells) == cell_ids(followup.cells)
