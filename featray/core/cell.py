"""Cells: one fully determined measurement, and the id that names it.

Flow: `sweep.expand` -> `Cell` -> `planning.placement`; the measuring child reads it back with `from_asked`.
Pure: a cell and its id depend on the sweep alone, never on host, clock or version.
"""

import dataclasses
import json
import math
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from featray.core import detectors, identity, inputs
from featray.core.choices import Device, WeightsKind


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cell:
    """One detector configuration on one input with one set of settings, not yet on any target."""

    detector: detectors.Detector
    input: inputs.Input
    device: Device
    batch_size: int
    num_workers: int = 0
    threads: int | None = None  # OMP_NUM_THREADS; None leaves py-feat's default of 1
    weights: WeightsKind = WeightsKind.PRETRAINED
    environment: str | None = None
    requirements: tuple[str, ...] = ()  # of the environment
    env: Mapping[str, str] = dataclasses.field(default_factory=dict)
    delay_s_per_frame: float = 0.0  # injected for self-tests

    @property
    def label(self) -> str:
        """Name the cell for people: `retinaface short cuda b=16`."""
        parts = [self.detector.name, self.input.name, self.device, f"b={self.batch_size}"]
        if self.num_workers:
            parts.append(f"w={self.num_workers}")
        if self.threads is not None:
            parts.append(f"t={self.threads}")
        if self.environment is not None:
            parts.append(self.environment)
        return " ".join(parts)

    @property
    def batches(self) -> int:
        """Count the batches of one call."""
        return -(-self.input.frames // self.batch_size)

    def environment_variables(self) -> dict[str, str]:
        """List what the child's environment gets from the sweep; `threads` wins over `env`."""
        chosen = dict(self.env)
        if self.threads is not None:
            chosen["OMP_NUM_THREADS"] = str(self.threads)
        return chosen


def asked(cell: Cell) -> dict[str, Any]:
    """Write a cell as a JSON value from which `from_asked` makes it again."""
    return dataclasses.asdict(cell) | {
        "detector": dataclasses.asdict(cell.detector) | {"keywords": dict(cell.detector.keywords)},
        "input": dataclasses.asdict(cell.input) | {"paths": list(cell.input.paths), "sha256": list(cell.input.sha256)},
        "device": str(cell.device),
        "weights": str(cell.weights),
        "requirements": list(cell.requirements),
        "env": dict(cell.env),
    }


def from_asked(value: Any) -> Cell:
    """Read a cell back from `asked`.

    Raises:
        ValueError: a field is missing, unknown, of another type or out of bounds; the message names it, what was
            expected and what was found.
    """
    try:
        if not isinstance(value, Mapping):
            raise ValueError(f"not a cell: expected a mapping, got {_shown(value)}")
        for name, part in (("", value), ("detector", value["detector"]), ("input", value["input"])):
            if fault := _fault(name, part):
                raise ValueError(f"not a cell: {fault}")
        clip = {**value["input"], **{name: tuple(value["input"].get(name, ())) for name in ("paths", "sha256")}}
        rest = {key: item for key, item in value.items() if key not in ("detector", "input", "requirements")}
        rest |= {key: choice(rest[key]) for key, choice in _CHOICES.items() if key in rest}
        return Cell(
            detector=detectors.Detector(**value["detector"]),
            input=inputs.Input(**clip),
            requirements=tuple(value.get("requirements", ())),
            **rest,
        )
    except KeyError as missing:
        raise ValueError(f"not a cell: {missing.args[0]} is missing") from missing
    except TypeError as wrong:
        raise ValueError(f"not a cell: {wrong}") from wrong


BATCH_SIZE_MAX = 1_000_000  # far beyond any memory; keeps a slip of the finger out of the store's integers
PARALLEL_MAX = 1024  # workers, or threads: beyond the processors of any one host
DELAY_MAX_S = 60.0  # per frame: a self-test that waits longer hangs as far as anybody can tell

_CHOICES: Mapping[str, type[StrEnum]] = {"device": Device, "weights": WeightsKind}

_CLASS = re.compile(r"[\w.]+:\w+")

Check = tuple[Callable[[Any], bool], str]
"""Whether a value may be, and what was expected where it may not."""


def is_class(name: object) -> bool:
    """Tell whether a name is a class of py-feat, or of somebody else as `package.module:Class`."""
    return isinstance(name, str) and (name in detectors.PYFEAT_CLASSES or _CLASS.fullmatch(name) is not None)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_finite(value: Any) -> bool:
    return _is_whole(value) or (isinstance(value, float) and math.isfinite(value))


def _is_delay(value: Any) -> bool:
    return _is_finite(value) and 0 <= value <= DELAY_MAX_S


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | bool) or _is_finite(value)


def _whole(least: int, most: int | None = None) -> Check:
    upper = "" if most is None else f" to {most}"
    return (
        lambda value: _is_whole(value) and least <= value and (most is None or value <= most),
        f"a whole number from {least}{upper}",
    )


def _one_of(*known: str) -> Check:
    return lambda value: value in known, ", ".join(known)


def _or_null(check: Check) -> Check:
    return lambda value: value is None or check[0](value), f"{check[1]} or null"


def _mapping(is_value: Callable[[Any], bool], expected: str) -> Check:
    return lambda value: isinstance(value, Mapping) and all(map(is_value, value.values())), expected


_TEXT: Check = (_is_text, "text")
_TEXTS: Check = (lambda value: isinstance(value, list | tuple) and all(map(_is_text, value)), "a list of texts")

_CHECKS: Mapping[str, Mapping[str, Check]] = {
    "": {
        "device": _one_of(*Device),
        "batch_size": _whole(1, BATCH_SIZE_MAX),
        "num_workers": _whole(0, PARALLEL_MAX),
        "threads": _or_null(_whole(1, PARALLEL_MAX)),
        "weights": _one_of(*WeightsKind),
        "environment": _or_null(_TEXT),
        "requirements": _TEXTS,
        "env": _mapping(_is_text, "names with texts"),
        "delay_s_per_frame": (_is_delay, f"a number from 0 to {DELAY_MAX_S:g}"),
    },
    "detector": {
        "name": _TEXT,
        "class_name": (is_class, ", ".join((*detectors.PYFEAT_CLASSES, "package.module:Class"))),
        "keywords": _mapping(_is_plain, "names with plain values"),
        "heading": _TEXT,
    },
    "input": {
        "name": _TEXT,
        "kind": _one_of(inputs.VIDEO, inputs.IMAGES),
        "packaged": _or_null(_TEXT),
        "paths": _TEXTS,
        "sha256": _TEXTS,
        "copies": _whole(1, BATCH_SIZE_MAX),
        "faces": _whole(0),
        "source_frames": _whole(1),
        "fps": _or_null((lambda value: _is_finite(value) and value > 0, "a number above 0")),
        "skip_frames": _or_null(_whole(1)),
        "frame_limit": _or_null(_whole(1)),
        "output_size": _or_null(_whole(1, BATCH_SIZE_MAX)),
    },
}
"""Part of a cell -> its fields; unknown and missing ones are told when the cell is made."""


def _fault(name: str, part: Any) -> str | None:
    """Say what is wrong with a part of an asked cell, or with the cell itself where the name is empty."""
    if not isinstance(part, Mapping):
        return f"{name}: expected a mapping, got {_shown(part)}"
    for key, (is_right, expected) in _CHECKS[name].items():
        if key in part and not is_right(part[key]):
            return f"{name}.{key}: expected {expected}, got {_shown(part[key])}".removeprefix(".")
    if name == "input" and (part.get("packaged") is None) == (not part.get("paths")):
        return "input: expected either 'packaged' or 'paths', and not both"
    return None


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def cell_id(cell: Cell) -> str:
    """Name a cell by the digest of what was asked.

    Labels (headings, environment names, where a hashed file lies) are left out: renaming them asks for the same.
    """
    value = asked(cell)
    del value["detector"]["heading"], value["environment"]
    if cell.input.sha256:
        del value["input"]["paths"]
    return identity.digest(value)
