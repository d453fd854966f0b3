"""BisectionStep times: rows of a step become blocks in which every version has a time."""

import dataclasses
import math
from collections.abc import Sequence

import pytest

from featray.analysis.bisection import StepTimes, gather
from featray.core.row import Row
from tests.support.builders import RTX3090, make_rows

VERSIONS = {"one": 0, "two": 1}
TARGET = RTX3090["target_id"]


def rows_of(name: str, times_s: Sequence[float]) -> list[Row]:
    return [dataclasses.replace(row, cell_id=name) for row in make_rows(times_s, run_id="step")]


def read(*rows: Row, blocks: int) -> StepTimes:
    return gather(rows, VERSIONS, target_id=TARGET, blocks=blocks)


def test_times_of_both_versions_are_paired_by_block() -> None:
    found = read(*rows_of("one", [1.0, 2.0, 3.0]), *rows_of("two", [1.1, 2.2, 3.3]), blocks=3)
    assert found.times[0] == pytest.approx([math.log(value) for value in (1, 2, 3)])
    assert found.times[1] == pytest.approx([math.log(value) for value in (1.1, 2.2, 3.3)])
    assert found.blocks == 3


def test_later_blocks_and_other_devices_do_not_count() -> None:
    elsewhere = [dataclasses.replace(row, target_id="GPU-other") for row in rows_of("two", [9.0] * 3)]
    found = read(*rows_of("one", [1.0, 2.0, 3.0]), *rows_of("two", [1.1, 2.2, 3.3]), *elsewhere, blocks=2)
    assert found.blocks == 2


def test_a_block_that_lacks_one_version_is_left_out() -> None:
    one, two = rows_of("one", [1.0, 2.0, 3.0]), rows_of("two", [1.1, 2.2, 3.3])
    failed = dataclasses.replace(two[1], status="crashed", timed_s=None, reason="signal 11")
    found = read(*one, two[0], failed, two[2], blocks=3)
    assert found.times[0] == pytest.approx([math.log(1.0), math.log(3.0)])
    assert found.unmeasured == {}


def test_a_version_without_times_says_why_and_does_not_cost_the_others_their_blocks() -> None:
    failed = [
        dataclasses.replace(row, status="unsupported", timed_s=None, reason="no wheel")
        for row in rows_of("two", [1.0] * 3)
    ]
    found = read(*rows_of("one", [1.0, 2.0, 3.0]), *failed, blocks=3)
    assert found.unmeasured == {1: "unsupported: no wheel"}
    assert found.blocks == 3


def test_a_step_without_rows_has_no_blocks() -> None:
    found = read(blocks=5)
    assert (found.blocks, found.unmeasured) == (0, {0: "not measured", 1: "not measured"})
