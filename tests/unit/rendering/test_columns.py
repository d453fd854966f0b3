"""The columns of a table, and what is under them."""

from featray.analysis import units
from featray.core import inputs
from featray.core.row import Row
from featray.rendering import columns, document
from tests.support import builders
from tests.support.report_rows import make_failed_row, make_report, make_row


def line(rows: list[Row], kind: str = inputs.VIDEO) -> list[str]:
    report = make_report(rows)
    (unit,) = report.units
    return columns.line(unit, report.columns, kind)


def test_a_setting_has_a_column_only_where_it_varies() -> None:
    rows = [make_row(), make_row(cell_id="b", num_workers=2, asked='{"threads": 2}', environment="torch-2.5")]
    shown = make_report(rows).columns
    assert (shown.workers, shown.threads, shown.environment) == (True, True, True)
    assert columns.headings(shown, inputs.VIDEO) == [
        *("device", "batch", "workers", "threads", "environment"),
        *("sec", "ms/frame", "fps"),
    ]
    shown = make_report(rows[:1]).columns
    assert (shown.workers, shown.threads, shown.environment, shown.calls) == (False, False, False, False)


def test_calls_interval_and_spread_have_columns_where_there_are_several_calls() -> None:
    rows = [make_row(invocation=number, timed_s=[0.71, 0.72, 0.73]) for number in (1, 2, 3)]
    report = make_report(rows)
    assert columns.headings(report.columns, inputs.VIDEO)[-3:] == ["calls", "95% CI", "IQR"]
    assert columns.line(report.units[0], report.columns, inputs.VIDEO)[-3:] == ["3 x 3", "10.0 to 10.0", "1.4%"]


def test_a_failure_is_shown_where_its_number_would_be() -> None:
    assert line([make_failed_row("oom", "CUDA out of memory")]) == ["cuda", "16", "oom: CUDA out of memory", "-", "-"]


def test_a_partly_failed_unit_shows_its_number_and_how_many_invocations_gave_it() -> None:
    rows = [make_row(), make_failed_row("crashed", "SIGSEGV", invocation=2)]
    assert line(rows) == ["cuda", "16", "0.72", "10.0", "100.0", "1 of 2 x 1"]


def test_images_count_rows_instead_of_frames_per_second() -> None:
    rows = [make_row(section_kind="images", frames=16, fex_rows=80, timed_s=[1.6])]
    assert line(rows, inputs.IMAGES) == ["cuda", "16", "1.60", "100.0", "80"]


def test_a_row_without_frames_still_has_its_seconds() -> None:
    assert line([make_row(frames=None)]) == ["cuda", "16", "0.72", "-", "-"]


ANY = '{"input": {"faces": null}}'


def test_a_clip_with_any_number_of_faces_says_how_many_a_frame_has_and_what_one_costs() -> None:
    rows = [make_row(asked=ANY, faces=36, faces_min=0, faces_mean=0.5, faces_max=2, timed_s=[0.72])]
    report = make_report(rows)
    assert columns.headings(report.columns, inputs.VIDEO)[-2:] == ["faces/frame", "ms/face"]
    assert line(rows)[-2:] == ["0.5 (0 to 2)", "20.0"]
    assert line([make_row(asked=ANY, faces=0, faces_min=0, faces_mean=0.0, faces_max=0)])[-2:] == ["0", "-"]
    assert line([make_failed_row("oom", "no memory", asked=ANY)])[-2:] == ["-", "-"]


def test_start_and_energy_have_columns_with_units_where_they_were_measured() -> None:
    rows = [make_row(import_s=8.0, load_s=2.0, first_call_s=1.72, timed_s=[0.72], energy_j=144.0, faces=72)]
    report = make_report(rows)
    assert columns.headings(report.columns, inputs.VIDEO)[-5:] == [
        *("start s", "first call s", "J/frame", "J/face", "kWh/1000 h at 25 fps"),
    ]
    assert line(rows)[-5:-1] == ["11", "1.72", "2.0", "2.0"]


def test_processes_have_columns_for_their_number_and_the_time_of_each_where_it_varies() -> None:
    both = {"1": [1.0], "2": [1.0]}
    rows = [make_row(), make_row(cell_id="b", processes=2, timed_s=[0.5], process_timed_s=both)]
    report = make_report(rows)
    assert columns.headings(report.columns, inputs.VIDEO) == [
        *("device", "batch", "processes", "sec", "ms/frame", "fps", "ms each")
    ]
    lines = {unit.processes: columns.line(unit, report.columns, inputs.VIDEO) for unit in report.units}
    assert lines[1] == ["cuda", "16", "1", "0.72", "10.0", "100.0", "10.0"]
    assert lines[2] == ["cuda", "16", "2", "0.50", "6.9", "144.0", "13.9"]


def test_all_gpus_have_a_column_for_the_time_of_each() -> None:
    report = document.build(units.gather([*builders.make_rows([1.0]), *builders.make_whole_rows([0.5])]))
    assert "ms each" in columns.headings(report.columns, inputs.VIDEO)
    assert "processes" not in columns.headings(report.columns, inputs.VIDEO)
    (line,) = [columns.line(unit, report.columns, inputs.VIDEO) for unit in report.units if unit.gpus == 2]
    assert "13.9" in line
