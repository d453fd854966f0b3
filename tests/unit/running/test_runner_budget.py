"""The runner at the end of a budget: no cell starts after it, and what was measured is kept."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from featray import store
from featray.backends import Event
from featray.core.cell import Cell
from featray.core.events import EventKind
from featray.planning.planned_invocation import PlannedInvocation
from featray.running.run_outcome import RunOutcome
from featray.running.runner import DriverClock, Runner
from tests.support.plans import make_host, make_plan, place
from tests.support.scripted_backend import ScriptedBackend, attempts, cells, row, started


def run_with_budget(backend: ScriptedBackend, results: Path, wanted: Sequence[Cell], now_s: list[float]) -> RunOutcome:
    """Run with a budget of 100 s on a clock that a script sets."""
    clock = DriverClock(now=lambda: now_s[0])
    plan = make_plan(place(wanted, make_host()), n=2)
    return Runner(plan, backend, str(results), lambda _: None, ends_s=100.0, clock=clock).run()


def test_no_cell_starts_after_the_budget_and_the_one_that_is_measured_gets_its_row(tmp_path: Path) -> None:
    now_s = [0.0]

    def script(planned: PlannedInvocation) -> Iterator[Event]:
        for number, cell in enumerate(planned.invocation.cells):
            yield started(planned, cell)
            now_s[0] += 60.0
            yield Event(planned=planned, kind=EventKind.WAITING)
            assert number < 2, "a third cell was measured"
            yield row(planned, cell)

    backend = ScriptedBackend(script)
    outcome = run_with_budget(backend, tmp_path, cells(1, 2, 4, 8), now_s)
    first = backend.started[0]
    assert (backend.started, backend.cancelled) == ([first], [first])
    assert attempts(tmp_path) == sorted((cell.batch_size, 1, "ok") for cell in first.invocation.cells[:2])
    assert outcome.problems == ["the budget left 6 measurements in 2 invocations undone"]
    assert (outcome.stored, outcome.not_reached) == (2, 6)
    assert len(backend.forgotten) == 2


def test_a_process_that_has_not_begun_a_cell_ends_with_the_budget_without_a_row(tmp_path: Path) -> None:
    now_s = [0.0]

    def script(planned: PlannedInvocation) -> Iterator[Event]:
        yield Event(planned=planned, kind=EventKind.LOADING)
        now_s[0] += 101.0
        yield Event(planned=planned, kind=EventKind.WAITING)
        raise AssertionError("it went on after the budget")

    backend = ScriptedBackend(script)
    outcome = run_with_budget(backend, tmp_path, cells(1, 4), now_s)
    assert backend.cancelled == backend.started
    assert store.read(str(tmp_path)).rows == ()
    assert (outcome.stored, outcome.not_reached) == (0, 4)
    (told,) = outcome.problems
    assert told.endswith("undone; it was over before the first was measured, so give it more minutes")


def test_a_process_with_all_its_rows_may_end_by_itself_after_the_budget(tmp_path: Path) -> None:
    now_s = [0.0]

    def script(planned: PlannedInvocation) -> Iterator[Event]:
        (cell,) = planned.invocation.cells
        yield started(planned, cell)
        now_s[0] += 101.0
        yield row(planned, cell)
        yield Event(planned=planned, kind=EventKind.ENDED)

    backend = ScriptedBackend(script)
    outcome = run_with_budget(backend, tmp_path, cells(1), now_s)
    assert backend.cancelled == []
    assert (outcome.stored, outcome.not_reached) == (1, 1)
