"""Follow-up file: a follow-up as a sweep file that can be submitted as it is.

Flow: `followups.Followup` -> `to_yaml` -> `featray suggest -o`. Pure. The reasons and the duration are comments.
"""

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from featray.analysis.advice import measured_rules
from featray.analysis.advice.followups import Followup
from featray.core import detectors, identity, inputs, wording
from featray.core.cell import ONE, Cell
from featray.core.choices import WeightsKind
from featray.core.detectors import Detector
from featray.core.inputs import Input

REASONS = 8  # lines of reasons in one file; findings have them all
COMMENT_LENGTH = 200  # characters of one line of reasons or remarks
DESCRIPTION_LENGTH = 400  # characters of all reasons in the description


def to_yaml(followup: Followup) -> str:
    """Write a follow-up as a sweep file."""
    return "\n".join(_lines(followup)) + "\n"


def _lines(followup: Followup) -> Iterator[str]:
    count = wording.count(len(followup.cells), "cell")
    if followup.invocations:
        count += f" x {wording.count(followup.invocations, 'invocation')}"
    yield f"# {count}, about {wording.duration(followup.expected_s)}; submit with: featray submit {followup.name}"
    yield from (f"# - {wording.shortened(reason, COMMENT_LENGTH)}" for reason in followup.reasons[:REASONS])
    if len(followup.reasons) > REASONS:
        yield f"# - and {len(followup.reasons) - REASONS} more"
    yield from (f"# {wording.shortened(remark, COMMENT_LENGTH)}" for remark in followup.remarks)
    for key, value in _content(followup).items():
        yield f"{key}: {_flow(value)}" if not isinstance(value, list) else f"{key}:"
        if isinstance(value, list):
            yield from (f"  - {_flow(item)}" for item in value)


def _flow(value: object) -> str:
    """Write a value as JSON, which is YAML too, so that no name can become syntax."""
    return json.dumps(value, ensure_ascii=True)


def _content(followup: Followup) -> dict[str, Any]:
    """Give the sweep's keys and values; what is empty is left out."""
    cells = followup.cells
    first = cells[0]
    axes: dict[str, Any] = {
        "device": _distinct(cell.device for cell in cells),
        "batch_size": sorted({cell.batch_size for cell in cells}),
        "num_workers": sorted({cell.num_workers for cell in cells}),
    }
    threads, processes = _distinct(cell.threads for cell in cells), sorted({cell.processes for cell in cells})
    axes |= {} if threads == [None] else {"threads": threads}
    axes |= {} if processes == [1] else {"processes": processes}
    targets = _distinct(cell.targets for cell in cells)
    axes |= {} if targets == [ONE] else {"targets": targets}
    hosts = {"host": _pattern(followup.host), "gpu": _pattern(followup.gpu)}
    content: dict[str, Any] = {
        "name": followup.name,
        "description": "Follow-up: " + wording.shortened("; ".join(followup.reasons), DESCRIPTION_LENGTH),
        "detectors": _distinct_entries(_detector(cell.detector) for cell in cells),
        "inputs": _distinct_entries(_input(cell.input) for cell in cells),
        "axes": axes,
        "exclude": list(_excluded(cells)),
        "hosts": {key: value for key, value in hosts.items() if value},
        "measure": {**measured_rules.to_keys(followup.rules), **_invocations(followup)},
        "weights": _weights(cells),
        "mps_daemon": any(cell.mps_daemon for cell in cells) or None,
        "env": dict(first.env),
        "environments": _environments(followup),
        "baseline": followup.baseline,
    }
    return {key: value for key, value in content.items() if value not in (None, {}, [])}


def _weights(cells: Sequence[Cell]) -> WeightsKind | None:
    """Give the weights; None where they are the default and no class is py-feat's, to which alone they apply."""
    is_said = any(cell.detector.is_pyfeat for cell in cells) or cells[0].weights != WeightsKind.PRETRAINED
    return cells[0].weights if is_said else None


def _invocations(followup: Followup) -> dict[str, int]:
    return {"invocations": followup.invocations} if followup.invocations else {}


def _environments(followup: Followup) -> dict[str, list[str]]:
    """Write what each environment installs, in the order of the sweep that was measured."""
    installed = {cell.environment or "own": list(cell.requirements) for cell in followup.cells}
    names = sorted(installed, key=lambda name: (*followup.environments, name).index(name))
    return {name: installed[name] for name in names} if any(installed.values()) else {}


def _distinct(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def _distinct_entries(entries: Iterable[Any]) -> list[Any]:
    return list({identity.canonical(entry): entry for entry in entries}.values())


def _pattern(name: str | None) -> str | None:
    """Write a pattern that matches one name: each wildcard of a shell pattern becomes `?`."""
    return re.sub(r"[\[\]*?]", "?", name) if name else None


def _detector(detector: Detector) -> Any:
    entry = detectors.CATALOGUE.get(detector.name)
    is_catalogued = entry is not None and entry.class_name == detector.class_name and not detector.call
    if entry is not None and is_catalogued and dict(entry.keywords) == dict(detector.keywords):
        return detector.name
    call = {"call": dict(detector.call)} if detector.call else {}
    return {"name": detector.name, "class": detector.class_name, "keywords": dict(detector.keywords), **call}


def _input(clip: Input) -> Any:
    """Write an input: by its name, as a change of the catalogue's entry with the same file, or by its paths."""
    same_file = (entry for entry in inputs.CATALOGUE.values() if entry.packaged and entry.packaged == clip.packaged)
    entry = next(same_file, None)
    if entry == clip:
        return clip.name
    origin: dict[str, Any] = {"like": entry.name} if entry else {"path": list(clip.paths)}
    changes = {
        "faces": _faces(clip) if clip.faces != (entry.faces if entry else None) else None,
        "copies": clip.copies if clip.copies != (entry.copies if entry else 1) else None,
        "skip_frames": clip.skip_frames,
        "frame_limit": clip.frame_limit if clip.looped_frames is None else None,
        "frames": clip.looped_frames,
        "output_size": clip.output_size,
    }
    return {"name": clip.name, **origin, **{key: value for key, value in changes.items() if value is not None}}


def _faces(clip: Input) -> int | str:
    return "any" if clip.faces is None else clip.faces


def _excluded(cells: Sequence[Cell]) -> Iterator[dict[str, Any]]:
    """List the parts of the full grid that are not wanted; detectors that lack the same share a rule."""
    wanted = {_point(cell) for cell in cells}
    names, *others, batches = [_distinct(column) for column in zip(*map(_point, cells), strict=True)]
    lacking: dict[tuple[Any, ...], list[str]] = {}
    for name, *settings in itertools.product(names, *others):
        missing = tuple(sorted(batch for batch in batches if (name, *settings, batch) not in wanted))
        if missing:
            lacking.setdefault((*settings, missing), []).append(name)
    for (*settings, missing), about in lacking.items():
        rule = {key: value for key, value, column in zip(_AXES, settings, others, strict=True) if len(column) > 1}
        rule |= {"detector": about} if len(about) < len(names) else {}
        yield rule | ({"batch_size": list(missing)} if len(missing) < len(batches) else {})


_AXES = ("input", "device", "environment", "num_workers", "threads", "processes", "targets")


def _point(cell: Cell) -> tuple[Any, ...]:
    settings = cell.num_workers, cell.threads, cell.processes, cell.targets, cell.batch_size
    return cell.detector.name, cell.input.name, cell.device, cell.environment, *settings
