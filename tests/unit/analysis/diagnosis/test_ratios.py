"""Ratios: what qualifies a ratio to the baseline, and near misses."""

import dataclasses

from featray.analysis import units
from featray.analysis.diagnosis import FindingKind, diagnose, ratios
from tests.support.findings import (
    BEFORE,
    FOUR_TARGETS,
    IMPORTED,
    SHAKY,
    find,
    make_case,
    make_unit_rows,
)

CASES = [
    make_case(
        FindingKind.UNPROVEN,
        make_unit_rows(1.0),
        make_unit_rows(1.0),
        "The only ratio uses measurements imported from reports.",
        baseline=make_unit_rows(2.0, **IMPORTED, **BEFORE),
        near_miss_baseline=make_unit_rows(2.0, **BEFORE),
        wants_cells=True,
    ),
    make_case(
        FindingKind.NOT_COMPARABLE,
        make_unit_rows(1.0, work={"au_model": '"xgb"'}),
        make_unit_rows(1.0, work={"au_model": '"svm"'}),
        "Not comparable because the work differs (au_model svm -> xgb): retinaface",
        baseline=make_unit_rows(1.0, work={"au_model": '"svm"'}, **BEFORE),
    ),
    make_case(
        FindingKind.UNDECIDED,
        make_unit_rows(0.96, SHAKY),
        make_unit_rows(0.8, SHAKY),
        "Not decided yet; invocations needed per side: retinaface",
        baseline=make_unit_rows(1.0, SHAKY, **BEFORE),
        wants_cells=True,
    ),
    make_case(
        FindingKind.CONFOUNDED,
        make_unit_rows(0.8, driver="600.1", torch="2.15.0"),
        make_unit_rows(0.8, driver="600.1"),
        "torch stack (2.11.0+cu128 -> 2.15.0), driver (580.159.04 -> 600.1). To separate them, measure",
        baseline=make_unit_rows(1.0, **BEFORE),
        wants_cells=True,
    ),
    make_case(
        FindingKind.ATTRIBUTED,
        make_unit_rows(0.8, torch="2.15.0"),
        make_unit_rows(0.8, torch="2.15.0", driver="600.1"),
        "For the only ratio, only torch stack (2.11.0+cu128 -> 2.15.0) is known to differ.",
        baseline=make_unit_rows(1.0, **BEFORE),
    ),
]


def test_a_confounded_ratio_is_a_sentence() -> None:
    (finding,) = find(
        FindingKind.CONFOUNDED,
        make_unit_rows(0.8, driver=None, torch="2.15.0", pyfeat="2.2.0"),
        make_unit_rows(1.0, **BEFORE),
    )
    assert finding.text.startswith("The only ratio has several possible causes, which changed together: torch stack (")
    assert "Unknown on at least one side: driver." in finding.text
    (finding,) = find(FindingKind.ATTRIBUTED, make_unit_rows(0.8, torch="2.15.0"), make_unit_rows(1.0, **BEFORE))
    assert finding.text.startswith("For the only ratio, only torch stack (")


def test_a_host_with_both_gpus_can_separate_gpu_from_host() -> None:
    before = make_unit_rows(1.0, **{**FOUR_TARGETS[2], **BEFORE})  # the 3090 of shelf
    (finding,) = find(FindingKind.CONFOUNDED, make_unit_rows(0.5, **FOUR_TARGETS[1]), before)
    assert "gpu, host change together with the machine and cannot be separated" in finding.text
    other, finding = find(
        FindingKind.CONFOUNDED,
        [*make_unit_rows(0.5, **FOUR_TARGETS[1]), *make_unit_rows(0.9, **FOUR_TARGETS[0])],
        before,
    )
    assert "gpu (RTX 3090 of shelf -> RTX 3090 of box)" in other.text  # one model on two hosts
    assert "cannot be separated" not in finding.text
    assert "box has both GPUs: measure on both to separate gpu from host." in finding.text


def test_a_difference_that_may_be_chance_is_not_decided_and_is_measured_again() -> None:
    sides = units.gather_sides(make_unit_rows(0.8), make_unit_rows(1.0, **BEFORE))
    (pair,) = diagnose(*sides).pairs
    assert FindingKind.UNDECIDED not in {finding.kind for finding in ratios.findings([pair], sides[0])}
    marked = dataclasses.replace(pair, dagger=True)
    (finding,) = (finding for finding in ratios.findings([marked], sides[0]) if finding.kind is FindingKind.UNDECIDED)
    assert finding.text.startswith("Not decided yet, since among 1 pair it may be chance (†): retinaface")
    assert [wanted.invocations for wanted in finding.wanted] == [5]
