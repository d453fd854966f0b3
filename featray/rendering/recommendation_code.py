"""Recommendation code: Python that detects with the recommended settings; what code cannot say is a comment.

Flow: `recommendation.Recommendation` -> `snippet` -> `featray recommend --python`. Pure.

One question has one answer: of several clips the longest one's setting is written, and the others are comments. Names
come from a store: they enter code only as literals, and comments as one line.
"""

import keyword
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from featray.analysis import unit_cell
from featray.analysis.advice.recommendation import Recommendation
from featray.analysis.unit import Unit
from featray.core import detect_call, inputs, secret_values, wording
from featray.core.cell import Cell
from featray.rendering import recommendation_text, script_parts

_PACKAGE = "feat"
_MODULES = {"MPDetector": "feat.MPDetector"}
"""Class -> module of py-feat that has it, where that is not the package itself."""

THREADS = "OMP_NUM_THREADS"


def snippet(recommendations: Sequence[Recommendation]) -> str:
    """Write Python for clips and for images: once if both use the same detector in the same way."""
    parts: dict[str, list[Recommendation]] = {}
    for members in _by_kind(recommendations):
        parts.setdefault(_setup(members[0]), []).extend(members)
    blocks = [[*_comments(members), *setup.splitlines(), *_calls(members)] for setup, members in parts.items()]
    if len(blocks) > 1:
        blocks[1:] = [
            ["# Run this part in a process of its own: it has another setup.", *block] for block in blocks[1:]
        ]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _by_kind(recommendations: Sequence[Recommendation]) -> list[list[Recommendation]]:
    """Split into clips and images; the first of each is the answer."""
    kinds: dict[bool, list[Recommendation]] = {}
    for recommendation in recommendations:
        kinds.setdefault(recommendation.best.unit.is_video, []).append(recommendation)
    return list(kinds.values())


def _comments(recommendations: Sequence[Recommendation]) -> Iterator[str]:
    """Say what was measured where, and what is doubtful about it."""
    for members in _by_kind(recommendations):
        best = members[0].best
        yield f"# {wording.plain(members[0].section_label)}: {recommendation_text.rate(best)}"
        yield from (f"# {_other(other)}" for other in members[1:])
    units = [members[0].best.unit for members in _by_kind(recommendations)]
    yield from dict.fromkeys(f"# {_measured_on(unit)}" for unit in units)
    yield from dict.fromkeys(f"# {note}" for unit in units for note in ffmpeg_notes(unit))
    cautions = [caution for members in _by_kind(recommendations) for caution in members[0].cautions]
    yield from dict.fromkeys(f"# Caution: {wording.plain(caution.text)}" for caution in cautions)


def _other(other: Recommendation) -> str:
    label = wording.plain(other.section_label)
    option = f"--input {shlex.quote(wording.plain(other.input))}"
    return f"{label}: {recommendation_text.setting_with_rate(other.best)}; `{option}` gives its code"


def ffmpeg_notes(unit: Unit) -> list[str]:
    """Say that the FFmpeg that was measured is one that only featray's processes find, where py-feat decodes with it.

    A class of your own may decode with anything, or with nothing.
    """
    cell = unit_cell.of_unit(unit)
    is_pyfeat = cell is not None and cell.detector.is_pyfeat
    of_package = is_pyfeat and unit.is_video and unit.row.ffmpeg is not None and unit.row.ffmpeg.endswith("(pyav)")
    note = (
        "Measured with the FFmpeg of the package av, which only featray's processes find: install FFmpeg to run this."
    )
    return [note] if of_package else []


def _measured_on(unit: Unit) -> str:
    place = f"Measured on {wording.plain(unit.target.place)}"
    if unit.row.gpus:
        uuids = wording.listed(map(wording.plain, unit.row.gpus), limit=None)
        return f"{place}; to choose each GPU in turn, set CUDA_VISIBLE_DEVICES to one of {uuids}"
    uuid = unit.row.gpu_uuid
    return f"{place}; to choose this GPU, set CUDA_VISIBLE_DEVICES={wording.plain(uuid)}" if uuid else place


def _setup(recommendation: Recommendation) -> str:
    """Write everything before the calls: variables, import, detector."""
    return "\n".join(setup_lines(recommendation.best.unit))


def setup_lines(unit: Unit, *, is_one_of_several: bool = False) -> Iterator[str]:
    """Write the variables, the import and the detector of a unit, or a comment that says why they are unknown.

    Args:
        unit: The unit.
        is_one_of_several: Each process has code of its own; otherwise a comment says how often to start it.
    """
    cell = unit_cell.of_unit(unit)
    if cell is None:
        yield f"# only the name of detector {wording.plain(unit.row.detector)!r} is known"
        return
    module, _, name = cell.detector.class_name.rpartition(":")
    if not _is_importable(module, name):
        yield f"# class {wording.plain(cell.detector.class_name)!r} cannot be imported by name"
        return
    if cell.requirements:
        yield f"# Installed: {wording.plain(', '.join(cell.requirements))}"
    if unit.workers > 1 and not is_one_of_several:
        where = f" on {unit.gpus} GPUs at once" if unit.gpus > 1 else " side by side"
        each = f", {unit.processes} on each GPU" if unit.gpus > 1 else ""
        yield f"# Measured with {unit.workers} processes{where}: start this {unit.workers} times{each},"
        yield "# each with its share of the films."
    yield from _variables(unit)
    import_ = f"from {module or _MODULES.get(name, _PACKAGE)} import {name}"
    if cell.detector.is_pyfeat:
        yield from [import_, ""]
        yield from call(f"detector = {name}(", {**cell.detector.keywords, "device": str(cell.device)})
        return
    yield from ["import inspect", "", import_, "", *script_parts.TAKES_DEVICE.splitlines(), "", ""]
    device = {"device": str(cell.device)}
    place = f"**({device!r} if takes_device({name}) else {{}}),"
    yield from call(f"detector = {name}(", cell.detector.keywords, last=[place])


def _is_importable(module: str, name: str) -> bool:
    return all(part.isidentifier() and not keyword.iskeyword(part) for part in [name, *filter(None, module.split("."))])


def _variables(unit: Unit) -> Iterator[str]:
    """Set threads and the variables of the sweep; py-feat and torch read them when they are imported."""
    variables = {**(unit.variables or {}), **({THREADS: unit.threads} if unit.threads else {})}
    if variables:
        yield from ["import os", "", "# As measured. Set before the import, which reads them."]
        yield from (_variable(name, value) for name, value in variables.items())
        yield ""


def _variable(name: str, value: str) -> str:
    """Set a variable; a row has only the digest of a secret, which must not be set."""
    if secret_values.name_digests({name: value}, ()):
        return f"# os.environ[{name!r}] held a secret when this was measured"
    return f"os.environ[{name!r}] = {value!r}"


def _calls(recommendations: Sequence[Recommendation]) -> Iterator[str]:
    for members in _by_kind(recommendations):
        cell = unit_cell.of_unit(members[0].best.unit)
        if cell is not None and _is_importable(*cell.detector.class_name.rpartition(":")[::2]):
            yield ""
            yield from _detect(cell)


def _detect(cell: Cell) -> Iterator[str]:
    """Define the paths, and detect in them."""
    is_video = cell.input.kind == inputs.VIDEO
    paths = list(cell.input.paths) or (["video.mp4"] if is_video else ["image.jpg"])
    arguments = call_arguments(cell, is_video=is_video)
    if cell.detector.call.get("data_type") == detect_call.TENSOR:
        yield "# Measured without decoding: all frames were decoded before the first call."
    if not is_video:
        yield f"images = {paths!r}  # paths of your images"
        yield from call("faces = detector.detect(", arguments, ["images,"])
        return
    yield f"videos = {paths!r}  # paths of your clips"
    yield "for video in videos:"
    yield from (f"    {line}" for line in call("faces = detector.detect(", arguments, ["video,"]))


def call_arguments(cell: Cell, *, is_video: bool) -> dict[str, Any]:
    """Give the keywords of `detect()` with which a cell was measured, without those that only measuring needs.

    A class that is not py-feat's gets all that it was measured with: it may have no defaults.
    """
    is_own = not cell.detector.is_pyfeat
    return {
        "data_type": "video" if is_video else "image",
        "batch_size": cell.batch_size,
        "num_workers": cell.num_workers,
        **({"skip_frames": cell.input.skip_frames} if cell.input.skip_frames or is_own else {}),
        **({"output_size": cell.input.output_size} if cell.input.output_size or is_own else {}),
        **({"progress_bar": False} if is_own else {}),
        **{name: value for name, value in cell.detector.call.items() if name not in ("data_type", "save")},
    }


def call(head: str, keywords: Mapping[str, Any], first: Iterable[str] = (), last: Iterable[str] = ()) -> list[str]:
    """Write a call on several lines; keywords that Python cannot name are unpacked from a dictionary."""
    named = {key: value for key, value in keywords.items() if key.isidentifier() and not keyword.iskeyword(key)}
    other = {key: value for key, value in keywords.items() if key not in named}
    lines = [*first, *(f"{key}={value!r}," for key, value in named.items()), *([f"**{other!r},"] if other else [])]
    return [head, *(f"    {line}" for line in [*lines, *last]), ")"]
