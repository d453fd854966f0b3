"""github-action-benchmark's `customSmallerIsBetter`: one entry per cell, target and run, with spread and verdict.

Flow: rows -> units -> `write`. Pure.
The tool draws a curve through the entries of one name, one point for each export. So a name says what was measured and
where, and stays the same from run to run. Where entries of one export would share a name, it also says what differs.

Source: the tool's README: a list of `{name, unit, value, range, extra}`, of which the last two may be left out.
"""

import collections
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from featray.analysis import units
from featray.analysis.unit import Unit, UnitKey
from featray.core import detectors, inputs
from featray.core.choices import WeightsKind
from featray.core.row import Row


def write(rows: Iterable[Row], verdicts: Mapping[UnitKey, str] | None = None) -> str:
    """Write the time of each cell on each target in each run, in ms per frame or image.

    A time is the geometric mean over invocations, as in featray's reports. `range` is half the width of the 95%
    confidence interval; fewer than 3 invocations have none. Units without a timing are left out.

    Args:
        rows: Of one run or of several.
        verdicts: (run id, cell id, target id) -> the verdict of a comparison, for `extra`.
    """
    timed = [unit for unit in units.gather(rows) if unit.call_s is not None and unit.row.frames]
    entries = [
        _entry(name, unit, (verdicts or {}).get(unit.key)) for name, unit in zip(_names(timed), timed, strict=True)
    ]
    return json.dumps(sorted(entries, key=lambda entry: entry["name"]), indent=2, ensure_ascii=False) + "\n"


def _entry(name: str, unit: Unit, verdict: str | None) -> dict[str, Any]:
    row = unit.row
    per_frame_ms = 1000 / (row.frames or 1)
    half_range_s = _half_range_s(unit)
    extra = [verdict] if verdict else []
    extra += [f"run {row.run_id}", f"invocations {len(unit.medians_s)}", f"target {row.target_id}"]
    extra += ["synthetic weights"] if row.weights == WeightsKind.SYNTHETIC else []
    return {
        "name": name,
        "unit": "ms/frame" if row.section_kind == inputs.VIDEO else "ms/img",
        "value": round((unit.call_s or 0.0) * per_frame_ms, 6),
        **({} if half_range_s is None else {"range": f"\u00b1 {half_range_s * per_frame_ms:.3g}"}),
        "extra": "\n".join(extra),
    }


def _half_range_s(unit: Unit) -> float | None:
    return (unit.interval_s[1] - unit.interval_s[0]) / 2 if unit.interval_s else None


def _names(timed: Sequence[Unit]) -> list[str]:
    """Name units: the same in every export, except where two units would share a name in this one."""
    names = [_name(unit) for unit in timed]
    for key, value in _distinctions(timed):
        shared = collections.defaultdict(list)
        for index, name in enumerate(names):
            shared[name].append(index)
        for indices in shared.values():
            if len({value(timed[index]) for index in indices}) > 1:
                for index in indices:
                    names[index] += f" {key}={value(timed[index])}"
    return names


def _name(unit: Unit) -> str:
    row = unit.row
    parts = [row.hostname, row.gpu_name, row.input, row.detector, *_changed_keywords(unit), row.device]
    parts += [f"b={row.batch_size}", f"w={row.num_workers}" if row.num_workers else None]
    parts += [f"t={unit.asked_threads}" if unit.asked_threads else None]
    parts += [f"p={unit.processes}" if unit.processes > 1 else None, "all GPUs" if unit.is_whole else None]
    parts += [row.environment]
    return " ".join(part for part in parts if part)


def _changed_keywords(unit: Unit) -> list[str]:
    """List the keywords by which a sweep's detector differs from featray's of that name."""
    detector = detectors.CATALOGUE.get(unit.row.detector)
    asked = unit.asked.get("detector", {}).get("keywords", {})
    usual = dict(detector.keywords) if detector else asked
    changed = {name: value for name, value in asked.items() if usual.get(name, ...) != value}
    changed |= unit.asked.get("detector", {}).get("call", {})
    return [f"{name}={_text(value)}" for name, value in sorted(changed.items())]


def _distinctions(timed: Iterable[Unit]) -> list[tuple[str, Callable[[Unit], str]]]:
    """List values that can differ between units of one name, with their names; those that say most come first."""
    asked = sorted({name for unit in timed for name in _asked(unit)})

    def value_of(name: str) -> Callable[[Unit], str]:
        return lambda unit: _text(_asked(unit).get(name))

    return [
        *((name, value_of(name)) for name in asked),
        ("target", lambda unit: unit.row.target_id),
        ("run", lambda unit: unit.row.run_id),
        ("cell", lambda unit: unit.row.cell_id),
    ]


def _asked(unit: Unit) -> dict[str, Any]:
    """Flatten what was asked for into one mapping, with the detector's keywords under their own names."""
    flat = {name: value for name, value in unit.asked.items() if name not in ("detector", "input", "environment")}
    detector, clip = unit.asked.get("detector", {}), unit.asked.get("input", {})
    flat |= {
        f"detector {name}": value for name, value in detector.items() if name not in ("name", "heading", "keywords")
    }
    return flat | {f"input {name}": value for name, value in clip.items()} | dict(detector.get("keywords", {}))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
