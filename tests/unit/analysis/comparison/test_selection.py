"""Selection: what an expression on the command line means, and what it says when it means nothing."""

import datetime

import pytest

from featray.analysis import comparison
from featray.core.row import Row
from featray.errors import BadInput, NothingMatches
from tests.support.builders import BLACKWELL, SHELF, make_joint_rows, make_row, make_rows, make_whole_rows

LATER = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)

ROWS = [
    *make_rows([1.0], sweep="nightly", run_id="nightly-1", pyfeat="2.0.3"),
    *make_rows([1.0], sweep="nightly", run_id="nightly-2", started_at=LATER),
    *make_rows([1.0], sweep="gpus", run_id="gpus-1", pyfeat_commit="c7163405d", **{**SHELF, **BLACKWELL}),
    *make_rows([1.0], sweep="calibration", run_id="calibration-1"),
]


def runs(expression: str) -> list[str]:
    return [row.run_id for row in comparison.select(ROWS, expression)]


@pytest.mark.parametrize(
    ("expression", "targets"),
    [
        ("gpu=2 GPUs", ["whole"]),
        ("gpu=2 gpus,batch=16", ["whole"]),
        ("targets=all", ["whole"]),
        ("targets=1", ["one", "both"]),
        ("targets=1,gpu=3090", ["one", "both"]),
        ("gpu=3090", ["one", "whole", "both"]),  # one of them is such a GPU
        ("processes=1", ["one", "whole"]),
        ("processes=2", ["both"]),
        ("target=all-*", ["whole"]),
    ],
)
def test_gpus_and_processes_at_the_same_time_can_be_selected(expression: str, targets: list[str]) -> None:
    rows = [
        make_row(sweep="one", processes=None),
        *make_whole_rows([0.5], sweep="whole"),
        *make_joint_rows([0.6], sweep="both"),
    ]
    assert [row.sweep for row in comparison.select(rows, expression)] == targets


def test_what_there_is_at_the_same_time_is_listed() -> None:
    with pytest.raises(NothingMatches, match=r"no row has gpu=3 GPUs; expected 2 GPUs, .* Did you mean '2 GPUs'"):
        comparison.select(make_whole_rows([0.5]), "gpu=3 GPUs")
    with pytest.raises(NothingMatches, match="no row has targets=2"):
        comparison.select(make_whole_rows([0.5]), "targets=2")


def test_a_sweeps_name_means_its_last_run() -> None:
    assert runs("nightly") == ["nightly-2"]


def test_the_last_run_is_the_one_that_was_begun_last_whatever_a_hosts_clock_said() -> None:
    rows = [
        *make_rows([1.0], sweep="nightly", run_id="nightly-20260514-231532-a1b2", started_at=LATER),
        *make_rows([1.0], sweep="nightly", run_id="nightly-20260515-080000-0000"),
    ]
    assert [row.run_id for row in comparison.select(rows, "nightly")] == ["nightly-20260515-080000-0000"]


def test_a_run_id_means_that_run() -> None:
    assert runs("nightly-1") == ["nightly-1"]


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("host=box", ["nightly-1", "nightly-2"]),
        ("host=id-shelf", ["gpus-1"]),
        ("host=b*", ["nightly-1", "nightly-2"]),
        ('host=box,gpu="RTX 3090"', ["nightly-1", "nightly-2"]),
        ("gpu=rtx 3090", ["nightly-1", "nightly-2"]),
        ("gpu=GPU-b1acc000-*", ["gpus-1"]),
        ("pyfeat=2.0.3", ["nightly-1"]),
        ("pyfeat=2", ["nightly-1", "nightly-2", "gpus-1"]),
        ("torch=2.11", ["nightly-1", "nightly-2", "gpus-1"]),
        ("commit=c716340", ["gpus-1"]),
        ("sweep=nightly,pyfeat=2.1.5", ["nightly-2"]),
        ("batch=16,detector=retinaface,sweep=gpus", ["gpus-1"]),
        ("calibration", ["calibration-1"]),
        ("nightly-1, host=box", ["nightly-1"]),
    ],
)
def test_a_filter_picks_the_rows_that_meet_all_its_terms(expression: str, found: list[str]) -> None:
    assert runs(expression) == found


def test_a_version_is_not_matched_within_a_number() -> None:
    with pytest.raises(NothingMatches, match=r"no row has torch=2\.1; expected 2\.11\.0\+cu128"):
        runs("torch=2.1")


def test_an_unknown_name_lists_what_exists_and_the_nearest() -> None:
    with pytest.raises(NothingMatches, match=r"no sweep or run is called 'nigtly'; expected .*Did you mean 'nightly'"):
        runs("nigtly")


def test_an_unknown_filter_is_named() -> None:
    with pytest.raises(BadInput, match=r"hst=box: no such filter; expected host.*Did you mean 'host'"):
        runs("hst=box")


def test_the_term_that_leaves_nothing_is_named() -> None:
    with pytest.raises(
        NothingMatches, match=r"host=box,gpu=L4: no row has gpu=L4; expected GPU-a309.*, NVIDIA GeForce"
    ):
        runs("host=box,gpu=L4")


def test_long_lists_are_cut_with_the_nearest_first() -> None:
    rows: list[Row] = [make_row(sweep=f"sweep-{number}", run_id=f"run-{number}") for number in range(50)]
    with pytest.raises(NothingMatches, match=r"expected sweep-33, .*Did you mean 'sweep-33'\? \(100 in all\)"):
        comparison.select(rows, "sweeep-33")


def test_an_empty_store_says_how_to_fill_it() -> None:
    with pytest.raises(NothingMatches, match="the store is empty"):
        comparison.select([], "nightly")


@pytest.mark.parametrize("expression", ["", " , ", 'host="box'])
def test_what_is_no_expression_is_refused(expression: str) -> None:
    with pytest.raises(BadInput, match=r"selection is empty|not a selection"):
        runs(expression)
