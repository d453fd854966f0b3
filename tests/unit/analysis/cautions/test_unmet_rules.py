"""Unmet rules: every rule of the protocol has a sentence and a remedy."""

import pytest

from featray.analysis import units
from featray.analysis.cautions import unmet_rules
from featray.measurement import protocol
from tests.support.report_rows import make_row

RULES = (
    protocol.WARMUP_MIN,
    protocol.WARMUP_SHAPES,
    protocol.WARMUP_STEADY,
    protocol.REPEATS_MIN,
    protocol.MIN_TIME,
    protocol.SPREAD,
    protocol.TIME_LIMIT,
    protocol.FEW,
    protocol.STAGES,
)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_of_the_protocol_has_a_remedy(rule: str) -> None:
    (caution,) = unmet_rules.of_units(units.gather([make_row(unmet_rules=[rule])]))
    assert caution.what_to_do
    assert "{" not in caution.sentence


def test_rows_without_a_number_have_no_unmet_rules() -> None:
    assert list(unmet_rules.of_units(units.gather([make_row(status="lost", unmet_rules=["spread"])]))) == []
