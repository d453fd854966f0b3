"""Software: what is installed, and where hosts differ."""

from featray.analysis.diagnosis import FindingKind
from tests.support.builders import BLACKWELL, SHELF, make_row
from tests.support.findings import find, make_case, make_unit_rows

CASES = [
    make_case(
        FindingKind.STACK,
        make_unit_rows(1.0),
        [make_row(status="lost")],
        "Software: driver 580.159.04, torch 2.11.0+cu128",
    ),
]


def test_hosts_with_other_software_are_named() -> None:
    shelf = {**SHELF, **BLACKWELL, "torch": "2.15.0"}
    (finding,) = find(FindingKind.STACK, [*make_unit_rows(1.0), *make_unit_rows(1.0, **shelf)])
    assert "torch 2.11.0+cu128 (box), 2.15.0 (shelf)" in finding.text
