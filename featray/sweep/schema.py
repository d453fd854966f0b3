"""Schema: the keys of a sweep file, with type and bounds.

Flow: `yamlfile.Document.check` -> `SweepFileContent` -> `sweep.load`, which resolves names and paths. Pure.
"""

import json
import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from featray import errors
from featray.core import detectors, inputs, secret_values
from featray.core.cell import ALL, ONE
from featray.core.cell_fields import PARALLEL_MAX, PROCESSES_MAX
from featray.core.choices import Device, Exclusive, WeightsKind
from featray.sweep.measure_section import Measure
from featray.sweep.search_section import SearchEntry
from featray.sweep.values import SIZE, Entries, Label, Name, Positive, Several, Text, size_in_bytes, valid_name
from featray.yamlfile import StrictModel
from featray.yamlfile.editor_schema import ShortForm, WrittenAs
from featray.yamlfile.messages import show

OWN_VARIABLES = ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "FEATRAY_CACHE", "PYTHONPATH", "PYTHONHOME")
"""Variables that choose the device or the child's code; a sweep that set them would measure something else."""

KNOWN_DETECTORS = WrittenAs(json.dumps({"enum": [*detectors.CATALOGUE, None]}))
KNOWN_INPUTS = WrittenAs(json.dumps({"enum": [*inputs.CATALOGUE, None]}))
DETECTOR_NAME = ShortForm(json.dumps([{"enum": list(detectors.CATALOGUE)}]))
INPUT_NAME = ShortForm(json.dumps([{"enum": list(inputs.CATALOGUE)}, {"type": "string", "pattern": r"[/.\\]"}]))
PATTERNS = ShortForm(json.dumps([{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]))
ENV = WrittenAs(
    json.dumps(
        {
            "type": "object",
            "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$", "not": {"enum": list(OWN_VARIABLES)}},
            "additionalProperties": {"type": ["string", "integer"]},
        }
    )
)
"""Short forms of the file, for its JSON schema."""


def _targets(value: Any) -> Any:
    if isinstance(value, bool | float) or value not in (ONE, ALL):
        raise ValueError(f"{show(value)} is not known; expected 1, or all: every GPU of a host at the same time")
    return value


def _either(*keys: str) -> ConfigDict:
    """Ask in the JSON schema for exactly one of several keys."""
    return ConfigDict(json_schema_extra={"oneOf": [{"required": [key]} for key in keys]})


DeviceName = Annotated[Device, Field(strict=False)]
"""Not strict: pydantic's strict mode takes no text for an enum."""
Workers = Annotated[int, Field(ge=0, le=PARALLEL_MAX)]
Threads = Annotated[int, Field(ge=1, le=PARALLEL_MAX)]
Processes = Annotated[int, Field(ge=1, le=PROCESSES_MAX)]
Targets = Annotated[Literal[1, "all"], BeforeValidator(_targets)]
"""1: one device. all: every GPU of a host at the same time."""


class DetectorEntry(StrictModel):
    """A detector: `retinaface`, `{like: retinaface, keywords: {au_model: svm}}` or `{name, class, keywords}`."""

    model_config = _either("like", "class")

    name: Label | None = None
    like: Annotated[str | None, KNOWN_DETECTORS] = None
    class_name: Annotated[str | None, Field(alias="class")] = None
    keywords: dict[str, Any] = Field(default_factory=dict)
    call: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_one_origin(self) -> Self:
        if (self.like is None) == (self.class_name is None):
            raise ValueError("expected either 'like' (a detector of the catalogue) or 'class', and not both")
        return self


class InputEntry(StrictModel):
    """An input: `short`, `{like: short, frames: [72, 288]}` or `{path: clips/a.mp4, faces: any}`."""

    model_config = _either("like", "path")

    name: Label | None = None
    like: Annotated[str | None, KNOWN_INPUTS] = None
    path: Several[Text] | None = None
    faces: Literal["any"] | Annotated[int, Field(ge=0, le=10_000)] | None = None
    copies: Positive | None = None
    skip_frames: Positive | None = None
    frame_limit: Positive | None = None
    frames: Several[Positive] | None = None
    output_size: Positive | None = None
    labels: Text | None = None

    @model_validator(mode="after")
    def _has_one_origin(self) -> Self:
        if (self.like is None) == (self.path is None):
            raise ValueError("expected either 'like' (an input of the catalogue) or 'path', and not both")
        if self.frames is not None and self.frame_limit is not None:
            raise ValueError("frames and frame_limit both say how long the clip is; keep frames")
        return self


class AxesEntry(StrictModel):
    """The grid's settings; detectors and inputs are axes of their own."""

    device: Several[DeviceName]
    batch_size: Several[Positive] = ()  # required, unless it is searched
    num_workers: Several[Workers] = (0,)
    threads: Several[Threads | None] = (None,)
    processes: Several[Processes] = (1,)
    targets: Several[Targets] = (1,)


SEARCHED = tuple(name for name in AxesEntry.model_fields if name not in ("device", "targets"))
"""Axes that can be searched."""


def _searched(values: dict[str, SearchEntry]) -> dict[str, SearchEntry]:
    for name in values:
        if name not in SEARCHED:
            raise ValueError(f"'{name[:80]}' cannot be searched{errors.suggest(name, SEARCHED)}")
    return values


class RuleEntry(StrictModel):
    """A part of the grid: the cells that have one of the named values of each setting. A key left out: every value."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    detector: Several[Text] | None = None
    input: Several[Text] | None = None
    device: Several[DeviceName] | None = None
    num_workers: Several[Workers] | None = None
    threads: Several[Threads | None] | None = None
    processes: Several[Processes] | None = None
    targets: Several[Targets] | None = None
    batch_size: Several[Positive] | None = None
    environment: Several[Text] | None = None

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError(f"expected at least one of {', '.join(type(self).model_fields)}")
        return self


class ReferenceEntry(StrictModel):
    """The setting whose output the others are compared with; a key left out: any value."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    detector: Text | None = None
    device: DeviceName | None = None
    batch_size: Positive | None = None
    num_workers: Workers | None = None
    threads: Threads | None = None
    environment: Text | None = None
    precision: Text | None = None

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise ValueError(f"expected at least one of {', '.join(type(self).model_fields)}")
        return self


class HostsEntry(StrictModel):
    """Which hosts and GPUs a sweep may use; patterns as in a shell (`*RTX 3090*`), case ignored."""

    host: Several[Text] = ()
    gpu: Several[Text] = ()
    label: dict[str, str] = Field(default_factory=dict)
    memory_min: Annotated[int | None, BeforeValidator(size_in_bytes), SIZE] = None


def _text_of_number(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: str(item) if type(item) is int else item for key, item in value.items()}
    return value


def _variables(values: dict[str, str]) -> dict[str, str]:
    for name in values:
        if name in OWN_VARIABLES:
            raise ValueError(f"{name} is set by featray itself; leave it out")
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise ValueError(f"{show(name)} cannot be a variable's name; expected letters, digits and '_'")
    return values


def _requirements(values: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    for name, requirements in values.items():
        valid_name(name)
        for requirement in requirements:
            if not re.match(r"[A-Za-z0-9]", requirement):
                shown = show(secret_values.recorded(requirement))
                raise ValueError(f"{name}: {shown} is not a requirement; expected one such as 'torch==2.11.0'")
    return values


def _like(value: Any) -> Any:
    return {"like": value} if isinstance(value, str) else value


def _like_or_path(value: Any) -> Any:
    is_path = isinstance(value, str) and value not in inputs.CATALOGUE and re.search(r"[/.\\]", value)
    return {"path": value} if is_path else _like(value)


def _patterns(value: Any) -> Any:
    return {"host": value} if isinstance(value, str | tuple) else value


Variables = Annotated[dict[str, str], BeforeValidator(_text_of_number), AfterValidator(_variables), ENV]
Environments = Annotated[dict[str, tuple[Text, ...]], AfterValidator(_requirements)]
"""Name -> requirements; an empty list means the host's own environment."""


Searches = Annotated[
    dict[str, SearchEntry],
    Field(min_length=1, json_schema_extra={"propertyNames": {"enum": list(SEARCHED)}, "maxProperties": 1}),
    AfterValidator(_searched),
]
"""Axis -> its range; at most one."""


class SweepFileContent(StrictModel):
    """A sweep file."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"properties": {"axes": {"required": ["batch_size"]}}},
                {"required": ["search"], "properties": {"search": {"required": ["batch_size"]}}},
            ]
        }
    )

    name: Name | None = None
    description: Text | None = None
    detectors: Entries[Annotated[DetectorEntry, BeforeValidator(_like), DETECTOR_NAME]]
    inputs: Entries[Annotated[InputEntry, BeforeValidator(_like_or_path), INPUT_NAME]]
    axes: AxesEntry
    search: Searches = Field(default_factory=dict)
    include: Entries[RuleEntry] = ()
    exclude: Entries[RuleEntry] = ()
    hosts: Annotated[HostsEntry, BeforeValidator(_patterns), PATTERNS] = HostsEntry()
    measure: Measure = Measure()
    weights: Annotated[WeightsKind, Field(strict=False)] = WeightsKind.PRETRAINED
    env: Variables = Field(default_factory=dict)
    environments: Environments = Field(default_factory=dict)
    baseline: Text | None = None
    reference: ReferenceEntry | None = None
    exclusive: Annotated[Exclusive, Field(strict=False)] = Exclusive.HOST
    interchangeable: bool = False
    mps_daemon: bool = False
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
