"""`featray.submit` on a replay: what it returns, and what its watcher hears last."""

import dataclasses
import importlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import featray
from featray import store
from featray.api import Submitted, arguments, submitted
from featray.api.report import save_run_report
from featray.backends import Event
from featray.backends.replay import Replay
from featray.core.row import Row
from featray.errors import BackendError, BadInput, HeadGone, StoreError
from featray.planning import inventory
from featray.running.preparation import SubmitRequest
from featray.running.progress import Progress, RunEnd, Watch
from tests.support.plans import make_host, make_inventory
from tests.support.replays import load_sweep, make_rows_of

submit_verb = importlib.import_module("featray.api.submit")  # `featray.api.submit` is the function


@pytest.fixture
def hosts(tmp_path: Path) -> Path:
    """A sweep, `demo.yaml`, a store `tape` to replay it from, and recorded hosts."""
    loaded = load_sweep(tmp_path, "measure: {invocations: 1}")
    store.append(tmp_path / "tape", make_rows_of(loaded))
    path = tmp_path / "hosts.json"
    path.write_text(inventory.to_json(make_inventory(make_host("box"))), encoding="utf-8")
    return path


def submit(tmp_path: Path, hosts: Path, progresses: list[Progress], **options: object) -> Submitted:
    return featray.submit(
        tmp_path / "demo.yaml",
        results=str(tmp_path / "results"),
        replay=str(tmp_path / "tape"),
        inventory=hosts,
        watch=progresses.append,
        **options,  # type: ignore[arg-type]
    )


def test_a_submit_returns_its_rows_and_its_report(tmp_path: Path, hosts: Path) -> None:
    progresses: list[Progress] = []
    submitted = submit(tmp_path, hosts, progresses)
    assert (submitted.measured, len(submitted.rows), submitted.without_number, submitted.exit_code) == (2, 2, 0, 0)
    assert submitted.report == tmp_path / "results" / "reports" / f"{submitted.run_id}.md"
    assert submitted.reason is None
    assert progresses[-1] == Progress(end=RunEnd(code=0))


def test_the_watcher_hears_last_why_a_submit_failed(tmp_path: Path, hosts: Path) -> None:
    progresses: list[Progress] = []
    with pytest.raises(BadInput, match="budget_s: expected seconds above 0, got -1"):
        submit(tmp_path, hosts, progresses, budget_s=-1)
    assert progresses == [Progress(end=RunEnd(code=2, message="budget_s: expected seconds above 0, got -1"))]


@pytest.mark.parametrize(
    ("problems", "reason"), [((), "2 measurements without a number"), (("x", "the budget left 2"), "the budget left 2")]
)
def test_the_reason_for_missing_numbers_is_the_last_problem_or_their_count(
    problems: tuple[str, ...], reason: str
) -> None:
    submitted = Submitted(run_id="r", rows=(), measured=0, report=None, problems=problems, without_number=2)
    assert (submitted.exit_code, submitted.reason) == (1, reason)


@pytest.mark.parametrize(
    ("columns", "replay", "counts"),
    [
        ([{"status": "failed"}, {"status": "lost"}], False, (1, 1)),
        ([{"status": "crashed", "attempt": 1}, {"status": "crashed", "attempt": 3}], False, (1, 1)),
        ([{"status": "infeasible", "order_index": None}, {"status": "ok"}], False, (0, 0)),
        ([{"status": "failed"}, {"status": "lost"}], True, (0, 0)),
    ],
)
def test_units_without_a_number_are_counted_by_what_tries_them_again(
    columns: list[dict[str, Any]], replay: bool, counts: tuple[int, int], tmp_path: Path
) -> None:
    loaded = load_sweep(tmp_path, "measure: {invocations: 1}")
    rows = make_rows_of(loaded)
    store.append(tmp_path / "r", [dataclasses.replace(row, **of) for row, of in zip(rows, columns, strict=True)])
    request = SubmitRequest(sweep=loaded, results=str(tmp_path / "r"), replay=replay)
    ended = submitted.read_back(request, rows[0].run_id, None)
    assert (ended.unfinished, ended.final) == counts


@pytest.mark.parametrize("damage", ["removed", "cut short"])
def test_rows_that_vanish_from_the_store_are_counted_and_end_the_submit_in_an_error(
    tmp_path: Path, hosts: Path, damage: str
) -> None:
    def watch(progress: Progress) -> None:
        if progress.event is not None and progress.event.row is not None:
            told.append(progress.event.row)
            for file in (tmp_path / "results" / "rows").rglob("*.parquet"):
                file.unlink() if damage == "removed" else os.truncate(file, 100)

    told: list[Row] = []
    with pytest.raises(StoreError, match=r"2 rows of demo-\S+ vanished while the sweep ran") as vanished:
        featray.submit(
            tmp_path / "demo.yaml",
            results=str(tmp_path / "results"),
            replay=str(tmp_path / "tape"),
            inventory=hosts,
            watch=watch,
        )
    assert len(told) == 2
    assert vanished.value.exit_code == 3


def test_a_head_that_is_gone_leaves_a_report_of_what_is_stored(
    tmp_path: Path, hosts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poll(backend: Replay, timeout_s: float) -> Sequence[Event]:
        if any(progress.event and progress.event.row for progress in progresses):
            raise HeadGone("the head is gone")
        return whole(backend, timeout_s)

    whole, progresses = Replay.poll, list[Progress]()
    monkeypatch.setattr(Replay, "poll", poll)
    with pytest.raises(HeadGone, match="the head is gone; report of what is stored: ") as gone:
        submit(tmp_path, hosts, progresses)
    report = Path(str(gone.value).rpartition(": ")[2])
    assert "retinaface" in report.read_text(encoding="utf-8")
    end = progresses[-1].end
    assert end is not None
    assert end.code == 4
    monkeypatch.undo()
    assert submit(tmp_path, hosts, progresses).measured == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backend": "inlin"}, r"backend='inlin': no such backend; expected ray, inline. Did you mean 'inline'\?"),
        ({"backend": "replay"}, "backend='replay': no such backend; expected ray, inline"),
        ({"backend": "inline", "address": "auto"}, "backend='inline' measures on this machine alone; leave out addr"),
        ({"backend": "inline", "replay": "tape"}, "backend='inline' and replay= do not go together"),
    ],
)
def test_a_backend_that_cannot_do_what_is_asked_is_refused(options: dict[str, str], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        featray.submit("none.yaml", **options)  # type: ignore[arg-type]


def test_a_calibration_takes_the_backends_that_a_submit_takes() -> None:
    with pytest.raises(BadInput, match="backend='slurm': no such backend; expected ray, inline"):
        featray.calibrate("none.yaml", backend="slurm")


def test_a_backend_is_left_while_the_report_is_written(
    tmp_path: Path, hosts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def close(_: Replay) -> None:
        closed.append(is_written.wait(60))

    def save(*arguments: Any) -> Path | None:
        path = save_run_report(*arguments)
        is_written.set()
        return path

    closed, is_written = list[bool](), threading.Event()
    monkeypatch.setattr(Replay, "close", close)
    monkeypatch.setattr(submitted, "save_run_report", save)
    assert submit(tmp_path, hosts, []).report is not None
    assert closed == [True]


def test_a_backend_that_cannot_be_left_is_told(tmp_path: Path, hosts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def close(_: Replay) -> None:
        raise BackendError("it does not end")

    monkeypatch.setattr(Replay, "close", close)
    with pytest.raises(BackendError, match="it does not end"):
        submit(tmp_path, hosts, [])


class Loading:
    """Stands in for the process that loads Ray."""

    has_ended = False

    def end(self, limit_s: float = 0.0) -> None:
        assert limit_s == 0.0
        self.has_ended = True


def submit_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watch: Watch = lambda _: None) -> Loading:
    """Submit `demo.yaml` on a machine, `box`, whose Ray is never started; return what loaded it."""
    loading = Loading()
    monkeypatch.setattr(submit_verb, "load_early", lambda _: loading)
    monkeypatch.setattr(arguments, "recorded_or_here", lambda _: make_inventory(make_host("box")))
    featray.submit(tmp_path / "demo.yaml", results=str(tmp_path / "here"), watch=watch)
    return loading


def test_what_loads_ray_ends_where_nothing_is_left_to_measure(
    tmp_path: Path, hosts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(*_: object, **__: object) -> None:
        raise AssertionError("Ray was started")

    monkeypatch.setattr(submit_verb, "start_backend", start)
    rows = submit(tmp_path, hosts, []).rows
    store.append(tmp_path / "here", [dataclasses.replace(row, replayed=None) for row in rows])
    progresses: list[Progress] = []
    assert submit_here(tmp_path, monkeypatch, progresses.append).has_ended
    assert progresses == [Progress(end=RunEnd(code=0))]


def test_a_submit_with_nothing_left_says_that_a_newer_imported_run_is_there(
    tmp_path: Path, hosts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [dataclasses.replace(row, replayed=None) for row in submit(tmp_path, hosts, []).rows]
    imported = dataclasses.replace(rows[0], run_id="demo-20991231-080000-0b0b", bundle="lab.featray sha256:1")
    store.append(tmp_path / "here", [*rows, imported])
    progresses: list[Progress] = []
    submit_here(tmp_path, monkeypatch, progresses.append)
    texts = [progress.text for progress in progresses if progress.text]
    assert texts == [
        f"{imported.run_id} is a newer run of this sweep, but it was imported; new rows go into {rows[0].run_id}"
    ]
