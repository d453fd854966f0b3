"""Factors: what differs besides the time, and what is unknown."""

import dataclasses
import json
from typing import Any

import pytest

from featray.core import identity
from featray.core.row import Row
from featray.core.rules import Rules
from featray.stats import Verdict
from tests.support.builders import BLACKWELL, CPU, SHELF, make_joint_rows, make_row, make_rows
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


def compare_columns(before: dict[str, Any], after: dict[str, Any], **options: Any) -> tuple[str, ...]:
    """Compare two runs that differ in these columns only; return the gists of the factors."""
    pair = compare_one(make_rows(STEADY, **before), make_rows(STEADY, run_id="demo-2", **after), **options)
    return tuple(factor.gist for factor in pair.factors)


@pytest.mark.parametrize(
    ("before", "after", "gist"),
    [
        ({"cpu_governor": "powersave"}, {"cpu_governor": "performance"}, "governor powersave -> performance"),
        ({"cpu_turbo": True}, {"cpu_turbo": False}, "turbo on -> off"),
        ({"cpu_smt": True}, {"cpu_smt": False}, "SMT on -> off"),
        ({"cpu_affinity": 48}, {"cpu_affinity": 8}, "CPUs allowed 48 -> 8"),
        ({"cpu_quota": 6.0}, {"cpu_quota": 1.5}, "CPU quota 6 -> 1.5"),
        ({"numa_nodes": 1}, {"numa_nodes": 2}, "NUMA nodes 1 -> 2"),
        (
            {"transparent_hugepages": "always"},
            {"transparent_hugepages": "never"},
            "transparent huge pages always -> never",
        ),
    ],
)
def test_a_setting_of_the_processors_is_a_factor(before: dict[str, Any], after: dict[str, Any], gist: str) -> None:
    assert compare_columns(before, after) == (f"CPU settings ({gist})",)


@pytest.mark.parametrize(
    ("before", "after", "gist"),
    [
        ({"power_limit_w": 350.0}, {"power_limit_w": 250.0}, "power limit 350 W -> 250 W"),
        (
            {"sm_clock_application_hz": 1.695e9},
            {"sm_clock_application_hz": 1.4e9},
            "application clock 1695 MHz -> 1400 MHz",
        ),
        ({"gpu_persistence": True}, {"gpu_persistence": False}, "persistence on -> off"),
        ({"gpu_ecc": False}, {"gpu_ecc": True}, "ECC off -> on"),
        ({"gpu_mig": False}, {"gpu_mig": True}, "MIG off -> on"),
        ({"pcie_generation": 4}, {"pcie_generation": 3}, "PCIe generation 4 -> 3"),
        ({"pcie_width": 16}, {"pcie_width": 8}, "PCIe lanes 16 -> 8"),
    ],
)
def test_a_setting_of_the_gpu_is_a_factor(before: dict[str, Any], after: dict[str, Any], gist: str) -> None:
    assert compare_columns(before, after) == (f"GPU settings ({gist})",)


@pytest.mark.parametrize(
    ("before", "after", "gist"),
    [
        ({"tf32_matmul": False}, {"tf32_matmul": True}, "TF32 in matrix products off -> on"),
        ({"tf32_cudnn": True}, {"tf32_cudnn": False}, "TF32 in convolutions on -> off"),
        ({"cudnn_benchmark": False}, {"cudnn_benchmark": True}, "cuDNN benchmark off -> on"),
        ({"cudnn_deterministic": False}, {"cudnn_deterministic": True}, "cuDNN deterministic off -> on"),
        ({"matmul_precision": "highest"}, {"matmul_precision": "high"}, "matmul precision highest -> high"),
    ],
)
def test_a_flag_of_torch_is_a_factor(before: dict[str, Any], after: dict[str, Any], gist: str) -> None:
    assert compare_columns(before, after) == (f"torch settings ({gist})",)


def test_another_cudnn_is_another_torch_stack() -> None:
    assert compare_columns({"cudnn": "9.1.0"}, {"cudnn": "9.7.1"}) == ("torch stack (cuDNN 9.1.0 -> 9.7.1)",)


def test_a_setting_that_a_side_does_not_store_is_not_different() -> None:
    assert compare_columns({}, {"cpu_governor": "performance", "cpu_quota": 2.0, "pyfeat_dirty": "abc"}) == ()


RULES = identity.canonical({"warmup_max": 8, "protocol": "featray"})
"""Rules as a row stores them."""


def test_where_the_state_was_recorded_no_quota_and_no_changes_are_values() -> None:
    commit = {"rules": RULES, "pyfeat_commit": "c716340"}
    assert compare_columns(commit, commit | {"cpu_quota": 2.0}) == ("CPU settings (CPU quota none -> 2)",)
    assert compare_columns(commit, commit | {"pyfeat_dirty": "1f2e"}) == ("py-feat (uncommitted changes none -> 1f2e)",)


def test_several_settings_are_one_factor_and_all_are_named() -> None:
    before = {"cpu_governor": "powersave", "cpu_turbo": True}
    assert compare_columns(before, {"cpu_governor": "performance", "cpu_turbo": False}) == (
        "CPU settings (governor powersave -> performance; turbo on -> off)",
    )


def test_settings_of_another_machine_or_gpu_follow_from_it() -> None:
    shelf = {**SHELF, **CPU, "target_id": "cpu@id-shelf", "cpu_governor": "performance"}
    assert compare_columns({**CPU, "cpu_governor": "powersave"}, shelf) == ("host (box -> shelf)",)
    assert compare_columns({"power_limit_w": 350.0}, {"power_limit_w": 600.0, **BLACKWELL}) == (
        "gpu (RTX 3090 -> RTX PRO 6000 Blackwell)",
    )


def test_settings_of_the_same_machine_under_another_kernel_are_a_factor_of_their_own() -> None:
    before, after = ({"os": os, "cpu_turbo": turbo} for os, turbo in (("Linux 6.12", True), ("Linux 6.18", False)))
    assert compare_columns(before, after) == ("host (os Linux 6.12 -> Linux 6.18)", "CPU settings (turbo on -> off)")


def test_the_cpus_that_a_child_may_use_follow_from_its_threads() -> None:
    before, after = {"threads": 1, "cpu_affinity": 1}, {"threads": 4, "cpu_affinity": 4}
    assert compare_columns(before, after, over=["threads"]) == ("threads (1 -> 4)",)


def test_a_link_that_slept_after_some_calls_is_as_fast_as_it_was_seen() -> None:
    awake, drowsy = make_rows(STEADY, pcie_generation=4), make_rows(STEADY, run_id="demo-2", pcie_generation=4)
    drowsy[-1] = dataclasses.replace(drowsy[-1], pcie_generation=1)
    assert compare_one(awake, drowsy).factors == ()


def test_a_setting_that_changed_within_a_side_shows_both_values() -> None:
    mixed = make_rows(STEADY, run_id="demo-2", power_limit_w=350.0)
    mixed[0] = dataclasses.replace(mixed[0], power_limit_w=250.0)
    (factor,) = compare_one(make_rows(STEADY, power_limit_w=350.0), mixed).factors
    assert factor.gist == "GPU settings (power limit 350 W -> 250 W, 350 W)"


def in_force(**changes: Any) -> dict[str, Any]:
    """Make the columns of rows that were measured by these rules."""
    return {"rules": identity.canonical(dataclasses.asdict(Rules(**changes)))}


def test_rules_in_force_that_differ_are_named_one_by_one() -> None:
    assert compare_columns(in_force(), in_force(warmup_max=12, spread_max=0.1)) == (
        "rules (spread_max 0.05 -> 0.1; warmup_max 8 -> 12)",
    )


def test_limits_stages_and_rules_that_a_side_does_not_know_do_not_count() -> None:
    assert compare_columns(in_force(), in_force(time_limit_s=900.0, load_limit_s=900.0, stages=False)) == ()
    assert compare_columns({"rules": RULES}, in_force()) == ()
    assert compare_columns({"rules": "not JSON"}, in_force()) == ()


def test_settings_can_be_varied_by_their_name_or_their_column() -> None:
    pair = compare_one(
        make_rows(STEADY, power_limit_w=350.0),
        make_rows(scale(1.25), run_id="demo-2", power_limit_w=250.0),
        over=["power_limit_w"],
    )
    assert pair.verdict is Verdict.SLOWER
    assert pair.attribution == "only GPU settings (power limit 350 W -> 250 W) is known to differ"


def test_settings_and_software_together_are_confounded_and_separated_by_a_cell_with_both_named() -> None:
    pair = compare_one(
        make_rows(STEADY, cpu_governor="powersave", cpu_turbo=True),
        make_rows(scale(1.25), run_id="demo-2", cpu_governor="performance", cpu_turbo=False, torch="2.15.0"),
    )
    assert pair.is_confounded
    assert pair.separation is not None
    (cell,) = pair.separation.cells
    assert cell.text == "RTX 3090 of box with torch 2.11.0+cu128, governor performance and turbo off"


def test_calls_timed_one_by_one_and_many_at_a_time_are_two_ways_of_measuring() -> None:
    short, shorter = [0.01] * 5, [0.008] * 5
    pair = compare_one(make_rows(short), make_rows(shorter, run_id="demo-2", calls_per_repeat=38))
    assert [factor.gist for factor in pair.factors] == ["way of measuring (calls_per_repeat 1 -> 38)"]


def test_a_call_that_is_long_enough_to_be_timed_alone_is_no_other_way_of_measuring() -> None:
    pair = compare_one(make_rows([0.3] * 5), make_rows([0.2] * 5, run_id="demo-2", calls_per_repeat=2))
    assert pair.factors == ()


def test_mps_is_a_factor_where_both_sides_have_several_processes() -> None:
    without = make_joint_rows(STEADY, mps_daemon=False)
    with_mps = make_joint_rows(STEADY, mps_daemon=True, run_id="demo-2")
    assert [factor.gist for factor in compare_one(without, with_mps).factors] == ["MPS daemon (False -> True)"]
    assert compare_one(without, with_mps, over=["mps"]).factors[0].key == "mps_daemon"
