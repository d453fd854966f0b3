"""Follow-ups: which cells share a sweep, what it is compared with, and how long it takes."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from featray.analysis import units
from featray.analysis.advice import followups
from featray.analysis.advice.followups import Followup
from featray.analysis.diagnosis import FindingKind, WantedCells, diagnose
from featray.core.row import Row
from featray.planning import placement, plan
from featray.planning.inventory import Gpu, Host, Inventory
from featray.planning.planned_invocation import RunSettings
from featray.sweep import Selector
from tests.support.builders import BLACKWELL, CPU, RTX3090, make_row, make_rows
from tests.support.followups import gather_one, make_finding, propose_for, read_back


def test_targets_and_kinds_have_a_sweep_each_with_its_own_name() -> None:
    wanted = [WantedCells(unit=gather_one(make_row(**target)), reason="r") for target in (RTX3090, BLACKWELL)]
    other = WantedCells(unit=gather_one(make_row(batch_size=4)), reason="r")
    proposed = propose_for(make_finding(*wanted), make_finding(other, kind=FindingKind.NOISY))
    assert [followup.name for followup in proposed] == ["demo-headroom", "demo-headroom-2", "demo-noisy"]


def test_a_cell_that_is_wanted_on_another_target_is_measured_there() -> None:
    candidate, baseline = gather_one(make_row(**BLACKWELL)), gather_one(make_row(**RTX3090))
    wanted = WantedCells(unit=candidate, reason="separates gpu", target_id=baseline.row.target_id)
    (followup,) = propose_for(make_finding(wanted, kind=FindingKind.CONFOUNDED), places=(baseline,))
    assert (followup.name, followup.gpu) == ("demo-confounded", "NVIDIA GeForce RTX 3090")


def test_the_expected_duration_counts_loading_and_every_call() -> None:
    (followup,) = propose_for(make_finding(WantedCells(unit=gather_one(make_row()), reason="r", invocations=2)))
    # 2 invocations of 15 s to load, and 3 warm-ups, 3 repeats and 1 profiled call of 72 frames at 0.04 s
    assert followup.expected_s == pytest.approx(2 * (15 + 7 * 72 * 0.04))


def test_the_expected_duration_is_what_the_plan_of_the_file_will_say(tmp_path: Path) -> None:
    rows = [make_row(detector=name) for name in ("retinaface", "img2pose")]
    (followup,) = propose_for(make_finding(*(WantedCells(unit=gather_one(row), reason="r") for row in rows)))
    gpu = Gpu(uuid=str(RTX3090["gpu_uuid"]), name=str(RTX3090["gpu_name"]))
    box = Host(host_id="id-box", hostname="box", gpus=(gpu,))
    placed = placement.match(read_back(followup, tmp_path), Inventory(hosts=(box,)), Selector())
    planned = plan.make(placed, (), RunSettings(sweep="demo", run_id="demo"), invocations_needed=lambda *_: 5)
    assert followup.expected_s == pytest.approx(planned.expected_s)


IMPORTED: dict[str, Any] = {"asked": None, "work": None, "source_file": "a.md", "pyfeat": "0.7.0"}
OLD = {**IMPORTED, **RTX3090, "torch": "2.5.1+cu124", "pyfeat_commit": "864962c", "run_id": "old", "sweep": "old"}
NEW = {**IMPORTED, **BLACKWELL, "torch": "2.11.0+cu128", "pyfeat_commit": "c716340", "run_id": "new", "sweep": "new"}


def propose_by_name(rows: list[Row], before: Sequence[Row] = (), **measured: str) -> dict[str, Followup]:
    candidate, baseline = units.gather_sides(rows, before)
    findings = diagnose(candidate, baseline).findings
    proposed = followups.propose(findings, [*candidate, *baseline], name="new", **measured)
    return {followup.name: followup for followup in proposed}


def test_no_sweep_is_compared_with_an_import_but_with_the_sweep_that_measures_it_again() -> None:
    rows = [make_row(detector="mpdetector", input=clip, **NEW) for clip in ("short", "long")]
    proposed = propose_by_name(rows, [make_row(detector="mpdetector", **OLD)])
    assert {name: followup.baseline for name, followup in proposed.items()} == {
        "new-unproven": None,
        "new-unproven-2": "new-unproven",
        "new-confounded": "new-unproven-2",  # the 3090 with the new software: one step from the candidate
        "new-confounded-2": "new-confounded",
        "new-new-ground": "new-few-invocations",
        "new-few-invocations": "new-unproven",
    }
    old, new = (f"py-feat @ git+https://github.com/cosanlab/py-feat@{commit}" for commit in ("864962c", "c716340"))
    pins = {name: followup.cells[0].requirements for name, followup in proposed.items()}
    assert pins["new-new-ground"] == pins["new-unproven"]
    assert pins["new-few-invocations"] == pins["new-unproven-2"]
    assert (pins["new-unproven"][0], pins["new-unproven"][-1]) == ("torch==2.5.1", old)
    assert (pins["new-unproven-2"][0], pins["new-unproven-2"][-1]) == ("torch==2.11.0", new)


def test_a_report_of_both_measured_sweeps_decides() -> None:
    proposed = propose_by_name([make_row(detector="mpdetector", **NEW)], [make_row(detector="mpdetector", **OLD)])
    before, after = proposed["new-unproven"], proposed["new-unproven-2"]
    assert after.baseline == before.name
    sides = [
        units.gather(make_rows([pace, 1.01 * pace, 0.99 * pace], sweep=followup.name, run_id=followup.name, **target))
        for followup, pace, target in ((after, 0.5, BLACKWELL), (before, 1.0, RTX3090))
    ]
    (pair,) = diagnose(*sides).pairs
    assert pair.verdict == "FASTER"


def test_a_baseline_that_featray_measured_is_named_as_it_is() -> None:
    rows = [row for batch in (1, 4) for row in make_rows([share * 4 / batch for share in STEADY], batch_size=batch)]
    before = make_rows(STEADY, run_id="old", sweep="old", batch_size=4)
    proposed = propose_by_name(rows, before, candidate="new", baseline="old")
    assert {followup.baseline for followup in proposed.values()} == {"old"}


STEADY = (1.0, 1.01, 0.99)


def test_a_secret_of_which_only_the_digest_is_known_is_a_remark() -> None:
    asked = {**json.loads(make_row().asked or ""), "env": {"HF_TOKEN": "sha256:0123456789ab"}}
    (followup,) = propose_for(make_finding(WantedCells(unit=gather_one(make_row(asked=json.dumps(asked))), reason="r")))
    assert followup.remarks == ("write each secret itself instead of its digest: env HF_TOKEN",)


def test_fewer_invocations_than_needed_are_a_remark() -> None:
    wanted = WantedCells(unit=gather_one(make_row()), reason="noisy", invocations=34)
    (followup,) = propose_for(make_finding(wanted))
    assert followup.invocations == 12
    assert followup.remarks == (
        "12 invocations, although 34 are needed: a sweep is limited to 12 invocations and 4 h 00 min. "
        "For more, submit it again with --rerun",
    )


def test_a_setting_that_is_too_slow_for_the_limit_is_measured_three_times() -> None:
    wanted = WantedCells(unit=gather_one(make_row(**CPU, input="long")), reason="single", invocations=12)
    (followup,) = propose_for(make_finding(wanted, kind=FindingKind.FEW))
    assert (followup.invocations, followup.expected_s < 4 * 3600) == (3, True)
    grid = dataclasses.replace(wanted, settings={"batch_size": (1, 2, 4)})
    (followup,) = propose_for(make_finding(grid, kind=FindingKind.FEW))
    assert followup.invocations == 3
    assert followup.remarks[1] == "longer than 4 h 00 min, since these cells are measured side by side"


def test_a_class_that_a_commit_may_not_have_is_named_in_the_reasons() -> None:
    unknown = propose_by_name([make_row(**NEW)])["new-few-invocations"]
    assert unknown.reasons == (
        "a single measurement",
        "works only if py-feat c716340 has the class Detectorv1",  # its version says 0.7.0, and 2.0 was the first
    )
    known = propose_by_name([make_row(**{**NEW, "pyfeat": "2.0.2"})])["new-few-invocations"]
    assert known.reasons == ("a single measurement",)


def test_what_the_file_cannot_repeat_exactly_is_a_remark() -> None:
    assert propose_by_name([make_row(**NEW)])["new-few-invocations"].remarks == (
        "classes and keywords are those of featray's catalogue: an imported report has only labels",
        "torch==2.11.0 without +cu128, which names a wheel index and not a version",
    )


def test_a_noisy_unit_is_named_in_the_reason() -> None:
    proposed = propose_by_name(make_rows([0.9, 1.0, 1.1, 1.0, 1.0]))["new-noisy"]
    assert proposed.reasons[0].startswith("retinaface, short (72 frames), b=16, RTX 3090: ±")
