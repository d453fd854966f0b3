"""Advice: a recommendation as text, as JSON and as Python that can be pasted."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from featray.analysis.advice.recommendation import Recommendation, Setting
from featray.core import cell, detectors, inputs, wording
from featray.core.cell import Cell
from featray.rendering import unit_records

_MODULE = "feat"


def text(found: Iterable[Recommendation]) -> str:
    """Write recommendations for people, one paragraph per input."""
    return "\n\n".join("\n".join(_paragraph(each)) for each in found)


def _paragraph(each: Recommendation) -> list[str]:
    told = [f"{wording.plain(each.section_label)}: {_setting(each.best)}"]
    if len(each.best.tied) > 1:
        told.append(f"  as good: batch {wording.listed(each.best.tied)}; the smallest is named")
    told += [f"  then: {_setting(other)}" for other in each.runners_up]
    return told + [f"  beware: {wording.plain(caution)}" for caution in each.cautions]


def _setting(setting: Setting) -> str:
    row = setting.unit.row
    parts = [row.detector, f"batch {row.batch_size}"]
    parts += [f"{row.num_workers} workers"] if row.num_workers else []
    parts += [f"{setting.unit.threads} threads"] if setting.unit.threads not in (None, "1") else []
    parts += [f"environment {wording.shortened(row.environment, 40)}"] if row.environment else []
    where = wording.shortened(row.gpu_name or row.device.upper())
    host = f" of {wording.shortened(row.hostname)}" if row.hostname else ""
    origin = ", imported" if setting.unit.is_imported else ""
    return f"{', '.join(parts)} on {where}{host}: {_rate(setting)}{origin}"


def _rate(setting: Setting) -> str:
    unit = "fps" if setting.unit.row.section_kind == inputs.VIDEO else "images/s"
    rate = f"{setting.frames_per_s:.1f} {unit}"
    if setting.low is None or setting.high is None:
        return rate
    return f"{rate} (95% CI {setting.low:.1f} to {setting.high:.1f})"


def to_json(found: Iterable[Recommendation]) -> str:
    """Write recommendations as JSON, the settings as `featray.rendering.unit_records` has them."""
    value = [
        {
            "input": each.input,
            "section": each.section_label,
            "best": _record(each.best),
            "runners_up": [_record(other) for other in each.runners_up],
            "cautions": list(each.cautions),
        }
        for each in found
    ]
    return json.dumps(value, indent=2, ensure_ascii=False)


def _record(setting: Setting) -> dict[str, Any]:
    row, asked = setting.unit.row, _cell(setting)
    return {
        "detector": row.detector,
        "class": asked.detector.class_name if asked else None,
        "keywords": dict(asked.detector.keywords) if asked else None,
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
        "command": unit_records.command(setting.unit),
    }


def _cell(setting: Setting) -> Cell | None:
    """Read the cell that was measured; of an imported row only the catalogue's detector is known."""
    row = setting.unit.row
    if row.asked is not None:
        try:
            return cell.from_asked(json.loads(row.asked))
        except ValueError:
            return None
    spec, clip = detectors.CATALOGUE.get(row.detector), inputs.CATALOGUE.get(row.input)
    if spec is None or clip is None:
        return None
    return Cell(detector=spec, input=clip, device=row.device, batch_size=row.batch_size, num_workers=row.num_workers)


def snippet(found: Sequence[Recommendation]) -> str:
    """Write Python that detects with the recommended settings; what only a comment can say is one."""
    return "\n\n".join("\n".join(_snippet(each)) for each in found) + "\n"


def _snippet(each: Recommendation) -> list[str]:
    setting = each.best
    row, asked = setting.unit.row, _cell(setting)
    where = wording.plain(f"{row.gpu_name or row.device.upper()} of {row.hostname or 'an unnamed host'}")
    lines = [f"# {wording.plain(each.section_label)}: {_rate(setting)} on {where}"]
    lines += [f"# beware: {wording.plain(caution)}" for caution in each.cautions]
    if asked is None:
        return [*lines, f"# detector {wording.plain(row.detector)!r} is known by its label only"]
    threads = setting.unit.threads
    if threads not in (None, "1"):
        lines += ["import os", "", f'os.environ["OMP_NUM_THREADS"] = {threads!r}  # before py-feat is imported', ""]
    module, _, name = asked.detector.class_name.rpartition(":")
    if not (name.isidentifier() and all(part.isidentifier() for part in module.split(".") if module)):
        return [*lines, f"# class {wording.plain(asked.detector.class_name)!r} cannot be imported by name"]
    source = module or ("feat.MPDetector" if name == "MPDetector" else _MODULE)
    kind = "video" if asked.input.kind == inputs.VIDEO else "image"
    settings: Mapping[str, Any] = {
        "data_type": kind,
        "batch_size": asked.batch_size,
        "num_workers": asked.num_workers,
        **({"skip_frames": asked.input.skip_frames} if asked.input.skip_frames else {}),
        **({"output_size": asked.input.output_size} if asked.input.output_size else {}),
    }
    return [
        *lines,
        f"from {source} import {name}",
        "",
        *_call(f"detector = {name}(", {**asked.detector.keywords, "device": asked.device}),
        *_call("faces = detector.detect(", settings, ["inputs,  # path of a clip, or a list of paths of images"]),
    ]


def _call(head: str, keywords: Mapping[str, Any], first: Sequence[str] = ()) -> list[str]:
    named = {key: value for key, value in keywords.items() if key.isidentifier()}
    other = {key: value for key, value in keywords.items() if key not in named}
    lines = [*first, *(f"{key}={value!r}," for key, value in named.items()), *([f"**{other!r},"] if other else [])]
    return [head, *(f"    {line}" for line in lines), ")"]
