"""Gauges: counts, rates and busy targets, by a clock that the test holds."""

from featray.backends import FIGURES
from featray.running.gauges import Gauges
from tests.support.builders import make_row
from tests.support.plans import make_host, make_inventory

(TARGET,) = make_inventory(make_host("box")).targets()


def test_rows_are_counted_by_status_and_per_second_of_the_last_minute() -> None:
    gauges = Gauges(0.0)
    for moment, status in ((1.0, "ok"), (2.0, "failed"), (70.0, "ok")):
        gauges.add(make_row(status=status), TARGET, moment)
    figures = gauges.figures(5, 80.0)
    assert (figures["units_planned"], figures["units_done"]) == (5, 3)
    assert figures["rows"] == {"ok": 2, "failed": 1}
    assert figures["rows_per_second"] == 1 / 60


def test_a_target_is_busy_until_it_is_free() -> None:
    gauges = Gauges(0.0)
    gauges.mark_busy(TARGET)
    assert gauges.figures(1, 1.0)["lease"] == {"CPU": 1}
    gauges.mark_free(TARGET)
    assert gauges.figures(1, 1.0)["lease"] == {"CPU": 0}


def test_a_target_waits_from_its_first_wait_to_its_first_step() -> None:
    gauges = Gauges(0.0)
    gauges.mark_busy(TARGET)
    assert gauges.figures(1, 1.0)["waiting"] == {"CPU": 0}
    gauges.mark_waiting(TARGET, waits=True)
    assert gauges.figures(1, 1.0)["waiting"] == {"CPU": 1}
    gauges.mark_waiting(TARGET, waits=False)
    assert gauges.figures(1, 1.0)["waiting"] == {"CPU": 0}


def test_every_figure_is_explained() -> None:
    assert set(Gauges(0.0).figures(1, 1.0)) == set(FIGURES)


def test_figures_are_due_at_once_and_then_once_a_second() -> None:
    gauges = Gauges(0.0)
    assert [gauges.is_due(moment) for moment in (0.0, 0.5, 1.0, 1.5, 2.5)] == [True, False, True, False, True]
