"""What of an event in a log can be believed: anybody may have printed the line."""

import dataclasses
import json
from typing import Any

import pytest

from featray.cli.progress import LiveView
from featray.core.events import PlainEvent
from featray.rendering import event_text
from featray.running import progress
from featray.running.logged_event import SET_ASIDE, check
from tests.support.builders import make_row

ROW = dataclasses.asdict(make_row())
PLACED: PlainEvent = {
    "done": 1, "total": 2, "left_s": 1.0, "event": "row", "invocation": "demo/tick/cpu/invocation-1",
    "detector": "tick", "target": "cpu@box", "target_label": "CPU of box", "cell_id": "abc", "cell": "tick b=1",
    "target_short_name": "box CPU", "place": "CPU of box",
}  # fmt: skip


@pytest.mark.parametrize(
    "event", [{"done": 1, "total": 2}, {**PLACED, "row": ROW}, {"done": 0, "total": 0, "event": "ended_run", "code": 0}]
)
def test_what_a_driver_writes_is_believed_whole(event: PlainEvent) -> None:
    assert check(event) == event


@pytest.mark.parametrize("event", [None, [], {}, {"done": 1}, {"done": -1, "total": 1}, {"done": True, "total": 1},
                                   {"done": "1", "total": 2}, {"done": 1.5, "total": 2}])  # fmt: skip
def test_what_has_no_counts_is_no_event(event: Any) -> None:
    assert check(event) is None


HOSTILE = [
    {**PLACED, "row": {**ROW, "timed_s": [-1.0]}},
    {**PLACED, "row": {"detector": "x"}},
    {**PLACED, "row": "no row"},
    {**PLACED, "other": {**ROW, "run_id": None}},
    {**PLACED, "left_s": "soon"},
    {**PLACED, "targets": "many"},
    {**PLACED, "left_s": float("nan")},
    {**PLACED, "text": ["x"]},
    {**PLACED, "cell_id": {}, "cell": 7, "event": "started"},
    {**PLACED, "event": "waiting", "invocation": None},
    {**PLACED, "target_label": 7},
    {**PLACED, "target_short_name": 7, "place": ["box"]},
    {"done": 1, "total": 2, "event": "loading"},
    {"done": 1, "total": 2, "target": "cpu@box"},
    {"done": 1, "total": 2, "event": "ended_run"},
    {"done": 1, "total": 2, "event": "ended_run", "code": "0"},
]


@pytest.mark.parametrize("event", HOSTILE)
def test_what_cannot_be_is_left_out_and_everybody_can_show_the_rest(event: PlainEvent) -> None:
    read = progress.read_line(json.dumps(event))
    assert read is not None
    assert set(read) - {SET_ASIDE, "text"} <= set(event)
    assert isinstance(event_text.event_line(read), str)
    LiveView().show(read)
    assert progress.read_end([read]) is None


def test_a_row_that_cannot_be_is_named_in_the_text_of_its_event() -> None:
    read = progress.read_line(json.dumps(HOSTILE[0]))
    assert read is not None
    assert "row" not in read
    assert read["text"] == read[SET_ASIDE]
    assert str(read["text"]).startswith(f"the row demo-1/{ROW['cell_id']}/{ROW['target_id'][:20]}")


def test_a_line_of_a_hundred_thousand_brackets_is_no_event() -> None:
    assert progress.read_line('{"done": ' + "[" * 100_000) is None


def test_a_row_of_an_older_featray_is_shown_without_the_columns_that_it_lacks() -> None:
    old = {key: value for key, value in ROW.items() if value is not None and key not in ("frames", "attempt")}
    read = progress.read_line(json.dumps({**PLACED, "row": {**old, "a_column_of_next_year": 7}}))
    assert read is not None
    assert event_text.event_line(read).startswith("[1/2] retinaface ")
    LiveView().show(read)
