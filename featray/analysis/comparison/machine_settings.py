"""Machine settings: what is set on a host, on a GPU, in torch and in the measuring rules, as text that can be compared.

Flow: rows of a side -> `values`, `rule_changes` -> `factors`. Pure.
A side shows every value that its measured rows have: a setting may change between two invocations. What a row does not
store is unknown and not different.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from featray.analysis.comparison.work import Change
from featray.analysis.unit import Unit
from featray.core.row import Row

NAMES: Mapping[str, str] = {
    "cpu_governor": "governor",
    "cpu_turbo": "turbo",
    "cpu_smt": "SMT",
    "cpu_affinity": "CPUs allowed",
    "cpu_quota": "CPU quota",
    "numa_nodes": "NUMA nodes",
    "transparent_hugepages": "transparent huge pages",
    "power_limit_w": "power limit",
    "sm_clock_application_hz": "application clock",
    "gpu_persistence": "persistence",
    "gpu_ecc": "ECC",
    "gpu_mig": "MIG",
    "pcie_generation": "PCIe generation",
    "pcie_width": "PCIe lanes",
    "tf32_matmul": "TF32 in matrix products",
    "tf32_cudnn": "TF32 in convolutions",
    "cudnn": "cuDNN",
    "cudnn_benchmark": "cuDNN benchmark",
    "cudnn_deterministic": "cuDNN deterministic",
    "matmul_precision": "matmul precision",
    "pyfeat_dirty": "uncommitted changes",
}
"""Column -> its name in a sentence."""

FALLING = frozenset({"pcie_generation", "pcie_width"})
"""Columns whose highest value counts: an idle GPU lowers its link, and may do so right after a call."""

NONE = "none"
"""A quota or changes that are not there. Rows that store their rules store these as null."""

UNTIMED_RULES = frozenset({"protocol", "stages", "time_limit_s", "load_limit_s"})
"""Rules that change no time: the profiled call comes after the timed ones, and a limit that cuts them short is named as
an unmet rule. The protocol is a factor by its own column."""


def name(key: str) -> str:
    """Name a column or a rule in a sentence."""
    return NAMES.get(key, key)


def values(baseline: Unit, candidate: Unit, column: str) -> tuple[str | None, str | None]:
    """Write a column of `NAMES` as text for both sides; None where no row of a side knows it."""
    return text(baseline, column), text(candidate, column)


def text(unit: Unit, column: str) -> str | None:
    """Write a column of `NAMES` as text; None where no row knows it."""
    known = [value for row in _rows(unit) if (value := _read(row, column)) is not None]
    if known and column in FALLING:
        known = [max(known)]
    return ", ".join(sorted({_text(column, value) for value in known})) or None


def _rows(unit: Unit) -> Sequence[Row]:
    return [*(row for earlier in unit.earlier for row in earlier.measured), *unit.measured] or unit.rows


def _read(row: Row, column: str) -> Any:
    value = getattr(row, column)
    is_recorded = row.rules is not None
    if value is None and is_recorded and column == "cpu_quota":
        return NONE
    if value is None and is_recorded and column == "pyfeat_dirty" and row.pyfeat_commit is not None:
        return NONE
    return value


def _text(column: str, value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if column.endswith("_w"):
        return f"{value:.0f} W"
    if column.endswith("_hz"):
        return f"{value / 1e6:.0f} MHz"
    return f"{value:g}" if isinstance(value, float) else str(value)


def rule_changes(baseline: Unit, candidate: Unit) -> tuple[Change, ...]:
    """List the measuring rules in which two sides differ; a rule that a side does not know is left out."""
    before, after = _parsed(baseline.row.rules), _parsed(candidate.row.rules)
    shared = sorted(before.keys() & after.keys() - UNTIMED_RULES)
    return tuple(Change(rule, str(before[rule]), str(after[rule])) for rule in shared if before[rule] != after[rule])


def _parsed(rules: str | None) -> Mapping[str, Any]:
    try:
        value = json.loads(rules or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
