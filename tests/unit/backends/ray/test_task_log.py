"""What the log of a Ray task says of its invocation."""

import os

import pytest
from ray import _raylet

from featray.backends.ray import task_log
from featray.core.events import EventKind
from featray.core.row import to_json
from tests.support.builders import make_row


@pytest.mark.parametrize(
    ("event", "text"),
    [
        ({"kind": EventKind.BEGUN}, None),
        ({"kind": EventKind.WAITING, "text": "ann@box,\nprocess 12"}, "waits for ann@box, process 12"),
        ({"kind": EventKind.LOADING}, "loads its detector"),
        ({"kind": EventKind.STARTED, "cell_id": "abc"}, "measures cell abc"),
        ({"kind": EventKind.ROW, "row": to_json(make_row(cell_id="abc"))}, "cell abc: ok"),
        (
            {"kind": EventKind.ROW, "row": to_json(make_row(cell_id="a", status="oom", reason="no room"))},
            "cell a: oom (no room)",
        ),
        ({"kind": EventKind.ENDED}, "has ended"),
    ],
)
def test_each_event_is_a_line_for_people(event: dict[str, object], text: str | None) -> None:
    assert task_log.describe(event) == text


def test_a_note_is_printed_and_its_kind_is_the_title_of_its_process(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    titles: list[str] = []
    monkeypatch.setattr(_raylet, "setproctitle", titles.append)
    for kind in (EventKind.LOADING, EventKind.BEGUN, EventKind.ENDED):
        task_log.note({"kind": kind})
    assert capsys.readouterr().out == f"loads its detector{os.linesep}has ended{os.linesep}"
    assert titles == ["ray::featray loads its detector"]
