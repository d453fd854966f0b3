"""Estimate JSON: an estimate as JSON for scripts, under documented keys, in SI units.

Flow: `ArchiveEstimate` -> `render` -> `featray estimate --json`. Pure. docs/estimate.md lists the keys.
"""

from collections.abc import Mapping
from typing import Any

from featray.analysis.advice import objectives
from featray.analysis.estimate.archive import ArchiveEstimate
from featray.analysis.estimate.worker_share import WorkerShare
from featray.core import json_text
from featray.rendering import recommendation_json

KEYS: Mapping[str, str] = {
    "films": "number of films",
    "frames": "frames of all films",
    "duration_s": "seconds of film",
    "faces_per_frame": "mean faces per frame that was asked for; null if unknown",
    "films_without_faces": "films whose faces per frame are unknown, while those of others are known",
    "time_s": "seconds until the last worker ends",
    "time_s_low": "lower bound of time_s (95%)",
    "time_s_high": "upper bound of time_s (95%)",
    "bound_s": "seconds before which no plan of whole films ends",
    "energy_j": "energy of the devices, idle power included; null if a worker's is unknown",
    "cost": "price of the hosts until each ends, in the currency of the cluster file; null if a price is unknown",
    "cost_low": "lower bound of cost (95%)",
    "cost_high": "upper bound of cost (95%)",
    "deadline_met": "true above the interval, false below, null within it or not asked",
    "budget_met": "true above the interval, false below, null within it, not asked or unknown",
    "max_latency_s": "longest time of a batch that was asked for; null if none was",
    "cut": "piece_s, seconds of film, and time_s when longer films are cut into such pieces; null if not worth it",
    "workers": "the plan: what each worker does",
    "alone": "each target with all films alone, the fastest first; the keys are those of workers",
    "unmeasured_hosts": "hosts of the cluster file without measured rows",
    "unused": "targets that the plan leaves idle, with the reason",
    "measured_together": "sentences: GPUs of one host whose speed at the same time was measured",
    "extrapolations": "assumption, and the measurement that would replace it",
    "cautions": "sentences on what makes the figures doubtful",
}

WORKER_KEYS: Mapping[str, str] = {
    "host_id": "id of the host",
    "films": "number of films",
    "paths": "their paths, the longest first; empty where only hours are known, and under alone",
    "frames": "frames of these films",
    "time_s": "seconds until it ends, start included",
    "time_s_low": "lower bound of time_s (95%)",
    "time_s_high": "upper bound of time_s (95%)",
    "process": "which of several processes at the same time it is, from 1; null if it is alone, and under alone",
    "gpu_uuid": "UUID of its GPU; null on a CPU, and for several GPUs under alone",
    "planned_frames_per_s": "speed on this footage",
    "batch_s": "seconds of a full batch on the measured clip: its frames times the time per frame",
    "start_s": "seconds from the start of the process to its first usual call; null if not measured",
    "peak_memory_b": "peak memory on the device, in a call on the measured clip; null if unknown",
    "peak_memory_is_bound": "true: peak_memory_b is that of the fullest of several GPUs, its own is not known",
    "energy_j": "energy of its device, idle power included; null if not measured",
    "energy_per_frame_j": "joules per frame; null if not measured",
    "energy_per_face_j": "joules per face of the measured clip; null if not measured",
    "price_per_hour": "of its host; null if unknown",
    "cost": "its part of its host's cost, in proportion to time_s, so that workers add up to cost; null if unknown",
    "setting": "the setting, with the keys of `featray recommend --json`",
}


def render(estimate: ArchiveEstimate) -> str:
    """Write an estimate as JSON."""
    return json_text.write(record(estimate))


def record(estimate: ArchiveEstimate) -> dict[str, Any]:
    """Write an estimate as plain values, with `KEYS`."""
    footage, (low_s, high_s) = estimate.footage, estimate.interval_s
    return {
        "films": len(footage.films),
        "frames": footage.frames,
        "duration_s": footage.duration_s,
        "faces_per_frame": footage.faces_per_frame,
        "films_without_faces": footage.films_without_faces,
        "time_s": estimate.time_s,
        "time_s_low": low_s,
        "time_s_high": high_s,
        "bound_s": estimate.bound_s,
        "energy_j": estimate.energy_j,
        "cost": estimate.cost,
        "cost_low": estimate.cost_low,
        "cost_high": estimate.cost_high,
        "deadline_met": estimate.deadline_met,
        "budget_met": estimate.budget_met,
        "max_latency_s": estimate.terms.constraints.max_latency_s,
        "cut": estimate.cut and {"piece_s": estimate.cut.piece_s, "time_s": estimate.cut.time_s},
        "workers": [{**worker(share), "paths": _paths(share, estimate)} for share in estimate.shares],
        "alone": [worker(share) for share in estimate.alone],
        "unmeasured_hosts": list(estimate.unmeasured),
        "unused": list(estimate.unused),
        "measured_together": list(estimate.measured_together),
        "extrapolations": [
            {"assumption": found.assumption, "remedy": found.remedy} for found in estimate.extrapolations
        ],
        "cautions": list(estimate.cautions),
    }


def _paths(share: WorkerShare, estimate: ArchiveEstimate) -> list[str]:
    paths = [estimate.footage.films[film].path for film in share.films]
    return [path for path in paths if path is not None]


def worker(share: WorkerShare) -> dict[str, Any]:
    """Write one worker as plain values, with `WORKER_KEYS`; its paths are left to the plan."""
    forecast, (low_s, high_s) = share.forecast, share.interval_s
    return {
        "host_id": forecast.unit.target.host_id,
        "films": len(share.films),
        "paths": [],
        "frames": share.frames,
        "time_s": share.time_s,
        "time_s_low": low_s,
        "time_s_high": high_s,
        "process": share.process,
        "gpu_uuid": share.gpu_uuid,
        "planned_frames_per_s": share.hz,
        "batch_s": objectives.batch_s(forecast.unit),
        "start_s": forecast.start_s,
        "peak_memory_b": share.memory_b,
        "peak_memory_is_bound": share.is_memory_a_bound,
        "energy_j": share.energy_j,
        "energy_per_frame_j": forecast.frame_j,
        "energy_per_face_j": forecast.face_j,
        "price_per_hour": share.price_per_hour,
        "cost": share.cost,
        "setting": recommendation_json.setting_record(forecast.setting),
    }
