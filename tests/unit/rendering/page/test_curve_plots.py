"""Throughput and memory against the batch size."""

from featray.core.row import Row
from featray.rendering.page import curve_plots, legend
from featray.rendering.page.plot import Plot
from tests.support.report_rows import make_cpu_row, make_failed_row, make_report, make_row

GIB = 2**30


def throughput(rows: list[Row]) -> list[Plot]:
    report = make_report(rows)
    return curve_plots.draw_throughput(report, report.ordered(), legend.of_report(report), {})


def memory(rows: list[Row]) -> list[Plot]:
    report = make_report(rows)
    return curve_plots.draw_memory(report, report.ordered(), legend.of_report(report), {})


def test_a_line_joins_the_batches_of_one_detector_on_one_target() -> None:
    rows = [make_row(cell_id=f"c{batch}", batch_size=batch) for batch in (16, 1, 4)] + [make_cpu_row(timed_s=[7.2])]
    (plot,) = throughput(rows)
    assert [(trace["name"], trace["x"]) for trace in plot.traces] == [
        ("retinaface, CPU", [16]),
        ("retinaface, RTX 4000", [1, 4, 16]),
    ]


def test_a_unit_without_a_number_has_no_point() -> None:
    assert throughput([make_failed_row("oom")]) == []
    assert memory([make_row()]) == []


def test_intervals_become_bars_where_there_are_invocations_enough() -> None:
    three = [make_row(invocation=number, timed_s=[0.7 + number / 100]) for number in (1, 2, 3)]
    (plot,) = throughput([*three, make_row(cell_id="b", batch_size=1)])
    (bars,) = [trace["error_y"] for trace in plot.traces]
    assert bars["array"][0] is None
    assert bars["array"][1] > 0


def test_the_share_of_the_devices_memory_is_shown() -> None:
    (plot,) = memory([make_row(gpu_memory_used_peak_b=2 * GIB, gpu_memory_b=8 * GIB)])
    assert plot.traces[0]["text"] == ["2.0 GiB of the GPU, 25% of 8.0 GiB"]
    (plot,) = memory([make_cpu_row(rss_peak_b=GIB)])
    assert plot.traces[0]["text"] == ["1.0 GiB of the process"]


def test_labels_of_batches_never_print_over_each_other() -> None:
    rows = [make_row(cell_id=f"c{batch}", batch_size=batch) for batch in (1, 16, 17, 32)]
    (plot,) = throughput(rows)
    assert plot.layout["xaxis"]["ticktext"] == ["1", "16", "", "32"]
