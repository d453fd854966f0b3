"""The client: what was running when Ray's process dies is lost, another one is started, and the run goes on."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from featray.backends.ray import client
from featray.backends.ray.client import RESTARTS_MAX, RayClient
from featray.backends.ray.server_process import ServerGone
from featray.core.events import EventKind
from featray.core.status import Status
from featray.errors import BackendError, HeadGone
from tests.support.builders import make_row
from tests.support.plans import make_cell, make_host, make_plan, place

PLANNED, OTHER = make_plan(place([make_cell(batch_size=1), make_cell(batch_size=4)]), n=2).invocations
Answer = Callable[[], Any]


class FakeServer:
    """Answers calls from a script, method -> what each call does; others get None."""

    started: list["FakeServer"]
    scripts: Iterator[dict[str, list[Answer]]]

    def __init__(self) -> None:
        self.script = next(self.scripts, {})
        self.calls: list[str] = []
        self.arguments: dict[str, tuple[Any, ...]] = {}  # of the last call of each method
        self.has_ended = False
        self.started.append(self)

    def call(self, method: str, *arguments: Any, limit_s: float) -> Any:  # noqa: ARG002 - as `ServerProcess` has it
        assert not self.has_ended
        self.calls.append(method)
        self.arguments[method] = arguments
        answers = self.script.get(method)
        if answers:
            return answers.pop(0)()
        return [] if method == "poll" else None

    def end(self, limit_s: float = 0.0) -> None:  # noqa: ARG002 - as `ServerProcess` has it
        self.has_ended = True


def fail(wrong: Exception) -> Answer:
    def answer() -> None:
        raise wrong

    return answer


def died() -> Answer:
    return fail(ServerGone("SIGSEGV"))


def measured(number: int) -> Answer:
    return lambda: [(number, {"kind": EventKind.ROW, "row": make_row()})]


Connect = Callable[..., RayClient]


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Connect:
    def start(*scripts: dict[str, list[Answer]], address: str | None = None) -> RayClient:
        monkeypatch.setattr(FakeServer, "started", [], raising=False)
        monkeypatch.setattr(FakeServer, "scripts", iter(scripts), raising=False)
        monkeypatch.setattr(client, "ServerProcess", FakeServer)
        return RayClient(address=address, holder="a test")

    return start


def ends(events: Sequence[Any]) -> list[tuple[Any, Any, str | None]]:
    return [(event.planned, event.status, event.text) for event in events]


@pytest.mark.parametrize("address", [None, "10.0.0.1:6379"])
def test_what_was_running_is_lost_and_the_next_call_has_another_server(connect: Connect, address: str | None) -> None:
    backend = connect({"poll": [died()]}, address=address)
    backend.start(PLANNED, "store")
    events = backend.poll(0.5)
    assert ends(backend.poll(0.5)) == []
    assert ends(events) == [(PLANNED, Status.LOST, "Ray's process ended: SIGSEGV")]
    first, second = FakeServer.started
    assert first.has_ended
    assert second.calls[:2] == ["open", "inventory"]  # it must know the hosts before anything is sent to them
    backend.start(OTHER, "store")
    assert second.calls[-1] == "start"


def test_an_invocation_that_was_being_sent_goes_to_the_next_server_and_is_not_lost(connect: Connect) -> None:
    backend = connect({"start": [died()]})
    backend.start(PLANNED, "store")
    assert FakeServer.started[1].calls == ["open", "inventory", "start"]
    assert ends(backend.poll(0.5)) == []


def test_an_embedded_ray_whose_head_is_gone_is_started_again_and_a_cluster_is_not(connect: Connect) -> None:
    gone = HeadGone("the head is gone")
    embedded = connect({"poll": [fail(gone)]})
    embedded.start(PLANNED, "store")
    assert ends(embedded.poll(0.5)) == [(PLANNED, Status.LOST, "the head is gone")]
    joined = connect({"poll": [fail(gone)]}, address="10.0.0.1:6379")
    with pytest.raises(HeadGone, match="the head is gone"):
        joined.poll(0.5)


def test_a_ray_that_dies_again_and_again_ends_the_run_unless_rows_come_between(connect: Connect) -> None:
    backend = connect(*[{"poll": [died()]} for _ in range(9)])
    for _ in range(RESTARTS_MAX):
        backend.poll(0.5)
    with pytest.raises(HeadGone, match="the next submit goes on from there"):
        backend.poll(0.5)
    backend = connect(*[{"poll": [measured(number), died()]} for number in range(9)])
    for _ in range(9):
        backend.start(PLANNED, "store")
        assert [event.kind for _ in range(2) for event in backend.poll(0.5)] == [EventKind.ROW, EventKind.ENDED]


def test_a_cluster_that_cannot_be_joined_again_says_why_it_ended_and_why_it_does_not_start(connect: Connect) -> None:
    backend = connect({"poll": [died()]}, {"open": [fail(BackendError("no such head"))]}, address="10.0.0.1:6379")
    with pytest.raises(HeadGone, match=r"SIGSEGV; it cannot be started again: no such head; finished rows are stored"):
        backend.poll(0.5)


def test_an_embedded_ray_that_dies_while_it_starts_is_started_once_more(connect: Connect) -> None:
    backend = connect({"poll": [died()]}, {"open": [died()]}, {"inventory": [died()]})
    backend.start(PLANNED, "store")
    assert [event.status for event in backend.poll(0.5)] == [Status.LOST]
    assert [server.has_ended for server in FakeServer.started] == [True, True, True, False]
    never = connect({"poll": [died()]}, *[{"open": [fail(BackendError("no room"))]} for _ in range(9)])
    with pytest.raises(HeadGone, match=r"SIGSEGV; then it could not be started: no room; .*finished rows are stored"):
        never.poll(0.5)
    assert len(FakeServer.started) == 1 + RESTARTS_MAX


def test_what_was_lost_is_told_before_a_head_that_is_gone_ends_the_run(connect: Connect) -> None:
    backend = connect({"start": [lambda: None, died()]}, {"poll": [fail(HeadGone("gone"))]}, address="10.0.0.1:6379")
    backend.start(PLANNED, "store")
    backend.start(OTHER, "store")
    assert ends(backend.poll(0.5)) == [(PLANNED, Status.LOST, "Ray's process ended: SIGSEGV")]
    with pytest.raises(HeadGone, match="gone"):
        backend.poll(0.5)


def test_a_ray_that_does_not_start_is_an_error_and_leaves_no_process(connect: Connect) -> None:
    with pytest.raises(BackendError, match=r"cannot start Ray on this machine: SIGSEGV.*; .*backend='inline'"):
        connect({"open": [died()]})
    assert FakeServer.started[0].has_ended
    with pytest.raises(KeyboardInterrupt):
        connect({"open": [fail(KeyboardInterrupt())]})  # type: ignore[arg-type] # Ctrl-C comes as this
    assert FakeServer.started[0].has_ended


def test_what_nobody_needs_any_more_starts_no_ray(connect: Connect) -> None:
    calls = ("cancel", "forget", "newcomers", "publish", "close")
    backend = connect({name: [died()] for name in calls})
    backend.start(PLANNED, "store")
    backend.cancel(PLANNED)
    backend.forget("store", [make_row()])
    assert backend.newcomers() == ()
    backend.publish({"rows": 1})
    backend.close()
    (only,) = FakeServer.started
    assert [name for name in only.calls if name in calls] == list(calls)
    assert only.has_ended


def test_events_come_with_the_invocation_they_belong_to_until_it_has_ended(connect: Connect) -> None:
    begun, ended = {"kind": EventKind.BEGUN}, {"kind": EventKind.ENDED}
    backend = connect({"poll": [lambda: [(1, begun), (0, begun), (0, ended)], lambda: [(0, begun), (1, ended)]]})
    backend.start(PLANNED, "store")
    backend.start(OTHER, "store")
    assert [event.planned for event in backend.poll(0.5)] == [OTHER, PLANNED, PLANNED]
    assert [event.planned for event in backend.poll(0.5)] == [OTHER]


def test_a_server_that_loads_already_is_used_and_only_the_first_one_knows_this_machine(connect: Connect) -> None:
    connect()
    loading = FakeServer()
    loading.script = {"poll": [died()]}
    backend = RayClient(address=None, holder="a test", loading=loading, this_host=make_host("box"))
    assert backend.poll(0.5) == []
    first, second = loading, FakeServer.started[-1]
    assert first.has_ended
    assert [server.arguments["open"][1]["this_host"] for server in (first, second)] == [make_host("box"), None]
