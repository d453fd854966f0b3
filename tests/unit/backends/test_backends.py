"""The protocol with its defaults, the table of backends, and the plain values that cross to a supervisor."""

import dataclasses
import json
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pytest

from featray import backends
from featray.backends import SHIPPED, Backend, BackendOptions, Event
from featray.backends.inline import Inline
from featray.backends.replay import Replay
from featray.core import invocation, row
from featray.core.events import EventKind
from featray.core.row import Row
from featray.measurement.weights import HubFile
from featray.planning.inventory import Inventory
from featray.planning.planned_invocation import PlannedInvocation
from tests.support.builders import make_row
from tests.support.plans import make_cell, make_inventory, make_plan, place

(PLANNED,) = make_plan(place([make_cell()]), n=1).invocations
MEASURED = invocation.record(
    PLANNED.invocation, PLANNED.invocation.cells[0], status="ok", timed_s=[1.0], started_at="2026-11-24T00:00:00+00:00"
)


class Smallest(Backend):
    """A backend as a newcomer would write it first: the abstract methods alone."""

    def inventory(self) -> Inventory:
        return make_inventory()

    def fetch(self, needs: Mapping[str, Collection[HubFile]]) -> Mapping[str, Sequence[str]]:  # noqa: ARG002 - the protocol's signature
        return {}

    def start(self, planned: PlannedInvocation, store: str) -> None:
        pass

    def poll(self, timeout_s: float) -> Sequence[Event]:  # noqa: ARG002 - the protocol's signature
        return ()

    def cancel(self, planned: PlannedInvocation) -> None:
        pass

    def collect(self, store: str) -> Sequence[Row]:  # noqa: ARG002 - the protocol's signature
        return ()


def test_a_backend_needs_its_abstract_methods_alone() -> None:
    backend = Smallest()
    assert (backend.dashboard, backend.newcomers(), backend.runs_one_at_a_time) == (None, (), False)
    backend.forget("/results", [make_row()])
    backend.publish({"rows": 1})
    backend.close()


def test_a_backend_that_lacks_a_method_cannot_be_made_and_the_error_names_it() -> None:
    unfinished = type("Unfinished", (Smallest,), {"poll": Backend.poll})
    with pytest.raises(TypeError, match=r"abstract method '?poll'?"):
        unfinished()


def test_the_table_starts_each_backend_from_the_same_options() -> None:
    options = BackendOptions(holder="a test", inventory=make_inventory(), recorded=[make_row()], source="tape")
    assert sorted(SHIPPED) == ["inline", "ray", "replay"]
    assert isinstance(SHIPPED["inline"](options), Inline)
    replay = SHIPPED["replay"](options)
    assert isinstance(replay, Replay)
    assert replay.inventory() == make_inventory()


@pytest.mark.parametrize("name", ["inline", "replay"])
def test_a_backend_without_ray_does_not_load_it(name: str) -> None:
    code = (
        "import sys; from featray.backends import SHIPPED, BackendOptions\n"
        f"SHIPPED[{name!r}](BackendOptions(holder='a test')); print('ray' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_request_holds_the_invocation_as_plain_values() -> None:
    request = backends.make_request(PLANNED, "/results", "ann@box")
    assert (request["store"], request["holder"]) == ("/results", "ann@box")
    assert invocation.from_mapping(request["invocation"]) == PLANNED.invocation


def test_a_supervisors_event_is_read_with_its_row() -> None:
    event = backends.read_event(PLANNED, {"kind": "row", "row": row.to_json(MEASURED), "text": None})
    assert event == Event(planned=PLANNED, kind=EventKind.ROW, row=MEASURED)
    started = backends.read_event(PLANNED, {"kind": "started", "cell_id": "abc"})
    assert started == Event(planned=PLANNED, kind=EventKind.STARTED, cell_id="abc")


def row_with(**values: object) -> dict[str, str]:
    return {"kind": "row", "row": json.dumps({**dataclasses.asdict(MEASURED), **values})}


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (row_with(timed_s=[-1.0]), "column timed_s: expected times"),
        (row_with(run_id=None), "column run_id is missing"),
        (row_with(run_id="../../x"), "a row of demo/../../x/"),
        (row_with(attempt=7), "came for demo/"),
        ({"kind": "row", "row": "[" * 100_000}, ""),
        ({"kind": "row", "row": 7}, ""),
        ({"kind": "a kind of next year"}, "a kind of next year"),
        ({"event": "row"}, "kind"),
        ({"kind": "started", "cell_id": ["abc"]}, "cell_id is no text"),
        (["row"], ""),
    ],
)
def test_an_event_that_no_featray_like_this_one_sends_is_named_with_its_host(event: Any, why: str) -> None:
    with pytest.raises(backends.Unreadable) as refused:
        backends.read_event(PLANNED, event)
    host, _, reason = str(refused.value).partition(" sent an event that was set aside: ")
    assert host == PLANNED.target.host.hostname
    assert why in reason
    assert len(reason) <= backends.REASON_LENGTH
