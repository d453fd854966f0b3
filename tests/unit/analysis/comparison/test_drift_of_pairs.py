"""Drift of pairs: it stands beside the ratio. Beyond tolerance it refuses, unless what is varied explains it."""

import pandas as pd

from featray.analysis import comparison
from featray.analysis.comparison import Pair
from featray.analysis.outputs import Outputs
from featray.core.row import Row
from featray.rendering import comparison_text
from featray.stats import Verdict
from tests.support import fake_outputs
from tests.support.fake_outputs import make_fex, make_output_rows, make_table
from tests.support.sides import STEADY, STILL, make_resolved, scale

FEX = make_fex()
MOVED = fake_outputs.moved(FEX, fake_outputs.AUS, 0.16)


def compare(candidate: pd.DataFrame, *, over: tuple[str, ...] = (), **changes: object) -> Pair:
    """Compare the film's output with another, which is kept under the run `demo-2`."""
    baseline = make_output_rows(STEADY, {1: FEX}, work=make_resolved(amp="false"))
    fast = make_output_rows(
        scale(0.5), {1: candidate}, **{"run_id": "demo-2", "work": make_resolved(amp="false")} | changes
    )
    tables = {"demo-1": make_table(FEX), "demo-2": make_table(candidate)}

    def read(row: Row) -> object:
        return tables[row.run_id]

    found = comparison.compare(baseline, fast, over=over, noise=STILL, outputs=Outputs(read))  # type: ignore[arg-type]
    (pair,) = found.pairs
    return pair


def line(pair: Pair) -> str:
    found = comparison.Comparison(pairs=(pair,), only_baseline=(), only_candidate=(), superseded=(), over=())
    return comparison_text.lines(found)[1]


def test_drift_within_tolerance_stands_beside_the_ratio() -> None:
    pair = compare(fake_outputs.noisy(FEX, 1e-6))
    assert pair.verdict is Verdict.FASTER
    assert "2.00x as fast; " in line(pair)
    assert "drift: within tolerance, largest in " in line(pair)


def test_drift_beyond_tolerance_is_other_work() -> None:
    pair = compare(MOVED)
    assert (pair.verdict, pair.decision) == (Verdict.NOT_COMPARABLE, None)
    (reason,) = [reason for reason in pair.reasons if reason.startswith("outputs drifted")]
    assert "action units median 0.16, 99% up to 0.16, at most 0.16 (tolerance 0.15)" in reason


def test_drift_that_amp_causes_stands_beside_the_ratio() -> None:
    amp = make_resolved(amp="true", precision="float32, multitask bfloat16")
    pair = compare(MOVED, over=("amp",), work=amp)
    assert (pair.verdict, pair.causes) == (Verdict.FASTER, ("amp",))
    assert "2.00x as fast" in line(pair)
    assert "drift beyond tolerance: action units median 0.16" in line(pair)


def test_amp_is_no_cause_where_both_sides_have_the_same() -> None:
    assert compare(MOVED, over=("amp",)).verdict is Verdict.NOT_COMPARABLE


def test_another_release_may_move_results_if_releases_are_compared_on_purpose() -> None:
    assert compare(MOVED, pyfeat="2.2.0").verdict is Verdict.NOT_COMPARABLE
    pair = compare(MOVED, over=("pyfeat",), pyfeat="2.2.0")
    assert (pair.verdict, pair.causes) == (Verdict.FASTER, ("pyfeat",))


def test_what_may_have_moved_the_results_is_named_with_the_way_to_compare_it_on_purpose() -> None:
    step = comparison.next_step(compare(MOVED, pyfeat="2.2.0"))
    assert step == "measure both with the same py-feat, or compare on purpose with --over pyfeat"
    assert comparison.next_step(compare(MOVED)) == "measure both sides with the same work"


def test_a_batch_never_explains_drift() -> None:
    pair = compare(MOVED, over=("batch_size",), batch_size=4)
    assert pair.verdict is Verdict.NOT_COMPARABLE


def test_one_comparison_varies_everything_that_may_cost_results() -> None:
    amp = make_resolved(amp="true", compile="true", precision="float32, multitask bfloat16")
    pair = compare(MOVED, over=("amp", "compile", "batch_size", "device", "pyfeat"), work=amp, batch_size=4)
    assert pair.verdict is Verdict.FASTER
    assert set(pair.causes) == {"amp", "compile"}


def test_without_kept_outputs_a_release_must_give_the_same_means_as_before() -> None:
    baseline = make_output_rows(STEADY, {1: FEX})
    newer = make_output_rows(scale(0.5), {1: MOVED}, run_id="demo-2", pyfeat="2.2.0")
    (pair,) = comparison.compare(baseline, newer, over=("pyfeat",), noise=STILL).pairs
    assert (pair.verdict, pair.drift) == (Verdict.NOT_COMPARABLE, None)


def test_invocations_that_differ_are_refused_whatever_is_varied() -> None:
    baseline = make_output_rows(STEADY, {1: FEX}, work=make_resolved(amp="false"))
    mixed = {1: FEX, 2: fake_outputs.without(FEX, ["AU12"])}
    fast = make_output_rows(scale(0.5), mixed, run_id="demo-2", work=make_resolved(amp="true"))
    (pair,) = comparison.compare(baseline, fast, over=("amp",), noise=STILL).pairs
    assert pair.verdict is Verdict.NOT_COMPARABLE


def test_off_is_the_baseline_of_on() -> None:
    rows = [
        *make_output_rows(scale(0.5), {1: FEX}, detector="fast", work=make_resolved(amp="true")),
        *make_output_rows(STEADY, {1: FEX}, detector="exact", work=make_resolved(amp="false")),
    ]
    (pair,) = comparison.compare_within(rows, over=("amp", "detector"), noise=STILL).pairs
    assert (pair.baseline.row.detector, pair.verdict) == ("exact", Verdict.FASTER)


def test_drift_stays_in_the_line_of_its_pair_where_all_pairs_have_the_same() -> None:
    pair = compare(fake_outputs.noisy(FEX, 1e-6))
    found = comparison.Comparison(pairs=(pair, pair), only_baseline=(), only_candidate=(), superseded=(), over=())
    assert [": within tolerance" in text for text in comparison_text.lines(found)] == [False, True, True]
    assert not any("within tolerance" in text for text in comparison_text.summary(found))


def test_scripts_get_the_drift_of_every_family() -> None:
    import json

    pair = compare(fake_outputs.noisy(FEX, 1e-6))
    found = comparison.Comparison(pairs=(pair,), only_baseline=(), only_candidate=(), superseded=(), over=())
    (record,) = json.loads(comparison_text.to_json(found))["pairs"]
    assert record["drift"]["matched_share"] == 1.0
    assert set(record["drift"]["families"]["gaze"]) == {"median", "p99", "max", "tolerance", "unit", "values", "lost"}
