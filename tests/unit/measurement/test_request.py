"""The child's request: the invocation, and what its host adds."""

from pathlib import Path

import pytest

from featray.core import invocation
from featray.core.cell import cell_id
from featray.measurement import request
from tests.support.builders import make_cell, make_invocation

CELL = make_cell(input="lab")
ASKED = invocation.to_mapping(make_invocation(CELL))


def test_a_request_drops_columns_that_rows_do_not_have() -> None:
    asked = request.from_mapping({"invocation": ASKED, "host": {"arch": "arm64", "x": 1}})
    assert asked.context == {"arch": "arm64"}


def test_an_invocation_alone_is_a_request() -> None:
    asked = request.from_mapping(ASKED)
    assert asked.invocation == make_invocation(CELL)
    assert (asked.context, asked.ffmpeg) == ({}, None)


def test_the_hosts_files_win_over_those_that_the_sweep_names() -> None:
    assert request.from_mapping(ASKED).input_files(CELL) == [Path("clips/lab.mp4")]
    here = {"invocation": ASKED, "files": {cell_id(CELL): ["/cache/lab.mp4"]}}
    assert request.from_mapping(here).input_files(CELL) == [Path("/cache/lab.mp4")]


def test_the_video_that_an_input_was_cut_from_is_known_where_it_was_cut() -> None:
    assert request.from_mapping(ASKED).cut_from(CELL) is None
    cut = {"invocation": ASKED, "sources": {cell_id(CELL): "/clips/lab.mp4"}}
    assert request.from_mapping(cut).cut_from(CELL) == Path("/clips/lab.mp4")


@pytest.mark.parametrize("value", [[], "text", {}, {"invocation": {"sweep": "x"}}])
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"not a request|not an invocation"):
        request.from_mapping(value)


def test_the_place_of_a_process_beside_others_is_read_back() -> None:
    member = request.JointMember(number=2, count=3, cpus=(1, 5))
    value = {"invocation": invocation.to_mapping(make_invocation()), "member": member.to_mapping()}
    assert request.from_mapping(value).member == member
    assert request.from_mapping({"invocation": value["invocation"]}).member is None
