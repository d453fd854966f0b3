"""Comparing from the store and from the command line: lines, exit codes and messages."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pytest

import featray
from featray import api, store
from featray.core.row import Row
from featray.errors import BadInput, NothingMatches, StoreError
from featray.rendering import comparison_text, gate_text
from tests.support.builders import BLACKWELL, make_rows
from tests.support.command import Shell

STEADY = [1.0, 1.01, 0.99, 1.0, 1.0]
SLOWER = [1.2 * value for value in STEADY]


@pytest.fixture
def results(tmp_path: Path) -> str:
    """Two sweeps that were measured in one session each, on a machine of unknown spread between sessions."""
    rows = [row for batch in (4, 16) for row in make_rows(STEADY, sweep="before", run_id="before-1", batch_size=batch)]
    rows += make_rows(SLOWER, sweep="after", run_id="after-1", driver="590.1")
    rows += make_rows(STEADY, sweep="after", run_id="after-1", batch_size=4, driver="590.1")
    store.append(str(tmp_path), rows)
    return str(tmp_path)


def test_two_sweeps_are_compared_line_by_line(results: str) -> None:
    found = api.compare("before", "after", results=results).comparison
    assert comparison_text.lines(found) == [
        "pair                            ratio  95% CI        verdict       why, and what to do next",
        "retinaface short b=4 RTX 3090   1      0.911 to 1.1  INCONCLUSIVE  the interval contains both no difference "
        "and a difference that counts; measure both sides in one sweep, 3 invocations per side (sd 0.7%, measured)",
        "retinaface short b=16 RTX 3090  1.2    1.09 to 1.32  SLOWER        0.83x as fast",
    ]
    assert comparison_text.summary(found) == [
        "2 pairs (ratio = candidate time / baseline time): 1 SLOWER, 1 INCONCLUSIVE; differences below 3% do not count",
        "every pair: only driver (580.159.04 -> 590.1) is known to differ",
        "every pair: not measured side by side: 0.0 s apart, 1 session against 1; 3.0% between sessions (assumed) is "
        "allowed for; one sweep with both sides needs no such allowance",
    ]


def test_one_sweep_is_compared_with_itself_along_a_key(results: str) -> None:
    (pair,) = api.compare("before", over=["batch_size"], results=results).comparison.pairs
    assert comparison_text.name(pair) == "retinaface short b=4->b=16 RTX 3090"


@pytest.mark.parametrize("over", ["batch_size", "batch_size, gpu", ["batch_size"]])
def test_one_key_may_be_given_as_a_text(results: str, over: str | list[str]) -> None:
    found = api.compare("before", over=over, results=results, fail_if="slower")
    assert found.comparison.over[0] == "batch_size"


def test_one_side_alone_needs_a_key(results: str) -> None:
    with pytest.raises(BadInput, match="add over="):
        api.compare("before", results=results)


def test_sides_without_anything_in_common_say_in_what(tmp_path: Path) -> None:
    rows = make_rows(STEADY, sweep="a", run_id="a-1") + make_rows(STEADY, sweep="b", run_id="b-1", input="long")
    store.append(str(tmp_path), rows)
    with pytest.raises(
        NothingMatches, match=r"nothing in common: input short \(72 frames\) against long \(472 frames\)"
    ):
        api.compare("a", "b", results=str(tmp_path))


def test_a_key_with_one_value_only_has_nothing_to_compare(results: str) -> None:
    with pytest.raises(NothingMatches, match="no two units differ in gpu alone"):
        api.compare("before", over=["gpu"], results=results)


def test_the_keys_in_which_rows_do_differ_are_named(tmp_path: Path) -> None:
    rows = [
        row
        for name in ("before", "after")
        for row in make_rows(STEADY, sweep="a", run_id="a-1", cell_id=name, environment=name)
    ]
    store.append(str(tmp_path), rows)
    with pytest.raises(NothingMatches, match=r"the rows differ in environment: over='environment'$"):
        api.compare("a", over=["pyfeat"], results=str(tmp_path))


def test_rows_of_a_newer_schema_are_named_when_nothing_else_is_found(tmp_path: Path) -> None:
    newer = [dataclasses.replace(row, schema_version=99) for row in make_rows(STEADY, sweep="new", run_id="new-1")]
    store.append(str(tmp_path), newer)
    with pytest.raises(StoreError, match=r"left out: .*newer"):
        api.compare("new", "new", results=str(tmp_path))


@pytest.mark.parametrize("margin", [0.0, -1.0, float("nan"), float("inf"), 100.0, 1e5])
def test_a_margin_is_more_than_nothing_and_less_than_everything(results: str, margin: float) -> None:
    with pytest.raises(BadInput, match="margin"):
        api.compare("before", "after", results=results, margin_percent=margin)


def test_a_margin_in_percent_counts(results: str) -> None:
    found = api.compare("before", "after", results=results, margin_percent=40).comparison
    assert {str(pair.verdict) for pair in found.pairs} == {"EQUIVALENT"}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["before", "after"], 0),
        (["before", "after", "--fail-if", "slower"], 1),
        (["after", "before", "--fail-if", "slower"], 0),
        (["after", "before", "--fail-if", "slower", "--fail-if", "faster"], 1),
        (["before", "nothing"], 2),
        (["before", "after", "--fail-if", "slow"], 2),
        (["before", "after", "--over", "gpx"], 2),
        (["before", "--over", "batch_size"], 0),
    ],
)
def test_the_exit_code_is_1_where_a_failing_verdict_was_found_and_2_where_nothing_could_be_compared(
    results: str, arguments: list[str], code: int, shell: Shell
) -> None:
    ran = shell("compare", *arguments, "--results", results)
    assert ran.code == code
    assert ran.err.startswith("featray: error: ") == (code == 2)
    assert "Traceback" not in ran.err


def test_json_holds_every_pair_with_its_reasons(results: str, shell: Shell) -> None:
    store.append(results, make_rows([0.5], sweep="new", run_id="new-1", torch="2.12.0", **BLACKWELL))
    ran = shell("compare", "before", "new", "--json", "--results", results)
    assert ran.code == 0
    found = json.loads(ran.out)
    (pair,) = found["pairs"]
    assert pair["verdict"] == "INCONCLUSIVE"
    assert pair["speedup"] == pytest.approx(2.0, abs=0.01)
    assert pair["invocations_needed"] == 3
    assert pair["sd_basis"] == "assumed"
    assert [factor["factor"] for factor in pair["factors"]] == ["gpu", "torch"]
    assert pair["separation"]["cells"][0]["text"] == "RTX 3090 of box with torch 2.12.0"
    assert len(found["only_baseline"]) == 1


def test_a_run_against_itself_is_refused(tmp_path: Path) -> None:
    store.append(str(tmp_path), make_rows([1.0, 1.01, 0.99], run_id="one"))
    with pytest.raises(NothingMatches, match="the sides are the same rows; name another run"):
        api.compare("one", "one", results=str(tmp_path))


def sided(later: str, columns: Mapping[str, Sequence[str]] = MappingProxyType({}), *, listed: bool = True) -> list[Row]:
    """Make a run of `before` and `after`, 30% slower, of which `later` is measured after the other one."""
    rows = []
    for place, (name, seconds) in enumerate({"before": 1.0, "after": 1.3}.items()):
        changes = {column: values[place] for column, values in columns.items()}
        minute = 30 if name == later else 10
        rows += [
            dataclasses.replace(row, started_at=f"2026-05-14T00:{minute + row.invocation}:00.000+00:00")
            for row in make_rows(
                [seconds, seconds * 1.01, seconds * 0.99, seconds, seconds],
                sweep="s",
                environment=name,
                environments=["before", "after"] if listed else None,
                cell_id=name,
                **changes,
            )
        ]
    return rows


@pytest.mark.parametrize("later", ["before", "after"])
@pytest.mark.parametrize(
    ("over", "columns"),
    [
        ("environment", {}),
        ("pyfeat", {"pyfeat": ["2.1.5", "2.1.5"], "pyfeat_commit": ["c716340aaaa", "864962cbbbb"]}),
        ("pyfeat", {"pyfeat": ["2.9.0", "2.10.0"]}),
    ],
    ids=["environments", "commits of one version", "versions"],
)
def test_the_baseline_of_a_gate_does_not_follow_from_who_was_measured_first(
    tmp_path: Path, later: str, over: str, columns: dict[str, Sequence[str]]
) -> None:
    store.append(tmp_path, sided(later, columns))
    compared = featray.compare("s", over=[over], fail_if=["slower"], results=str(tmp_path))
    assert compared.exit_code == 1
    (pair,) = compared.comparison.pairs
    assert (pair.baseline.row.environment, pair.candidate.row.environment) == ("before", "after")


def test_a_gate_whose_baseline_nothing_tells_is_refused(tmp_path: Path) -> None:
    store.append(tmp_path, sided("before", listed=False))
    with pytest.raises(BadInput, match="nothing says whether environment=after or environment=before is the baseline"):
        featray.compare("s", over=["environment"], fail_if=["slower"], results=str(tmp_path))
    assert featray.compare("s", over=["environment"], results=str(tmp_path)).comparison.unordered == 1
    told = featray.compare("environment=before", "environment=after", fail_if=["slower"], results=str(tmp_path))
    assert told.exit_code == 1


def test_a_gate_does_not_pass_on_settings_that_the_baseline_never_had(tmp_path: Path) -> None:
    store.append(tmp_path, make_rows([1.0] * 5, sweep="a", batch_size=1, cell_id="a"))
    store.append(tmp_path, make_rows([0.5] * 5, sweep="b", batch_size=64, cell_id="b"))
    compared = featray.compare("a", "b", fail_if=["slower"], results=str(tmp_path))
    assert (compared.exit_code, compared.gate.unasked) == (6, ("batch_size",))
    asked = featray.compare("a", "b", over=["batch_size"], fail_if=["slower"], results=str(tmp_path))
    assert asked.exit_code == 0


@pytest.mark.parametrize(("status", "code"), [("crashed", 6), ("oom", 6), ("lost", 0), ("cancelled", 0)])
def test_a_candidate_that_failed_in_some_invocations_has_a_number_and_the_gate_says_how_many_failed(
    tmp_path: Path, status: str, code: int
) -> None:
    store.append(tmp_path, make_rows([1.0, 1.0, 1.001, 0.999, 1.0], sweep="a", run_id="a", cell_id="a"))
    failed = make_rows([0.5, 0.5, 0.501, 0.499, 0.5], sweep="b", run_id="b", cell_id="a")
    store.append(
        tmp_path,
        [dataclasses.replace(row, status=status, timed_s=None) if row.invocation > 3 else row for row in failed],
    )
    compared = featray.compare("a", "b", fail_if=["slower"], results=str(tmp_path))
    assert compared.missing == ()
    assert len(compared.gate.failed_more) == (code == 6)
    assert compared.exit_code == code
    if code:
        assert f"(2 of 5 {status})" in gate_text.why_open(compared.gate)
