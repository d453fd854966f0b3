"""The supervisor: an invocation's events from begin to end, with a new child where one dies."""

import dataclasses
import time
from pathlib import Path
from typing import Any

import pytest

from featray.core import invocation, row
from featray.core.cell import cell_id
from featray.core.choices import Exclusive
from featray.core.detectors import Detector
from featray.core.row import Row
from featray.core.rules import Rules
from featray.core.status import Status
from featray.host import lease, spool, supervisor
from featray.measurement import provenance
from featray.measurement.fakes.failing_detector import DAEMON_S
from tests.support.builders import make_cell, make_invocation

RULES = Rules(warmup_min=1, warmup_max=1, repeats_min=1, repeats_max=1, min_time_s=0.0, stages=False)
TICK = Detector(
    name="tick", class_name="featray.measurement.clockwork:Clockwork", keywords={"frames": 72}, heading="tick"
)
DEADLY = Detector(
    name="deadly",
    class_name="featray.measurement.fakes.failing_detector:FailingDetector",
    keywords={"fault": "exit", "at_batch": 4},
    heading="deadly",
)


def make_request(detector: Detector, *batch_sizes: int) -> dict[str, Any]:
    cells = [make_cell(detector=detector, device="cpu", batch_size=size) for size in batch_sizes]
    measured = make_invocation(*cells, device="cpu", gpu_uuid=None, target_id="cpu@here", rules=RULES)
    return {"invocation": invocation.to_mapping(measured), "store": "/results", "holder": "ann@box"}


def supervise(detector: Detector, *batch_sizes: int) -> list[dict[str, Any]]:
    return [dict(event) for event in supervisor.supervise(make_request(detector, *batch_sizes))]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FEATRAY_CACHE", str(tmp_path))
    return tmp_path


def rows_of(events: list[dict[str, Any]]) -> list[Row]:
    return [row.from_json(event["row"]) for event in events if event["kind"] == "row"]


def test_an_invocation_gives_its_events_in_order_and_spools_its_row(cache: Path) -> None:
    events = supervise(TICK, 16)
    assert [event["kind"] for event in events] == ["begun", "loading", "started", "row", "ended"]
    (measured,) = rows_of(events)
    assert (measured.status, measured.reason) == (Status.OK, None)
    assert events[2]["cell_id"] == measured.cell_id == cell_id(make_cell(detector=TICK, device="cpu", batch_size=16))
    assert spool.pending(spool.folder(cache, "/results")) == [measured]


def test_a_child_that_dies_costs_one_cell_and_a_new_child_measures_the_rest() -> None:
    rows = rows_of(supervise(DEADLY, 1, 4, 8))
    assert sorted((row.batch_size, row.status) for row in rows) == [(1, "ok"), (4, "crashed"), (8, "ok")]


def test_a_daemon_that_a_detector_leaves_does_not_keep_the_lease() -> None:
    daemonic = dataclasses.replace(DEADLY, keywords={"fault": "daemon"})
    began = time.monotonic()
    for _ in range(2):
        events = supervise(daemonic, 1)
        assert [event["kind"] for event in events] == ["begun", "loading", "started", "row", "ended"]
        assert [row.status for row in rows_of(events)] == ["ok"]
    assert time.monotonic() - began < DAEMON_S


def test_an_invocation_waits_for_the_lease_and_names_its_holder() -> None:
    host_id = provenance.compute_host_id()
    (held,) = lease.acquire(host_id, "cpu@here", exclusive=Exclusive.HOST, holder="bob@box")
    assert isinstance(held, lease.Lease)
    events = supervisor.supervise(make_request(TICK, 16))
    assert next(events)["kind"] == "begun"
    waiting = next(events)
    assert waiting["kind"] == "waiting"
    assert waiting["text"].startswith("bob@box (process ")
    lease.release(held)
    assert [event["kind"] for event in events if event["kind"] != "waiting"] == ["loading", "started", "row", "ended"]
