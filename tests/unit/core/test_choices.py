"""Choices: stored as the plain text that they were before."""

import json
from enum import StrEnum

import pytest

from featray.core.choices import Device, Exclusive, ProtocolName, WeightsKind


@pytest.mark.parametrize(
    ("choice", "texts"),
    [
        (Device, ["cpu", "cuda", "mps"]),
        (Exclusive, ["host", "gpu"]),
        (ProtocolName, ["featray", "pyfeat"]),
        (WeightsKind, ["pretrained", "synthetic"]),
    ],
)
def test_a_choice_is_its_text_in_json_in_messages_and_in_comparisons(choice: type[StrEnum], texts: list[str]) -> None:
    assert json.loads(json.dumps(list(choice))) == texts
    assert [f"{member}" for member in choice] == texts
    assert list(choice) == texts
    assert dict.fromkeys(choice) == dict.fromkeys(texts)
