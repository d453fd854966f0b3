"""The supervisor: an invocation's events from begin to end, and rows for what no child could measure."""

from pathlib import Path
from typing import Any

import pytest

from featray.core import invocation, row
from featray.core.cell import cell_id
from featray.core.detectors import Detector
from featray.core.inputs import CATALOGUE, VIDEO, Input
from featray.core.row import Row
from featray.core.status import Status
from featray.host import spool, supervisor
from tests.support.builders import make_cell, make_invocation

TICK = Detector(
    name="tick", class_name="featray.measurement.clockwork:Clockwork", keywords={"frames": 72}, heading="tick"
)
RULES = invocation.Rules(warmup_min=1, warmup_max=1, repeats_min=1, repeats_max=1, min_time_s=0.0, stages=False)


def supervise(*inputs: Input) -> list[dict[str, Any]]:
    """Run an invocation with one cell for each input."""
    cells = [make_cell(detector=TICK, input=clip, device="cpu") for clip in inputs]
    measured = make_invocation(*cells, device="cpu", gpu_uuid=None, target_id="cpu@here", rules=RULES)
    request = {"invocation": invocation.to_mapping(measured), "store": "/results", "holder": "a test"}
    return [dict(event) for event in supervisor.supervise(request)]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FEATRAY_CACHE", str(tmp_path))
    return tmp_path


def rows_of(events: list[dict[str, Any]]) -> list[Row]:
    return [row.from_json(event["row"]) for event in events if event["kind"] == "row"]


def test_an_invocation_gives_its_events_in_order_and_spools_its_row(cache: Path) -> None:
    events = supervise(CATALOGUE["short"])
    assert [event["kind"] for event in events] == ["begun", "loading", "started", "row", "ended"]
    (measured,) = rows_of(events)
    assert (measured.status, measured.reason) == (Status.OK, None)
    assert events[2]["cell_id"] == measured.cell_id == cell_id(make_cell(detector=TICK, device="cpu"))
    assert spool.pending(spool.folder(cache, "/results")) == [measured]


def test_a_cell_whose_clip_is_missing_is_unsupported_and_the_other_is_measured(cache: Path) -> None:
    absent = Input(name="gone", kind=VIDEO, paths=(str(cache / "gone.mp4"),), source_frames=72, fps=30.0)
    missing, measured = rows_of(supervise(absent, CATALOGUE["short"]))
    assert (missing.input, missing.status) == ("gone", Status.UNSUPPORTED)
    assert missing.reason == f"input gone: {cache}/gone.mp4 is not on this host; copy it there"
    assert (measured.input, measured.status) == ("short", Status.OK)


def test_a_row_that_cannot_be_spooled_still_reaches_the_driver_with_the_reason(cache: Path) -> None:
    (cache / "spool").write_text("a file where the folder should be")
    (event,) = [event for event in supervise(CATALOGUE["short"]) if event["kind"] == "row"]
    assert "cannot keep rows until they are stored" in event["text"]
    assert row.from_json(event["row"]).status == Status.OK
