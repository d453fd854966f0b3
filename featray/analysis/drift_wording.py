"""Drift wording: how far an output moved, in one phrase, for every line, table and refusal.

Flow: `drift.Drift` -> `phrase`, `refusals`, `amount` -> `comparison.pairs`, `rendering`. Pure.
"""

from typing import Any

from featray.analysis.drift import MATCHED_MIN, TOLERANCES, UNITS, Drift, FamilyDrift
from featray.core import wording
from featray.core.output_families import Family

DEGREES = frozenset({Family.POSE, Family.GAZE})
SHARES = frozenset({Family.LANDMARKS, Family.POSITION, Family.OTHER})
SHOWN = 3  # families in one phrase


def amount(family: Family, value: float) -> str:
    """Write how far a family moved: `0.16`, `0.4°`, `1.2%`."""
    if family in DEGREES:
        return f"{value:.2g}°"
    return f"{100 * value:.2g}%" if family in SHARES else f"{value:.2g}"


def phrase(drift: Drift) -> str:
    """Say in one phrase how far an output moved, worst family first: what stands beside a ratio."""
    largest = drift.largest
    if largest is None:
        return f"drift: no value to compare ({_faces(drift)})"
    if not drift.is_beyond:
        moved = f"largest in {largest.family}: median {amount(largest.family, largest.median)}, "
        moved += f"99% up to {amount(largest.family, largest.p99)}, at most {amount(largest.family, largest.largest)}"
        return f"drift: within tolerance, {moved}; {_faces(drift)}"
    return f"drift beyond tolerance: {wording.phrases([*map(_beyond, drift.beyond)], SHOWN)}; {_faces(drift)}"


def _beyond(family: FamilyDrift) -> str:
    name = family.family
    lost = [f"{wording.count(family.lost, 'value')} missing on one side"] if family.lost else []
    if family.p99 <= TOLERANCES[name]:
        return f"{name}: {lost[0]}"
    figures = [
        f"median {amount(name, family.median)}",
        f"99% up to {amount(name, family.p99)}",
        f"at most {amount(name, family.largest)}",
        *lost,
    ]
    return f"{name} {', '.join(figures)} (tolerance {amount(name, TOLERANCES[name])})"


def _faces(drift: Drift) -> str:
    share = f"{wording.percent(drift.matched_share)} of faces matched"
    if drift.strongest_emotion is None or drift.strongest_emotion == 1:
        return share
    return f"{share}, {wording.percent(drift.strongest_emotion)} with the same strongest emotion"


def refusals(drift: Drift) -> list[str]:
    """Say why two outputs are those of other work; empty if they are not."""
    reasons = [_beyond(family) for family in drift.beyond]
    if drift.columns_only:
        reasons.append(f"columns {wording.listed(drift.columns_only)} only on one side")
    if drift.matched_share < MATCHED_MIN:
        reasons.append(f"only {_faces(drift)}")
    return [f"outputs drifted: {wording.phrases(reasons, SHOWN)}"] if reasons else []


def unit(family: Family) -> str:
    """Name the unit of a family's drift in a table; empty for probabilities and intensities."""
    return UNITS.get(family, "")


def to_plain(drift: Drift) -> dict[str, Any]:
    """Write a drift for scripts, with the figures of each family in the unit that it names."""
    return {
        "beyond_tolerance": drift.is_beyond,
        "share_of_tolerance": drift.share_of_tolerance,
        "faces": {"baseline": drift.faces[0], "candidate": drift.faces[1], "matched": drift.matched},
        "matched_share": drift.matched_share,
        "same_strongest_emotion": drift.strongest_emotion,
        "columns_on_one_side": list(drift.columns_only),
        "families": {str(family.family): _family(family) for family in drift.families},
    }


def _family(family: FamilyDrift) -> dict[str, Any]:
    return {
        "median": family.median,
        "p99": family.p99,
        "max": family.largest,
        "tolerance": TOLERANCES[family.family],
        "unit": unit(family.family) or None,
        "values": family.values,
        "lost": family.lost,
    }
