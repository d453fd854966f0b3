"""What a diagnosis found, as a report shows it."""

import dataclasses
from typing import Any

from featray.analysis import units
from featray.analysis.diagnosis import diagnose
from featray.core.row import Row
from featray.rendering import notes
from featray.rendering.notes import Notes, PairNote
from tests.support.builders import BLACKWELL, BOX, RTX3090, SHELF, make_rows
from tests.support.report_rows import make_failed_row, make_report

STEADY = (0.99, 1.0, 1.0, 1.0, 1.01)


def timed(seconds: float, **changes: Any) -> list[Row]:
    return make_rows([seconds * share for share in STEADY], **changes)


def before(seconds: float, **changes: Any) -> list[Row]:
    return timed(seconds, sweep="before", run_id="before-1", **changes)


def noted(candidate: list[Row], baseline: list[Row]) -> Notes:
    candidate_units, baseline_units = units.gather_sides(candidate, baseline)
    return notes.of_diagnosis(diagnose(candidate_units, baseline_units), baseline_units, candidate_units)


PAIR = PairNote(config="retinaface, short", baseline="a", candidate="b", speedup=1.5, verdict="FASTER")


def test_a_comparison_shows_both_speeds_and_the_speedup() -> None:
    found = noted(timed(0.72), before(1.44))
    (pair,) = found.comparisons
    assert pair.config == "retinaface, short (72 frames)"
    assert (pair.baseline, pair.candidate) == ("20.0 ms/frame (b=16, 50.0 fps)", "10.0 ms/frame (b=16, 100.0 fps)")
    assert notes.speedup(pair) == "2.00x"
    assert found.baseline == "before (RTX 3090)"


def test_images_have_a_rate_too() -> None:
    (pair,) = noted(timed(1.6, input="multi-face"), before(1.6, input="multi-face")).comparisons
    assert pair.candidate == "100.0 ms/image (b=16, 10.0 images/s)"


def test_a_pair_names_its_targets_only_where_the_report_has_several() -> None:
    (pair,) = noted(timed(1.0, **BLACKWELL), before(1.0)).comparisons
    assert pair.where is None
    several = noted(timed(1.0) + timed(1.0, **BLACKWELL), before(1.0) + before(1.0, **BLACKWELL))
    assert [pair.where for pair in several.comparisons] == ["RTX 3090", "RTX PRO 6000 Blackwell"]


def test_baseline_and_report_name_equal_gpus_of_two_hosts_with_their_hosts() -> None:
    ours = [{**BOX, **RTX3090}, {**BOX, **BLACKWELL}]
    theirs = [{**SHELF, **RTX3090, "target_id": "GPU-shelf"}, {**BOX, **BLACKWELL}]
    found = noted(
        [row for place in ours for row in timed(1.0, **place)],
        [row for place in theirs for row in before(1.0, **place)],
    )
    assert {pair.where for pair in found.comparisons} >= {"RTX PRO 6000 Blackwell"}
    assert any("RTX 3090 of shelf" in (pair.where or "") for pair in found.comparisons)


def test_comparisons_are_in_the_order_of_the_tables() -> None:
    order = make_report([*timed(1.0, detector="retinaface"), *timed(1.0, detector="img2pose")])
    baseline = units.gather([*before(1.0, detector="retinaface"), *before(1.0, detector="img2pose")])
    found = notes.of_diagnosis(diagnose(order.units, baseline), baseline, order.ordered())
    assert [pair.config.split(",")[0] for pair in found.comparisons] == ["img2pose", "retinaface"]


def test_the_remarks_explain_speedup_margin_and_how_far_apart_the_sides_were_measured() -> None:
    first, margin, apart = noted(timed(1.0), before(1.0)).remarks
    assert first.startswith("1 pair. Speedup is baseline time divided by candidate time")
    assert margin == "Differences below 3% do not count."
    assert apart.startswith("Not measured side by side: ")


def test_without_a_baseline_there_is_nothing_to_explain() -> None:
    found = noted(timed(1.0), [])
    assert (found.comparisons, found.remarks, found.baseline) == ((), (), None)


def test_a_reason_is_shared_only_by_several_comparisons_that_all_have_it() -> None:
    reasoned = dataclasses.replace(PAIR, reason="too few invocations")
    assert notes.shared_reason(Notes(comparisons=(reasoned, reasoned))) == "too few invocations"
    assert notes.shared_reason(Notes(comparisons=(reasoned, PAIR))) is None
    assert notes.shared_reason(Notes(comparisons=(reasoned,))) is None


def test_a_caution_that_a_finding_repeats_is_left_out() -> None:
    report = make_report([make_failed_row("oom", "no memory")])
    assert notes.without_findings(report.cautions, Notes()) == list(report.cautions)
    found = Notes(observations=(notes.Observation("failed", "No memory."),))
    assert notes.without_findings(report.cautions, found) == []


def test_a_daggered_speedup_has_its_dagger_and_an_absent_one_none() -> None:
    assert notes.speedup(dataclasses.replace(PAIR, marked=True)) == "1.50x†"
    assert notes.speedup(dataclasses.replace(PAIR, speedup=None)) == "-"
    assert notes.interval(PAIR) == "-"
    assert notes.interval(dataclasses.replace(PAIR, low=1.4, high=1.6)) == "1.40x to 1.60x"
