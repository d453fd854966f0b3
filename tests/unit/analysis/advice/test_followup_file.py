"""Follow-up file: it reads back as exactly the cells that were wanted."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from featray.analysis.advice import followup_file, measured_rules
from featray.analysis.diagnosis import FindingKind, WantedCells
from featray.analysis.unit import Unit
from featray.core import identity
from featray.core.choices import WeightsKind
from featray.core.detectors import Detector
from featray.core.rules import Rules
from featray.sweep.measure_section import Measure
from tests.support.builders import make_cell, make_row, make_whole_rows
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


def test_weights_are_written_only_where_a_class_has_such(tmp_path: Path) -> None:
    (proposed,) = propose_for(make_finding(WantedCells(unit=gather_one(make_row()), reason="noisy")))
    own = make_cell(detector=Detector(name="own", class_name="mine:Own", heading="own"))
    synthetic = dataclasses.replace(own, weights=WeightsKind.SYNTHETIC)
    for cells, is_written in (((own,), False), ((own, *proposed.cells), True), ((synthetic,), True)):
        followup = dataclasses.replace(proposed, cells=cells)
        assert ("weights:" in followup_file.to_yaml(followup)) is is_written
        assert {cell.weights for cell in read_back(followup, tmp_path)} == {cells[0].weights}


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
    assert first == "# 1 cell, about 2 min 56 s; submit with: featray submit demo-headroom"
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


def _environment(name: str, *, baseline: str = "before", batch_size: int = 16, **changes: Any) -> Unit:
    """Make a unit of a sweep with two environments, measured by rules of its own."""
    environments = [baseline, "after" if baseline == "before" else "before"]
    requirements = ["torch==2.1.0" if name == "before" else "torch==2.2.0"]
    return gather_one(
        make_row(
            environment=name, environments=environments, requirements=requirements, batch_size=batch_size, **changes
        )
    )


def test_environments_that_one_run_compared_stay_side_by_side_in_its_order(tmp_path: Path) -> None:
    wanted = [
        WantedCells(unit=_environment("after"), reason="noisy", invocations=12),
        WantedCells(unit=_environment("before"), reason="noisy", invocations=9),
        WantedCells(unit=_environment("after", batch_size=4), reason="noisy", invocations=9),
    ]
    (followup,) = propose_for(make_finding(*wanted, kind=FindingKind.NOISY))
    cells = read_back(followup, tmp_path)
    assert cell_ids(cells) == cell_ids(followup.cells) == {wanted.unit.row.cell_id for wanted in wanted}
    text = followup_file.to_yaml(followup)
    assert 'environments: {"before": ["torch==2.1.0"], "after": ["torch==2.2.0"]}' in text
    assert '"invocations": 12' in text


def test_the_rules_of_the_sweep_that_was_measured_stay(tmp_path: Path) -> None:
    rules = Rules(warmup_min=1, warmup_max=1, repeats_min=2, repeats_max=2, min_time_s=0.5)
    row = make_row(rules=identity.canonical(dataclasses.asdict(rules)))
    (followup,) = propose_for(make_finding(WantedCells(unit=gather_one(row), reason="noisy")))
    assert followup.rules == rules
    assert '"repeats_max": 2' in followup_file.to_yaml(followup)
    assert len(read_back(followup, tmp_path)) == 1


@pytest.mark.parametrize(
    "measure",
    [
        {},
        {"warmup": 1, "repeats": 3},
        {"warmup_min": 3},
        {"warmup_min": 2, "slow_call_s": 20.0},
        {"warmup": 2, "slow_call_s": 5.0, "stages": False, "sustained_s": 30.0},
        {"protocol": "pyfeat", "time_limit_s": 90.0},
    ],
)
def test_rules_are_written_as_the_keys_that_make_them(measure: dict[str, Any]) -> None:
    rules = Measure.model_validate(measure).rules()
    stored = identity.canonical(dataclasses.asdict(rules))
    read = measured_rules.read([gather_one(make_row(rules=stored))])
    assert read == rules
    assert Measure.model_validate(dict(measured_rules.to_keys(read))).rules() == rules


@pytest.mark.parametrize("stored", [None, "{", "[1]", '{"protocol": "later"}'])
def test_rules_that_are_not_known_are_the_usual_ones(stored: str | None) -> None:
    assert measured_rules.read([gather_one(make_row(rules=stored))]) == Rules()
