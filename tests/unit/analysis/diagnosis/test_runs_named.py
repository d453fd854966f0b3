"""Findings of a report of several runs name the run that they are about."""

import dataclasses
import datetime
from collections.abc import Sequence

import pytest

from featray.analysis import unit_wording, units
from featray.analysis.diagnosis import Finding, FindingKind, diagnose
from featray.core.row import Row
from tests.support.findings import FindingCase, make_curve
from tests.unit.analysis.diagnosis.test_diagnosis import CASES

LATER = datetime.timedelta(days=2)


def again(rows: Sequence[Row]) -> list[Row]:
    """Measure the same in another run two days later."""
    return [
        dataclasses.replace(
            row,
            run_id="again-1",
            boot_id="another",
            process=f"{row.process}-again",
            started_at=(datetime.datetime.fromisoformat(row.started_at) + LATER).isoformat(timespec="milliseconds"),
        )
        for row in rows
    ]


def of_both(rows: Sequence[Row], baseline: Sequence[Row] = ()) -> list[Finding]:
    return list(diagnose(*units.gather_sides([*rows, *again(rows)], baseline)).findings)


@pytest.mark.parametrize("case", CASES)
def test_a_finding_that_names_a_clip_names_its_run(case: FindingCase) -> None:
    rows, baseline = case.rows
    clips = {unit_wording.clip(row) for row in rows}
    found = [finding for finding in of_both(rows, baseline) if finding.kind is case.kind]
    assert found
    for finding in found:
        is_about_run = any(clip in finding.text for clip in clips) and finding.kind is not FindingKind.ONLY_BASELINE
        assert not is_about_run or " in run " in finding.text, finding.text


def test_what_two_runs_show_is_told_in_two_sentences() -> None:
    found = of_both(make_curve(1.0, 1.0, 2.0))
    slower = [finding.text.partition(", is slower")[0] for finding in found if finding.kind is FindingKind.BATCH_CURVE]
    assert slower == [
        "retinaface on short (72 frames), RTX 3090 in run demo-1",
        "retinaface on short (72 frames), RTX 3090 in run again-1",
    ]
    (pattern,) = [finding.text for finding in found if finding.kind is FindingKind.BATCH_PATTERN]
    assert "retinaface, short (72 frames), RTX 3090 in run again-1" in pattern
