"""The thread that receives events: order, errors, and calls that never return."""

import collections
import threading
import time
from collections.abc import Iterable

import pytest

from featray.backends import Event
from featray.backends.ray.listener import Listener
from featray.core.events import EventKind
from tests.support.plans import make_cell, make_host, make_plan, place

(PLANNED,) = make_plan(place([make_cell()], make_host()), n=1).invocations


def make_event(text: str) -> Event:
    return Event(planned=PLANNED, kind=EventKind.LOADING, text=text)


def test_events_are_polled_in_the_order_in_which_they_came() -> None:
    left = collections.deque(["a", "b", "c"])

    def receive() -> Iterable[Event]:
        return [make_event(left.popleft())] if left else ()

    listener = Listener(receive)
    events: list[Event] = []
    while len(events) < 3:
        events += listener.poll(5)
    listener.stop(5)
    assert [event.text for event in events] == ["a", "b", "c"]
    assert listener.poll(0.01) == []


def test_an_error_while_receiving_is_raised_by_poll() -> None:
    def receive() -> Iterable[Event]:
        raise RuntimeError("no connection")

    with pytest.raises(RuntimeError, match="no connection"):
        Listener(receive).poll(5)


def test_a_call_that_does_not_return_blocks_neither_poll_nor_stop() -> None:
    stuck = threading.Event()

    def receive() -> Iterable[Event]:
        stuck.wait(10)
        return ()

    listener = Listener(receive)
    begun = time.monotonic()
    assert listener.poll(0.05) == []
    listener.stop(0.05)
    assert time.monotonic() - begun < 5  # of the 10 s that the call lasts
    stuck.set()


def test_what_came_before_an_error_is_returned_first_and_the_error_then_at_every_call() -> None:
    has_failed = threading.Event()

    def receive() -> Iterable[Event]:
        yield make_event("a")
        yield make_event("b")
        has_failed.set()
        raise RuntimeError("no connection")

    listener = Listener(receive)
    has_failed.wait(5)
    listener.stop(5)
    assert [event.text for event in listener.poll(5)] == ["a", "b"]
    for _ in range(2):
        with pytest.raises(RuntimeError, match="no connection"):
            listener.poll(5)
