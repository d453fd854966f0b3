"""Wanted cells: the cells that a finding asks for, written in full.

Flow: `diagnosis.WantedCells` -> `resolve` -> `Cell` -> `followups`. Pure.
"""

import dataclasses
import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

from featray.analysis import unit_cell
from featray.analysis.comparison import separation
from featray.analysis.diagnosis import WantedCells
from featray.core import detect_call, detectors, identity, inputs
from featray.core.cell import Cell
from featray.core.detectors import Detector, Keyword
from featray.core.inputs import Input
from featray.planning import releases


def resolve(wanted: WantedCells) -> list[Cell]:
    """Write the wanted cells in full.

    Returns:
        Empty if the unit's cell, or a named detector or input, is unknown, or if the pinned py-feat lacks the class.
    """
    start = _start(wanted)
    if start is None:
        return []
    names = list(wanted.settings)
    changed = [
        _change(start, dict(zip(names, values, strict=True)))
        for values in itertools.product(*(wanted.settings[name] for name in names))
    ]
    return [cell for cell in changed if cell is not None and _may_have_class(cell)]


def _start(wanted: WantedCells) -> Cell | None:
    """Give the unit's cell with the wanted software and environment variables."""
    cell, row = unit_cell.of_unit(wanted.unit), wanted.unit.row
    if cell is None:
        return None
    pinned = wanted.requirements or (separation.requirements(row, row) if wanted.unit.is_imported else ())
    if pinned:
        cell = dataclasses.replace(cell, requirements=tuple(pinned), environment=_environment_name(pinned))
    if wanted.variables is not None:
        threads = {key: value for key, value in cell.env.items() if key not in (wanted.unit.variables or {})}
        cell = dataclasses.replace(cell, env={**threads, **wanted.variables})
    return cell if wanted.call is None else dataclasses.replace(cell, detector=_with_call(cell.detector, wanted.call))


def _with_call(detector: Detector, wanted: Mapping[str, Keyword]) -> Detector:
    """Give a detector other settings of `detect()`, and a name that says so."""
    others = {name: value for name, value in detector.call.items() if name not in detect_call.SETTINGS}
    named = {name: value for name, value in wanted.items() if value != detect_call.SETTINGS[name]}
    if detect_call.settings(detector.call) == {**detect_call.SETTINGS, **named}:
        return detector
    suffix = ",".join(f"{name}={value}" for name, value in named.items()) or "usual call"
    name = f"{detector.name}[{suffix}]"
    return dataclasses.replace(detector, call={**others, **named}, name=name, heading=name)


def _environment_name(requirements: Sequence[str]) -> str:
    """Name an environment after its first requirement, with a digest of all: `torch-2.11.0-3f2a`."""
    stem = re.sub(r"[^A-Za-z0-9.]+", "-", requirements[0]).strip("-.")[:40] or "environment"
    return f"{stem}-{identity.digest({'requirements': list(requirements)})[:4]}"


_RELEASE = "py-feat=="


def _may_have_class(cell: Cell) -> bool:
    """Return False if the py-feat release that a cell pins does not have its class; of a commit that is unknown."""
    pinned = [pin.removeprefix(_RELEASE) for pin in cell.requirements if pin.startswith(_RELEASE)]
    return all(releases.has_class(cell.detector.class_name, version) for version in pinned)


_CELL_FIELDS = ("batch_size", "num_workers", "threads", "processes", "targets", "device")
_INPUT_FIELDS = ("copies", "skip_frames", "frame_limit", "output_size")


def _change(cell: Cell, settings: Mapping[str, Any]) -> Cell | None:
    """Change settings of a cell; None if a name is not in the catalogue or a key is not one of a sweep."""
    for key, value in settings.items():
        changed = _change_one(cell, key, value)
        if changed is None:
            return None
        cell = changed
    return cell


def _change_one(cell: Cell, key: str, value: Any) -> Cell | None:
    if key in _CELL_FIELDS:
        return dataclasses.replace(cell, **{key: value})
    if key in _INPUT_FIELDS:
        changes = {**_input_changes(cell.input, key, value), "name": _variant_name(cell.input, key, value)}
        return dataclasses.replace(cell, input=dataclasses.replace(cell.input, **changes))
    if key == "input" and value in inputs.CATALOGUE:
        return dataclasses.replace(cell, input=inputs.CATALOGUE[str(value)])
    if key == "detector" and value in detectors.CATALOGUE:
        return dataclasses.replace(cell, detector=detectors.CATALOGUE[str(value)])
    if key in cell.detector.keywords:
        name = f"{cell.detector.name}[{key}={value}]"
        keywords = {**cell.detector.keywords, key: value}
        detector = dataclasses.replace(cell.detector, keywords=keywords, name=name, heading=name)
        return dataclasses.replace(cell, detector=detector)
    return None


def _input_changes(clip: Input, key: str, value: int) -> dict[str, Any]:
    """Change a property of an input; a clip that is to be longer than its file is looped."""
    if key != "frame_limit":
        return {key: value}
    is_longer = value > clip.source_frames
    return {"frame_limit": None if is_longer else value, "looped_frames": value if is_longer else None}


def _variant_name(clip: Input, key: str, value: object) -> str:
    """Name a variant of an input; the catalogue's own value makes no variant."""
    entry = inputs.CATALOGUE.get(clip.name)
    return clip.name if entry is not None and getattr(entry, key) == value else f"{clip.name}-{key}-{value}"
