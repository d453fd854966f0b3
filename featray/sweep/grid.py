"""Grid: the values of a sweep file, once every detector, input and path in it is resolved.

Flow: `sweep.load` -> `Sweep` -> `cells.expand`; its `hosts` go to `planning.placement`, its `rules` to `planning.plan`.
Pure.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from featray import stats
from featray.core import identity
from featray.core.cell import ONE
from featray.core.choices import Device, Exclusive, WeightsKind
from featray.core.detectors import Detector
from featray.core.inputs import Input
from featray.core.reference import Reference
from featray.core.rules import Rules


@dataclasses.dataclass(frozen=True, kw_only=True)
class Axes:
    """The values of each setting, in file order."""

    device: tuple[Device, ...]
    batch_size: tuple[int, ...]
    num_workers: tuple[int, ...] = (0,)
    threads: tuple[int | None, ...] = (None,)
    processes: tuple[int, ...] = (1,)
    targets: tuple[int | str, ...] = (ONE,)


@dataclasses.dataclass(frozen=True, kw_only=True)
class GridPart:
    """A part of the grid: the cells that have one of the named values of each setting; None means every value."""

    detector: tuple[str, ...] | None = None
    input: tuple[str, ...] | None = None
    device: tuple[Device, ...] | None = None
    num_workers: tuple[int, ...] | None = None
    threads: tuple[int | None, ...] | None = None
    processes: tuple[int, ...] | None = None
    targets: tuple[int | str, ...] | None = None
    batch_size: tuple[int, ...] | None = None
    environment: tuple[str, ...] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Selector:
    """Which hosts and GPUs may be used: shell patterns, labels, and the least memory of the device in bytes."""

    host: tuple[str, ...] = ()
    gpu: tuple[str, ...] = ()
    label: Mapping[str, str] = dataclasses.field(default_factory=dict)
    memory_min_b: int | None = None
    target_id: str | None = None  # only this device; no key of a file, `featray bisect` chooses one


@dataclasses.dataclass(frozen=True, kw_only=True)
class Invocations:
    """How many fresh processes measure each unit: `pilot` of them, then up to `max` to reach the half-width.

    `half_width` is half the 95% interval of a unit's log time. Where `pilot` equals `max`, the number is fixed.
    """

    pilot: int = stats.PILOT
    max: int = stats.INVOCATIONS_MAX
    half_width: float = stats.HALF_WIDTH


@dataclasses.dataclass(frozen=True, kw_only=True)
class Search:
    """The setting whose best value is sought, and the values that may be measured, in rising order.

    The limits are those of a value that may be recommended: memory of its device in bytes, and seconds of a batch.
    """

    axis: str
    values: tuple[int, ...]
    memory_limit_b: int | None = None
    latency_limit_s: float | None = None

    @property
    def limits_text(self) -> str | None:
        """Write axis and limits as rows hold them; None without a limit."""
        limits = {"memory_b": self.memory_limit_b, "latency_s": self.latency_limit_s}
        known = {name: limit for name, limit in limits.items() if limit is not None}
        return identity.canonical({"axis": self.axis, **known}) if known else None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sweep:
    """One grid, and how it is to be measured. Every detector, input and path in it is resolved."""

    name: str
    path: Path
    description: str | None = None
    detectors: tuple[Detector, ...]
    inputs: tuple[Input, ...]
    axes: Axes
    search: Search | None = None  # its axis holds every value that it may measure
    include: tuple[GridPart, ...] = ()
    exclude: tuple[GridPart, ...] = ()
    hosts: Selector = dataclasses.field(default_factory=Selector)
    rules: Rules = dataclasses.field(default_factory=Rules)
    invocations: Invocations = dataclasses.field(default_factory=Invocations)
    budget_s: float | None = None
    delay_s_per_frame: float = 0.0
    weights: WeightsKind = WeightsKind.PRETRAINED
    env: Mapping[str, str] = dataclasses.field(default_factory=dict)
    environments: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    baseline: str | None = None
    reference: Reference | None = None
    exclusive: Exclusive = Exclusive.HOST
    interchangeable: bool = False
    mps_daemon: bool = False  # several processes share a GPU through NVIDIA's MPS
    seed: int = 0
