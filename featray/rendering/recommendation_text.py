"""Recommendation text: a recommendation as text, as JSON and as Python to paste.

Flow: `recommendation.Recommendation` -> `text`, `to_json`, `snippet` -> `featray recommend`. Pure.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from featray.analysis import unit_cell, unit_wording
from featray.analysis.advice.recommendation import Recommendation, Setting
from featray.analysis.units import Unit
from featray.core import inputs, wording
from featray.core.cell import Cell
from featray.rendering import unit_fields, unit_text

_MODULE = "feat"


def text(recommendations: Iterable[Recommendation]) -> str:
    """Write recommendations for people, one paragraph per input."""
    return "\n\n".join("\n".join(_paragraph(recommendation)) for recommendation in recommendations)


def _paragraph(recommendation: Recommendation) -> Iterator[str]:
    yield f"{wording.plain(recommendation.section_label)}: {_setting(recommendation.best)}"
    if len(recommendation.best.tied) > 1:
        yield f"  equally fast: batch {wording.listed(recommendation.best.tied)}; the smallest is recommended"
    yield from (f"  next best: {_setting(setting)}" for setting in recommendation.runners_up)
    yield from (f"  Caution: {wording.plain(caution.text)}" for caution in recommendation.cautions)


def _setting(setting: Setting) -> str:
    row, threads = setting.unit.row, setting.unit.threads
    parts = [wording.shortened(row.detector), f"batch {row.batch_size}"]
    parts += [f"{row.num_workers} workers"] if row.num_workers else []
    parts += [f"{threads} threads"] if threads not in (None, "1") else []
    parts += [f"environment {unit_text.environment(setting.unit)}"] if row.environment else []
    origin = ", imported" if setting.unit.is_imported else ""
    return f"{', '.join(parts)} on {setting.unit.target.place}: {_rate(setting)}{origin}"


def _rate(setting: Setting) -> str:
    rate = unit_wording.rate(setting.unit)
    if setting.low is None or setting.high is None:
        return rate
    return f"{rate} (95% CI {wording.rate(setting.low)} to {wording.rate(setting.high)})"


def to_json(recommendations: Iterable[Recommendation]) -> str:
    """Write recommendations as JSON, with the keys of `unit_fields` where a value is the same."""
    value = [
        {
            "input": recommendation.input,
            "section": recommendation.section_label,
            "best": _fields(recommendation.best),
            "runners_up": [_fields(setting) for setting in recommendation.runners_up],
            "cautions": [str(caution) for caution in recommendation.cautions],
        }
        for recommendation in recommendations
    ]
    return json.dumps(value, indent=2, ensure_ascii=False)


def _fields(setting: Setting) -> dict[str, Any]:
    row, cell = setting.unit.row, unit_cell.of_unit(setting.unit)
    return {
        "detector": row.detector,
        "class": cell.detector.class_name if cell else None,
        "keywords": dict(cell.detector.keywords) if cell else None,
        "batch_size": row.batch_size,
        "num_workers": row.num_workers,
        "threads": setting.unit.threads,
        "device": row.device,
        "environment": row.environment,
        "host": row.hostname,
        "gpu_name": row.gpu_name,
        "target_id": row.target_id,
        "weights": row.weights,
        "frames_per_s": setting.frames_per_s,
        "frames_per_s_low": setting.low,
        "frames_per_s_high": setting.high,
        "tied_batch_sizes": list(setting.tied),
        "invocations": len(setting.unit.logs),
        "run_id": row.run_id,
        "cell_id": row.cell_id,
        "command": unit_fields.command(setting.unit),
    }


def snippet(recommendations: Sequence[Recommendation]) -> str:
    """Write Python that detects with the recommended settings; what code cannot say is a comment."""
    return "\n\n".join("\n".join(_snippet(recommendation)) for recommendation in recommendations) + "\n"


def _snippet(recommendation: Recommendation) -> list[str]:
    setting = recommendation.best
    unit, cell = setting.unit, unit_cell.of_unit(setting.unit)
    lines = [f"# {wording.plain(recommendation.section_label)}: {_rate(setting)} on {unit.target.place}"]
    lines += [f"# Caution: {wording.plain(caution.text)}" for caution in recommendation.cautions]
    if cell is None:
        return [*lines, f"# only the name of detector {wording.plain(unit.row.detector)!r} is known"]
    module, _, name = cell.detector.class_name.rpartition(":")
    if not _is_importable(module, name):
        return [*lines, f"# class {wording.plain(cell.detector.class_name)!r} cannot be imported by name"]
    source = module or ("feat.MPDetector" if name == "MPDetector" else _MODULE)
    return [
        *lines,
        *_threads(unit),
        f"from {source} import {name}",
        "",
        *_call(f"detector = {name}(", {**cell.detector.keywords, "device": str(cell.device)}),
        *_call("faces = detector.detect(", _arguments(cell), ["inputs,  # path of a clip, or list of image paths"]),
    ]


def _is_importable(module: str, name: str) -> bool:
    return name.isidentifier() and all(part.isidentifier() for part in module.split(".") if module)


def _threads(unit: Unit) -> list[str]:
    if unit.threads in (None, "1"):
        return []
    return ["import os", "", f'os.environ["OMP_NUM_THREADS"] = {unit.threads!r}  # before py-feat is imported', ""]


def _arguments(cell: Cell) -> dict[str, Any]:
    return {
        "data_type": "video" if cell.input.kind == inputs.VIDEO else "image",
        "batch_size": cell.batch_size,
        "num_workers": cell.num_workers,
        **({"skip_frames": cell.input.skip_frames} if cell.input.skip_frames else {}),
        **({"output_size": cell.input.output_size} if cell.input.output_size else {}),
    }


def _call(head: str, keywords: Mapping[str, Any], first: Sequence[str] = ()) -> list[str]:
    named = {key: value for key, value in keywords.items() if key.isidentifier()}
    other = {key: value for key, value in keywords.items() if key not in named}
    lines = [*first, *(f"{key}={value!r}," for key, value in named.items()), *([f"**{other!r},"] if other else [])]
    return [head, *(f"    {line}" for line in lines), ")"]
