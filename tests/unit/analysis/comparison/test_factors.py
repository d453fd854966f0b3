"""Factors: what differs besides the time, and what is unknown."""

import dataclasses
import json

from featray.core.row import Row
from featray.stats import Verdict
from tests.support.builders import CPU, make_row, make_rows
from tests.support.sides import IMPORTED, STEADY, compare_one, make_resolved, scale


def test_a_difference_is_put_down_to_the_only_factor() -> None:
    pair = compare_one(make_rows(STEADY), make_rows(scale(0.5), run_id="demo-2", driver="590.1"))
    assert pair.attribution == "only driver (580.159.04 -> 590.1) is known to differ"
    assert not pair.is_confounded


def test_what_an_import_does_not_store_is_unknown_and_not_different() -> None:
    nothing = dict.fromkeys(("driver", "torchvision", "torchcodec", "host_id", "cpu_model", "gpu_uuid"))
    pair = compare_one(make_rows([1.0], **IMPORTED, **nothing), make_rows([1.0], run_id="demo-2"))
    assert pair.factors == ()
    assert pair.unknown == ("driver",)


def test_an_environment_is_no_factor_beside_the_software_in_it() -> None:
    newer = {"environment": "nightly", "requirements": ["torch==2.12.0"], "torch": "2.12.0"}
    pair = compare_one(make_rows(STEADY), make_rows(STEADY, **newer))
    assert [factor.key for factor in pair.factors] == ["torch"]


def test_a_renamed_machine_is_the_same_machine() -> None:
    assert compare_one(make_rows(STEADY), make_rows(STEADY, run_id="demo-2", hostname="box.lan")).factors == ()


def test_a_gpu_is_not_a_factor_beside_another_device() -> None:
    pair = compare_one(make_rows(STEADY, **CPU), make_rows(scale(0.1)))
    assert [factor.key for factor in pair.factors] == ["device"]


def make_variable_sides() -> tuple[list[Row], list[Row]]:
    asked = json.loads(make_row().asked or "")
    asked["env"] = {"OMP_NUM_THREADS": "4", "NVIDIA_TF32_OVERRIDE": "0"}
    candidate = make_rows(scale(1.25), run_id="demo-2", asked=json.dumps(asked))
    return make_rows(STEADY), candidate


def test_a_difference_is_put_down_to_the_variable_that_differs() -> None:
    pair = compare_one(*make_variable_sides())
    assert pair.verdict is Verdict.SLOWER
    assert pair.attribution == "only variables (NVIDIA_TF32_OVERRIDE unset -> 0) is known to differ"


def test_variables_can_be_varied() -> None:
    pair = compare_one(*make_variable_sides(), over=["env"])
    assert [factor.key for factor in pair.factors] == ["variables"]


def test_a_variable_that_names_weights_is_work_and_no_second_factor() -> None:
    baseline, candidate = make_variable_sides()
    other = make_resolved(**{"variable NVIDIA_TF32_OVERRIDE": "sha256:1"})
    candidate = [dataclasses.replace(row, work=other, work_id="w2") for row in candidate]
    pair = compare_one(baseline, candidate, over=["variable NVIDIA_TF32_OVERRIDE"])
    assert [factor.key for factor in pair.factors] == ["variable NVIDIA_TF32_OVERRIDE"]


def test_variables_and_another_factor_confound() -> None:
    baseline, candidate = make_variable_sides()
    newer = [dataclasses.replace(row, torch="2.15.0") for row in candidate]
    pair = compare_one(baseline, newer)
    assert pair.attribution == (
        "confounded by torch stack (2.11.0+cu128 -> 2.15.0), variables (NVIDIA_TF32_OVERRIDE unset -> 0)"
    )
    assert pair.separation is not None
    assert any("NVIDIA_TF32_OVERRIDE=" in cell.text for cell in pair.separation.cells)
