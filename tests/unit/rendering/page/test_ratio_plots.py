"""The comparisons with the baseline."""

from typing import Any

from featray.rendering import notes
from featray.rendering.page import ratio_plots
from tests.support.report_rows import make_report, make_row


def pair(**changes: Any) -> notes.PairNote:
    values: dict[str, Any] = {
        "config": "retinaface, short (72 frames)",
        "baseline": "20 ms",
        "candidate": "10 ms",
        "speedup": 2.0,
        "verdict": "FASTER",
        "candidate_unit": ("quickstart-1", "000000000001", "GPU-1"),
    }
    return notes.PairNote(**(values | changes))


def draw(*pairs: notes.PairNote) -> list[Any]:
    return ratio_plots.draw(make_report([make_row()]), notes.Notes(comparisons=pairs), {})


def test_each_verdict_has_its_own_mark() -> None:
    (plot,) = draw(pair(), pair(verdict="SLOWER", speedup=0.5), pair(verdict="INCONCLUSIVE"))
    assert len({trace["marker"]["symbol"] for trace in plot.traces}) == 3


def test_each_target_has_a_plot_with_the_same_axis() -> None:
    plots = draw(pair(where="RTX 4000"), pair(where="CPU", speedup=0.5))
    assert [plot.title for plot in plots] == ["RTX 4000", "CPU"]
    assert plots[0].layout["xaxis"] == plots[1].layout["xaxis"]


def test_a_mark_shows_the_speedup_and_its_interval() -> None:
    (plot,) = draw(pair(low=1.9, high=2.1))
    assert plot.traces[0]["text"] == ["2.00x (95% CI 1.90x to 2.10x)"]
    (plot,) = draw(pair(marked=True))
    assert plot.traces[0]["text"] == ["2.00x†"]
    assert plot.traces[0]["error_x"]["array"] == [None]


def test_a_pair_without_a_ratio_is_not_drawn() -> None:
    assert draw(pair(speedup=None)) == []


def test_ticks_are_round_and_few() -> None:
    (plot,) = draw(pair(speedup=1.02, low=0.99, high=1.05))
    assert 2 <= len(plot.layout["xaxis"]["tickvals"]) <= ratio_plots.TICKS
    (plot,) = draw(pair(speedup=100.0))
    assert plot.layout["xaxis"]["ticktext"][0] == "1x"
