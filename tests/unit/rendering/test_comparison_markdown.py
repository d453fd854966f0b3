"""Comparisons as markdown and as a badge: the headline, the order of the pairs, what fits, and what a name may hold."""

import json
from typing import Any

import pytest

from featray.analysis import comparison
from featray.analysis.comparison import Comparison, gate
from featray.analysis.comparison.gate import Gate, Require
from featray.core.row import Row
from featray.rendering import comparison_markdown
from featray.stats import Verdict
from tests.support.builders import make_rows
from tests.support.sides import STILL, scale


def side(name: str, factors: dict[int, float], **changes: Any) -> list[Row]:
    return [
        row
        for batch, factor in factors.items()
        for row in make_rows(scale(factor), sweep=name, run_id=f"{name}-1", batch_size=batch, **changes)
    ]


def compare(factors: dict[int, float], **changes: Any) -> Comparison:
    before, after = side("before", dict.fromkeys(factors, 1.0), **changes), side("after", factors, **changes)
    return comparison.compare(before, after, noise=STILL)


def judge(compared: Comparison) -> Gate:
    return gate.judge(compared, {Verdict.SLOWER}, Require.COMPARABLE)


def test_a_pair_that_fails_comes_first() -> None:
    compared = compare({1: 1.0, 4: 1.0, 16: 1.5})
    lines = comparison_markdown.render(compared, judge(compared)).splitlines()
    assert lines[0] == "<!-- featray compare -->"
    assert lines[1] == "### ❌ featray: 1 pair failed (1 slower)"
    assert lines[3] == "| pair | ratio | 95% CI | verdict | why, and what to do next |"
    assert [line.split(" | ")[0] for line in lines[5:8]] == [
        "| retinaface short b=16 RTX 3090",
        "| retinaface short b=1 RTX 3090",
        "| retinaface short b=4 RTX 3090",
    ]
    assert "| 1.5 | 1.48 to 1.52 | SLOWER |" in lines[5]


def test_a_gate_that_passes_says_so() -> None:
    compared = compare({1: 1.0, 4: 0.5})
    assert "### ✅ featray: passed (1 faster)" in comparison_markdown.render(compared, judge(compared))


def test_a_gate_that_cannot_decide_says_why() -> None:
    compared = compare({1: 1.5}, work={"a": "1"})
    changed = comparison.compare(side("before", {1: 1.0}), side("after", {1: 1.5}, work={"a": "2"}), noise=STILL)
    assert "❌" in comparison_markdown.render(compared, judge(compared))
    text = comparison_markdown.render(changed, judge(changed))
    assert "### ❔ featray could not decide (1 undecided)" in text
    assert "- The gate could not decide." in text


def test_without_a_gate_the_headline_counts() -> None:
    assert "### featray: 1 slower" in comparison_markdown.render(compare({1: 1.5}))


def test_names_cannot_become_markup() -> None:
    text = comparison_markdown.render(compare({1: 1.5}, input="a|b<script>"))
    assert "<script>" not in text
    assert r"a\|b&lt;script>" in text


def test_pairs_that_do_not_fit_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison_markdown, "LENGTH_MAX", 300)
    compared = compare({1: 1.0, 2: 1.0, 4: 1.0, 8: 1.0, 16: 1.5})
    text = comparison_markdown.render(compared, judge(compared))
    assert " more |" in text
    assert "b=16" in text


@pytest.mark.parametrize(
    ("factors", "message", "color"),
    [
        ({1: 1.5, 4: 0.5}, "1 slower, 1 faster", "red"),
        ({1: 0.5, 4: 1.0}, "1 faster", "brightgreen"),
        ({1: 1.0}, "no change", "green"),
    ],
)
def test_a_badge_says_what_the_pairs_show(factors: dict[int, float], message: str, color: str) -> None:
    written = json.loads(comparison_markdown.badge(compare(factors)))
    assert written == {"schemaVersion": 1, "label": "featray", "message": message, "color": color}


def test_undecided_pairs_are_no_success() -> None:
    before, after = make_rows([1.0], sweep="before", run_id="b"), make_rows([1.5], sweep="after", run_id="a")
    few = comparison.compare(before, after, noise=STILL)
    assert comparison_markdown.badge_message(few.pairs) == ("1 undecided", "lightgrey")
    more = [*few.pairs, *compare({4: 1.0}).pairs]
    assert comparison_markdown.badge_message(more) == ("no change, 1 undecided", "yellow")
