"""Measure section: the part `measure` of a sweep file: protocol, stop rules, invocations.

Flow: `schema.SweepFileContent.measure` -> `Measure.rules` -> `core.rules.Rules`, which holds the defaults.
"""

import dataclasses
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from featray import stats
from featray.core.cell_fields import DELAY_MAX_S
from featray.core.choices import ProtocolName
from featray.core.rules import Rules
from featray.sweep.values import LIMIT_MAX_S, Duration, Limit, Positive, Seconds, Share
from featray.yamlfile import StrictModel
from featray.yamlfile.editor_schema import ShortForm

SUSTAINED_MIN_S = 10.0  # the rate is stored for each 10 s of the run


class InvocationsEntry(StrictModel):
    """How many fresh processes measure each unit: a pilot, then a number fixed once from its variance.

    A plain number is a fixed number.
    """

    pilot: Annotated[int, Field(ge=1, le=1000)] = stats.PILOT
    max: Annotated[int, Field(ge=1, le=1000)] = stats.INVOCATIONS_MAX
    half_width: Share = stats.HALF_WIDTH

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.max < self.pilot:
            raise ValueError(f"max {self.max} is below pilot {self.pilot}; expected at least as many")
        if self.pilot == 1 < self.max:
            raise ValueError("a pilot of 1 has no variance; expected at least 2")
        return self


NUMBER = '[{"type": "integer", "minimum": 1, "maximum": 1000}]'
"""The short form of `invocations`."""


def _fixed(value: Any) -> Any:
    return value if isinstance(value, dict) else {"pilot": value, "max": value}


class Measure(StrictModel):
    """How each cell is measured; a figure left out is `core.rules.Rules`' own.

    `warmup: 1` and `repeats: 3` set minimum and maximum alike. A minimum of warm-up calls in the file holds for slow
    cells too, unless `slow_call_s` is in the file as well.
    """

    protocol: Annotated[ProtocolName, Field(strict=False)] = ProtocolName.FEATRAY
    warmup: Positive | None = None
    warmup_min: Positive | None = None
    warmup_max: Positive | None = None
    warmup_tolerance: Share | None = None
    repeats: Positive | None = None
    repeats_min: Positive | None = None
    repeats_max: Positive | None = None
    min_time_s: Seconds | None = None
    spread_max: Share | None = None
    slow_call_s: Seconds | None = None
    stages: bool | None = None
    sustained_s: Annotated[float, Field(ge=SUSTAINED_MIN_S, le=LIMIT_MAX_S)] | None = None
    time_limit_s: Limit | None = None
    load_limit_s: Limit | None = None
    invocations: Annotated[InvocationsEntry | None, BeforeValidator(_fixed), ShortForm(NUMBER)] = None
    budget_s: Duration | None = None
    delay_s_per_frame: Annotated[float, Field(ge=0, le=DELAY_MAX_S)] = 0.0

    @model_validator(mode="after")
    def _makes_rules(self) -> Self:
        self.rules()
        return self

    def rules(self) -> Rules:
        """Fill in what is left out, and check that no minimum is above its maximum.

        Raises:
            ValueError: two keys contradict each other.
        """
        given = self._given()
        if self.protocol == ProtocolName.PYFEAT:
            unused = [key for key in type(self).model_fields if key in self.model_fields_set & UNUSED_BY_PYFEAT]
            if unused:
                raise ValueError(f"protocol pyfeat is 1 warm-up and 1 timed call; leave out {', '.join(unused)}")
            return Rules(**{**PYFEAT, **given, "protocol": ProtocolName.PYFEAT})
        rules = Rules(**given)
        for least, most in (("warmup_min", "warmup_max"), ("repeats_min", "repeats_max")):
            low, high = getattr(rules, least), getattr(rules, most)
            if low > high:
                fixed = least.removesuffix("_min")
                raise ValueError(f"{most} {high} is below {least} {low}; set both, or '{fixed}' for a fixed number")
        return rules

    def _given(self) -> dict[str, Any]:
        given = {key: value for key, value in self.model_dump().items() if value is not None and key in _RULES}
        for short in ("warmup", "repeats"):
            number = getattr(self, short)
            if number is None:
                continue
            others = sorted({f"{short}_min", f"{short}_max"} & set(given))
            if others:
                raise ValueError(f"{short} and {others[0]} set the same; keep one")
            given |= {f"{short}_min": number, f"{short}_max": number}
        if given.get("warmup_min", 1) > 1:
            given.setdefault("slow_call_s", None)
        return given


_RULES = {field.name for field in dataclasses.fields(Rules)}

PYFEAT: dict[str, Any] = {
    "warmup_min": 1,
    "warmup_max": 1,
    "repeats_min": 1,
    "repeats_max": 1,
    "min_time_s": 0.0,
    "stages": False,
}
"""What `protocol: pyfeat` fixes: py-feat's own script makes one untimed and one timed call."""

UNUSED_BY_PYFEAT = (_RULES | {"warmup", "repeats"}) - {"protocol", "time_limit_s", "load_limit_s"}
"""Keys of `measure` without effect on its two calls."""

PYFEAT_RULES = Rules(protocol=ProtocolName.PYFEAT, **PYFEAT)
