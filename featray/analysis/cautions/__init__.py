"""Cautions: what a reader must know before using measured figures, and what to do about it.

Flow: `unit.Unit` -> `of_unit`, `of_units` -> a pair's cautions, a recommendation's, a report's remarks, findings.
Pure. Every warning about measured figures is found and worded here, once.

    caution           one warning
    failures          units without a number, grouped by cause
    signs             what the rows of a unit show about how it was measured
    unmet_rules       rules of the measuring protocol that were not met
    unit_cautions     about one unit
    report_cautions   about all units of a report, one caution for each cause
"""

from featray.analysis.cautions.caution import Caution, CautionKind
from featray.analysis.cautions.failures import FailedUnits
from featray.analysis.cautions.failures import group as group_failures
from featray.analysis.cautions.report_cautions import of_units
from featray.analysis.cautions.signs import (
    OTHER_MAX,
    PROFILED_MAX,
    THROTTLED,
    is_opaque,
    is_shared,
    is_slowed,
    is_throttled,
    is_throttling_unknown,
)
from featray.analysis.cautions.unit_cautions import (
    few_invocations,
    is_synthetic,
    of_origin,
    of_times,
    of_unit,
    replayed,
    stale,
    synthetic,
)

__all__ = [
    "OTHER_MAX",
    "PROFILED_MAX",
    "THROTTLED",
    "Caution",
    "CautionKind",
    "FailedUnits",
    "few_invocations",
    "group_failures",
    "is_opaque",
    "is_shared",
    "is_slowed",
    "is_synthetic",
    "is_throttled",
    "is_throttling_unknown",
    "of_origin",
    "of_times",
    "of_unit",
    "of_units",
    "replayed",
    "stale",
    "synthetic",
]
