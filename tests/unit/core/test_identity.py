"""Canonical text, digests, and what a run's id says."""

import math

import pytest

from featray.core import identity


def test_equal_values_have_one_text_whatever_the_order_of_their_keys() -> None:
    assert identity.canonical({"b": [1, None], "a": "ä"}) == '{"a":"ä","b":[1,null]}'
    assert identity.canonical({"a": "ä", "b": [1, None]}) == identity.canonical({"b": [1, None], "a": "ä"})


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_json_cannot_carry_has_no_text(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        identity.canonical({"a": value})


def test_digests_are_pinned_since_stored_rows_carry_them() -> None:
    # sha256 of '{"a":1}'
    assert identity.digest({"a": 1}) == "015abd7f5cc5"
    assert identity.digest({"a": 1}) != identity.digest({"a": 1.0})


@pytest.mark.parametrize("key", ["a", "b", "c", "ä"])
@pytest.mark.parametrize("item", ['"quoted" ü', 7, None])
def test_a_prepared_digest_is_that_of_the_whole_mapping(key: str, item: object) -> None:
    value = {name: [1, {"y": 2, "x": name}] for name in "abc" if name != key}
    assert identity.prepare_digest(value, key)(item) == identity.digest({**value, key: item})
    assert identity.prepare_digest({}, key)(item) == identity.digest({key: item})


@pytest.mark.parametrize(
    ("run_id", "start"),
    [
        ("quickstart-20260514-231532-a1b2", "2026-05-14T23:15:32"),
        ("a-20250101-000000-0000-20260514-231532-a1b2", "2026-05-14T23:15:32"),
        ("quickstart-20260514-231532-a1b2x", None),
        ("2026-05-14-report", None),
        ("", None),
    ],
)
def test_a_runs_id_says_when_it_began(run_id: str, start: str | None) -> None:
    assert identity.read_run_start(run_id) == start
