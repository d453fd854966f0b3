"""Events that come close together travel in groups, none is lost, and none waits while nothing comes."""

import dataclasses
from collections.abc import Iterator

import pytest

from featray.backends.ray import event_groups
from featray.core.events import EventKind, PlainEvent

BEGUN, LOADING, STARTED, ROW, IDLE, ENDED = (
    {"kind": kind}
    for kind in (
        EventKind.BEGUN,
        EventKind.LOADING,
        EventKind.STARTED,
        EventKind.ROW,
        EventKind.IDLE,
        EventKind.ENDED,
    )
)


@dataclasses.dataclass
class Clock:
    """A clock that goes on with each event."""

    now: float = 1000.0

    def tell(self, *events: tuple[float, PlainEvent]) -> Iterator[PlainEvent]:
        """Give each event so many seconds after the one before."""
        for after_s, event in events:
            self.now += after_s
            yield event


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("time.monotonic", lambda: made.now)
    return made


def test_fast_cells_travel_together(clock: Clock) -> None:
    cell = [(0.004, STARTED), (0.004, ROW)]
    events = list(clock.tell((0, LOADING), *(12 * cell), (0, ENDED)))
    clock.now = 1000.0
    groups = list(event_groups.gather(clock.tell((0, LOADING), *(12 * cell), (0, ENDED))))
    assert [event for group in groups for event in group] == events
    assert [len(group) for group in groups] == [1, 13, 12]


def test_what_comes_after_a_pause_is_told_at_once(clock: Clock) -> None:
    events = clock.tell((0, LOADING), (3, STARTED), (3, ROW), (0, STARTED), (3, ROW))
    assert list(event_groups.gather(events)) == [[LOADING], [STARTED], [ROW], [STARTED, ROW]]


def test_what_is_held_is_told_when_nothing_comes(clock: Clock) -> None:
    events = clock.tell((0, LOADING), (0, STARTED), (0.5, IDLE), (0.5, IDLE), (3, ROW))
    assert list(event_groups.gather(events)) == [[LOADING], [STARTED], [ROW]]


@pytest.mark.parametrize("event", [BEGUN, LOADING, {"kind": EventKind.WAITING, "text": "ann@box"}, ENDED])
def test_what_may_be_the_last_for_long_is_never_held(clock: Clock, event: PlainEvent) -> None:
    assert list(event_groups.gather(clock.tell((0, LOADING), (0, ROW), (0, event)))) == [[LOADING], [ROW, event]]


def test_what_had_come_is_told_before_an_error(clock: Clock) -> None:
    def fail() -> Iterator[PlainEvent]:
        yield from clock.tell((0, LOADING), (0, ROW))
        raise RuntimeError("the supervisor failed")

    groups = event_groups.gather(fail())
    assert [next(groups), next(groups)] == [[LOADING], [ROW]]
    with pytest.raises(RuntimeError, match="the supervisor failed"):
        next(groups)
