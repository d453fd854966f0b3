"""Machine settings: what a side's rows say, as text."""

import dataclasses
from typing import Any

import pytest

from featray.analysis import units
from featray.analysis.comparison import keys, machine_settings
from featray.analysis.unit import Unit
from featray.core import row
from tests.support.builders import make_rows


def make_unit(**changes: Any) -> Unit:
    (unit,) = units.gather(make_rows([1.0, 1.0, 1.0], **changes))
    return unit


def read(column: str, unit: Unit) -> str | None:
    return machine_settings.values(unit, make_unit(), column)[0]


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("cpu_turbo", False, "off"),
        ("power_limit_w", 349.6, "350 W"),
        ("sm_clock_application_hz", 1.695e9, "1695 MHz"),
        ("cpu_quota", 1.5, "1.5"),
        ("pcie_width", 16, "16"),
        ("cudnn", "9.1.0", "9.1.0"),
        ("cudnn", None, None),
    ],
)
def test_a_setting_is_written_with_its_unit(column: str, value: Any, text: str | None) -> None:
    assert read(column, make_unit(**{column: value})) == text


def test_rows_that_do_not_store_it_do_not_hide_what_the_others_store() -> None:
    first, *rest = make_rows([1.0, 1.0, 1.0], cpu_governor="powersave")
    (unit,) = units.gather([dataclasses.replace(first, cpu_governor=None), *rest])
    assert read("cpu_governor", unit) == "powersave"


def test_no_quota_is_a_value_only_where_the_state_was_recorded() -> None:
    assert read("cpu_quota", make_unit()) is None
    assert read("cpu_quota", make_unit(rules="{}")) == "none"


def test_without_a_commit_there_is_no_tree_that_could_be_changed() -> None:
    assert read("pyfeat_dirty", make_unit(rules="{}")) is None
    assert read("pyfeat_dirty", make_unit(rules="{}", pyfeat_commit="c716340")) == "none"


def test_every_setting_that_is_a_factor_has_a_name_and_is_a_column() -> None:
    columns = {column for factor in keys.ITEMISED if factor != "rules" for column in keys.FACTORS[factor]}
    assert columns <= set(machine_settings.NAMES)
    assert set(machine_settings.NAMES) <= {column.name for column in row.columns()}
