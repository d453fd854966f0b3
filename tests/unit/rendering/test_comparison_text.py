"""A comparison as lines and as JSON."""

import dataclasses
import json
from typing import Any

import pytest

from featray.analysis import comparison
from featray.analysis.comparison import Comparison
from featray.core.row import Row
from featray.rendering import comparison_text
from tests.support.builders import BLACKWELL, SHELF, make_rows
from tests.support.sides import LATER

STEADY = [1.0, 1.01, 0.99, 1.0, 1.0]


def before(**changes: Any) -> list[Row]:
    return make_rows(STEADY, sweep="before", run_id="before-1", **changes)


def after(seconds: float, **changes: Any) -> list[Row]:
    return make_rows([seconds * share for share in STEADY], sweep="after", run_id="after-1", **changes)


def compared(baseline: list[Row], candidate: list[Row]) -> Comparison:
    return comparison.compare(baseline, candidate)


def test_each_pair_has_a_line_in_columns() -> None:
    lines = comparison_text.lines(compared(before(), after(1.2, driver="590.1")))
    assert lines[0].split("  ")[0] == "pair"
    assert [column for column in lines[1].split("  ") if column][:2] == ["retinaface short b=16 RTX 3090", "1.2"]


def test_what_holds_for_every_pair_is_in_the_summary_once() -> None:
    rows = [(before(batch_size=batch), after(1.2, batch_size=batch, driver="590.1")) for batch in (4, 16)]
    both = compared(rows[0][0] + rows[1][0], rows[0][1] + rows[1][1])
    summary = comparison_text.summary(both)
    shared = [line for line in summary if line.startswith("every pair: ")]
    assert any("driver" in line for line in shared)
    assert not any("driver" in line for line in comparison_text.lines(both))
    assert summary[0].startswith("2 pairs (ratio = candidate time / baseline time): ")
    assert summary[0].endswith("; differences below 3% do not count")


def test_a_pair_is_named_by_what_both_sides_share_and_by_both_values_of_the_rest() -> None:
    (pair,) = comparison.compare_within(before(batch_size=4) + before(batch_size=16), over=["batch_size"]).pairs
    assert comparison_text.name(pair) == "retinaface short b=4->b=16 RTX 3090"
    (pair,) = compared(before(), after(1.0, **BLACKWELL)).pairs
    assert comparison_text.targets(pair) == "RTX 3090->RTX PRO 6000 Blackwell"


def test_equal_gpus_of_two_hosts_are_named_with_their_hosts() -> None:
    (pair,) = compared(before(), after(1.0, **{**SHELF, "target_id": "GPU-shelf"})).pairs
    assert comparison_text.targets(pair) == "RTX 3090 of box->RTX 3090 of shelf"


def test_units_without_a_counterpart_are_counted() -> None:
    summary = comparison_text.summary(compared(before() + before(batch_size=4), after(1.0)))
    assert "without a counterpart: 1 unit of the baseline" in summary


def test_the_json_of_a_pair_without_a_ratio_has_null_figures() -> None:
    failed = make_rows([1.0], sweep="after", run_id="after-1", status="oom", timed_s=None)
    (pair,) = json.loads(comparison_text.to_json(compared(before(), failed)))["pairs"]
    assert (pair["ratio"], pair["speedup"], pair["sd_basis"]) == (None, None, None)
    assert pair["name"] == "retinaface short b=16 RTX 3090"


def test_daggers_are_explained() -> None:
    assert comparison_text.dagger_note(2).startswith("† 2 differences may be chance")


@pytest.mark.parametrize("width", [80, 120])
def test_the_verdict_fits_the_terminal_although_names_are_long(width: int) -> None:
    changes = {"environment": "an-environment-with-a-long-name-of-its-own", "input": "long"}
    both = compared(
        before(**changes) + before(batch_size=4, **changes),
        after(1.5, **changes, **BLACKWELL) + after(1.5, batch_size=4, **changes, **BLACKWELL),
    )
    heading, *lines = comparison_text.lines(both, width)
    end = heading.index("why")
    assert end <= width + 2
    for line in lines:
        assert line[:end].rstrip().endswith("SLOWER")
        assert "  1.5  " in line[:end]
    assert len({line[:20] + line[20:40] for line in lines}) == 2


def test_names_that_would_be_equal_are_not_shortened() -> None:
    names = [f"{'x' * 30} b={batch} {'y' * 30}" for batch in (1, 4)]
    assert comparison_text._fitting(names, 20) == names
    assert comparison_text._fitting(["a" * 30, "b" * 30], 20) == [f"{'a' * 12}…{'a' * 7}", f"{'b' * 12}…{'b' * 7}"]


def test_one_allowance_is_said_once_although_a_pair_has_no_ratio() -> None:
    other = {"work": {"au_model": '"xgb"'}}
    both = compared(
        before() + before(batch_size=4) + before(batch_size=1),
        after(1.2) + after(1.2, batch_size=4) + after(1.2, batch_size=1, **other),
    )
    assert not any("side by side" in line for line in comparison_text.lines(both))
    (said,) = [line for line in comparison_text.summary(both) if "side by side" in line]
    assert said.startswith("every pair with a ratio: not measured side by side: ")


def test_a_difference_that_may_be_chance_is_called_undecided() -> None:
    both = compared(before(), after(1.5))
    marked = dataclasses.replace(both, pairs=tuple(dataclasses.replace(pair, dagger=True) for pair in both.pairs))
    assert "SLOWER†  0.67x as fast; undecided: it may be chance among so many pairs" in comparison_text.lines(marked)[1]
    assert ": 1 SLOWER (1 of them may be chance: undecided); " in comparison_text.summary(marked)[0]


def test_a_run_that_failed_later_is_not_called_measured() -> None:
    failed = make_rows([1.0], sweep="after", run_id="after-2", status="oom", timed_s=None, work=None, started_at=LATER)
    again = make_rows(STEADY, sweep="before", run_id="before-2", started_at=LATER, driver="590.1")
    summary = comparison_text.summary(compared([*before(), *again], [*after(1.2), *failed]))
    assert "left out because a later run measured the same: 1 unit" in summary
    assert "left out because it has no number, and another measurement of the same has one: 1 unit" in summary


def test_the_json_holds_the_states_in_which_the_machine_was_unlike() -> None:
    quiet, busy = (make_rows([1.0, 1.01, 0.99], run_id=run, cpu_other=share) for run, share in (("a", 0.0), ("b", 0.5)))
    (pair,) = json.loads(comparison_text.to_json(comparison.compare(quiet, busy)))["pairs"]
    assert pair["states"] == {"other processes": {"baseline": "0%", "candidate": "50%"}}
