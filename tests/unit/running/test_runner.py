"""The runner on a backend that plays a script: storing, telling, figures. No process is started."""

import collections
import dataclasses
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import pytest

from featray import store
from featray.backends import Event
from featray.core.choices import Exclusive
from featray.core.detectors import CATALOGUE
from featray.core.events import EventKind
from featray.core.status import Status
from featray.planning.outlook import DOUBT, Outlook
from featray.planning.planned_invocation import PlannedInvocation
from featray.running import kept_outputs, runner
from featray.running.gauges import Gauges
from featray.running.progress import Progress, Watch
from featray.running.runner import DriverClock, Runner
from tests.support.plans import BLACKWELL, RTX3090, make_cell, make_host, make_plan, place
from tests.support.scripted_backend import (
    Script,
    ScriptedBackend,
    cells,
    goes_well,
    lost,
    lost_in_the_second,
    row,
    run,
    started,
)


def test_outputs_are_kept_before_their_rows_are_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept_with: list[int] = []

    def keep(results: str, outputs: Collection[object]) -> list[str]:
        if outputs:
            kept_with.append(len(store.read(results).rows))
        return []

    def script(planned: PlannedInvocation) -> Iterator[Event]:
        for event in goes_well(planned):
            yield dataclasses.replace(event, output={}) if event.row else event

    monkeypatch.setattr(kept_outputs, "keep", keep)
    run(ScriptedBackend(script), tmp_path, cells(1))
    assert kept_with == [0]


def test_a_stopped_sweep_of_many_units_is_stored_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "CANCELLED_ROWS", 2)
    plan = make_plan(place(cells(1, 2, 4, 8, 16), make_host()), n=1)
    Runner(plan, ScriptedBackend(goes_well), str(tmp_path), lambda _: None).cancel()
    assert [row.status for row in store.read(str(tmp_path)).rows] == ["cancelled"] * 5
    assert len(list((tmp_path / "rows").glob("*.parquet"))) == 3


def cannot(reason: str) -> Script:
    """Make a script that cannot run the class `own`, and measures the others."""

    def script(planned: PlannedInvocation) -> Iterator[Event]:
        for cell in planned.invocation.cells:
            made = row(planned, cell, "unsupported" if cell.detector.name == "own" else "ok")
            assert made.row is not None
            yield dataclasses.replace(made, row=dataclasses.replace(made.row, reason=reason))
        yield Event(planned=planned, kind=EventKind.ENDED)

    return script


def test_a_class_that_a_host_does_not_find_is_tried_once(tmp_path: Path) -> None:
    wrong = dataclasses.replace(CATALOGUE["retinaface"], name="own", class_name="mydet:Detectr")
    wanted = [*cells(1, 4, detector=wrong), *cells(1)]
    backend = ScriptedBackend(cannot("mydet has no Detectr"))
    outcome = run(backend, tmp_path, wanted, n=5)
    names = [{cell.detector.name for cell in planned.invocation.cells} for planned in backend.started]
    assert (names.count({"own"}), names.count({"retinaface"})) == (1, 5)
    rows = store.read(str(tmp_path)).rows
    assert [row.reason for row in rows if row.status == "unsupported"] == ["mydet has no Detectr"] * 10
    assert (len(rows), outcome.stored) == (15, 15)


def test_what_may_work_later_is_tried_in_every_invocation(tmp_path: Path) -> None:
    wrong = dataclasses.replace(CATALOGUE["retinaface"], name="own", class_name="mydet:Detector")
    backend = ScriptedBackend(cannot("the environment cannot be built: no network"))
    run(backend, tmp_path, cells(1, 4, detector=wrong), n=5)
    assert len(backend.started) == 5


def test_a_pilot_that_is_over_tells_the_outlook_what_it_asked_for(tmp_path: Path) -> None:
    quick, slow = cells(1, threads=1), cells(1, 2, 4, 8, 16, 32, threads=2)
    placed = place([*quick, *slow], *map(make_host, ("box", "shelf", "desk")), interchangeable=True)
    rest = [
        planned
        for planned in make_plan(placed, n=4).invocations
        if planned.invocation.invocation > 2 and len(planned.cell_ids) == 1
    ]
    outlook = Outlook(make_plan(placed, n=2).invocations, pilot=2, most=4)

    def find_more(idle: Collection[str]) -> Sequence[PlannedInvocation]:
        assert idle
        stored = store.read(str(tmp_path)).rows
        done = {row.invocation for row in stored if row.cell_id == rest[0].cell_ids[0]}
        return [planned for planned in rest if planned.invocation.invocation not in done] if len(done) >= 2 else ()

    backend, still = ScriptedBackend(goes_well), DriverClock(now=lambda: 0.0)
    plan = make_plan(placed, n=2)
    Runner(plan, backend, str(tmp_path), lambda _: None, clock=still, find_more=find_more, outlook=outlook).run()
    assert [len(planned.cell_ids) for planned in backend.started].count(1) == 4
    assert outlook.each in {2 / (over + DOUBT) for over in (1, 2, 3)}  # the slow ones ask for nothing


def test_a_watcher_hears_how_many_targets_have_work_of_their_own(tmp_path: Path) -> None:
    placed = place(cells(1, 4, device="cuda"), make_host("box", RTX3090, BLACKWELL))
    heard: set[int | None] = set()
    watch: Watch = lambda progress: heard.add(progress.targets)  # noqa: E731
    Runner(make_plan(placed, n=1), ScriptedBackend(goes_well), str(tmp_path), watch).run()
    assert heard == {2}


def test_rows_that_the_driver_makes_reach_the_watcher_like_those_of_a_host(tmp_path: Path) -> None:
    progresses: list[Progress] = []
    run(ScriptedBackend(lost), tmp_path, cells(1, 4), watch=progresses.append)
    rows = [progress.event.row for progress in progresses if progress.event and progress.event.row]
    assert sorted(row.key() for row in rows) == sorted(
        row.key() for row in store.read(str(tmp_path), every_attempt=True).rows
    )
    assert (progresses[-1].done, progresses[-1].total) == (len(rows), len(rows))


def test_only_rows_that_a_host_sent_are_dropped_from_its_spool(tmp_path: Path) -> None:
    backend = ScriptedBackend(lost_in_the_second, goes_well)
    run(backend, tmp_path, cells(1, 4))
    assert [(row.attempt, row.status) for row in backend.forgotten] == [(1, "ok"), (2, "ok")]


def test_a_larger_batch_is_not_tried_again_in_later_processes(tmp_path: Path) -> None:
    def runs_out(planned: PlannedInvocation) -> Iterator[Event]:
        for cell in planned.invocation.cells:
            yield started(planned, cell)
            yield row(planned, cell, "ok" if cell.batch_size < 4 else "oom")
        yield Event(planned=planned, kind=EventKind.ENDED)

    run(ScriptedBackend(runs_out), tmp_path, cells(1, 4, 8), n=4)
    found = {(row.invocation, row.batch_size): row for row in store.read(str(tmp_path)).rows}
    assert {found[n, 1].status for n in range(1, 5)} == {"ok"}
    assert {found[n, 4].status for n in range(1, 5)} == {"oom"}
    assert {found[n, 8].status for n in range(2, 5)} == {"skipped"}
    assert found[2, 8].reason == "batch 4 already ran out of memory"


def test_what_a_stopped_sweep_leaves_says_so_and_is_planned_again(tmp_path: Path) -> None:
    def stops(progress: Progress) -> None:
        if progress.done == 1:
            raise KeyboardInterrupt

    work = make_plan(place(cells(1, 4), make_host()), n=2)
    running = Runner(work, ScriptedBackend(goes_well), str(tmp_path), stops)
    with pytest.raises(KeyboardInterrupt):
        running.run()
    running.cancel()
    ends = collections.Counter((row.status, row.reason) for row in store.read(str(tmp_path)).rows)
    assert ends == {("ok", None): 1, ("cancelled", "the sweep was stopped"): 3}
    Runner(work, ScriptedBackend(goes_well), str(tmp_path), lambda _: None).run()
    assert {(row.attempt, row.status) for row in store.read(str(tmp_path)).rows} == {(1, "ok")}
    assert store.compact(str(tmp_path)).duplicates == 1  # this test's second run measures the first unit again


def test_figures_are_published_at_most_once_a_second_and_at_the_end(tmp_path: Path) -> None:
    backend = ScriptedBackend(goes_well)
    run(backend, tmp_path, cells(1, 2, 4, 8), n=3)
    assert 1 <= len(backend.published) <= 3
    last = backend.published[-1]
    assert (last["units_planned"], last["units_done"], last["rows"]) == (12, 12, {"ok": 12})
    assert last["fps"] == {"CPU": 144.0}  # 72 frames in 0.5 s
    assert last["lease"] == {"CPU": 0}


def test_a_retry_is_announced_as_one_more_measurement(tmp_path: Path) -> None:
    progresses: list[Progress] = []
    run(ScriptedBackend(lost_in_the_second, goes_well), tmp_path, cells(1, 4), watch=progresses.append)
    assert (progresses[0].total, progresses[-1].done, progresses[-1].total) == (2, 3, 3)


def test_the_counts_of_a_submit_go_on_in_its_later_parts(tmp_path: Path) -> None:
    gauges = Gauges(0.0)
    for part, sizes in enumerate(((1, 2), (4, 8, 16))):
        backend = ScriptedBackend(goes_well)
        work = make_plan(place(cells(*sizes), make_host()), n=1)
        Runner(work, backend, str(tmp_path), lambda _: None, gauges=gauges).run()
        last = backend.published[-1]
        done = 5 if part else 2
        assert (last["units_planned"], last["units_done"], last["rows"]) == (done, done, {"ok": done})


class Bursting(ScriptedBackend):
    """Gives at each poll all events that are left of every invocation."""

    def poll(self, timeout_s: float) -> Sequence[Event]:
        events: list[Event] = []
        while more := super().poll(timeout_s):
            events += more
        return events


def list_files(results: Path) -> list[Path]:
    return sorted((results / "rows").glob("*.parquet"))


def test_the_rows_of_one_poll_become_one_file(tmp_path: Path) -> None:
    outcome = run(Bursting(goes_well), tmp_path, cells(1, 2, 4, 8))
    assert outcome.stored == len(store.read(str(tmp_path)).rows) == 4
    assert len(list_files(tmp_path)) == 1


class Slow(ScriptedBackend):
    """Gives an event at each poll, after so many seconds of a clock of its own; Ctrl-C comes at poll `stops_at`."""

    def __init__(self, seconds: float, stops_at: int = -1) -> None:
        super().__init__(goes_well)
        self.seconds, self.stops_at = seconds, stops_at
        self.clock = DriverClock(now=lambda: self.polls * self.seconds)
        self.polls = 0

    def poll(self, timeout_s: float) -> Sequence[Event]:
        self.polls += 1
        if self.polls == self.stops_at:
            raise KeyboardInterrupt
        return super().poll(timeout_s)


@pytest.mark.parametrize(("seconds", "files"), [(0.001, 2), (10.0, 4)])
def test_rows_that_come_within_a_moment_become_one_file_and_no_row_waits_longer(
    tmp_path: Path, seconds: float, files: int
) -> None:
    backend = Slow(seconds)
    run(backend, tmp_path, cells(1, 2, 4, 8), clock=backend.clock)
    assert len(list_files(tmp_path)) == files


def test_rows_that_wait_for_others_are_stored_when_the_run_is_stopped(tmp_path: Path) -> None:
    backend = Slow(0.001, stops_at=8)
    work = make_plan(place(cells(1, 2, 4, 8), make_host()), n=1)
    stopped = Runner(work, backend, str(tmp_path), lambda _: None, clock=backend.clock)
    with pytest.raises(KeyboardInterrupt):
        stopped.run()
    waited = len(store.read(str(tmp_path)).rows)
    stopped.cancel()
    measured = [row for row in store.read(str(tmp_path)).rows if row.status == Status.OK]
    assert waited < len(measured) == stopped.outcome.stored == len(backend.forgotten)


def test_a_row_is_stored_before_it_is_told_and_told_before_its_host_may_drop_it(tmp_path: Path) -> None:
    backend = Bursting(goes_well)
    counts: list[tuple[int, int, int]] = []

    def note(progress: Progress) -> None:
        if progress.event is not None and progress.event.row is not None:
            counts.append((progress.done, len(store.read(str(tmp_path)).rows), len(backend.forgotten)))

    run(backend, tmp_path, cells(1, 2, 4), watch=note)
    assert counts == [(1, 3, 0), (2, 3, 0), (3, 3, 0)]
    assert len(backend.forgotten) == 3


def test_hosts_drop_stored_rows_of_a_long_invocation_while_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "FORGET_ROWS", 2)
    monkeypatch.setattr(runner, "STORE_S", 0.0)
    backend = ScriptedBackend(goes_well)
    kept: list[int] = []

    def note(progress: Progress) -> None:
        if progress.event is not None and progress.event.row is not None:
            kept.append(progress.done - 1 - len(backend.forgotten))

    run(backend, tmp_path, cells(1, 2, 4, 8, 16), watch=note)
    assert kept == [0, 1, 0, 1, 0]
    assert len(backend.forgotten) == 5


def test_progress_goes_on_where_an_earlier_part_of_the_submit_ended(tmp_path: Path) -> None:
    gauges, counts = Gauges(0.0), []
    for sizes in ((1, 2), (4, 8)):
        work = make_plan(place(cells(*sizes), make_host()), n=1)
        watch: Watch = lambda progress: counts.append((progress.done, progress.total))  # noqa: E731
        Runner(work, ScriptedBackend(goes_well), str(tmp_path), watch, gauges=gauges).run()
    assert counts[-1] == (4, 4)
    assert (2, 2) in counts
    assert counts == sorted(counts)


def test_rows_whose_storing_is_interrupted_stay_on_their_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    backend = Bursting(goes_well)
    running = Runner(make_plan(place(cells(1, 4), make_host()), n=1), backend, str(tmp_path), lambda _: None)
    real = store.Appender.append
    monkeypatch.setattr(store.Appender, "append", interrupted)
    with pytest.raises(KeyboardInterrupt):
        running.run()
    monkeypatch.setattr(store.Appender, "append", real)
    running.cancel()
    assert (backend.forgotten, store.read(str(tmp_path)).rows) == ([], ())


def test_stored_rows_are_told_also_when_the_watcher_was_interrupted(tmp_path: Path) -> None:
    told: list[int] = []

    def stops(progress: Progress) -> None:
        if progress.event is not None and progress.event.row is not None:
            told.append(progress.event.row.batch_size)
            if len(told) == 1:
                raise KeyboardInterrupt

    running = Runner(make_plan(place(cells(1, 4), make_host()), n=1), Bursting(goes_well), str(tmp_path), stops)
    with pytest.raises(KeyboardInterrupt):
        running.run()
    running.cancel()
    assert sorted(told) == [1, 4]
    assert running.outcome.stored == 2
    assert sorted((row.batch_size, row.status) for row in store.read(str(tmp_path)).rows) == [(1, "ok"), (4, "ok")]


@pytest.mark.parametrize(("one_at_a_time", "at_once"), [(True, 1), (False, 2)])
def test_a_backend_that_runs_one_at_a_time_gets_the_next_when_the_last_has_ended(
    tmp_path: Path, one_at_a_time: bool, at_once: int
) -> None:
    class Counting(ScriptedBackend):
        most = 0

        def poll(self, timeout_s: float) -> Sequence[Event]:
            self.most = max(self.most, len(self._live))
            return super().poll(timeout_s)

    backend = Counting(goes_well)
    backend.runs_one_at_a_time = one_at_a_time
    placed = place([make_cell(device="cuda")], make_host("box", BLACKWELL, RTX3090))
    work = make_plan(placed, n=2, exclusive=Exclusive.GPU)
    outcome = Runner(work, backend, str(tmp_path), lambda _: None).run()
    assert (outcome.stored, backend.most) == (4, at_once)
