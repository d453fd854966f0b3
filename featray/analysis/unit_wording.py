"""Unit wording: what sentences call a unit, its detector, input, speed and status. Pure.

`core.wording` writes the figures.
"""

from featray.analysis.unit import Unit
from featray.core import detectors, wording
from featray.core.row import NO_TARGET, Row
from featray.core.status import Status
from featray.core.wording import milliseconds, short


def detector(row: Row) -> str:
    """Name a detector as py-feat's reports do."""
    entry = detectors.CATALOGUE.get(row.detector)
    return short((row.printed or {}).get("config") or (entry.heading if entry else row.detector))


def clip(row: Row) -> str:
    """Name an input as py-feat's reports do, without the number of faces."""
    return short(row.section_label.partition(" = ")[0])


def detector_and_clip(row: Row) -> str:
    """Name a detector and an input: `retinaface, short (72 frames)`."""
    return f"{detector(row)}, {clip(row)}"


def unit(unit: Unit, *, with_host: bool = False) -> str:
    """Name a unit: `retinaface, short (72 frames), b=16, RTX 3090`, or `RTX 3090 of box` at its end."""
    row = unit.row
    parts = [detector_and_clip(row), *short_settings(unit)]
    parts += [short(row.environment)] if row.environment else []
    parts += [place(unit, with_host=with_host)] if row.target_id != NO_TARGET else []
    return ", ".join(parts)


def place(unit: Unit, *, with_host: bool = False) -> str:
    """Name where a unit was measured: `RTX 3090`, `RTX 3090 of box`, or `RTX 3090 in run quickstart-1`."""
    return f"{unit.target.place if with_host else unit.target.name}{in_run(unit)}"


def in_run(unit: Unit) -> str:
    """Name the run, as ` in run quickstart-1`, where several runs measured on the target; empty where one did."""
    return f" in run {wording.shortened(unit.row.run_id)}" if unit.names_run else ""


def short_settings(unit: Unit) -> list[str]:
    """List what was set in few letters: `b=16`, `t=4`, `p=2`."""
    row = unit.row
    parts = [f"b={row.batch_size}"]
    parts += [f"w={row.num_workers}"] if row.num_workers else []
    parts += [f"t={unit.asked_threads}"] if unit.asked_threads else []
    parts += [f"p={unit.processes}"] if unit.processes > 1 else []
    parts += ["all GPUs"] if unit.is_whole and unit.gpus == 1 else []  # else the name of the target says so
    return parts + [short(f"{name}={value}") for name, value in (unit.variables or {}).items()]


def settings(unit: Unit) -> list[str]:
    """List what was set, without the environment: `batch 16`, `2 workers`, `4 threads`."""
    row, number = unit.row, unit.threads
    parts = [f"batch {row.batch_size}"]
    parts += [wording.count(row.num_workers, "worker")] if row.num_workers else []
    parts += [f"{wording.plain(number)} threads"] if number not in (None, "1") else []
    under_mps, where = " under MPS" if row.mps_daemon else "", "per GPU" if unit.gpus > 1 else "side by side"
    parts += [f"{unit.processes} processes {where}{under_mps}"] if unit.processes > 1 else []
    parts += [wording.short(f"{key}={value}") for key, value in (unit.variables or {}).items()]
    return parts


def rate(unit: Unit) -> str:
    """Write the throughput of a measured unit with a known number of frames: `134.0 fps`, `51.5 images/s`."""
    return f"{wording.rate(unit.throughput_hz)} {'fps' if unit.is_video else 'images/s'}"


def detector_speed(unit: Unit) -> str:
    """Write a detector with its throughput: `img2pose 29.0 fps (b=16)`."""
    return f"{detector(unit.row)} {rate(unit)} (b={unit.row.batch_size}{in_run(unit)})"


def per_frame(*units: Unit) -> str:
    """Write times per frame side by side: `94.0 against 19.4 ms/image`."""
    values = " against ".join(wording.ABSENT if unit.frame_s is None else milliseconds(unit.frame_s) for unit in units)
    return f"{values} ms/{'frame' if units[0].is_video else 'image'}"


def status_name(row: Row) -> str:
    """Name the status of a row without a time."""
    return str(row.status) if row.status != Status.OK else "ok without a time"


def status(row: Row, length: int | None = None) -> str:
    """Write why a row has no time: its status and reason, `oom: CUDA out of memory`.

    Args:
        row: Without a time.
        length: Characters of the whole text at most; None for as many as there are.
    """
    text = wording.plain(f"{status_name(row)}: {row.reason}" if row.reason else status_name(row))
    return text if length is None else wording.shortened(text, length)
