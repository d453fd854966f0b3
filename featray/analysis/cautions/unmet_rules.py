"""Unmet rules: what it means for the figures that a rule of the measuring protocol was not met, and what to do.

Flow: `Row.unmet_rules` -> `of_units` -> `Caution`. `measurement.protocol` decides which rules are met. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence

from featray.analysis.cautions.caution import Caution, CautionKind, scope
from featray.analysis.unit import Unit
from featray.core import wording
from featray.core.rules import FEW_BATCHES

RULES: Mapping[str, tuple[str, str]] = {
    "warmup_min": (
        "warm-up had fewer calls than planned{scope}; first-time costs may be included",
        "Raise `time_limit_s`",
    ),
    "warmup_shapes": (
        "not every batch shape was fully warmed up{scope}; first-time costs may be included",
        "Raise `warmup`",
    ),
    "warmup_steady": ("warm-up calls still differed{scope}; the times may be too long", "Raise `warmup`"),
    "warmup_trend": (
        "calls were still getting faster when timing began{scope}; the times may be too long",
        "Raise `warmup`",
    ),
    "repeats_min": ("fewer repeats than planned{scope}; the times are less certain", "Raise `time_limit_s`"),
    "min_time": ("less time was measured than planned{scope}; the times are less certain", "Raise `repeats_max`"),
    "spread": (
        "the repeats scatter more than allowed{scope}; the times are less certain",
        "Keep the machine idle, or raise `repeats_max`",
    ),
    "time_limit": ("the time limit cut the measurement short{scope}", "Raise `time_limit_s`"),
    "few_batches": (
        f"fewer than {FEW_BATCHES} batches per call{{scope}}; the speed includes the first batch's start-up",
        "Use a longer input or a smaller batch",
    ),
    "sustained": ("the sustained run was not made{scope}", "Raise `time_limit_s`, or see the row's reason"),
    "together": (
        "processes side by side did not all work during the timed calls of each other{scope}; they may be slower in "
        "steady work",
        "Use a longer input, or raise `min_time_s`",
    ),
    "stages": ("the stages were not profiled{scope}", "Raise `time_limit_s`, or see the row's reason"),
}
"""Name of a rule in `Row.unmet_rules` -> what follows, with a place for `scope`, and what to do."""


def of_units(units: Sequence[Unit]) -> Iterator[Caution]:
    """List the rules that measured units do not meet, one caution for each rule."""
    about: dict[str, dict[Unit, None]] = {}
    for unit in units:
        for row in unit.measured:
            for rule in row.unmet_rules or ():
                about.setdefault(rule, {})[unit] = None
    total = sum(bool(unit.measured) for unit in units)
    for rule, members in about.items():
        yield _unmet(rule, tuple(members), total)


def _unmet(rule: str, about: tuple[Unit, ...], total: int) -> Caution:
    where = scope(about, total)
    if rule not in RULES:
        sentence = f"the rule `{wording.short(rule)}` was not met{where}"
        return Caution(kind=CautionKind.UNMET, sentence=sentence, units=about)
    sentence, what_to_do = RULES[rule]
    return Caution(kind=CautionKind.UNMET, sentence=sentence.format(scope=where), what_to_do=what_to_do, units=about)
