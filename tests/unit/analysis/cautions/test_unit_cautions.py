"""Unit cautions: each where it must be given, and a near miss where it must not."""

import dataclasses
from typing import Any

import pytest

from featray.analysis import cautions, units
from featray.analysis.unit import Unit
from tests.support.builders import make_row, make_rows


def make_unit(**changes: Any) -> Unit:
    (unit,) = units.gather(make_rows([1.0, 1.0, 1.0], **changes))
    return unit


def sentences(**changes: Any) -> list[str]:
    return [caution.sentence for caution in cautions.of_unit(make_unit(**changes))]


def test_a_clean_unit_has_no_caution() -> None:
    unit = make_unit()
    assert sentences() == []
    assert list(cautions.of_origin(unit)) == []
    assert list(cautions.few_invocations(unit)) == []


@pytest.mark.parametrize(
    ("fires", "misses", "sentence"),
    [
        (
            {"profiled_ratio": 1.06},
            {"profiled_ratio": 1.05},
            "its profiled call took 1.06x the time of a timed call",
        ),
        (
            {"stages_s": {"decode": 0.89, "other": 0.11}},
            {"stages_s": {"decode": 0.90, "other": 0.10}},
            "11% of its profiled call is in no known stage",
        ),
        (
            {"foreign_gpu_processes": 2},
            {"foreign_gpu_processes": 0},
            "up to 2 other processes used the GPU in 3 of 3 invocations",
        ),
        ({"throttled": True}, {"throttled": None}, "throttled in 3 of 3 invocations"),
        ({"cpu_other": 0.06}, {"cpu_other": 0.0499}, "other processes took 6% of the CPUs"),
        (
            {"load_1m": 77.0, "cpu_count": 48},
            {"load_1m": 72.0, "cpu_count": 48},  # one thread on each CPU is the cell before, half a further one is none
            "the load average was 1.6 per CPU before it",
        ),
        (
            {"steal_share": 0.02, "cpu_utilization": 0.5},
            {"steal_share": 0.015, "cpu_utilization": 0.5},
            "the hypervisor took 2.0% of the processor time",
        ),
        (
            {"delay_s_per_frame": 0.002},
            {"delay_s_per_frame": 0.0},
            "measured with an injected delay of 2.0 ms per frame",
        ),
    ],
)
def test_each_caution_is_given_at_its_sign_and_not_short_of_it(
    fires: dict[str, Any], misses: dict[str, Any], sentence: str
) -> None:
    assert sentences(**fires) == [sentence]
    assert sentences(**misses) == []


def test_a_known_use_of_the_cpus_is_believed_rather_than_the_load() -> None:
    assert sentences(cpu_other=0.01, load_1m=400.0) == []


def test_swap_that_grows_while_a_unit_is_measured_is_a_caution() -> None:
    rows = [dataclasses.replace(row, swap_used_b=row.invocation * 2**28) for row in make_rows([1.0, 1.0, 1.0])]
    (caution,) = cautions.of_unit(units.gather(rows)[0])
    assert str(caution) == "Swap grew by 512.0 MiB while it was measured. Free memory, then measure again."


def test_a_caution_says_what_to_do() -> None:
    (caution,) = cautions.of_unit(make_unit(throttled=True))
    assert str(caution) == "Throttled in 3 of 3 invocations. Improve the cooling, then measure again."


def test_a_partly_failed_unit_says_how_many_invocations_failed() -> None:
    rows = [*make_rows([1.0, 1.0, 1.0]), make_row(invocation=4, status="crashed", reason="SIGSEGV")]
    (caution,) = cautions.of_unit(units.gather(rows)[0])
    assert str(caution) == "1 of 4 invocations failed (crashed). To try again, submit with `--retry-failed`."


def test_a_unit_that_was_stopped_or_lost_says_that_the_next_submit_measures_the_rest() -> None:
    left = [make_row(invocation=4, status="cancelled"), make_row(invocation=5, status="lost")]
    (caution,) = cautions.of_unit(units.gather([*make_rows([1.0, 1.0, 1.0]), *left])[0])
    assert str(caution) == (
        "2 of 5 invocations ended without a number (cancelled, lost). To measure the rest, submit again."
    )


def test_an_imported_unit_has_unknown_model_settings() -> None:
    (caution,) = cautions.of_origin(make_unit(source_file="report.md", work=None, asked=None))
    assert caution.sentence == "imported from a report; the exact model settings are unknown"


def test_two_invocations_have_no_interval() -> None:
    (unit,) = units.gather(make_rows([1.0, 1.0]))
    (caution,) = cautions.few_invocations(unit)
    assert caution.sentence == "only 2 invocations, so there is no interval"


@pytest.mark.parametrize(
    ("changes", "is_unknown"),
    [
        ({"throttled": None}, True),
        ({"throttled": None, "device": "mps"}, True),
        ({"throttled": False}, False),
        ({"throttled": None, "device": "cpu"}, False),
        ({"throttled": None, "source_file": "report.md"}, False),
        ({"throttled": None, "protocol": "pyfeat"}, False),
    ],
)
def test_throttling_is_unknown_where_a_gpu_does_not_report_it(changes: dict[str, Any], is_unknown: bool) -> None:
    assert cautions.is_throttling_unknown(make_unit(**changes)) is is_unknown
