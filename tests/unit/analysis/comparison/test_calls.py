"""Keywords of `detect()`: each ends in a pair that can be compared, or in NOT COMPARABLE that names the keyword."""

import dataclasses
from typing import Any

import pytest

from featray.analysis import comparison
from featray.core import cell, detectors, identity
from featray.core.detectors import Keyword
from featray.core.row import Row
from featray.stats import Verdict
from tests.support.builders import make_cell, make_rows
from tests.support.sides import STEADY, compare_one, make_resolved, scale

USUAL = detectors.CATALOGUE["retinaface"]


def rows(medians_s: list[float], call: dict[str, Keyword], name: str = "retinaface", **changes: Any) -> list[Row]:
    """Make rows of retinaface with keywords of `detect()`, as the measuring process writes them."""
    detector = dataclasses.replace(USUAL, name=name, heading=name, call=call)
    work = make_resolved(**{f"call.{key}": value for key, value in call.items() if key.endswith("_threshold")})  # type: ignore[arg-type]
    asked = make_cell(detector=detector)
    return make_rows(
        medians_s,
        **{
            "detector": name,
            "cell_id": cell.cell_id(asked),
            "asked": identity.canonical(cell.to_asked(asked)),
            "work": work,
            "work_id": identity.digest(work),
            **changes,
        },
    )


SETTINGS: list[tuple[str, Keyword, str]] = [
    ("pin_memory", True, "pin_memory (false -> true)"),
    ("data_type", "tensor", "data_type (null -> tensor)"),
    ("save", True, "save (null -> true)"),
]
WORK: list[tuple[str, Keyword]] = [("face_detection_threshold", 0.7), ("face_identity_threshold", 0.9)]


@pytest.mark.parametrize(("name", "value", "change"), SETTINGS)
def test_a_setting_is_compared_and_named(name: str, value: Keyword, change: str) -> None:
    pair = compare_one(rows(STEADY, {}), rows(scale(0.5), {name: value}, run_id="demo-2"))
    assert pair.verdict is Verdict.FASTER
    assert pair.attribution == f"only {change} is known to differ"


@pytest.mark.parametrize(("name", "value", "change"), SETTINGS)
def test_variants_of_one_sweep_are_compared_over_the_keyword(name: str, value: Keyword, change: str) -> None:
    candidate = rows(scale(0.5), {name: value}, name=f"retinaface[{name}]")
    pair = compare_one(rows(STEADY, {}), candidate, over=[name])
    assert pair.verdict is Verdict.FASTER
    assert pair.attribution == f"only {change} is known to differ"


@pytest.mark.parametrize(("name", "value", "_"), SETTINGS)
def test_a_setting_that_is_named_as_it_is_anyway_changes_nothing(name: str, value: Keyword, _: str) -> None:
    usual: Keyword = False if value is True and name == "pin_memory" else None
    pair = compare_one(rows(STEADY, {}), rows(STEADY, {name: usual}, run_id="demo-2"))
    assert pair.verdict is Verdict.EQUIVALENT
    assert pair.factors == ()


@pytest.mark.parametrize(("name", "value"), WORK)
def test_what_changes_the_result_is_not_comparable_and_named(name: str, value: Keyword) -> None:
    pair = compare_one(rows(STEADY, {}), rows(scale(0.5), {name: value}, run_id="demo-2"))
    assert pair.verdict is Verdict.NOT_COMPARABLE
    assert pair.reasons == (f"call.{name} default -> {value}",)


@pytest.mark.parametrize(("name", "value"), WORK)
@pytest.mark.parametrize("prefix", ["", "call."])
def test_what_changes_the_result_is_compared_on_purpose(name: str, value: Keyword, prefix: str) -> None:
    candidate = rows(scale(0.5), {name: value}, name=f"retinaface[{name}]")
    pair = compare_one(rows(STEADY, {}), candidate, over=[f"{prefix}{name}"])
    assert pair.verdict is Verdict.FASTER
    assert pair.attribution == f"only call.{name} (default -> {value}) is known to differ"


def test_variants_that_differ_in_another_keyword_too_are_no_pair() -> None:
    both = rows(scale(0.5), {"pin_memory": True, "save": True}, name="retinaface[pin_memory,save]")
    assert comparison.compare(rows(STEADY, {}), both, over=["pin_memory"]).pairs == ()


def test_two_settings_at_once_are_confounded_and_separated_by_a_cell_with_one_of_them() -> None:
    both = rows(scale(0.5), {"pin_memory": True, "save": True}, run_id="demo-2")
    pair = compare_one(rows(STEADY, {}), both)
    assert pair.attribution.startswith("confounded by pin_memory (false -> true), save (null -> true)")
    assert pair.separation is not None
    assert [cell.isolates for cell in pair.separation.cells] == ["pin_memory"]


@pytest.mark.parametrize(("name", "value"), WORK)
def test_a_keyword_that_the_constructor_has_too_means_that_of_detect_where_only_that_differs(
    name: str, value: Keyword
) -> None:
    sides = rows(STEADY, {}), rows(scale(0.5), {name: value}, name=f"retinaface[{name}]")
    both = [[dataclasses.replace(row, work={**(row.work or {}), name: "0.5"}) for row in side] for side in sides]
    (pair,) = comparison.compare(*both, over=[name]).pairs
    assert pair.attribution == f"only call.{name} (default -> {value}) is known to differ"
