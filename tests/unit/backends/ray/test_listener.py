"""The thread that hears: order, errors, and calls that never return."""

import collections
import threading
import time
from collections.abc import Iterable

import pytest

from featray.backends import Event
from featray.backends.ray.listener import Ear
from featray.core.events import EventKind
from tests.support.places import make_cell, make_host, make_plan, place

(PLANNED,) = make_plan(place([make_cell()], make_host()), n=1).invocations


def said(text: str) -> Event:
    return Event(planned=PLANNED, kind=EventKind.LOADING, text=text)


def test_events_come_in_the_order_in_which_they_were_heard() -> None:
    left = collections.deque(["a", "b", "c"])

    def hear() -> Iterable[Event]:
        return [said(left.popleft())] if left else ()

    ear = Ear(hear)
    heard: list[Event] = []
    while len(heard) < 3:
        heard += ear.poll(5)
    ear.stop(5)
    assert [event.text for event in heard] == ["a", "b", "c"]
    assert ear.poll(0.01) == []


def test_an_error_while_hearing_reaches_whoever_polls() -> None:
    def hear() -> Iterable[Event]:
        raise RuntimeError("no ear")

    with pytest.raises(RuntimeError, match="no ear"):
        Ear(hear).poll(5)


def test_a_call_that_does_not_return_holds_nobody_up() -> None:
    stuck = threading.Event()

    def hear() -> Iterable[Event]:
        stuck.wait(10)
        return ()

    ear = Ear(hear)
    begun = time.monotonic()
    assert ear.poll(0.05) == []
    ear.stop(0.05)
    assert time.monotonic() - begun < 5  # of the 10 s that the call lasts
    stuck.set()
