"""Errors: one exit code each, and suggestions for unknown names."""

import re

import pytest

from featray import errors
from featray.errors import BackendError, BadInput, Busy, FeatrayError, GateUndecided, Interrupted, StoreError


def test_each_kind_of_error_has_its_exit_code() -> None:
    kinds = (FeatrayError, BadInput, StoreError, BackendError, Busy, GateUndecided, Interrupted)
    assert [kind.exit_code for kind in kinds] == [1, 2, 3, 4, 5, 6, 130]


def test_the_drawn_tree_is_the_tree_of_classes() -> None:
    drawn = re.findall(r"[|`]-- (\w+)(?: \((\d+)\))?", errors.__doc__ or "")
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, FeatrayError)]
    exit_codes = {kind.__name__: kind.exit_code for kind in kinds if kind is not FeatrayError}
    assert {name for name, _ in drawn} == set(exit_codes)
    assert all(exit_codes[name] == int(code) for name, code in drawn if code)


@pytest.mark.parametrize(
    ("name", "known", "text"),
    [
        ("retinface", ["img2pose", "retinaface"], "; expected img2pose, retinaface. Did you mean 'retinaface'?"),
        ("xyz", ["img2pose", "retinaface"], "; expected img2pose, retinaface"),
        ("xyz", [], "; none exists"),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_ones_and_the_nearest(
    name: str, known: list[str], text: str
) -> None:
    assert errors.suggest(name, known) == text
