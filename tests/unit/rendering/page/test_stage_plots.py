"""Where the time of a frame goes."""

from featray.core.row import Row
from featray.rendering.page import legend, stage_plots
from featray.rendering.page.plot import Plot
from tests.support.report_rows import make_cpu_row, make_report, make_row

STAGES = {"decode": 0.18, "face detection": 0.54}


def stages(rows: list[Row]) -> list[Plot]:
    report = make_report(rows)
    return stage_plots.draw(report, report.ordered(), legend.of_report(report), {})


def test_the_fastest_profiled_unit_of_a_detector_and_target_has_a_bar() -> None:
    rows = [
        make_row(stages_s=STAGES),
        make_row(cell_id="b", batch_size=1, timed_s=[2.0], stages_s=STAGES),
        make_row(cell_id="c", batch_size=64, timed_s=[0.1]),
    ]
    (plot,) = stages(rows)
    assert plot.layout["meta"]["named"] == ["retinaface b=16, 10.0 ms"]


def test_a_bar_is_made_of_shares_and_shows_the_time_of_each() -> None:
    (plot,) = stages([make_row(stages_s=STAGES)])
    assert [trace["name"] for trace in plot.traces] == ["decode", "face detection"]
    assert [trace["x"] for trace in plot.traces] == [[25.0], [75.0]]
    assert [trace["text"] for trace in plot.traces] == [["2.5 ms, 25%"], ["7.5 ms, 75%"]]


def test_bars_of_several_targets_name_them() -> None:
    (plot,) = stages([make_row(stages_s=STAGES), make_cpu_row(stages_s=STAGES)])
    assert [label.split("<br>")[1] for label in plot.layout["meta"]["named"]] == ["CPU", "RTX 4000"]


def test_without_stages_there_is_no_plot() -> None:
    assert stages([make_row()]) == []
