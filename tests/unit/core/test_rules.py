"""Rules: the defaults, which a sweep's `measure` changes."""

import dataclasses

from featray.core.choices import ProtocolName
from featray.core.rules import Rules


def test_the_default_rules_are_those_of_the_documentation() -> None:
    assert dataclasses.asdict(Rules()) == {
        "protocol": ProtocolName.FEATRAY,
        "warmup_min": 3,
        "warmup_max": 8,
        "warmup_tolerance": 0.1,
        "repeats_min": 3,
        "repeats_max": 8,
        "min_time_s": 2.0,
        "spread_max": 0.05,
        "slow_call_s": 20.0,
        "stages": True,
        "sustained_s": None,
        "time_limit_s": 600.0,
        "load_limit_s": 600.0,
    }


def test_a_sustained_run_and_the_rest_after_it_come_on_top_of_the_cells_limit() -> None:
    assert (Rules().sustained_time_s, Rules().cell_limit_s) == (0.0, 600.0)
    rules = Rules(sustained_s=60.0, time_limit_s=100.0)
    assert (rules.sustained_time_s, rules.cell_limit_s) == (75.0, 175.0)
