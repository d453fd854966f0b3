"""Failures: units grouped by what went wrong, with what to do."""

import pytest

from featray.analysis import cautions, units
from featray.analysis.cautions import FailedUnits
from tests.support.report_rows import make_failed_row, make_row


def group(*reasons: str, status: str = "oom") -> list[FailedUnits]:
    rows = [make_failed_row(status, reason, cell_id=str(number)) for number, reason in enumerate(reasons)]
    return list(cautions.group_failures(units.gather(rows)))


def test_one_message_is_given_as_it_is() -> None:
    (failed,) = group("no memory", "no memory")
    assert failed.cause(40) == "oom: no memory"
    assert len(failed.units) == 2


def test_messages_that_differ_only_in_numbers_are_one_cause_with_an_example() -> None:
    (failed,) = group("needs 3 GiB", "needs 4 GiB")
    assert failed.cause(40) == "oom, for example: needs 3 GiB"


def test_other_messages_are_another_cause() -> None:
    assert len(group("no memory", "killed by the kernel")) == 2


def test_a_long_reason_is_shortened() -> None:
    (failed,) = group("x" * 100)
    assert len(failed.cause(40)) == len("oom: ") + 40


@pytest.mark.parametrize(
    ("status", "what_to_do"),
    [
        ("oom", "Use a smaller batch"),
        ("lost", "To measure the rest, submit again"),
        ("unsupported", None),
    ],
)
def test_what_to_do_follows_from_the_status(status: str, what_to_do: str | None) -> None:
    (failed,) = group("reason", status=status)
    assert failed.caution(40).what_to_do == what_to_do


@pytest.mark.parametrize("status", ["oom", "crashed", "timeout"])
def test_a_unit_with_a_number_is_told_by_its_invocations_without_one(status: str) -> None:
    rows = [make_row(batch_size=1, invocation=number) for number in range(1, 5)]
    rows += [make_failed_row(status, "why", batch_size=1, invocation=5)]
    (failed,) = cautions.group_failures(units.gather(rows))
    name = "retinaface, short (72 frames), b=1, RTX 4000"
    assert failed.caution(40).sentence == f"1 of 5 invocations without a number ({status}: why): {name}"
    assert failed.caution(40).what_to_do is not None
    assert "smaller batch" not in str(failed.caution(40))


def test_units_with_a_number_are_told_apart_from_those_without() -> None:
    rows = [make_row(cell_id="a"), *(make_failed_row("oom", "why", cell_id=cell, invocation=2) for cell in "ab")]
    sentences = [
        failed.caution(40).sentence.partition(" (")[0] for failed in cautions.group_failures(units.gather(rows))
    ]
    assert sentences == ["1 of 2 invocations without a number", "no number"]


def test_no_smaller_batch_is_advised_than_a_single_frame() -> None:
    (failed,) = cautions.group_failures(units.gather([make_failed_row("oom", "why", batch_size=1)]))
    assert failed.caution(40).what_to_do == "Use a machine with more memory, or another detector"
