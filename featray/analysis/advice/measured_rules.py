"""Measured rules: the rules by which a unit was measured, as keys of a sweep's `measure`.

Flow: `Row.rules` -> `read` -> `Rules` -> `to_keys` -> `followup_file`. Pure. A follow-up that measured by other rules
could not be compared with what it goes on with.
"""

import dataclasses
import functools
import json
from collections.abc import Iterable, Mapping
from typing import Any

from featray.analysis.unit import Unit
from featray.core.choices import ProtocolName
from featray.core.rules import Rules

FIELDS = tuple(field.name for field in dataclasses.fields(Rules))
PYFEAT_KEYS = ("protocol", "time_limit_s", "load_limit_s")
"""What a sweep with `protocol: pyfeat` may set."""


def read(units: Iterable[Unit]) -> Rules:
    """Read the rules of the first unit that has any; else the rules that hold where a sweep says nothing."""
    return next(filter(None, map(find, units)), None) or Rules()


def find(unit: Unit) -> Rules | None:
    """Read the rules of a unit; None if they are not recorded, or by a version that writes something else."""
    return _parse(unit.row.rules) if unit.row.rules else None


@functools.lru_cache(maxsize=256)  # the units of a run have the same
def _parse(text: str) -> Rules | None:
    try:
        known = {key: value for key, value in json.loads(text).items() if key in FIELDS}
        return Rules(**{**known, "protocol": ProtocolName(known.get("protocol", ProtocolName.FEATRAY))})
    except (AttributeError, ValueError):
        return None


def to_keys(rules: Rules) -> Mapping[str, Any]:
    """Write rules as the keys of `measure` that must be set, because they differ from what holds without them."""
    usual = Rules()
    keys = {name: getattr(rules, name) for name in FIELDS if getattr(rules, name) != getattr(usual, name)}
    if rules.protocol == ProtocolName.PYFEAT:
        return {key: value for key, value in keys.items() if key in PYFEAT_KEYS}
    if rules.slow_call_s is None:  # a sweep says so by a minimum of warm-up calls
        keys["warmup_min"] = rules.warmup_min
    elif keys.get("warmup_min", 1) > 1:  # or else the minimum would hold for slow cells too
        keys["slow_call_s"] = rules.slow_call_s
    return {key: value for key, value in keys.items() if value is not None}
