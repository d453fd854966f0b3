"""Findings: what every diagnosis returns, one or two sentences with figures and with what to measure next."""

import dataclasses
from collections.abc import Mapping
from enum import StrEnum

from featray.analysis.unit import Unit, UnitKey
from featray.core.detectors import Keyword

Figure = float | int | str | None

ASKED_MAX = 50
"""Invocations that a finding asks for at most: they bring an sd of 10% to a half-width of 3%. What varies more has a
cause that must be found first."""


class FindingKind(StrEnum):
    """Which diagnosis made a finding, in the order of a report."""

    HEADLINE = "headline"
    MISFILED = "misfiled"  # a report whose file is named after another GPU
    UNPROVEN = "unproven"  # equal work is not proven: imports
    NOT_COMPARABLE = "not comparable"
    UNDECIDED = "undecided"  # measured by featray, but too few times
    CONFOUNDED = "confounded"
    ATTRIBUTED = "attributed"  # exactly one thing differs
    NEW_GROUND = "new ground"
    ONLY_BASELINE = "only baseline"
    DEVICES = "devices"  # one device of a host against another
    DETECTORS = "detectors"
    COLD_START = "cold start"  # starts later and is then faster
    MODELS = "models"  # detectors that differ in one part
    WORKERS = "workers"
    PROCESSES = "processes"  # several side by side on one target
    GPU_SCALING = "gpu scaling"  # all GPUs of a host at the same time against one
    LENGTH = "length"  # what grows with the length of the clip
    BATCH_PATTERN = "batch pattern"  # what larger batches do on a device
    BATCH_CURVE = "batch curve"  # slower at a larger batch
    JUMP = "impossible jump"  # more speed than fewer batches can bring
    HOST_BOUND = "host-bound"
    DEVICE_BOUND = "device-bound"
    HEADROOM = "headroom"
    NOISY = "noisy"
    FEW = "few invocations"
    THROTTLED = "throttled"
    FAILED = "failed"
    MISSING = "missing"
    STACK = "stack"


ComparisonRole = tuple[str, ...]
"""Which part a sweep has in a comparison, and where: `("candidate", target_id)`, `("step", "2", target_ids...)`."""

BASELINE: ComparisonRole = ("baseline",)
"""What the report is compared with, on whatever target it was measured."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class WantedCells:
    """Cells worth measuring, written as changes of a unit that was measured.

    `settings` maps a key of a sweep (`batch_size`, `input`, `copies`, `detector`, ...) to the values wanted; empty asks
    for the unit as it is. `requirements` belong to an environment; empty means the unit's own. `measures` is the part
    that the cells have once they are measured, `against` the part that they are compared with.
    """

    unit: Unit
    reason: str
    settings: Mapping[str, tuple[str | int, ...]] = dataclasses.field(default_factory=dict)
    target_id: str | None = None  # None: the unit's own
    requirements: tuple[str, ...] = ()
    variables: Mapping[str, str] | None = None  # environment variables of the sweep; None: the unit's own
    call: Mapping[str, Keyword] | None = None  # settings of `detect()`; None: the unit's own
    invocations: int | None = None  # None: as the sweep plans
    measures: ComparisonRole | None = None
    against: ComparisonRole | None = BASELINE


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing found. `figures` are SI values by name; `units` are those it is about."""

    kind: FindingKind
    text: str
    figures: Mapping[str, Figure] = dataclasses.field(default_factory=dict)
    units: tuple[UnitKey, ...] = ()
    wanted: tuple[WantedCells, ...] = ()
