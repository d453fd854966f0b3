"""Software: what is installed, and where hosts differ."""

import pytest

from featray.analysis.diagnosis import FindingKind
from tests.support.builders import BLACKWELL, SHELF, make_row
from tests.support.findings import FindingCase, check_given, check_not_given, find, make_case, make_unit_rows

CASES = [
    make_case(
        FindingKind.STACK,
        make_unit_rows(1.0),
        [make_row(status="lost")],
        "Software: driver 580.159.04, torch 2.11.0+cu128",
    ),
]


@pytest.mark.parametrize("case", CASES)
def test_the_finding_is_given_where_it_must(case: FindingCase) -> None:
    check_given(case)


@pytest.mark.parametrize("case", CASES)
def test_the_finding_is_not_given_at_a_near_miss(case: FindingCase) -> None:
    check_not_given(case)


def test_hosts_with_other_software_are_named() -> None:
    shelf = {**SHELF, **BLACKWELL, "torch": "2.15.0"}
    (finding,) = find(FindingKind.STACK, [*make_unit_rows(1.0), *make_unit_rows(1.0, **shelf)])
    assert "torch 2.11.0+cu128 (box), 2.15.0 (shelf)" in finding.text
