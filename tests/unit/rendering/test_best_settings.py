"""Which setting is named as the one to use, and the table of them."""

from featray.analysis import units
from featray.analysis.advice import recommendation
from featray.core.row import Row
from featray.rendering import best_settings
from tests.support.report_rows import make_cpu_row, make_failed_row, make_report, make_row


def table(rows: list[Row]) -> tuple[list[str], list[list[str]]]:
    report = make_report(rows)
    return best_settings.table(report.best, report.columns)


def batches(rows: list[Row]) -> list[tuple[str, int]]:
    best = make_report(rows).best
    return [(setting.unit.row.device, setting.unit.row.batch_size) for setting in best]


def test_each_target_has_a_line() -> None:
    rows = [
        make_row(hostname=f"box{host}", host_id=f"h{host}", target_id=f"GPU-{host}{gpu}")
        for host in range(3)
        for gpu in range(2)
    ]
    headings, lines = table(rows)
    assert headings == ["input", "detector", "host", "target", "batch", "ms", "fps"]
    assert [line[2] for line in lines] == ["box0", "box0", "box1", "box1", "box2", "box2"]
    assert len({(line[2], line[3]) for line in lines}) == 6
    assert best_settings.title(make_report(rows).best) == "Settings to use, across hosts and devices"


def test_where_there_was_nothing_to_choose_no_setting_is_named() -> None:
    assert make_report([make_row(), make_row(cell_id="b", detector="img2pose")]).best == ()


def test_the_smallest_batch_within_the_margin_of_the_fastest_is_the_one_to_use() -> None:
    times = {1: 2.0, 4: 1.02, 16: 1.0, 64: 1.01}
    rows = [make_row(cell_id=f"c{batch}", batch_size=batch, timed_s=[time]) for batch, time in times.items()]
    headings, lines = table(rows)
    assert headings == ["input", "detector", "batch", "equally fast", "ms", "fps"]
    assert lines == [["Video: short (72 frames)", "retinaface", "4", "16, 64", "14.2", "70.6"]]
    assert best_settings.title(make_report(rows).best) == "Settings to use"
    assert "the smallest batch that is not known to be 3% slower than the fastest." in best_settings.NOTE


def test_the_report_and_the_recommendation_name_the_same_setting() -> None:
    rows = [make_row(cell_id="a", batch_size=4, timed_s=[1.0], invocation=number) for number in range(1, 6)]
    rows += [make_row(cell_id="b", batch_size=16, timed_s=[0.5], invocation=number) for number in (4, 5)]
    rows += [make_failed_row("oom", cell_id="b", batch_size=16, invocation=number) for number in (1, 2, 3)]
    (recommended,) = recommendation.recommend(units.gather(rows))
    assert recommended.best.unit.row.batch_size == 4
    assert batches(rows) == [("cuda", 4)]


def test_the_workers_of_the_setting_to_use_are_shown_where_they_vary() -> None:
    rows = [make_row(cell_id=f"c{n}", num_workers=n, timed_s=[time]) for n, time in {0: 2.0, 2: 1.0}.items()]
    headings, (line,) = table(rows)
    assert line[headings.index("workers")] == "2"


def test_the_best_batch_of_each_target_is_named_and_failures_are_left_out() -> None:
    rows = [
        make_row(cell_id="a", batch_size=1, timed_s=[3.0]),
        make_row(cell_id="b", batch_size=4, timed_s=[1.0]),
        make_cpu_row(timed_s=[9.0]),
        make_failed_row("oom", cell_id="c", batch_size=64),
    ]
    assert batches(rows) == [("cpu", 16), ("cuda", 4)]
