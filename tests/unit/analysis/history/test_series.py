"""Series: which rows are one history, and which point of it each session is."""

import dataclasses
from typing import Any

import pytest

from featray.analysis import history
from featray.rendering import history_json, history_text
from featray.rendering.page import history_plots
from tests.support.builders import BLACKWELL, BOX, CPU, SHELF, make_row
from tests.support.histories import NEW, OLD, make_history, make_import, make_session, make_side_by_side


def test_sessions_and_versions_are_points_of_one_series() -> None:
    (series,) = history.gather(make_history(3, 2))
    assert [point.software.pyfeat for point in series.points] == ["2.1.5"] * 3 + ["2.2.0"] * 2
    assert [len(point.logs) for point in series.points] == [5] * 5
    low, high = series.points[0].interval_s or (0, 0)
    assert low < series.points[0].call_s < high
    assert series.points[0].call_s == pytest.approx(0.76, rel=0.02)


def test_two_runs_of_one_session_are_one_point() -> None:
    rows = [*make_session(1, 0.76, run_id="one"), *make_session(1, 0.77, run_id="two")]
    (series,) = history.gather(rows)
    assert [len(point.logs) for point in series.points] == [10]


def test_a_machine_stays_one_over_reboots_kernels_and_host_names() -> None:
    rows = [
        *make_session(1, 0.76, hostname="box", os="Linux 6.12", boot_id="a"),
        *make_session(2, 0.76, hostname="renamed", os="Linux 6.13", boot_id="b"),
    ]
    (series,) = history.gather(rows)
    assert len(series.points) == 2
    assert series.machine.host_name == "renamed"


def test_other_machines_settings_and_weights_are_other_series() -> None:
    changes = [{}, BLACKWELL, {**SHELF, **CPU, "target_id": "cpu@id-shelf"}, {"batch_size": 4}, {"threads": 2}]
    rows = [row for change in [*changes, {"weights": "synthetic"}] for row in make_session(1, 0.76, **change)]
    names = [(series.machine.place, series.name) for series in history.gather(rows)]
    assert len(names) == len(set(names)) == 6


@pytest.mark.parametrize("hostname", ["box", "BOX", "box.lab.example"])
def test_an_import_is_a_single_point_of_the_machine_it_names(hostname: str) -> None:
    (series,) = history.gather([*make_session(1, 0.76), make_import(3, hostname)])
    assert [(point.is_imported, point.interval_s is None) for point in series.points] == [(False, False), (True, True)]
    assert series.steady == series.points[:1]


def test_an_import_finds_its_machine_by_a_name_that_it_had_before() -> None:
    rows = [*make_session(1, 0.76, hostname="old-name"), *make_session(2, 0.76, hostname="new-name")]
    (series,) = history.gather([*rows, make_import(3, "old-name")])
    assert len(series.points) == 3


def test_an_import_of_another_host_or_model_or_of_no_host_stays_apart() -> None:
    rows = make_session(1, 0.76)
    others = [make_import(3, "elsewhere"), make_import(4, gpu="NVIDIA A100-SXM4-80GB"), make_import(5, None)]
    assert len(history.gather([*rows, *others])) == 4


def test_an_import_that_could_be_of_two_equal_gpus_joins_neither() -> None:
    rows = [*make_session(1, 0.76), *make_session(1, 0.76, target_id="GPU-other", gpu_uuid="GPU-other")]
    assert len(history.gather([*rows, make_import(3)])) == 3


def test_reports_of_one_machine_are_one_series_however_they_write_its_name() -> None:
    (series,) = history.gather(
        [make_import(3, "box"), make_import(4, "Box.lab"), make_import(5, gpu="GeForce RTX 3090")]
    )
    assert len(series.points) == 3


def test_an_older_version_measured_beside_a_newer_one_does_not_go_on_with_the_history() -> None:
    (series,) = history.gather([*make_history(2, 2), *make_side_by_side(9, (0.76, 0.84))])
    beside = [point for point in series.points if point.is_beside]
    assert [(point.moment[:10], point.software.pyfeat) for point in beside] == [("2026-01-10", "2.1.5")]
    assert len(series.steady) == 5


def test_of_two_new_versions_in_one_run_the_one_with_the_larger_number_goes_on() -> None:
    (series,) = history.gather(make_side_by_side(1, (0.76, 0.84)))
    assert [point.software.pyfeat for point in series.steady] == ["2.2.0"]


def test_the_newest_version_of_a_run_is_its_last_point_whichever_began_first() -> None:
    before, after = make_side_by_side(9, (0.76, 0.84))[:5], make_side_by_side(9, (0.76, 0.84))[5:]
    later = [dataclasses.replace(row, started_at=row.started_at.replace("T09:0", "T10:0")) for row in before]
    (series,) = history.gather([*make_history(2, 2), *later, *after])
    assert [point.software.pyfeat for point in series.points[-2:]] == ["2.1.5", "2.2.0"]
    assert series.points[-2].is_beside


def test_points_are_ordered_by_date_or_by_version() -> None:
    rows = [*make_session(1, 0.84, **NEW), *make_session(5, 0.76, **OLD), *make_session(6, 0.8, pyfeat="2.10.0")]
    versions = {
        order: [point.software.pyfeat for point in history.gather(rows, order=order)[0].points]
        for order in history.ORDERS
    }
    assert versions == {"date": ["2.2.0", "2.1.5", "2.10.0"], "version": ["2.1.5", "2.2.0", "2.10.0"]}


VERSIONS = ["2.9.0", "2.10.0.dev3", "2.10.0rc1", "2.10.0", "2.10.0+cu128", "2.10.0.post1"]


def test_versions_are_in_the_order_of_pep_440() -> None:
    for name in ("pyfeat", "torch"):
        sides: list[dict[str, Any]] = [{name: text} for text in reversed(VERSIONS)]
        rows = [row for day, side in enumerate(sides) for row in make_session(day, 0.76, **side)]
        (series,) = history.gather(rows, order="version")
        assert [getattr(point.software, name) for point in series.points] == VERSIONS


def test_of_two_versions_in_one_run_the_final_one_is_newer_than_its_candidate() -> None:
    rows = [
        row
        for text in ("2.10.0", "2.10.0rc1")
        for row in make_session(1, 0.76, run_id="both", environment=text, requirements=[f"x=={text}"], pyfeat=text)
    ]
    (series,) = history.gather(rows)
    assert [point.software.pyfeat for point in series.steady] == ["2.10.0"]


def test_replays_and_failures_are_no_points() -> None:
    failed = make_row(run_id="failed", status="oom")
    replayed = make_row(run_id="replayed", replayed="elsewhere")
    assert history.gather([failed, replayed]) == []


def test_the_same_rows_in_another_order_are_the_same_series() -> None:
    rows = [*make_history(2, 2), make_import(3)]
    described = [
        [(series.name, [point.moment for point in series.points]) for series in history.gather(some)]
        for some in (rows, rows[::-1])
    ]
    assert described[0] == described[1]


def test_the_host_is_named_in_the_place() -> None:
    (series,) = history.gather(make_session(1, 0.76, **BOX))
    assert series.machine.place == "RTX 3090 of box"


def test_older_versions_that_are_measured_side_by_side_again_do_not_end_a_history_of_newer_ones() -> None:
    newest = [row for day in range(4, 6) for row in make_session(day, 0.5, pyfeat="2.3.0")]
    (series,) = history.gather([*make_history(2, 2), *newest, *make_side_by_side(9, (0.76, 0.84))])
    assert [point.software.pyfeat for point in series.points if point.is_beside] == ["2.1.5", "2.2.0"]
    assert [point.software.pyfeat for point in series.steady] == ["2.1.5", "2.1.5", "2.2.0", "2.2.0", "2.3.0", "2.3.0"]


def test_a_return_to_an_older_version_goes_on_with_the_history() -> None:
    (series,) = history.gather([*make_history(2, 2), *make_session(9, 0.76, **OLD)])
    assert [point.software.pyfeat for point in series.steady][-1] == "2.1.5"


def test_environments_of_one_software_are_apart_and_none_goes_on_with_the_history() -> None:
    compared = [
        row
        for call_s, version in ((0.5, "1.0"), (0.9, "2.0"))
        for row in make_session(
            9, call_s, run_id="bisect", environment=version, requirements=[f"numpy=={version}"], **OLD
        )
    ]
    (series,) = history.gather([*make_session(1, 0.76, **OLD), *compared])
    assert [(round(point.call_s, 1), point.is_beside) for point in series.points] == [
        (0.8, False),
        (0.5, True),
        (0.9, True),
    ]
    assert [(point.environments, point.requirements) for point in series.points] == [
        ((), ()),
        (("1.0",), ("numpy==1.0",)),
        (("2.0",), ("numpy==2.0",)),
    ]
    assert [point.is_compared for point in series.points] == [False, True, True]
    assert history_json.of_point(series.points[1])["environments"] == ["1.0"]
    assert history_json.of_point(series.points[1])["requirements"] == ["numpy==1.0"]
    text = "\n".join(history_text.lines([(series, ())]))
    assert "    side by side on 2026-01-10: 1.0 0.50 s (0.50 to 0.50); 2.0 0.90 s (" in text
    assert "environment 2.0" in str(history_plots.draw(series, (), by_version=False).traces)


def test_environments_of_one_software_are_in_the_order_of_their_versions_over_versions() -> None:
    rows = [
        row
        for text in ("1.10", "1.9", "1.10rc1")
        for row in make_session(9, 0.5, run_id="bisect", environment=text, requirements=[f"tick=={text}"])
    ]
    (series,) = history.gather(rows, order="version")
    assert [point.environments for point in series.points] == [("1.9",), ("1.10rc1",), ("1.10",)]
