"""The part `measure` of a sweep file."""

import pytest

from featray.core.cell import cell_id
from featray.sweep import Invocations, cells
from tests.support.sweep_files import Complain, Load


def test_a_number_of_invocations_is_fixed(load: Load) -> None:
    assert load(measure="{invocations: 3}").invocations == Invocations(pilot=3, max=3)


def test_protocol_pyfeat_makes_one_call_after_one_warm_up_once(load: Load) -> None:
    loaded = load(measure="{protocol: pyfeat}")
    rules = loaded.rules
    assert (rules.warmup_max, rules.repeats_max, rules.min_time_s, rules.stages) == (1, 1, 0, False)
    assert loaded.invocations == Invocations(pilot=1, max=1)


def test_protocol_pyfeat_has_no_other_figures(complain: Complain) -> None:
    assert complain(measure="{protocol: pyfeat, repeats: 3}") == (
        "trial.yaml:4: measure: protocol pyfeat is 1 warm-up and 1 timed call; leave out repeats"
    )
    for key, value in (("spread_max", 0.1), ("warmup_tolerance", 0.2), ("slow_call_s", 5), ("stages", "true")):
        assert f"leave out {key}" in complain(measure=f"{{protocol: pyfeat, {key}: {value}}}")


def test_a_sustained_run_is_a_rule_and_no_part_of_the_cells(load: Load, complain: Complain) -> None:
    without, sustained = load(), load(measure="{sustained_s: 60}")
    assert (without.rules.sustained_s, sustained.rules.sustained_s) == (None, 60.0)
    assert [cell_id(cell) for cell in cells.expand(without)] == [cell_id(cell) for cell in cells.expand(sustained)]
    assert "leave out sustained_s" in complain(measure="{protocol: pyfeat, sustained_s: 60}")
    assert "measure.sustained_s: expected" in complain(measure="{sustained_s: 9}")  # no window of 10 s


def test_protocol_pyfeat_keeps_its_limits_and_invocations(load: Load) -> None:
    loaded = load(measure="{protocol: pyfeat, time_limit_s: 5, load_limit_s: 6, invocations: 3, delay_s_per_frame: 1}")
    assert (loaded.rules.time_limit_s, loaded.rules.load_limit_s, loaded.invocations.max) == (5, 6, 3)


def test_only_the_default_warm_up_is_cut_short_for_slow_cells(load: Load) -> None:
    assert load().rules.slow_call_s == 20
    assert load(measure="{warmup_max: 5}").rules.slow_call_s == 20
    assert load(measure="{warmup: 1}").rules.slow_call_s == 20  # one is what it asks for
    assert load(measure="{warmup: 4}").rules.slow_call_s is None
    assert load(measure="{warmup_min: 4}").rules.slow_call_s is None
    assert load(measure="{warmup: 4, slow_call_s: 60}").rules.slow_call_s == 60


def test_minimum_above_maximum_is_refused(complain: Complain) -> None:
    assert "repeats_max 2 is below repeats_min 3; set both, or 'repeats'" in complain(measure="{repeats_max: 2}")
    assert "max 2 is below pilot 5" in complain(measure="{invocations: {max: 2}}")
    assert "a pilot of 1 has no variance" in complain(measure="{invocations: {pilot: 1}}")


def test_setting_a_number_twice_is_refused(complain: Complain) -> None:
    assert "warmup and warmup_max set the same; keep one" in complain(measure="{warmup: 2, warmup_max: 3}")


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "true", "'3'", "many"])
def test_a_number_of_invocations_is_whole_and_positive(complain: Complain, value: str) -> None:
    message = complain(measure=f"{{invocations: {value}}}")
    assert message.startswith("trial.yaml:4: measure.invocations: expected ")
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize("limit", ["time_limit_s", "load_limit_s"])
def test_a_limit_is_a_week_at_the_most(complain: Complain, load: Load, limit: str) -> None:
    assert complain(measure=f"{{{limit}: 1e10}}") == (
        f"trial.yaml:4: measure.{limit}: expected at most 604800.0, got 10000000000.0"
    )
    assert getattr(load(measure=f"{{{limit}: 604800}}").rules, limit) == 604800


def test_a_budget_may_be_longer(load: Load) -> None:
    assert load(measure="{budget_s: 1e6}").budget_s == 1e6
