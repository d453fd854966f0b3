"""Constraints: what fits, and messages that say what to do."""

from typing import Any

import pytest

from featray.analysis import units
from featray.analysis.advice import candidates, constraints
from featray.analysis.advice.constraints import Constraints
from featray.core.row import Row
from featray.errors import NothingMatches
from tests.support.builders import CPU, SHELF, make_row

GIB = 2**30
ROWS = [make_row(), make_row(input="long", batch_size=4), make_row(**{**SHELF, **CPU}, detector="img2pose")]


def select(rows: list[Row], **fixed: Any) -> list[str]:
    chosen = constraints.select(candidates.gather(units.gather(rows)), Constraints(**fixed))
    return [f"{candidate.unit.row.detector} {candidate.unit.row.input}" for candidate in chosen]


@pytest.mark.parametrize(
    ("fixed", "expected"),
    [
        ({}, ["retinaface short", "retinaface long", "img2pose short"]),
        ({"detector": "retinaface"}, ["retinaface short", "retinaface long"]),
        ({"device": "cpu"}, ["img2pose short"]),
        ({"host": "shelf"}, ["img2pose short"]),
        ({"host": "id-shelf"}, ["img2pose short"]),
        ({"input": "long"}, ["retinaface long"]),
    ],
)
def test_constraints_narrow_the_choice(fixed: dict[str, str], expected: list[str]) -> None:
    assert select(ROWS, **fixed) == expected


def test_a_host_is_also_found_by_the_name_that_tells_it_from_another_of_the_same_hostname() -> None:
    rows = [make_row(), make_row(**{**SHELF, **CPU, "hostname": "box"}, detector="img2pose")]
    assert select(rows, host="box (id-shelf)") == ["img2pose short"]
    with pytest.raises(NothingMatches, match=r"expected box \(id-box\), box \(id-shelf\)"):
        select(rows, host="shelf")


@pytest.mark.parametrize(
    ("fixed", "message"),
    [
        (
            {"detector": "retinafac"},
            "nothing was measured for detector 'retinafac'; expected retinaface, img2pose. Did you mean 'retinaface'? "
            "Name another detector, or submit a sweep that measures this one",
        ),
        (
            {"detector": "retinaface", "host": "shelf"},
            "nothing was measured for host 'shelf' with detector 'retinaface'; expected box. "
            "Name another host, or submit a sweep that measures this one",
        ),
        (
            {"device": "cpu", "detector": "img2pose", "host": "box"},
            "nothing was measured for host 'box' with detector 'img2pose' and device 'cpu'; expected shelf. "
            "Name another host, or submit a sweep that measures this one",
        ),
    ],
)
def test_what_nothing_meets_is_named_with_what_was_measured(fixed: dict[str, str], message: str) -> None:
    with pytest.raises(NothingMatches) as wrong:
        select(ROWS, **fixed)
    assert str(wrong.value) == message


def within(limit: int, *rows: Row) -> tuple[list[int], list[int]]:
    fitting, unknown = constraints.within_memory(candidates.gather(units.gather(rows)), limit)
    batches = [[candidate.unit.row.batch_size for candidate in chosen] for chosen in (fitting, unknown)]
    return batches[0], batches[1]


LARGE = make_row(batch_size=64, gpu_memory_used_peak_b=20 * GIB, foreign_gpu_processes=0)
SMALL = make_row(batch_size=16, gpu_memory_used_peak_b=7 * GIB, foreign_gpu_processes=0)
UNKNOWN = make_row(batch_size=4)
SHARED = make_row(batch_size=8, gpu_memory_used_peak_b=20 * GIB, foreign_gpu_processes=2)
TORCH = make_row(batch_size=2, gpu_memory_used_peak_b=20 * GIB, gpu_memory_reserved_peak_b=GIB, foreign_gpu_processes=2)


def test_a_memory_limit_splits_into_what_fits_and_what_is_unknown() -> None:
    assert within(8 * GIB, LARGE, SMALL, UNKNOWN, SHARED, TORCH) == ([16, 2], [4, 8])
    assert within(24 * GIB, LARGE, SHARED) == ([64, 8], [])  # with the others it is below the limit too


def test_a_limit_that_nothing_meets_names_the_least_and_the_way_out() -> None:
    with pytest.raises(NothingMatches) as wrong:
        within(GIB, LARGE, SMALL, UNKNOWN)
    assert str(wrong.value) == (
        "no measured setting is known to fit into 1.0 GiB; the smallest needs 7.0 GiB (retinaface, batch 16). "
        "Raise the limit, or measure a smaller batch"
    )
    with pytest.raises(NothingMatches, match="Raise the limit, or measure another detector or machine"):
        within(GIB, make_row(batch_size=1, gpu_memory_used_peak_b=7 * GIB, foreign_gpu_processes=0))
    with pytest.raises(NothingMatches, match="Measure them while nobody else uses the GPU, or leave out the limit"):
        within(GIB, UNKNOWN, SHARED)
