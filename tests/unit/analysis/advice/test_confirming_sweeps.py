"""Confirming sweeps: both versions around a suspected step, in one sweep that can be submitted."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest

from featray.analysis import history
from featray.analysis.advice import confirming_sweeps, followup_file
from featray.analysis.advice.followups import Followup
from featray.analysis.comparison import NO_NOISE
from featray.core.cell import cell_id
from featray.core.row import Row
from featray.planning import placement, plan
from featray.planning.inventory import Gpu, Host, Inventory
from featray.planning.planned_invocation import RunSettings
from featray.rendering import history_json, history_text
from featray.sweep import Selector
from tests.support.builders import BLACKWELL, RTX3090, make_row
from tests.support.followups import read_back
from tests.support.histories import OLD, make_history, make_session, make_side_by_side


def propose(rows: Sequence[Row]) -> list[Followup]:
    found = history.gather(rows)
    return confirming_sweeps.propose(change for one in found for change in history.find_changes(one, NO_NOISE))


def test_both_versions_are_measured_side_by_side_on_the_machine(tmp_path: Path) -> None:
    (followup,) = propose(make_history(10, 10))
    cells = read_back(followup, tmp_path)
    versions = [(cell.environment, cell.requirements[-1], cell.batch_size) for cell in cells]
    assert versions == [("before", "py-feat==2.1.5", 16), ("after", "py-feat==2.2.0", 16)]
    assert followup.host == "box"
    assert followup.gpu == "NVIDIA GeForce RTX 3090"
    assert "suspected step" in followup_file.to_yaml(followup)


def test_settings_that_step_between_the_same_versions_share_a_sweep(tmp_path: Path) -> None:
    (followup,) = propose([*make_history(10, 10), *make_history(10, 10, batch_size=4)])
    cells = read_back(followup, tmp_path)
    assert sorted((cell.environment or "", cell.batch_size) for cell in cells) == [
        *(("after", 4), ("after", 16)),
        *(("before", 4), ("before", 16)),
    ]


def test_the_expected_duration_is_what_the_plan_of_the_file_will_say(tmp_path: Path) -> None:
    rows = [row for batch in (1, 4, 16) for row in make_history(10, 10, batch_size=batch)]
    (followup,) = propose(rows)
    gpu = Gpu(uuid=str(RTX3090["gpu_uuid"]), name=str(RTX3090["gpu_name"]))
    box = Host(host_id="id-box", hostname="box", gpus=(gpu,))
    placed = placement.match(read_back(followup, tmp_path), Inventory(hosts=(box,)), Selector())
    needed = followup.invocations
    assert needed is not None
    planned = plan.make(placed, (), RunSettings(sweep="demo", run_id="demo"), invocations_needed=lambda *_: needed)
    assert len(planned.invocations) == 2 * needed
    assert followup.expected_s == pytest.approx(planned.expected_s)


def test_each_machine_has_a_sweep_of_its_own() -> None:
    followups = propose([*make_history(10, 10), *make_history(10, 10, **BLACKWELL)])
    assert len({followup.name for followup in followups}) == 2
    assert len({followup.target.target_id for followup in followups}) == 2


def test_the_requirements_of_a_sweep_are_asked_for_again(tmp_path: Path) -> None:
    rows = [
        row
        for day in range(20)
        for row in make_session(
            day,
            0.76 if day < 10 else 0.84,
            environment="nightly",
            pyfeat="2.1.5" if day < 10 else "2.2.0",
            requirements=["py-feat==2.1.5", "numpy<2"] if day < 10 else ["py-feat==2.2.0"],
        )
    ]
    (followup,) = propose(rows)
    assert {cell.environment: cell.requirements for cell in read_back(followup, tmp_path)} == {
        "before": ("py-feat==2.1.5", "numpy<2"),
        "after": ("py-feat==2.2.0",),
    }


def test_of_a_branch_that_has_moved_on_the_versions_are_asked_for(tmp_path: Path) -> None:
    branch = ["py-feat @ git+https://example.org/py-feat@main"]
    rows = [
        row
        for day in range(20)
        for row in make_session(
            day,
            0.76 if day < 10 else 0.84,
            environment="main",
            requirements=branch,
            pyfeat_commit="aaaa111" if day < 10 else "bbbb222",
        )
    ]
    (followup,) = propose(rows)
    pins = [cell.requirements[-1].rpartition("@")[2] for cell in read_back(followup, tmp_path)]
    assert pins == ["aaaa111", "bbbb222"]


def test_what_is_confirmed_or_has_one_version_needs_no_sweep() -> None:
    assert propose([*make_history(10, 10), *make_side_by_side(25, (0.76, 0.84))]) == []
    assert propose([row for day in range(20) for row in make_session(day, 0.76 if day < 10 else 0.9, **OLD)]) == []


def test_a_version_with_local_changes_cannot_be_installed() -> None:
    rows = [
        row
        for day in range(20)
        for row in make_session(day, 0.76 if day < 10 else 0.9, pyfeat_dirty=None if day < 10 else "ab12")
    ]
    assert propose(rows) == []


def test_a_sweep_that_did_not_decide_is_asked_for_again_with_more_processes() -> None:
    (first,) = propose(make_history(10, 10, ratio=1.06))
    (second,) = propose([*make_history(10, 10, ratio=1.06), *make_side_by_side(25, (0.76, 0.80), sd=0.05)])
    assert first.name == second.name
    assert first.invocations == 12
    assert 12 < (second.invocations or 0) <= confirming_sweeps.INVOCATIONS_MAX


def test_a_version_that_could_not_be_measured_leaves_its_reason_on_the_step(tmp_path: Path) -> None:
    rows = make_history(10, 10)
    (followup,) = propose(rows)
    before, after = read_back(followup, tmp_path)
    done = [
        dataclasses.replace(row, sweep=followup.name, cell_id=cell_id(before), environment="before")
        for row in make_session(30, 0.76, **OLD)
    ]
    failed = dataclasses.replace(
        make_row(status="unsupported", reason="the environment cannot be built: no wheel"),
        sweep=followup.name,
        cell_id=cell_id(after),
        environment="after",
    )
    (series,) = history.gather(rows)
    found = history.find_changes(series, NO_NOISE)
    (change,) = confirming_sweeps.note_failures(found, confirming_sweeps.group_rows([*rows, *done, failed]))
    assert change.failures == ("after: unsupported: the environment cannot be built: no wheel",)
    text = history_text.sentence(change)
    assert "has no time: after: unsupported: the environment cannot be built: no wheel. " in text
    assert text.endswith("`featray history --confirm --retry-failed` tries again.")
    assert history_json.of_change(change)["failures"] == list(change.failures)
    (untried,) = confirming_sweeps.note_failures(found, confirming_sweeps.group_rows(rows))
    assert untried.failures == ()
