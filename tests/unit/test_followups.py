"""Follow-up sweeps: files that read back as exactly the cells that were asked for."""

from pathlib import Path

import pytest

from featray import cell, sweep, units
from featray.cell import Cell
from featray.diagnosis import Finding, Kind, Wanted
from featray.report import followups
from featray.report.followups import Followup
from featray.row import Row
from featray.units import Unit
from tests.builders import BLACKWELL, RTX3090, make_row


def unit(row: Row) -> Unit:
    (made,) = units.gather([row])
    return made


def finding(*wanted: Wanted, kind: Kind = Kind.HEADROOM) -> Finding:
    return Finding(kind=kind, text="", wanted=wanted)


def proposed(*found: Finding, places: tuple[Unit, ...] = ()) -> list[Followup]:
    sides = [each.unit for one in found for each in one.wanted]
    return followups.propose(found, [*sides, *places], name="demo", baseline="before")


def read_back(followup: Followup, folder: Path) -> list[Cell]:
    """Read a follow-up as `featray submit` would."""
    path = folder / f"{followup.name}.yaml"
    path.write_text(followups.yaml(followup), encoding="utf-8")
    return cell.expand(sweep.load(path, probe_clip=lambda clip: pytest.fail(f"{clip} is not to be opened")))


def ids(of: list[Cell] | tuple[Cell, ...]) -> set[str]:
    return {cell.cell_id(each) for each in of}


def test_larger_batches_of_a_unit_become_a_sweep_of_exactly_those_cells(tmp_path: Path) -> None:
    one = unit(make_row(threads=1))
    (made,) = proposed(finding(Wanted(unit=one, reason="still rising", settings={"batch_size": (32, 64)})))
    read = read_back(made, tmp_path)
    assert [each.batch_size for each in read] == [32, 64]
    assert ids(read) == ids(made.cells)


def test_cells_that_are_no_full_grid_are_asked_for_and_no_others(tmp_path: Path) -> None:
    wanted = [
        Wanted(unit=unit(make_row(detector=detector, input=clip, batch_size=batch)), reason="noisy")
        for detector, clip, batch in (
            ("retinaface", "short", 1),
            ("retinaface", "long", 16),
            ("img2pose", "short", 1),
            ("img2pose", "short", 4),
        )
    ]
    (made,) = proposed(finding(*wanted, kind=Kind.NOISY))
    assert ids(read_back(made, tmp_path)) == ids(made.cells)
    assert len(made.cells) == 4


def test_the_unit_as_it_is_gives_the_cell_that_was_measured(tmp_path: Path) -> None:
    row = make_row(num_workers=2, threads=4, weights="synthetic")
    (made,) = proposed(finding(Wanted(unit=unit(row), reason="noisy", invocations=9), kind=Kind.NOISY))
    assert ids(read_back(made, tmp_path)) == {row.cell_id}
    assert 'measure: {"invocations": 9}' in followups.yaml(made)


def test_variants_of_inputs_and_detectors_survive_the_way_through_the_file(tmp_path: Path) -> None:
    images = unit(make_row(detector="mpdetector", input="multi-face"))
    asked = [
        Wanted(unit=images, reason="rate or once", settings={"copies": (64,)}),
        Wanted(unit=unit(make_row()), reason="other model", settings={"au_model": ("svm",)}),
    ]
    for each in asked:
        (made,) = proposed(finding(each))
        assert ids(read_back(made, tmp_path)) == ids(made.cells)


def test_a_separating_cell_has_its_environment_and_its_host(tmp_path: Path) -> None:
    candidate, baseline = unit(make_row(**BLACKWELL)), unit(make_row(**RTX3090))
    wanted = Wanted(
        unit=candidate, reason="separates gpu", target_id=baseline.row.target_id, requirements=("torch==2.11.0",)
    )
    (made,) = proposed(finding(wanted, kind=Kind.CONFOUNDED), places=(baseline,))
    assert (made.name, made.gpu) == ("demo-confounded", "NVIDIA GeForce RTX 3090")
    (read,) = read_back(made, tmp_path)
    assert read.requirements == ("torch==2.11.0",)


def test_reasons_and_the_expected_time_stand_as_comments() -> None:
    row = make_row(timed_s=[10.0])
    (made,) = proposed(finding(Wanted(unit=unit(row), reason="a\nname: evil", invocations=2)))
    # 2 invocations of 15 s to load, and 3 warm-ups, 3 repeats and 1 profiled call of 10 s each
    assert made.expected_s == pytest.approx(2 * (15 + 70))
    first, second, *_ = followups.yaml(made).splitlines()
    assert first == "# 1 cell, about 2 min 50 s; submit with: featray submit demo-headroom.yaml"
    assert second == "# - a name: evil"


def test_devices_and_kinds_have_a_file_each_with_a_name_of_its_own() -> None:
    ones = [Wanted(unit=unit(make_row(**place)), reason="r") for place in (RTX3090, BLACKWELL)]
    made = proposed(finding(*ones), finding(ones[0], kind=Kind.NOISY))
    assert [each.name for each in made] == ["demo-headroom", "demo-headroom-2", "demo-noisy"]


def test_imported_units_are_followed_up_through_the_catalogue(tmp_path: Path) -> None:
    row = make_row(asked=None, work=None, source_file="a.md", omp_num_threads="1")
    (made,) = proposed(finding(Wanted(unit=unit(row), reason="single measurement")))
    (read,) = read_back(made, tmp_path)
    assert (read.detector.name, read.input.name, read.threads) == ("retinaface", "short", 1)


def test_what_cannot_be_written_as_a_cell_is_left_out() -> None:
    unknown = unit(make_row(detector="their own", asked=None))
    strange = unit(make_row())
    wanted = [
        Wanted(unit=unknown, reason="r"),
        Wanted(unit=strange, reason="r", settings={"colour": ("red",)}),
        Wanted(unit=strange, reason="r", settings={"input": ("nowhere",)}),
    ]
    assert proposed(finding(*wanted)) == []


def test_names_from_the_store_stay_values(tmp_path: Path) -> None:
    row = make_row(hostname='a"\nweights: synthetic #', gpu_name="RTX [*] ?")
    (made,) = proposed(finding(Wanted(unit=unit(row), reason="r")))
    (read,) = read_back(made, tmp_path)
    assert read.weights == "pretrained"
