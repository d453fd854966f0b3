"""Drafts: no cell is asked for twice, cells that are compared stay together, and no sweep takes too long."""

from collections import Counter
from typing import Any

from featray.analysis.advice import drafts
from featray.analysis.advice.drafts import Draft
from featray.analysis.diagnosis import Finding, FindingKind, WantedCells
from tests.support.builders import BLACKWELL, CPU, make_row
from tests.support.followups import gather_one, make_finding


def want(
    reason: str = "r", *, batches: tuple[int, ...] = (), row: dict[str, Any] | None = None, **fields: Any
) -> WantedCells:
    settings = {"batch_size": batches} if batches else {}
    return WantedCells(unit=gather_one(make_row(**row or {})), reason=reason, settings=settings, **fields)


def collect(*findings: Finding) -> list[Draft]:
    return drafts.collect(findings, [wanted.unit for finding in findings for wanted in finding.wanted])


def batches(draft: Draft) -> list[int]:
    return [member.cell.batch_size for member in draft.cells.values()]


def reasons(draft: Draft) -> list[str]:
    return list(dict.fromkeys(member.wanted.reason for member in draft.wanted))


def test_a_cell_that_two_findings_want_is_asked_for_once_with_both_reasons() -> None:
    (draft,) = collect(
        make_finding(want("noisy", invocations=5), kind=FindingKind.NOISY),
        make_finding(want("few", invocations=9), kind=FindingKind.FEW),
    )
    assert (batches(draft), draft.kind, draft.invocations) == ([16], FindingKind.NOISY, 9)
    assert reasons(draft) == ["noisy", "few"]


def test_a_finding_that_shares_a_cell_is_measured_beside_it() -> None:
    (draft,) = collect(
        make_finding(want("candidate"), kind=FindingKind.UNPROVEN),
        make_finding(want("rising", batches=(16, 32, 64)), kind=FindingKind.HEADROOM),
    )
    assert batches(draft) == [16, 32, 64]


def test_the_same_cell_on_another_gpu_or_with_other_software_is_another_sweep() -> None:
    found = collect(
        make_finding(want("here"), want("there", row=dict(BLACKWELL)), want("old", requirements=("torch==2.5.1",)))
    )
    assert [reasons(draft) for draft in found] == [["here"], ["there"], ["old"]]


def test_a_finding_joins_the_sweep_that_has_the_most_of_its_cells() -> None:
    baseline, candidate = (
        make_finding(want(role, batches=sizes, measures=(role, "x")), kind=FindingKind.UNDECIDED)
        for role, sizes in (("baseline", (4,)), ("candidate", (16, 32)))
    )
    found = collect(baseline, candidate, make_finding(want("rising", batches=(4, 16, 32, 64))))
    assert [batches(draft) for draft in found] == [[4], [16, 32, 64]]
    assert [reasons(draft) for draft in found] == [["baseline", "rising"], ["candidate", "rising"]]


def test_what_is_compared_with_each_other_stays_in_one_sweep() -> None:
    lengths = [want(clip, row={"input": clip}, against=None) for clip in ("short", "long")]
    first = make_finding(want("candidate", row={"input": "short"}), kind=FindingKind.UNPROVEN)
    (draft,) = collect(first, make_finding(*lengths, kind=FindingKind.BATCH_CURVE))
    assert [member.cell.input.name for member in draft.cells.values()] == ["short", "long"]


def test_a_finding_that_would_make_a_sweep_too_long_gets_its_own_without_what_is_asked_for() -> None:
    slow = {**CPU, "input": "long"}  # 66 minutes for one invocation
    first = make_finding(want("first", row=slow, invocations=3), kind=FindingKind.UNPROVEN)
    found = collect(first, make_finding(want("rising", row=slow, batches=(16, 32), invocations=3)))
    assert [batches(draft) for draft in found] == [[16], [32]]
    assert reasons(found[0]) == ["first", "rising"]


def test_cells_of_one_kind_are_split_into_sweeps_of_at_most_four_hours() -> None:
    rows = [
        {**CPU, "detector": detector, "batch_size": batch}
        for detector in ("img2pose", "retinaface")
        for batch in (1, 4, 16)
    ]
    found = collect(make_finding(*(want(row=row, invocations=9) for row in rows), kind=FindingKind.FEW))
    assert sum(len(draft.cells) for draft in found) == 6
    assert len(found) == 3
    assert all(draft.expected_s <= drafts.SWEEP_LIMIT_S for draft in found)


def test_no_cell_is_in_two_drafts() -> None:
    wanted = [
        want(str(sizes), batches=sizes) for sizes in ((1, 4), (4, 16), (16, 32), (1, 32), (64,), (1, 4, 16, 32, 64))
    ]
    found = collect(*(make_finding(one, kind=kind) for one, kind in zip(wanted, FindingKind, strict=False)))
    assert set(Counter(key for draft in found for key in draft.cells).values()) == {1}


def test_the_sweep_to_compare_with_is_the_one_that_shares_detectors_and_inputs() -> None:
    parts = [
        want(clip, row={"input": clip, **target}, measures=(role, "x"), against=against)
        for clip in ("short", "long")
        for role, target, against in (("baseline", {}, None), ("candidate", BLACKWELL, ("baseline", "x")))
    ]
    found = collect(
        *(
            make_finding(part, kind=FindingKind(kind))
            for part, kind in zip(parts, ("unproven", "unproven", "undecided", "undecided"), strict=True)
        )
    )
    short_before, short_after, long_before, long_after = found
    assert drafts.find_measuring(found, ("baseline", "x"), short_after) is short_before
    assert drafts.find_measuring(found, ("baseline", "x"), long_after) is long_before
    assert drafts.find_measuring(found, ("step", "1"), long_after) is None
