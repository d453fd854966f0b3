"""Cells: one fully determined measurement, and the id that names it.

Flow: `sweep.expand` -> `Cell` -> `planning.placement`; the measuring child reads it back with `from_asked`.
Pure: a cell and its id depend on the sweep alone, never on host, clock or version.
"""

import dataclasses
import functools
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from featray.core import cell_fields, identity, secret_values
from featray.core.choices import Device, WeightsKind
from featray.core.detectors import Detector
from featray.core.inputs import Input

ONE, ALL = 1, "all"
"""`targets` of a cell: one device, or every GPU of a host at the same time."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cell:
    """One detector configuration on one input with one set of settings, not yet on any target."""

    detector: Detector
    input: Input
    device: Device
    batch_size: int
    num_workers: int = 0
    threads: int | None = None  # OMP_NUM_THREADS; None leaves py-feat's default of 1
    weights: WeightsKind = WeightsKind.PRETRAINED
    environment: str | None = None
    requirements: tuple[str, ...] = ()  # of the environment
    env: Mapping[str, str] = dataclasses.field(default_factory=dict)
    delay_s_per_frame: float = 0.0  # injected for self-tests
    processes: int = 1  # side by side on one target, each with its share of the processors
    mps_daemon: bool = False  # they share the GPU through NVIDIA's MPS
    targets: int | str = ONE  # ONE, or ALL: every GPU of a host at the same time, with so many processes on each

    @property
    def label(self) -> str:
        """Name the cell for people: `retinaface short cuda b=16`."""
        parts = [self.detector.name, self.input.name, self.device, f"b={self.batch_size}"]
        if self.num_workers:
            parts.append(f"w={self.num_workers}")
        if self.threads is not None:
            parts.append(f"t={self.threads}")
        if self.processes > 1:
            parts.append(f"p={self.processes}" + (" mps" if self.mps_daemon else ""))
        if self.is_whole:
            parts.append("all GPUs")
        if self.environment is not None:
            parts.append(self.environment)
        return " ".join(parts)

    @property
    def is_whole(self) -> bool:
        """Return True if it runs on every GPU of a host at the same time."""
        return self.targets == ALL

    @property
    def batches(self) -> int:
        """Count the batches of one call."""
        return -(-self.input.frames // self.batch_size)

    @functools.cached_property
    def known_id(self) -> str:
        """Return what `cell_id` gives."""
        return _compute_id(self)

    def environment_variables(self) -> dict[str, str]:
        """List what the child's environment gets from the sweep; `threads` wins over `env`."""
        variables = dict(self.env)
        if self.threads is not None:
            variables["OMP_NUM_THREADS"] = str(self.threads)
        return variables


_FIELDS: Mapping[type, tuple[str, ...]] = {
    kind: tuple(field.name for field in dataclasses.fields(kind)) for kind in (Cell, Detector, Input)
}
"""`dataclasses.asdict` copies every value and takes 10 times as long, which counts with 200,000 cells."""


def _values(part: Cell | Detector | Input) -> dict[str, Any]:
    return {name: getattr(part, name) for name in _FIELDS[type(part)]}


def to_asked(cell: Cell) -> dict[str, Any]:
    """Write a cell, secrets included, as a JSON value from which `from_asked` makes it again: for the child alone."""
    asked = _values(cell) | {
        "detector": _detector_asked(cell.detector),
        "input": _input(cell.input),
        "device": str(cell.device),
        "weights": str(cell.weights),
        "requirements": list(cell.requirements),
        "env": dict(cell.env),
    }
    for name, usual in UNWRITTEN.items():
        if asked[name] == usual:
            del asked[name]
    return asked


UNWRITTEN: Mapping[str, int | str] = {"processes": 1, "mps_daemon": False, "targets": ONE}
"""Fields that cells of older featrays lack -> the value that is not written, so that the ids of these cells stay."""


def _detector_asked(detector: Detector) -> dict[str, Any]:
    """Write a detector; without keywords of `detect()` as before there were any, so that the ids of cells stay."""
    asked = _values(detector) | {"keywords": dict(detector.keywords), "call": dict(detector.call)}
    if not detector.call:
        del asked["call"]
    return asked


def _input(given: Input) -> dict[str, Any]:
    """Write an input; what older featrays did not know only where it is set, so that their cells keep their ids."""
    value = _values(given) | {"paths": list(given.paths), "sha256": list(given.sha256)}
    unset = {name for names in ADDED if getattr(given, names[0]) is None for name in names}
    return {name: item for name, item in value.items() if name not in unset}


ADDED = (("labels", "labels_sha256"), ("looped_frames",))
"""Fields of an input that came after 0.1.0; each group is left out where its first one is not set."""


def to_recorded(cell: Cell) -> dict[str, Any]:
    """Write a cell as a row holds it: as `to_asked` does, but with digests instead of secrets."""
    return to_asked(cell) | {
        "env": {name: secret_values.recorded(value, name) for name, value in cell.env.items()},
        "requirements": [secret_values.recorded(requirement) for requirement in cell.requirements],
    }


def list_secrets(cell: Cell) -> list[str]:
    """List the secrets in a cell's variables and requirements."""
    in_variables = [secret for name, value in cell.env.items() for secret in secret_values.list_secrets(value, name)]
    return in_variables + [
        secret for requirement in cell.requirements for secret in secret_values.list_secrets(requirement)
    ]


_CHOICES: Mapping[str, type[StrEnum]] = {"device": Device, "weights": WeightsKind}
_PARTS = ("detector", "input", "requirements")


def from_asked(value: Any) -> Cell:
    """Read a cell back from `to_asked` or `to_recorded`.

    Raises:
        ValueError: a field is missing, unknown, of another type or out of bounds; the message names it, what was
            expected and what was found.
    """
    try:
        if not isinstance(value, Mapping):
            raise ValueError(f"not a cell: expected a mapping, got {cell_fields.shown(value)}")
        for name, part in (("", value), ("detector", value["detector"]), ("input", value["input"])):
            if fault := cell_fields.find_fault(name, part):
                raise ValueError(f"not a cell: {fault}")
        files = {name: tuple(value["input"].get(name, ())) for name in ("paths", "sha256")}
        settings = {key: item for key, item in value.items() if key not in _PARTS}
        settings |= {key: choice(settings[key]) for key, choice in _CHOICES.items() if key in settings}
        return Cell(
            detector=Detector(**value["detector"]),
            input=Input(**{**value["input"], **files}),
            requirements=tuple(value.get("requirements", ())),
            **settings,
        )
    except KeyError as missing:
        raise ValueError(f"not a cell: {missing.args[0]} is missing") from missing
    except TypeError as wrong:
        raise ValueError(f"not a cell: {wrong}") from wrong


def cell_id(cell: Cell) -> str:
    """Name a cell by the digest of what was asked.

    Labels (headings, environment names, where a hashed file lies) are left out: renaming them asks for the same. A
    secret counts by its digest, so the cell of a row has the id of the cell of the sweep. It is computed once per cell.
    """
    return cell.known_id


def _compute_id(cell: Cell) -> str:
    value = to_recorded(cell)
    del value["detector"]["heading"], value["environment"]
    if cell.input.sha256:
        del value["input"]["paths"]
    if cell.input.labels_sha256:
        del value["input"]["labels"]
    return identity.digest(value)
