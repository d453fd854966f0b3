"""Cautions: what makes a unit's figures worth less than they look, each with a near miss."""

from typing import Any

import pytest

from featray.analysis import cautions, units
from tests.support.builders import make_rows


def told(**changes: Any) -> list[str]:
    (unit,) = units.gather(make_rows([1.0, 1.0, 1.0], **changes))
    return list(cautions.of_unit(unit))


def test_a_clean_unit_has_none() -> None:
    assert told() == []


@pytest.mark.parametrize(
    ("fires", "misses", "words"),
    [
        ({"profiled_ratio": 1.06}, {"profiled_ratio": 1.05}, "took 1.06 times as long while its stages were profiled"),
        (
            {"stages_s": {"decode": 0.89, "other": 0.11}},
            {"stages_s": {"decode": 0.90, "other": 0.10}},
            "spent 11% of its profiled call outside every known stage",
        ),
        (
            {"foreign_gpu_processes": 2},
            {"foreign_gpu_processes": 0},
            "shared its GPU with up to 2 other processes in 3",
        ),
        ({"throttled": True}, {"throttled": None}, "throttled in 3 of 3 invocations"),
        ({"delay_s_per_frame": 0.002}, {"delay_s_per_frame": 0.0}, "an injected delay of 2 ms per frame"),
    ],
)
def test_each_caution_fires_on_its_sign_and_not_short_of_it(
    fires: dict[str, Any], misses: dict[str, Any], words: str
) -> None:
    (text,) = told(**fires)
    assert words in text
    assert told(**misses) == []


@pytest.mark.parametrize(
    ("changes", "untold"),
    [
        ({"throttled": None}, True),
        ({"throttled": None, "device": "mps"}, True),
        ({"throttled": False}, False),
        ({"throttled": None, "device": "cpu"}, False),
        ({"throttled": None, "source_file": "report.md"}, False),
        ({"throttled": None, "protocol": "pyfeat"}, False),
    ],
)
def test_where_nothing_tells_of_throttling_it_is_said(changes: dict[str, Any], untold: bool) -> None:
    (unit,) = units.gather(make_rows([1.0, 1.0, 1.0], **changes))
    assert cautions.is_untold(unit) is untold
