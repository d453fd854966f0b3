"""File names: reports that are named after another GPU than they were measured on."""

from featray.analysis.diagnosis import FindingKind
from tests.support.builders import BLACKWELL, CPU
from tests.support.findings import IMPORTED, find, make_case, make_unit_rows

CASES = [
    make_case(
        FindingKind.MISFILED,
        make_unit_rows(1.0, **{**IMPORTED, **BLACKWELL, "source_file": "speed-clean-3090.md"}),
        make_unit_rows(1.0, **{**IMPORTED, **BLACKWELL, "source_file": "speed-clean-blackwell.md"}),
        "speed-clean-3090.md is named after 3090, but says that it was measured on RTX PRO 6000 Blackwell. One of",
    ),
]


def test_a_file_that_names_one_of_its_gpus_is_right() -> None:
    rows = [
        *make_unit_rows(1.0, **{**IMPORTED, "source_file": "speed-clean-3090.md"}),
        *make_unit_rows(1.0, **{**IMPORTED, **BLACKWELL, "source_file": "speed-clean-3090.md"}),
    ]
    assert find(FindingKind.MISFILED, rows) == []


def test_rows_of_the_processor_say_nothing_of_the_gpu() -> None:
    rows = make_unit_rows(1.0, **{**IMPORTED, **CPU, "source_file": "speed-clean-3090.md"})
    assert find(FindingKind.MISFILED, rows) == []


def test_a_file_of_the_baseline_is_named_too() -> None:
    baseline = make_unit_rows(1.0, **{**IMPORTED, **BLACKWELL, "source_file": "results/speed-clean-3090.md"})
    assert len(find(FindingKind.MISFILED, make_unit_rows(1.0), baseline)) == 1
