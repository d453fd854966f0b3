"""What a GPU is called in a report: as briefly as tells it from the others."""

import pytest

from featray.analysis import diagnosis, units
from featray.core import wording
from featray.core.row import Row
from tests.support.builders import BLACKWELL, BOX, RTX3090, SHELF, make_row


def gpus_of(*rows: Row) -> list[str]:
    return [unit.target.name for unit in units.gather(rows)]


def test_a_gpu_is_named_by_its_model_while_there_is_one() -> None:
    assert gpus_of(make_row(), make_row(**BLACKWELL)) == [
        "RTX 3090",
        "RTX PRO 6000 Blackwell",
    ]


def test_one_model_on_two_hosts_is_named_with_its_host() -> None:
    other = {**SHELF, **RTX3090, "target_id": "GPU-b"}
    assert gpus_of(make_row(), make_row(**other)) == [
        "RTX 3090 of box",
        "RTX 3090 of shelf",
    ]


def test_one_model_twice_on_a_host_is_named_with_its_id() -> None:
    twins = [make_row(**{**BOX, **RTX3090, "target_id": f"GPU-{each}0000000-0000"}) for each in "ab"]
    assert gpus_of(*twins) == [
        "RTX 3090 (GPU-a0000000)",
        "RTX 3090 (GPU-b0000000)",
    ]


def test_findings_tell_equal_gpus_apart_() -> None:
    other = {**SHELF, **RTX3090, "target_id": "GPU-b"}
    rows = [make_row(**where, gpu_utilization_median=0.3) for where in ({}, other)]
    texts = " ".join(finding.text for finding in diagnosis.diagnose(units.gather(rows)).findings)
    assert "RTX 3090 of box" in texts
    assert "RTX 3090 of shelf" in texts


def test_a_stage_is_the_median_over_invocations() -> None:
    rows = [make_row(invocation=number, stages_s={"decode": seconds}) for number, seconds in enumerate((1, 2, 9), 1)]
    (unit,) = units.gather(rows)
    assert unit.stages_s == {"decode": 2}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.00001234, "0.000012"),
        (0.07, "0.070"),
        (0.5, "0.50"),
        (1.19, "1.2"),
        (39.6, "40"),
        (1039.5, "1040"),
    ],
)
def test_figures_in_a_sentence_are_never_powers_of_ten(value: float, text: str) -> None:
    assert wording.digits(value) == text
