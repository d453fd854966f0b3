"""Matching: which unit is compared with which."""

import dataclasses
import datetime
from typing import Any

import pytest

from featray.analysis import comparison
from featray.core import cell, identity
from featray.core.row import NO_TARGET, Row
from featray.errors import BadInput
from featray.stats import Verdict
from tests.support.builders import (
    BLACKWELL,
    RTX3090,
    SHELF,
    make_cell,
    make_joint_rows,
    make_rows,
    make_whole_rows,
    make_work,
)
from tests.support.sides import LATER, STEADY, STILL, scale


def test_a_target_is_matched_with_itself() -> None:
    both = make_rows(STEADY) + make_rows(scale(0.5), **BLACKWELL)
    again = [dataclasses.replace(row, run_id="demo-2") for row in both]
    compared = comparison.compare(both, again, noise=STILL)
    assert [pair.verdict for pair in compared.pairs] == [Verdict.EQUIVALENT] * 2


def test_a_new_gpu_beside_the_old_one_has_no_counterpart() -> None:
    both = make_rows(STEADY, run_id="demo-2") + make_rows(scale(0.5), run_id="demo-2", **BLACKWELL)
    compared = comparison.compare(make_rows(STEADY), both)
    assert len(compared.pairs) == 1
    assert [unit.row.gpu_name for unit in compared.only_candidate] == [BLACKWELL["gpu_name"]]


def test_gpus_are_compared_with_each_other_on_request() -> None:
    both = make_rows(STEADY, run_id="demo-2") + make_rows(scale(0.5), run_id="demo-2", **BLACKWELL)
    (pair,) = comparison.compare(make_rows(STEADY), both, over=["gpu"]).pairs
    assert pair.candidate.row.gpu_name == BLACKWELL["gpu_name"]


def test_batches_without_a_counterpart_are_not_matched_with_others() -> None:
    baseline = make_rows(STEADY, batch_size=1) + make_rows(STEADY, batch_size=4)
    candidate = [row for batch in (4, 64) for row in make_rows(STEADY, batch_size=batch, run_id="demo-2")]
    compared = comparison.compare(baseline, candidate)
    assert [pair.baseline.row.batch_size for pair in compared.pairs] == [4]
    assert [unit.row.batch_size for unit in compared.only_baseline] == [1]
    assert [unit.row.batch_size for unit in compared.only_candidate] == [64]


def test_inputs_are_never_matched_with_other_inputs() -> None:
    compared = comparison.compare(make_rows(STEADY, input="short"), make_rows(STEADY, input="long"))
    assert compared.pairs == ()
    with pytest.raises(BadInput, match="other work"):
        comparison.compare(make_rows(STEADY), make_rows(STEADY), over=["input"])


def test_the_last_run_of_a_cell_and_target_counts() -> None:
    later = make_rows(scale(2.0), run_id="demo-2", started_at=LATER, torch="9.9.9")
    compared = comparison.compare(make_rows(STEADY, run_id="base"), make_rows(STEADY) + later)
    assert [pair.candidate.row.run_id for pair in compared.pairs] == ["demo-2"]
    assert [unit.row.run_id for unit in compared.superseded] == ["demo-1"]


def failed_once(**changes: Any) -> list[Row]:
    """Make rows of a sweep whose environment `after` could not be used."""
    failed = {"status": "failed", "timed_s": None, "work": None, "requirements": ["py-feat==2.1.5", "wrong"]}
    return make_rows([1.0] * 3, environment="after", **{**failed, **changes})


def mended(**changes: Any) -> list[Row]:
    """Make rows of the same run whose environment `after` has other requirements, and so another cell."""
    return make_rows(STEADY, environment="after", requirements=["py-feat==2.1.5"], **{"started_at": LATER, **changes})


def before() -> list[Row]:
    return make_rows(STEADY, environment="before", requirements=["py-feat==2.1.4"])


def test_a_failed_cell_that_the_sweep_has_replaced_under_its_labels_is_left_out() -> None:
    compared = comparison.compare_within([*before(), *failed_once(), *mended()], over=["environment"], noise=STILL)
    assert [pair.verdict for pair in compared.pairs] == [Verdict.EQUIVALENT]
    assert [len(unit.logs) for unit in compared.superseded] == [0]
    sides = comparison.compare(before(), [*failed_once(), *mended()], over=["environment"], noise=STILL)
    assert [pair.verdict for pair in sides.pairs] == [Verdict.EQUIVALENT]


def test_a_cell_that_no_target_could_run_is_replaced_by_what_ran_later_on_any() -> None:
    refused = failed_once(status="infeasible", target_id=NO_TARGET, gpu_uuid=None, gpu_name=None, order_index=None)
    compared = comparison.compare_within([*before(), *refused, *mended()], over=["environment"], noise=STILL)
    assert [pair.verdict for pair in compared.pairs] == [Verdict.EQUIVALENT]


@pytest.mark.parametrize(
    "failed",
    [
        failed_once(started_at=LATER + datetime.timedelta(days=1)),
        failed_once(sweep="other", run_id="other-1"),
        failed_once(batch_size=4),
        failed_once(**BLACKWELL),
    ],
    ids=["failed later", "another sweep", "another batch", "another GPU"],
)
def test_a_failed_cell_that_nothing_replaced_stays(failed: list[Row]) -> None:
    compared = comparison.compare([*before(), *make_rows(STEADY, batch_size=4)], [*failed, *mended()])
    assert compared.superseded == ()


def test_a_failed_cell_is_not_replaced_by_one_that_differs_in_what_is_compared() -> None:
    def with_variable(rows: list[Row], value: str) -> list[Row]:
        asked = make_cell(env={"MKL_NUM_THREADS": value})
        text = identity.canonical(cell.to_asked(asked))
        return [dataclasses.replace(row, cell_id=cell.cell_id(asked), asked=text) for row in rows]

    failed = with_variable(make_rows([1.0], status="failed", timed_s=None, work=None), "1")
    measured = with_variable(make_rows(STEADY, started_at=LATER), "2")
    assert comparison.compare(make_rows(STEADY), [*failed, *measured]).superseded != ()
    compared = comparison.compare(make_rows(STEADY), [*failed, *measured], over=["variables"])
    assert compared.superseded == ()


def test_a_replay_neither_hides_what_was_measured_nor_is_a_session_of_it() -> None:
    measured = make_rows(STEADY)
    replayed = [dataclasses.replace(row, run_id="demo-2", replayed="tape") for row in measured]
    (pair,) = comparison.compare([*measured, *replayed], make_rows(scale(0.5), run_id="demo-3")).pairs
    assert (pair.baseline.row.run_id, pair.baseline.earlier) == ("demo-1", ())
    assert pair.decision is not None


def test_earlier_runs_of_the_same_are_further_sessions() -> None:
    def daily(*names: str) -> list[Row]:
        days = [LATER + datetime.timedelta(days=day) for day in range(len(names))]
        return [
            row for name, day in zip(names, days, strict=True) for row in make_rows(STEADY, run_id=name, started_at=day)
        ]

    compared = comparison.compare(daily("a", "b", "c"), daily("x", "y", "z"))
    (pair,) = compared.pairs
    assert compared.superseded == ()
    assert pair.decision is not None
    assert (pair.decision.sessions, pair.decision.session_spread) == ((3, 3), None)
    assert pair.verdict is Verdict.EQUIVALENT


def test_within_one_sweep_the_smallest_batch_is_the_baseline() -> None:
    rows = [row for batch in (16, 4, 1) for row in make_rows(scale(1 / batch), batch_size=batch)]
    compared = comparison.compare_within(rows, over=["batch"])
    assert [(each.baseline.row.batch_size, each.candidate.row.batch_size) for each in compared.pairs] == [
        (1, 4),
        (1, 16),
    ]


def test_within_one_sweep_the_first_detector_of_the_catalogue_is_the_baseline() -> None:
    rows = make_rows(STEADY, detector="retinaface") + make_rows(STEADY, detector="img2pose")
    (pair,) = comparison.compare_within(rows, over=["detector"]).pairs
    assert (pair.baseline.row.detector, pair.candidate.row.detector) == ("img2pose", "retinaface")


def test_pairs_are_in_the_order_of_a_report() -> None:
    cells = [
        ("long", "retinaface", 4),
        ("short", "retinaface", 16),
        ("short", "retinaface", 4),
        ("short", "img2pose", 64),
    ]
    rows = [
        row for clip, name, batch in cells for row in make_rows(STEADY, input=clip, detector=name, batch_size=batch)
    ]
    compared = comparison.compare(rows, [dataclasses.replace(row, run_id="demo-2") for row in rows])
    labels = [pair.baseline.row for pair in compared.pairs]
    assert [(row.input, row.detector, row.batch_size) for row in labels] == [
        ("short", "img2pose", 64),
        ("short", "retinaface", 4),
        ("short", "retinaface", 16),
        ("long", "retinaface", 4),
    ]


def test_a_variant_of_a_detector_is_matched_with_its_original() -> None:
    variant = make_cell().detector
    variant = dataclasses.replace(variant, name="with-svm", keywords={**variant.keywords, "au_model": "svm"})
    asked = make_cell(detector=variant)
    svm = make_rows(
        STEADY,
        detector="with-svm",
        cell_id="svm",
        asked=identity.canonical(dataclasses.asdict(asked)),
        work=make_work(make_cell()) | {"au_model": identity.canonical("svm")},
    )
    (pair,) = comparison.compare_within(make_rows(STEADY) + svm, over=["au_model"]).pairs
    assert pair.verdict is Verdict.EQUIVALENT
    assert pair.attribution == "only au_model (xgb -> svm) is known to differ"


def test_versions_are_ordered_by_their_numbers() -> None:
    rows = [
        row
        for name in ("2.11.0", "2.9.0")
        for row in make_rows(STEADY, environment=f"v{name}", torch=name, requirements=[f"torch=={name}"])
    ]
    (pair,) = comparison.compare_within(rows, over=["torch"]).pairs
    assert (pair.baseline.row.torch, pair.candidate.row.torch) == ("2.9.0", "2.11.0")


def test_processes_side_by_side_are_compared_with_one_alone_on_request_only() -> None:
    alone, two = make_rows(STEADY), make_joint_rows(scale(0.5), run_id="demo-2")
    assert comparison.compare(alone, two, noise=STILL).pairs == ()
    (pair,) = comparison.compare(alone, two, over=["processes"], noise=STILL).pairs
    assert pair.verdict is Verdict.FASTER  # what both do together
    (within,) = comparison.compare_within([*alone, *make_joint_rows(scale(0.5))], over=["processes"]).pairs
    assert (within.baseline.processes, within.candidate.processes) == (1, 2)
    assert [factor.gist for factor in within.factors] == ["processes (1 -> 2)"]


def test_a_row_of_before_there_were_several_processes_is_of_one() -> None:
    older = [dataclasses.replace(row, processes=None) for row in make_rows(STEADY)]
    (pair,) = comparison.compare(older, make_rows(STEADY, run_id="demo-2"), noise=STILL).pairs
    assert pair.verdict is Verdict.EQUIVALENT
    assert not pair.factors


def test_all_gpus_are_compared_with_one_of_them_on_request_only() -> None:
    alone, whole = make_rows(STEADY), make_whole_rows(scale(0.5), run_id="demo-2")
    assert comparison.compare(alone, whole, noise=STILL).pairs == ()
    (pair,) = comparison.compare(alone, whole, over=["targets"], noise=STILL).pairs
    assert pair.verdict is Verdict.FASTER
    assert [factor.gist for factor in pair.factors] == ["targets (1 -> all)"]


def test_within_one_run_all_gpus_are_compared_with_each_of_them() -> None:
    other = {**BLACKWELL, "target_id": "GPU-other", "gpu_uuid": "GPU-other"}
    rows = [*make_rows(STEADY), *make_rows(scale(0.9), **BLACKWELL), *make_rows(STEADY, **other)]
    shelf = make_rows(STEADY, **{**SHELF, "target_id": "GPU-shelf", "gpu_uuid": "GPU-shelf"})
    compared = comparison.compare_within([*rows, *shelf, *make_whole_rows(scale(0.5))], over=["targets"])
    assert {pair.baseline.row.gpu_uuid for pair in compared.pairs} == {RTX3090["gpu_uuid"], BLACKWELL["gpu_uuid"]}
    assert all(pair.candidate.gpus == 2 for pair in compared.pairs)
    assert compared.unordered == 0


def test_the_gpus_of_two_hosts_are_compared_as_other_targets_are() -> None:
    shelf = {**SHELF, "target_id": "all-1@id-shelf"}
    (pair,) = comparison.compare(
        make_whole_rows(STEADY), make_whole_rows(scale(0.5), run_id="demo-2", **shelf), over=["host"], noise=STILL
    ).pairs
    assert pair.verdict is Verdict.FASTER
