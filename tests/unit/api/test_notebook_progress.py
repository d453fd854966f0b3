"""Progress under the cell of a notebook."""

import sys
import types

import pytest

from featray.api import notebook_progress
from featray.running.progress import Progress
from tests.support.builders import make_row


def in_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = types.SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))


def test_outside_a_notebook_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with notebook_progress.shown(None, progress=None) as watch:
        watch(Progress(done=1, total=2, text="hello"))
    assert capsys.readouterr() == ("", "")


def test_in_a_notebook_a_bar_and_the_messages_are_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    in_notebook(monkeypatch)
    with notebook_progress.shown(None, progress=None) as watch:
        watch(Progress(done=1, total=2, text="box was left out"))
        watch(Progress(done=2, total=2))
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "box was left out" in shown.err
    assert "2/2" in shown.err


@pytest.mark.parametrize("progress", [None, False])
def test_a_caller_who_watches_or_says_so_sees_no_bar(
    progress: bool | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    in_notebook(monkeypatch)
    seen: list[Progress] = []
    with notebook_progress.shown(seen.append, progress=progress) as watch:
        watch(Progress(done=1, total=2))
    assert len(seen) == 1
    assert capsys.readouterr().err == ""


def test_a_row_without_a_number_stays_above_the_bar(capsys: pytest.CaptureFixture[str]) -> None:
    bar = notebook_progress.ProgressBar()
    row = vars(make_row(status="oom", reason="CUDA out of memory"))
    bar.show({"done": 1, "total": 2, "event": "row", "invocation": "demo/1", "row": row})
    bar.close()
    assert "[1/2] retinaface short cuda b=16 #1: oom (CUDA out of memory)" in capsys.readouterr().err
