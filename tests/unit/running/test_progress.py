"""Progress: events as lines of JSON, and how a submit says that it ended."""

import json

import pytest

from featray.backends import Event
from featray.core.events import EventKind
from featray.running import progress
from featray.running.progress import Progress, RunEnd
from tests.support.builders import make_row
from tests.support.plans import RTX3090, make_cell, make_host, make_plan, place


def test_an_event_names_its_invocation_target_and_cell() -> None:
    (planned,) = make_plan(place([make_cell(device="cuda")], make_host("box", RTX3090)), n=1).invocations
    event = Event(planned=planned, kind=EventKind.STARTED, cell_id=planned.cell_ids[0])
    assert Progress(event=event, done=1, total=2, left_s=3.0).to_mapping() == {
        "done": 1,
        "total": 2,
        "left_s": 3.0,
        "event": "started",
        "invocation": "demo/retinaface/cuda/invocation-1",
        "detector": "retinaface",
        "target": RTX3090.uuid,
        "target_label": "RTX 3090",
        "target_short_name": "RTX 3090",
        "cell_id": planned.cell_ids[0],
        "cell": "retinaface short cuda b=4",
    }
    among_many = Progress(event=event, has_many_targets=True).to_mapping()
    assert among_many["place"] == "RTX 3090 of box"


def test_a_row_without_an_event_is_a_line_too() -> None:
    row, other = make_row(), make_row(run_id="another")
    assert Progress(row=row).to_mapping()["row"]["run_id"] == "demo-1"  # type: ignore[index]
    assert Progress(other=other).to_mapping()["other"]["run_id"] == "another"  # type: ignore[index]


@pytest.mark.parametrize("end", [RunEnd(code=0), RunEnd(code=3, message="/r: cannot be written")])
def test_the_end_of_a_submit_is_read_back(end: RunEnd) -> None:
    line = json.dumps(Progress(end=end).to_mapping())
    assert progress.read_end(progress.read_lines(["hello", line])) == end


def test_a_submit_that_has_not_ended_has_no_end() -> None:
    assert progress.read_end([{"done": 1, "total": 2, "event": "ended"}]) is None


def test_a_line_for_people_begins_with_a_text_and_is_read_back() -> None:
    (planned,) = make_plan(place([make_cell(device="cuda")], make_host("box", RTX3090)), n=1).invocations
    name, row = "demo/retinaface/cuda/invocation-1", make_row()
    events = [
        (
            Progress(event=Event(planned=planned, kind=EventKind.LOADING), done=0, total=1),
            f"{name}: loads its detector",
        ),
        (
            Progress(event=Event(planned=planned, kind=EventKind.STARTED, cell_id=planned.cell_ids[0])),
            f"{name}: measures retinaface short cuda b=4",
        ),
        (
            Progress(event=Event(planned=planned, kind=EventKind.WAITING), text="ann", total=1),
            f"{name} on RTX 3090: waiting for ann",
        ),
        (Progress(event=Event(planned=planned, kind=EventKind.ROW, row=row), done=1, total=1), "[1/1] retinaface"),
        (Progress(end=RunEnd(code=1, message="one\nfailed")), "ended with exit code 1. one failed"),
        (Progress(text="a\ttab"), "a tab"),
    ]
    for given, text in events:
        line = progress.write_line(given, "03:00:00")
        assert line.startswith(f"03:00:00 {text}")
        assert progress.read_line(line) == json.loads(json.dumps(given.to_mapping()))
        assert progress.read_line(progress.write_line(given)) == progress.read_line(line)


def test_a_line_that_is_no_event_is_none() -> None:
    lines = ["2026 INFO ray: hello", '{"done": 1, "total', '{"done": 1, "total": 2}']
    assert [progress.read_line(line) for line in lines] == [None, None, {"done": 1, "total": 2}]
