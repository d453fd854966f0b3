"""Diagnosis: every kind of finding has a case, and odd stores are diagnosed too."""

from collections.abc import Callable
from typing import Any

import pytest

from featray.analysis.diagnosis import FindingKind
from featray.core.row import Row
from tests.support.builders import CPU, make_row
from tests.support.findings import (
    BEFORE,
    FindingCase,
    check_given,
    check_not_given,
    diagnose_rows,
    make_curve,
    make_unit_rows,
)
from tests.unit.analysis.diagnosis import (
    test_batch_patterns,
    test_bottlenecks,
    test_coverage,
    test_detector_ranking,
    test_device_ratios,
    test_file_names,
    test_gpu_scaling,
    test_headroom,
    test_jumps,
    test_length_growth,
    test_model_choices,
    test_quality,
    test_ratios,
    test_regressions,
    test_slow_starts,
    test_software,
    test_worker_counts,
)

CASES: list[Any] = [
    *test_ratios.CASES,
    *test_coverage.CASES,
    *test_detector_ranking.CASES,
    *test_regressions.CASES,
    *test_bottlenecks.CASES,
    *test_headroom.CASES,
    *test_quality.CASES,
    *test_software.CASES,
    *test_batch_patterns.CASES,
    *test_device_ratios.CASES,
    *test_file_names.CASES,
    *test_jumps.CASES,
    *test_model_choices.CASES,
    *test_worker_counts.CASES,
    *test_gpu_scaling.CASES,
    *test_length_growth.CASES,
    *test_slow_starts.CASES,
]


def test_every_kind_has_a_case() -> None:
    assert {case.values[0].kind for case in CASES} == set(FindingKind) - {FindingKind.HEADLINE}


@pytest.mark.parametrize("case", CASES)
def test_the_finding_is_given_where_it_must(case: FindingCase) -> None:
    check_given(case)


@pytest.mark.parametrize("case", CASES)
def test_the_finding_is_not_given_at_a_near_miss(case: FindingCase) -> None:
    check_not_given(case)


ODD_STORES: dict[str, Callable[[], list[Row]]] = {
    "no rows": list,
    "one row": lambda: [make_row()],
    "nothing measured": lambda: [make_row(status="lost"), make_row(status="oom", batch_size=4)],
    "no frames": lambda: [make_row(frames=None)],
    "all context unknown": lambda: [
        make_row(hostname=None, host_id=None, gpu_name=None, torch=None, driver=None),
    ],
    "a processor": lambda: make_curve(4.0, 2.0, 1.0, **CPU),
    "unicode and length": lambda: [make_row(detector="検出器" * 200, section_label="<script>|\n")],
}


@pytest.mark.parametrize("make_store", ODD_STORES.values(), ids=ODD_STORES.keys())
def test_every_finding_in_an_odd_store_is_one_line_on_either_side(make_store: Callable[[], list[Row]]) -> None:
    rows = make_store()
    for sides in ((rows, []), (rows, make_unit_rows(1.0, **BEFORE)), (make_unit_rows(1.0), rows)):
        findings = diagnose_rows(*sides).findings
        assert findings or sides == ([], [])  # even a single row has a finding: it is a single measurement
        for finding in findings:
            assert len(finding.text) < 3000
            assert "\n" not in finding.text
