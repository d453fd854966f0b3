"""Caution: one thing to know about measured figures, with what to do about it. Pure."""

import dataclasses
from collections.abc import Iterable, Sequence
from enum import StrEnum

from featray.analysis import unit_wording
from featray.analysis.unit import Unit
from featray.core import wording


class CautionKind(StrEnum):
    """What a caution is about, gravest first. A finding about the same has the same value as its kind."""

    FAILED = "failed"
    UNEQUAL = "unequal"  # one cell or one label, but different work
    STALE = "stale"
    REPLAYED = "replayed"
    IMPORTED = "imported"
    SYNTHETIC = "synthetic weights"
    FEW = "few invocations"
    DELAYED = "delayed"
    THROTTLED = "throttled"
    DISTURBED = "disturbed"
    UNMET = "unmet"
    TIED = "tied"  # another setting may be as fast
    UNKNOWN_MEMORY = "unknown memory"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Caution:
    """One thing to know.

    `sentence` begins in lower case and has no full stop, so that `baseline: ` or `Caution: ` can stand before it.
    """

    kind: CautionKind
    sentence: str
    what_to_do: str | None = None  # a sentence without its full stop
    units: tuple[Unit, ...]

    @property
    def text(self) -> str:
        """Write it in full, in lower case: `throttled in 1 of 5 invocations. Improve the cooling, then ...`."""
        advice = f" {self.what_to_do}." if self.what_to_do else ""
        return f"{self.sentence}.{advice}"

    def __str__(self) -> str:
        """Write it in full as sentences of their own."""
        return f"{self.text[:1].upper()}{self.text[1:]}"


def scope(about: Sequence[Unit], total: int) -> str:
    """Say which settings of a report a caution is about: ` for all 4 settings`; nothing where there is only one.

    Args:
        about: The units that it is about.
        total: How many units there are.
    """
    if total <= 1:
        return ""
    if len(about) == total:
        return f" for all {total} settings"
    return f" for {len(about)} of {total} settings ({names(about)})"


def names(about: Iterable[Unit], *, with_hosts: bool = False) -> str:
    """List units in a sentence."""
    return wording.phrases([unit_wording.unit(unit, with_host=with_hosts) for unit in about])
