"""Inline: invocations one after another in this process; a list of events stands in for the supervisor."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from featray.backends.inline import Inline
from featray.core import row
from featray.core.events import EventKind, PlainEvent
from featray.core.status import Status
from featray.errors import BackendError
from featray.host import environments, spool, supervisor
from featray.measurement import weights
from featray.measurement.weights import HubFile
from tests.support.builders import make_row
from tests.support.plans import make_cell, make_plan, place

FIRST, SECOND = make_plan(place([make_cell(batch_size=1), make_cell(batch_size=2)]), n=2).invocations


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace the supervisor; list the invocations whose children it has ended."""
    names: list[str] = []

    def supervise(request: Mapping[str, Any], **_: object) -> Iterator[PlainEvent]:
        try:
            yield {"kind": EventKind.BEGUN}
            yield {"kind": EventKind.ENDED}
        finally:
            names.append(str(request["invocation"]["invocation"]))

    monkeypatch.setattr(supervisor, "supervise", supervise)
    return names


def test_invocations_run_one_after_another_while_somebody_polls(ended: list[str]) -> None:
    backend = Inline(holder="a test")
    assert backend.runs_one_at_a_time
    for planned in (FIRST, SECOND):
        backend.start(planned, "/results")
    assert ended == []
    events = [backend.poll(0)[0] for _ in range(4)]
    assert [(event.planned, event.kind) for event in events] == [
        (FIRST, EventKind.BEGUN),
        (FIRST, EventKind.ENDED),
        (SECOND, EventKind.BEGUN),
        (SECOND, EventKind.ENDED),
    ]
    assert backend.poll(0) == ()


def test_a_cancelled_invocation_ends_and_the_next_one_runs(ended: list[str]) -> None:
    backend = Inline(holder="a test")
    for planned in (FIRST, SECOND):
        backend.start(planned, "/results")
    backend.poll(0)
    backend.cancel(FIRST)
    assert ended == [str(FIRST.invocation.invocation)]
    assert backend.poll(0)[0].planned is SECOND
    backend.close()
    assert ended == [str(planned.invocation.invocation) for planned in (FIRST, SECOND)]


@pytest.mark.parametrize("wrong", [OSError(12, "Cannot allocate memory"), BackendError("the folder is a link")])
def test_a_supervisor_that_fails_ends_its_own_invocation_and_the_next_one_runs(
    ended: list[str], monkeypatch: pytest.MonkeyPatch, wrong: Exception
) -> None:
    works = supervisor.supervise

    def fails_first(request: Mapping[str, Any], **_: object) -> Iterator[PlainEvent]:
        if request["invocation"]["invocation"] == FIRST.invocation.invocation:
            raise wrong
        yield from works(request)

    monkeypatch.setattr(supervisor, "supervise", fails_first)
    backend = Inline(holder="a test")
    for planned in (FIRST, SECOND):
        backend.start(planned, "/results")
    (event,) = backend.poll(0)
    assert (event.planned, event.kind, event.status) == (FIRST, EventKind.ENDED, Status.CRASHED)
    assert event.text == f"the supervisor failed: {wrong!r}"
    assert backend.poll(0)[0].planned is SECOND
    assert ended == []


def test_a_row_that_cannot_be_ends_its_own_invocation_as_crashed_and_the_next_one_runs(
    ended: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    works = supervisor.supervise

    def lies_first(request: Mapping[str, Any], **_: object) -> Iterator[PlainEvent]:
        if request["invocation"]["invocation"] == FIRST.invocation.invocation:
            yield {"kind": EventKind.ROW, "row": row.to_json(make_row(run_id="another"))}
        yield from works(request)

    monkeypatch.setattr(supervisor, "supervise", lies_first)
    backend = Inline(holder="a test")
    for planned in (FIRST, SECOND):
        backend.start(planned, "/results")
    (event,) = backend.poll(0)
    assert (event.planned, event.kind, event.status, event.row) == (FIRST, EventKind.ENDED, Status.CRASHED, None)
    assert "an event that was set aside" in str(event.text)
    assert backend.poll(0)[0].planned is SECOND
    assert ended == []


def test_spooled_rows_are_collected_until_they_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATRAY_CACHE", str(tmp_path))
    spool.write(spool.folder(tmp_path, "/results"), make_row())
    backend = Inline(holder="a test")
    assert backend.collect("/results") == [make_row()]
    backend.forget("/results", [make_row()])
    assert backend.collect("/results") == []


def test_only_weights_that_are_missing_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "fetch_weights", lambda files, _: [f"{file} is missing" for file in files])
    file = HubFile("py-feat/a", "a.bin")
    assert Inline(holder="a test").fetch({"here": [file], "there": []}) == {"here": [f"{file} is missing"]}
    assert weights.featray_cache().is_absolute()
