"""What the functions return, as a prompt and a notebook show it."""

import datetime
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import featray
from featray import store
from featray.api.calibrate import Calibrations
from featray.api.measure import Measured
from featray.api.results import Result
from featray.api.status import SubmitStatuses
from featray.api.submitted import Submitted
from featray.errors import BadInput, NothingMatches
from featray.running.submit_status import SubmitStatus
from tests.support.builders import make_row, make_rows
from tests.support.sides import LATER

OLD, NEW = "2026-05-03-864962c", "2026-05-14-c716340"
ROOT = Path(__file__).parents[3]
TEXT_MAX = 2000


def make_submitted() -> Submitted:
    rows = tuple(make_row(batch_size=batch, invocation=n) for batch in (1, 4) for n in (1, 2, 3))
    return Submitted(run_id="demo-1", rows=rows, measured=6, report=None, problems=(), without_number=0)


def make_statuses() -> SubmitStatuses:
    now = datetime.datetime(2026, 5, 14, tzinfo=datetime.UTC).isoformat()
    status = SubmitStatus(
        id="demo-1", state="running", started_at=now, ended_at=None, metadata={}, done=1, total=6, without_number=0,
        reason=None, exit_code=0,
    )  # fmt: skip
    return SubmitStatuses([status])


RESULTS: Mapping[str, Callable[[str], Result]] = {
    "compare": lambda results: featray.compare(OLD, NEW, results=results),
    "history": lambda results: featray.history(results=results),
    "recommend": lambda results: featray.recommend(results=results),
    "report": lambda results: featray.report(NEW, baseline=OLD, results=results, output="-"),
    "plan": lambda _: featray.plan(ROOT / "sweeps" / "quickstart.yaml", results="none"),
    "suggest": lambda results: featray.suggest(NEW, results=results),
    "export": lambda results: featray.export("csv", results=results),
    "hosts": lambda _: featray.hosts(),
    "submit": lambda _: make_submitted(),
    "calibrate": lambda _: Calibrations(),
    "measure": lambda _: Measured(**vars(make_row())),
    "status": lambda _: make_statuses(),
}


@pytest.mark.parametrize("verb", RESULTS)
@pytest.mark.usefixtures("quick_probe")
def test_a_result_is_a_short_text_tables_and_a_frame(verb: str, history: Path) -> None:
    result = RESULTS[verb](str(history))
    assert 0 < len(repr(result)) <= TEXT_MAX
    html = result._repr_html_()
    assert '<div class="featray-result">' in html
    assert "<table>" in html
    frame = result.to_frame()
    assert len(frame) == len(result.summarize().records)


def test_what_results_are_made_of_has_a_short_text_too(history: Path) -> None:
    compared = featray.compare(OLD, NEW, results=str(history))
    recommended = featray.recommend(results=str(history))
    planned = featray.plan(ROOT / "sweeps" / "quickstart.yaml", results="none")
    parts: list[Any] = [compared.comparison, compared.comparison.pairs[0], compared.gate, recommended[0]]
    parts += [recommended[0].best, planned.plan, planned.placement, make_submitted().rows[0]]
    assert [type(part).__name__ for part in parts if len(repr(part)) > 400] == []


def test_a_frame_of_a_comparison_has_the_verdict_and_both_sides(history: Path) -> None:
    frame = featray.compare(OLD, NEW, results=str(history)).to_frame()
    assert set(frame["verdict"]) == {"INCONCLUSIVE"}
    assert {"ratio", "baseline_batch_size", "candidate_batch_size"} <= set(frame.columns)


def test_a_recommendation_is_still_a_list_and_a_calibration_a_dict(history: Path) -> None:
    assert isinstance(featray.recommend(results=str(history)), list)
    assert isinstance(Calibrations(), dict)


def test_the_figures_of_a_report_are_chosen_by_kind_and_input(history: Path) -> None:
    reported = featray.report(NEW, baseline=OLD, results=str(history), output="-")
    assert reported.plot().data[0].name == "INCONCLUSIVE"
    assert len(reported.plot("throughput").layout.annotations) == 3
    assert len(reported.plot("throughput", input="long").layout.annotations) == 1
    with pytest.raises(NothingMatches, match=r"no plot 'troughput'; expected ratio, throughput.*Did you mean"):
        reported.plot("troughput")
    with pytest.raises(NothingMatches, match="no plot of input 'longest'"):
        reported.plot("throughput", input="longest")


def test_the_figure_of_a_comparison_names_each_pair(history: Path) -> None:
    figure = featray.compare(OLD, NEW, results=str(history)).plot()
    assert len(figure.data[0].y) == 18
    assert len(set(figure.data[0].y)) == 18


def test_the_figure_of_a_submit_shows_its_run() -> None:
    assert list(make_submitted().plot("throughput").data[0].x) == [1, 4]


def test_the_figures_of_a_recommendation_show_the_settings_that_were_compared(tmp_path: Path) -> None:
    times_s = {1: 2.0, 4: 1.0, 16: 0.76}  # of 72 frames: batches of 28, 56 and 169 ms
    rows = [row for batch, time_s in times_s.items() for row in make_rows([time_s] * 3, batch_size=batch)]
    store.append(tmp_path, rows + make_rows([1.0] * 3, detector="mpdetector"))
    recommended = featray.recommend(detector="retinaface", results=str(tmp_path))
    figure = recommended.plot()
    assert [axis.title.text for axis in figure.select_yaxes()] == ["ms per batch"]
    assert sorted(x for trace in figure.data for x in trace.x) == pytest.approx([36, 72, 94.737])
    assert list(recommended.plot("throughput", dark=True).data[0].x) == [1, 4, 16]
    within = featray.recommend(detector="retinaface", max_latency_s=0.1, results=str(tmp_path))
    assert list(within.plot("throughput").data[0].x) == [1, 4]
    with pytest.raises(NothingMatches, match="no plot 'ratio'"):
        recommended.plot("ratio")


def test_the_figure_of_a_history_has_a_plot_per_series(tmp_path: Path) -> None:
    rows = [
        row
        for day in range(1, 4)
        for batch in (1, 4)
        for row in make_rows([1.0] * 3, batch_size=batch, run_id=f"demo-{day}", started_at=LATER.replace(day=day))
    ]
    store.append(tmp_path, rows)
    found = featray.history(results=str(tmp_path))
    figure = found.plot()
    assert len(figure.layout.annotations) == len(found.series) == 2
    assert [len(trace.y) for trace in figure.data] == [3, 3]
    assert list(featray.history(results=str(tmp_path), order="version").plot(dark=True).data[0].x) == [0, 1, 2]
    with pytest.raises(NothingMatches):
        found.plot(input="nothing of this name")


def test_a_history_of_many_series_says_how_to_narrow_it(tmp_path: Path) -> None:
    store.append(tmp_path, [row for batch in range(1, 202) for row in make_rows([1.0], batch_size=batch)])
    with pytest.raises(BadInput, match="201 series are too many for one figure; narrow the history with detector="):
        featray.history(results=str(tmp_path)).plot()


@pytest.mark.parametrize("name", ["compare", "recommend", "report"])
def test_a_frame_is_saved_as_parquet(name: str, tmp_path: Path) -> None:
    frame = RESULTS[name](str(ROOT / "results")).to_frame()
    frame.to_parquet(tmp_path / "frame.parquet")
    assert len(pd.read_parquet(tmp_path / "frame.parquet")) == len(frame) > 0
