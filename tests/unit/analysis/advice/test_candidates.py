"""Candidates: settings in their contexts, and what speaks against each."""

import dataclasses
import datetime
from typing import Any

import pytest

from featray.analysis import units
from featray.analysis.advice import candidates
from featray.analysis.advice.candidates import Candidate
from featray.core.row import Row
from tests.support.builders import STARTED, make_row, make_rows

LATER: dict[str, Any] = {"run_id": "later", "started_at": STARTED + datetime.timedelta(days=1)}
OLD = {"torch": "2.5.1+cu124"}


def gather(*rows: list[Row]) -> list[Candidate]:
    return candidates.gather(units.gather(row for members in rows for row in members))


def later_row(**columns: Any) -> Row:
    return make_row(**{**LATER, "started_at": LATER["started_at"].isoformat(), **columns})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"torch": "2.12.0+cu128"}, ["torch 2.11.0+cu128 -> 2.12.0+cu128"]),
        ({"driver": "590.1"}, ["driver 580.159.04 -> 590.1"]),
        ({"exclusive": "gpu"}, ["exclusive host -> gpu"]),
        ({"os": "Linux 6.13"}, ["os Linux 6.12 -> Linux 6.13"]),
        ({"featray": "0.2.0"}, ["featray 0.1.0 -> 0.2.0"]),
        ({}, []),
        ({"driver": None}, []),
        ({"torch_threads": 4, "omp_num_threads": "4"}, []),
        ({"protocol": "pyfeat"}, []),
    ],
)
def test_an_older_context_is_named_by_what_changed_since(changes: dict[str, Any], expected: list[str]) -> None:
    newest, *others = sorted(gather(make_rows([1.0] * 3), make_rows([1.0] * 3, **LATER, **changes)), key=_recency)[::-1]
    assert newest.older == ()
    assert [str(change) for candidate in others for change in candidate.older] == expected


def _recency(candidate: Candidate) -> str:
    return candidate.unit.row.started_at


def test_two_runs_in_one_context_are_one_candidate_with_both_sessions() -> None:
    (candidate,) = gather(make_rows([1.0] * 3), make_rows([2.0] * 4, **LATER))
    assert (candidate.unit.row.run_id, len(candidate.unit.logs), len(candidate.unit.timings)) == ("later", 4, 7)


def test_a_later_single_measurement_does_not_replace_several_invocations() -> None:
    (candidate,) = gather(make_rows([1.0] * 3), make_rows([0.5], **LATER))
    assert (candidate.unit.row.run_id, candidate.is_few) == ("demo-1", False)


def test_a_later_run_with_pyfeats_protocol_is_a_candidate_of_its_own() -> None:
    by_protocol = {
        candidate.unit.row.protocol: candidate
        for candidate in gather(make_rows([1.0] * 3), make_rows([0.5], **LATER, protocol="pyfeat"))
    }
    assert by_protocol["featray"].rank < by_protocol["pyfeat"].rank


def test_environments_of_one_run_differ_in_software_and_are_both_new() -> None:
    named = make_rows([1.0] * 3, environment="torch-2.5", requirements=["torch==2.5.1"], **OLD)
    assert [candidate.older for candidate in gather(make_rows([1.0] * 3, **LATER), named)] == [(), ()]


@pytest.mark.parametrize(
    ("statuses", "failures"),
    [
        (["ok"] * 5, 0),
        (["ok", "oom", "oom", "ok", "oom"], 3),
        (["ok", "crashed"], 1),
        (["ok", "timeout"], 1),
        (["ok", "wrong_work"], 1),
        (["ok", "failed"], 1),
        (["ok", "skipped"], 1),
        (["ok", "lost", "cancelled"], 0),
        (["oom", "oom"], 2),
    ],
)
def test_failures_count_against_a_setting(statuses: list[str], failures: int) -> None:
    (candidate,) = gather([make_row(invocation=number, status=status) for number, status in enumerate(statuses, 1)])
    assert (len(candidate.failures), candidate.invocations) == (failures, len(statuses))
    assert candidate.is_timed == ("ok" in statuses)


def test_failures_of_another_run_in_the_same_context_count_too() -> None:
    (candidate,) = gather(make_rows([1.0] * 3), [later_row(status="oom")])
    assert (candidate.unit.row.run_id, len(candidate.failures), candidate.invocations) == ("demo-1", 1, 4)


def test_failures_of_an_older_context_do_not_count() -> None:
    new, old = gather([make_row(status="oom", **OLD), make_row(invocation=2, **OLD)], make_rows([1.0] * 3, **LATER))
    assert (len(new.failures), len(old.failures)) == (0, 1)
    assert (new.older == (), old.older == ()) == (True, False)


def test_a_failure_that_knows_no_context_belongs_to_its_run() -> None:
    unknown = dict.fromkeys(("torch", "pyfeat", "driver", "featray"))
    old = [*make_rows([1.0] * 3, **OLD), make_row(batch_size=64, status="oom", **unknown)]
    found = {
        (candidate.unit.row.batch_size, bool(candidate.older)) for candidate in gather(old, make_rows([1.0], **LATER))
    }
    assert found == {(16, False), (16, True), (64, True)}


def test_two_imported_reports_are_never_one_context() -> None:
    imported: dict[str, Any] = {"asked": None, "work": None, "source_file": "a.md", "protocol": "pyfeat"}
    report, later = gather([make_row(**imported)], [later_row(**imported, batch_size=4)])
    assert sorted([str(change) for candidate in (report, later) for change in candidate.older]) == [
        "run_id demo-1 -> later"
    ]


def test_the_rank_puts_what_can_be_trusted_first() -> None:
    imported: dict[str, Any] = {"asked": None, "work": None, "source_file": "a.md", "protocol": "pyfeat"}
    kinds = {
        "good": make_rows([1.0] * 3, detector="a"),
        "older": make_rows([1.0] * 3, detector="b", **OLD),
        "pyfeat": make_rows([1.0] * 3, detector="c", protocol="pyfeat"),
        "few": make_rows([1.0] * 2, detector="d"),
        "imported": make_rows([1.0] * 3, detector="e", **imported),
        "failed": [*make_rows([1.0] * 3, detector="f"), make_row(detector="f", invocation=4, status="oom")],
    }
    rows = [row for members in kinds.values() for row in members] + make_rows(
        [1.0], detector="b", batch_size=4, **LATER
    )
    names = dict(zip("abcdef", kinds, strict=True))
    ranked = sorted(gather(rows), key=lambda candidate: candidate.rank)
    order = [names[candidate.unit.row.detector] for candidate in ranked if candidate.unit.row.batch_size == 16]
    assert order == ["good", "older", "pyfeat", "few", "imported", "failed"]


def test_a_setting_that_failed_and_succeeded_when_it_was_tried_again_is_one_that_fails() -> None:
    failed = make_row(invocation=2, status="oom", timed_s=None)
    again = dataclasses.replace(make_rows([1.0] * 3)[1], attempt=2)
    first, _, third = make_rows([1.0] * 3)
    (candidate,) = gather([first, failed, again, third])
    assert (len(candidate.unit.logs), candidate.invocations) == (3, 4)
    assert [row.status for row in candidate.failures] == ["oom"]
