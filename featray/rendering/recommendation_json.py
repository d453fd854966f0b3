"""Recommendation JSON: a recommendation for scripts, with everything that the text shows.

Flow: `recommendation.Recommendation` -> `render` -> `featray recommend --json`. Pure. SI units, absent is null.
docs/recommend.md lists the keys with `KEYS`, `SETTING_KEYS` and the others below.
"""

import collections
from collections.abc import Iterable, Mapping
from typing import Any

from featray.analysis import energy, prices, unit_cell
from featray.analysis.advice import objectives, settings, speeds
from featray.analysis.advice.candidates import Candidate
from featray.analysis.advice.objectives import Tradeoff
from featray.analysis.advice.recommendation import Recommendation
from featray.analysis.advice.settings import Setting
from featray.analysis.comparison import Pair
from featray.analysis.scaling import GpuScaling
from featray.analysis.unit import Unit
from featray.core import json_text
from featray.rendering import unit_fields

KEYS: Mapping[str, str] = {
    "input": "input's name in the sweep",
    "section": "heading of the input's section in reports",
    "best": "the recommended setting",
    "runners_up": "settings of other detectors, targets and configurations, the most trusted and fastest first",
    "failed": "settings of these detectors and targets that failed",
    "older": "settings of these detectors and targets that were measured before a change",
    "cautions": "sentences on what makes the figures doubtful",
    "too_few": "settings of the best's detector and target that do not count: they have fewer than 3 invocations",
    "gpu_scaling": "the best setting on all GPUs of its host against one of them alone; null if not measured",
    "tradeoffs": "settings of the best's detector and target that no other one beats in everything, the smallest first",
}
"""Of each recommendation."""

SETTING_KEYS: Mapping[str, str] = {
    "detector": "detector's name in the sweep",
    "class": "class of py-feat, or package.module:Class; null if only the name is known",
    "keywords": "keywords of the class; null if only the name is known",
    "call": "keywords of detect() that the sweep set; null if only the name is known",
    "batch_size": "frames per batch",
    "num_workers": "DataLoader workers",
    "threads": "OMP_NUM_THREADS as text; null if unknown",
    "processes": "processes that ran side by side, on each GPU; speed and memory are those of all together",
    "mps_daemon": "true: they shared the GPU through NVIDIA's MPS; null for one process",
    "env": "environment variables that the sweep set, without threads; null if unknown",
    "device": "cpu, cuda or mps",
    "environment": "named environment; null is the host's own",
    "requirements": "what the environment installs",
    "host": "host name",
    "gpu_name": "GPU model; null on a CPU",
    "gpu_uuid": "GPU UUID; null on a CPU, and for several GPUs",
    "gpus": "UUID -> model of all GPUs that worked at the same time; null on one target",
    "target_id": "GPU UUID, or cpu@HOST_ID, or mps@HOST_ID, or all-DIGEST@HOST_ID for several GPUs",
    "weights": "pretrained or synthetic",
    "protocol": "featray, or pyfeat: one warm-up call and one timed call",
    "imported": "true: from a report, so that the exact settings are unknown",
    "frames_per_s": "speed on this input: at the end of sustained runs where there are some, else of repeated calls",
    "frames_per_s_low": "lower end of its 95% interval; null below 3 invocations",
    "frames_per_s_high": "upper end of its 95% interval; null below 3 invocations",
    "calls_frames_per_s": "speed of the repeated calls",
    "sustained_frames_per_s": "speed to plan with: of sustained runs, else on the longest clip; null for images",
    "sustained_basis": "what sustained_frames_per_s comes from: sustained run, or the section of a clip",
    "sustained_decay": "share of the first 10 s' speed that is lost by the last 10 s of a run; null without one",
    "memory_b": "peak memory on the device, in bytes; null if unknown",
    "memory_scope": "own: all of the process; torch: without the driver's part; shared: perhaps with other processes",
    "energy_per_frame_j": "joules of the device per frame; null if not measured",
    "cost_per_1000_hours": "cost of 1000 hours of film of 25 fps, every frame analysed, in the currency of the cluster "
    "file; null without a price",
    "tied_batch_sizes": "batch sizes that are equally good, this one included",
    "fastest": "the fastest of the settings that are equally good",
    "equally_good": "the other settings that are equally good, each with its verdict against the fastest",
    "against_best": "how it compares with the recommended setting; null for that one",
    "failures": "status -> invocations that failed so",
    "older": "changes of the software or the machine since it was measured",
    "invocations": "fresh processes with a time",
    "measured_at": "UTC, ISO 8601: start of the last of them",
    "run_id": "run that measured it; the latest where several did",
    "run_ids": "runs whose times count in frames_per_s: run_id, then earlier ones",
    "cell_id": "its cell",
    "command": "command that measures it again; null for an import",
}
"""Of the recommended setting and of each runner-up."""

CANDIDATE_KEYS: Mapping[str, str] = {
    key: SETTING_KEYS[key]
    for key in (
        "detector",
        "target_id",
        "batch_size",
        "num_workers",
        "threads",
        "processes",
        "mps_daemon",
        "env",
        "failures",
        "older",
        "invocations",
        "measured_at",
    )
} | {
    "frames_per_s": "speed of the repeated calls; null without a time",
    "reason": "the first message of a failure; null without one",
    **{key: SETTING_KEYS[key] for key in ("run_id", "run_ids", "cell_id")},
}
"""Of each entry of `failed` and of the recommendation's `older`."""

TRADEOFF_KEYS: Mapping[str, str] = {
    **{key: SETTING_KEYS[key] for key in ("batch_size", "num_workers", "threads", "processes", "mps_daemon", "env")},
    "frames_per_s": SETTING_KEYS["frames_per_s"],
    "run_ids": SETTING_KEYS["run_ids"],
    "batch_s": "seconds of a full batch: its frames times the time per frame",
    "batch_frames": "frames of that batch: the batch size, or all frames of a shorter input",
    "memory_b": SETTING_KEYS["memory_b"],
    "energy_per_frame_j": SETTING_KEYS["energy_per_frame_j"],
    "drift": "how far the results lie from those of the plainest setting, over the tolerance; null if unknown",
}
"""Of each entry of `tradeoffs`."""

VERDICT_KEYS: Mapping[str, str] = {
    "batch_size": "of the setting that is compared",
    "num_workers": "of the setting that is compared",
    "threads": "of the setting that is compared",
    "processes": "of the setting that is compared",
    "mps_daemon": "of the setting that is compared",
    "env": "of the setting that is compared",
    "verdict": "FASTER, SLOWER, EQUIVALENT, INCONCLUSIVE or NOT COMPARABLE",
    "dagger": "true: the difference may be chance, given how many were looked at; it counts as not decided",
    "speed_ratio": "its speed over that of the other; null unless the verdict is decided",
    "reasons": "why it is INCONCLUSIVE or NOT COMPARABLE",
    "differs": "what else differs, such as the torch stack, so that the ratio is not due to the setting alone",
}
"""Of `against_best` and of each entry of `equally_good`."""


def render(recommendations: Iterable[Recommendation]) -> str:
    """Write recommendations as JSON."""
    value = [
        {
            "input": recommendation.input,
            "section": recommendation.section_label,
            "best": setting_record(recommendation.best),
            "runners_up": [setting_record(setting) for setting in recommendation.runners_up],
            "failed": [_candidate(candidate) for candidate in recommendation.failed],
            "older": [_candidate(candidate) for candidate in recommendation.older],
            "cautions": [str(caution) for caution in recommendation.cautions],
            "too_few": [_candidate(candidate) for candidate in recommendation.too_few],
            "gpu_scaling": _scaling(recommendation.scaling),
            "tradeoffs": [_tradeoff(tradeoff) for tradeoff in recommendation.tradeoffs],
        }
        for recommendation in recommendations
    ]
    return json_text.write(value)


SCALING_KEYS: Mapping[str, str] = {
    "gpus": "GPUs that worked at the same time",
    "speed_ratio": "their speed over that of one GPU alone; null if they did other work",
    "speed_ratio_low": "lower end of its 95% interval; null below 3 invocations",
    "speed_ratio_high": "upper end of its 95% interval; null below 3 invocations",
    "share_of_sum": "their speed over the sum of their speeds alone; null unless each did the same work alone",
    "verdict": "FASTER, SLOWER, EQUIVALENT, INCONCLUSIVE or NOT COMPARABLE",
    "decided": "true: the verdict can be relied on",
    "alone": "target_id of each GPU that was measured alone, the fastest first",
    "one": "target_id of each GPU whose average stands for one GPU: all of the fastest model",
}
"""Of `gpu_scaling`."""


def _scaling(scaling: GpuScaling | None) -> dict[str, Any] | None:
    if scaling is None:
        return None
    low, high = scaling.interval or (None, None)
    return {
        "gpus": scaling.whole.gpus,
        "speed_ratio": scaling.times,
        "speed_ratio_low": low,
        "speed_ratio_high": high,
        "share_of_sum": scaling.share,
        "verdict": str(scaling.pair.verdict),
        "decided": scaling.pair.is_decided,
        "alone": [unit.row.target_id for unit in scaling.alone],
        "one": [unit.row.target_id for unit in scaling.one],
    }


def setting_record(setting: Setting) -> dict[str, Any]:
    """Write a setting as plain values, with `SETTING_KEYS`."""
    unit, row = setting.unit, setting.unit.row
    cell = unit_cell.of_unit(unit)
    return {
        "detector": row.detector,
        "class": cell.detector.class_name if cell else None,
        "keywords": dict(cell.detector.keywords) if cell else None,
        "call": dict(cell.detector.call) if cell else None,
        **_settings(unit),
        "device": row.device,
        "environment": row.environment,
        "requirements": list(cell.requirements) if cell else [],
        "host": row.hostname,
        "gpu_name": row.gpu_name,
        "gpu_uuid": row.gpu_uuid,
        "gpus": dict(row.gpus) if row.gpus else None,
        "target_id": row.target_id,
        "weights": row.weights,
        "protocol": row.protocol,
        "imported": unit.is_imported,
        "frames_per_s": setting.frames_per_s,
        "frames_per_s_low": setting.low,
        "frames_per_s_high": setting.high,
        "calls_frames_per_s": speeds.of_calls(unit).hz,
        "sustained_frames_per_s": setting.sustained_hz,
        "sustained_basis": setting.sustained_basis,
        "sustained_decay": setting.speed.decay,
        "memory_b": setting.memory.size_b if setting.memory else None,
        "memory_scope": str(setting.memory.scope) if setting.memory else None,
        "energy_per_frame_j": energy.frame_j(unit),
        "cost_per_1000_hours": prices.film_cost(unit, setting.sustained_hz),
        "tied_batch_sizes": list(setting.tied),
        "fastest": _settings(setting.fastest),
        "equally_good": [_verdict(pair) for pair in setting.equals],
        "against_best": _verdict(setting.against_best) if setting.against_best else None,
        **_history(setting.candidate),
        "run_id": row.run_id,
        "run_ids": list(setting.speed.run_ids),
        "cell_id": row.cell_id,
        "command": unit_fields.command(unit),
    }


def _tradeoff(tradeoff: Tradeoff) -> dict[str, Any]:
    return {
        **_settings(tradeoff.candidate.unit),
        "frames_per_s": tradeoff.hz,
        "run_ids": list(tradeoff.speed.run_ids),
        "batch_s": tradeoff.batch_s,
        "batch_frames": objectives.batch_frames(tradeoff.candidate.unit),
        "memory_b": tradeoff.memory_b,
        "energy_per_frame_j": tradeoff.frame_j,
        "drift": tradeoff.drift,
    }


def _settings(unit: Unit) -> dict[str, Any]:
    return {
        "batch_size": unit.row.batch_size,
        "num_workers": unit.row.num_workers,
        "threads": unit.threads,
        "processes": unit.processes,
        "mps_daemon": unit.row.mps_daemon,
        "env": None if unit.variables is None else dict(unit.variables),
    }


def _history(candidate: Candidate) -> dict[str, Any]:
    return {
        "failures": dict(collections.Counter(str(row.status) for row in candidate.failures)),
        "older": [str(change) for change in candidate.older],
        "invocations": len(candidate.unit.logs),
        "measured_at": candidate.unit.row.started_at,
    }


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "detector": candidate.unit.row.detector,
        "target_id": candidate.unit.row.target_id,
        **_settings(candidate.unit),
        **_history(candidate),
        "frames_per_s": candidate.unit.throughput_hz if candidate.is_timed else None,
        "reason": next((row.reason for row in candidate.failures if row.reason), None),
        "run_id": candidate.unit.row.run_id,
        "run_ids": list(speeds.of_calls(candidate.unit).run_ids),
        "cell_id": candidate.unit.row.cell_id,
    }


def _verdict(pair: Pair) -> dict[str, Any]:
    unit, decision = pair.candidate, pair.decision
    return {
        **_settings(unit),
        "verdict": str(pair.verdict),
        "dagger": pair.dagger,
        "speed_ratio": decision.speedup if decision and pair.is_decided else None,
        "reasons": list(pair.reasons),
        "differs": settings.confounders(pair),
    }
