"""Follow-up sweeps: files that read back as exactly the cells that were asked for."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from featray import sweep
from featray.analysis import units
from featray.analysis.advice import followup_file, followups
from featray.analysis.advice.followups import Followup
from featray.analysis.diagnosis import Finding, FindingKind, WantedCells, diagnose
from featray.analysis.units import Unit
from featray.core import cell
from featray.core.cell import Cell
from featray.core.row import Row
from featray.planning import placement, plan
from featray.planning.inventory import Gpu, Host, Inventory
from featray.planning.planned_invocation import RunSettings
from featray.sweep import Selector, expand
from tests.support.builders import BLACKWELL, RTX3090, make_row, make_rows


def unit(row: Row) -> Unit:
    (made,) = units.gather([row])
    return made


def finding(*wanted: WantedCells, kind: FindingKind = FindingKind.HEADROOM) -> Finding:
    return Finding(kind=kind, text="", wanted=wanted)


def proposed(*found: Finding, places: tuple[Unit, ...] = ()) -> list[Followup]:
    sides = [each.unit for one in found for each in one.wanted]
    return followups.propose(found, [*sides, *places], name="demo", baseline="before")


def read_back(followup: Followup, folder: Path) -> list[Cell]:
    """Read a follow-up as `featray submit` would."""
    path = folder / f"{followup.name}.yaml"
    path.write_text(followup_file.to_yaml(followup), encoding="utf-8")
    return expand(sweep.load(path, probe_clip=lambda clip: pytest.fail(f"{clip} is not to be opened")))


def ids(of: list[Cell] | tuple[Cell, ...]) -> set[str]:
    return {cell.cell_id(each) for each in of}


def test_larger_batches_of_a_unit_become_a_sweep_of_exactly_those_cells(tmp_path: Path) -> None:
    one = unit(make_row(threads=1))
    (made,) = proposed(finding(WantedCells(unit=one, reason="still rising", settings={"batch_size": (32, 64)})))
    read = read_back(made, tmp_path)
    assert [each.batch_size for each in read] == [32, 64]
    assert ids(read) == ids(made.cells)


def test_cells_that_are_no_full_grid_are_asked_for_and_no_others(tmp_path: Path) -> None:
    wanted = [
        WantedCells(unit=unit(make_row(detector=detector, input=clip, batch_size=batch)), reason="noisy")
        for detector, clip, batch in (
            ("retinaface", "short", 1),
            ("retinaface", "long", 16),
            ("img2pose", "short", 1),
            ("img2pose", "short", 4),
        )
    ]
    (made,) = proposed(finding(*wanted, kind=FindingKind.NOISY))
    assert ids(read_back(made, tmp_path)) == ids(made.cells)
    assert len(made.cells) == 4


def test_the_unit_as_it_is_gives_the_cell_that_was_measured(tmp_path: Path) -> None:
    row = make_row(num_workers=2, threads=4, weights="synthetic")
    (made,) = proposed(finding(WantedCells(unit=unit(row), reason="noisy", invocations=9), kind=FindingKind.NOISY))
    assert ids(read_back(made, tmp_path)) == {row.cell_id}
    assert 'measure: {"invocations": 9}' in followup_file.to_yaml(made)


def test_variants_of_inputs_and_detectors_survive_the_way_through_the_file(tmp_path: Path) -> None:
    images = unit(make_row(detector="mpdetector", input="multi-face"))
    asked = [
        WantedCells(unit=images, reason="rate or once", settings={"copies": (64,)}),
        WantedCells(unit=unit(make_row()), reason="other model", settings={"au_model": ("svm",)}),
    ]
    for each in asked:
        (made,) = proposed(finding(each))
        assert ids(read_back(made, tmp_path)) == ids(made.cells)


def test_a_separating_cell_has_its_environment_and_its_host(tmp_path: Path) -> None:
    candidate, baseline = unit(make_row(**BLACKWELL)), unit(make_row(**RTX3090))
    wanted = WantedCells(
        unit=candidate, reason="separates gpu", target_id=baseline.row.target_id, requirements=("torch==2.11.0",)
    )
    (made,) = proposed(finding(wanted, kind=FindingKind.CONFOUNDED), places=(baseline,))
    assert (made.name, made.gpu) == ("demo-confounded", "NVIDIA GeForce RTX 3090")
    (read,) = read_back(made, tmp_path)
    assert read.requirements == ("torch==2.11.0",)


def test_a_separating_cell_has_the_variables_of_its_side(tmp_path: Path) -> None:
    asked = json.loads(make_row().asked or "")
    asked["env"] = {"OMP_NUM_THREADS": "4", "X": "1"}
    candidate = unit(make_row(asked=json.dumps(asked)))
    for variables, env in (
        (None, asked["env"]),
        ({}, {"OMP_NUM_THREADS": "4"}),
        ({"X": "0"}, {**asked["env"], "X": "0"}),
    ):
        wanted = WantedCells(unit=candidate, reason="separates variables", variables=variables)
        (read,) = read_back(proposed(finding(wanted, kind=FindingKind.CONFOUNDED))[0], tmp_path)
        assert dict(read.env) == env


def test_reasons_and_the_expected_time_stand_as_comments() -> None:
    row = make_row()
    (made,) = proposed(finding(WantedCells(unit=unit(row), reason="a\nname: evil", invocations=2)))
    # 2 invocations of 15 s to load, and 3 warm-ups, 3 repeats and 1 profiled call of 72 frames at 0.04 s
    assert made.expected_s == pytest.approx(2 * (15 + 7 * 72 * 0.04))
    first, second, *_ = followup_file.to_yaml(made).splitlines()
    assert first == "# 1 cell, about 1 min 10 s; submit with: featray submit demo-headroom.yaml"
    assert second == "# - a name: evil"


def test_devices_and_kinds_have_a_file_each_with_a_name_of_its_own() -> None:
    ones = [WantedCells(unit=unit(make_row(**place)), reason="r") for place in (RTX3090, BLACKWELL)]
    made = proposed(finding(*ones), finding(ones[0], kind=FindingKind.NOISY))
    assert [each.name for each in made] == ["demo-headroom", "demo-headroom-2", "demo-noisy"]


def test_imported_units_are_followed_up_through_the_catalogue(tmp_path: Path) -> None:
    row = make_row(asked=None, work=None, source_file="a.md", omp_num_threads="1")
    (made,) = proposed(finding(WantedCells(unit=unit(row), reason="single measurement")))
    (read,) = read_back(made, tmp_path)
    assert (read.detector.name, read.input.name, read.threads) == ("retinaface", "short", 1)


def test_the_time_is_what_the_plan_of_the_file_will_say(tmp_path: Path) -> None:
    wanted = [WantedCells(unit=unit(make_row(detector=name)), reason="r") for name in ("retinaface", "img2pose")]
    (made,) = proposed(finding(*wanted))
    gpu = Gpu(uuid=str(RTX3090["gpu_uuid"]), name=str(RTX3090["gpu_name"]))
    box = Host(host_id="id-box", hostname="box", gpus=(gpu,))
    placed = placement.match(read_back(made, tmp_path), Inventory(hosts=(box,)), Selector())
    planned = plan.make(placed, (), RunSettings(sweep="demo", run_id="demo"), invocations_needed=lambda *_: 5)
    assert made.expected_s == pytest.approx(planned.expected_s)


IMPORTED: dict[str, Any] = {"asked": None, "work": None, "source_file": "a.md", "pyfeat": "0.7.0"}
OLD = {**IMPORTED, **RTX3090, "torch": "2.5.1+cu124", "pyfeat_commit": "864962c", "run_id": "old", "sweep": "old"}
NEW = {**IMPORTED, **BLACKWELL, "torch": "2.11.0+cu128", "pyfeat_commit": "c716340", "run_id": "new", "sweep": "new"}


def suggested(rows: list[Row], before: Sequence[Row] = (), **measured: str) -> dict[str, Followup]:
    ours, theirs = units.gather(rows), units.gather(before)
    made = followups.propose(diagnose(ours, theirs).findings, [*ours, *theirs], name="new", **measured)
    return {each.name: each for each in made}


def test_no_file_compares_itself_with_an_import_but_with_the_file_that_measures_it_again() -> None:
    rows = [make_row(detector="mpdetector", input=clip, **NEW) for clip in ("short", "long")]
    made = suggested(rows, [make_row(detector="mpdetector", **OLD)])
    assert {name: each.baseline for name, each in made.items()} == {
        "new-unproven": None,
        "new-unproven-2": "new-unproven",
        "new-confounded": "new-unproven-2",  # the 3090 with the new software: one step from the candidate
        "new-confounded-2": "new-confounded",
        "new-new-ground": "new-few-invocations",
        "new-few-invocations": "new-unproven",
    }
    old, new = (f"py-feat @ git+https://github.com/cosanlab/py-feat@{commit}" for commit in ("864962c", "c716340"))
    pins = {name: each.cells[0].requirements for name, each in made.items()}
    assert pins["new-new-ground"] == pins["new-unproven"]
    assert pins["new-few-invocations"] == pins["new-unproven-2"]
    assert (pins["new-unproven"][0], pins["new-unproven"][-1]) == ("torch==2.5.1", old)
    assert (pins["new-unproven-2"][0], pins["new-unproven-2"][-1]) == ("torch==2.11.0", new)


def test_the_report_of_both_measured_files_decides() -> None:
    files = suggested([make_row(detector="mpdetector", **NEW)], [make_row(detector="mpdetector", **OLD)])
    before, after = files["new-unproven"], files["new-unproven-2"]
    assert after.baseline == before.name
    sides = [
        units.gather(make_rows([pace, 1.01 * pace, 0.99 * pace], sweep=each.name, run_id=each.name, **place))
        for each, pace, place in ((after, 0.5, BLACKWELL), (before, 1.0, RTX3090))
    ]
    (pair,) = diagnose(*sides).pairs
    assert pair.verdict == "FASTER"


def test_a_baseline_that_featray_measured_is_named_as_it_is() -> None:
    rows = [make_row(batch_size=batch, timed_s=[4 / batch]) for batch in (1, 4)]
    before = [make_row(run_id="old", sweep="old", timed_s=[1.0])]
    made = suggested(rows, before, candidate="new", baseline="old")
    assert {each.baseline for name, each in made.items() if "headroom" in name} == {"old"}


def test_a_py_feat_that_cannot_have_a_class_is_not_asked_for_it() -> None:
    release = {**NEW, "pyfeat_commit": None}
    made = suggested([make_row(detector=name, **release) for name in ("retinaface", "mpdetector")])
    assert {cell.detector.class_name for each in made.values() for cell in each.cells} == {"MPDetector"}


def test_what_nobody_knows_of_a_commit_stands_in_the_reasons() -> None:
    text = followup_file.to_yaml(suggested([make_row(**NEW)])["new-few-invocations"])
    assert "# - only if py-feat c716340 has Detectorv1\n" in text  # its version says 0.7.0, and 2.0 was the first
    known = suggested([make_row(**{**NEW, "pyfeat": "2.0.2"})])["new-few-invocations"]
    assert known.reasons == ("a single measurement",)
    assert "# classes and keywords are those of featray's catalogue: an imported report has only labels\n" in text
    assert "# torch==2.11.0 without +cu128, which names a wheel index and not a version\n" in text


def test_a_noisy_unit_is_named_in_the_reason() -> None:
    rows = make_rows([0.9, 1.0, 1.1, 1.0, 1.0])
    made = suggested(rows)["new-noisy"]
    assert made.reasons[0].startswith("retinaface, short (72 frames), b=16, RTX 3090: ±")


def test_what_cannot_be_written_as_a_cell_is_left_out() -> None:
    unknown = unit(make_row(detector="their own", asked=None))
    strange = unit(make_row())
    wanted = [
        WantedCells(unit=unknown, reason="r"),
        WantedCells(unit=strange, reason="r", settings={"colour": ("red",)}),
        WantedCells(unit=strange, reason="r", settings={"input": ("nowhere",)}),
    ]
    assert proposed(finding(*wanted)) == []


def test_names_from_the_store_stay_values(tmp_path: Path) -> None:
    row = make_row(hostname='a"\nweights: synthetic #', gpu_name="RTX [*] ?")
    (made,) = proposed(finding(WantedCells(unit=unit(row), reason="r")))
    (read,) = read_back(made, tmp_path)
    assert read.weights == "pretrained"
