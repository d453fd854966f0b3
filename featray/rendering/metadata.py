"""Metadata: the list at the head of a report and of each block, with the labels and the order of py-feat's reports.

A label with several values lists them all: a block may hold several environments. Names stand as they were observed,
a GPU's in full, with its edition.
"""

import collections
import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence

from featray.analysis.unit import Unit
from featray.core import report_order, targets, wording
from featray.core.choices import Device
from featray.core.row import Row
from featray.core.targets import short_models
from featray.rendering import environments_text
from featray.rendering.columns import EACH

Labelled = tuple[tuple[str, str], ...]
"""(label, value) in the order in which they are shown."""

Reader = Callable[[Row], str | None]


def date(rows: Iterable[Row]) -> str | None:
    """Write when the first row was measured: `2026-05-14 23:15:32`, in UTC; None without rows."""
    started = min((row.started_at for row in rows), default=None)
    if started is None:
        return None
    try:
        return f"{datetime.datetime.fromisoformat(started).astimezone(datetime.UTC):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return wording.plain(started)


def of_whole(units: Sequence[Unit]) -> Labelled:
    """List everything, for a report with one block."""
    return _campaign(units) + of_block(units) + _grid(units) + _environments(units) + _protocol(units)


def of_report(units: Sequence[Unit]) -> Labelled:
    """List what does not depend on the host, for the head of a report with several blocks."""
    return _campaign(units) + _grid(units) + _environments(units) + _protocol(units)


def of_block(units: Sequence[Unit]) -> Labelled:
    """List what was observed on one block's host and device."""
    return _read(units, _OBSERVED)


def _campaign(units: Sequence[Unit]) -> Labelled:
    first = date(row for unit in units for row in unit.rows)
    when = (("Date", f"{first} UTC"),) if first else ()
    return when + _read(units, {"Sweep": lambda row: row.sweep, "Run": _run})


def _run(row: Row) -> str | None:
    return row.run_id if row.run_id != row.sweep else None


def _read(units: Sequence[Unit], readers: Mapping[str, Reader]) -> Labelled:
    """Read each label from the measured rows of every unit; a label without any value is left out.

    A setting of the machine that changed while a unit was measured has all its values.
    """
    values = ((label, _values(units, read)) for label, read in readers.items())
    return tuple((label, value) for label, value in values if value)


def _values(units: Iterable[Unit], read: Reader) -> str:
    read_of = [[read(row) for row in unit.measured or (unit.row,)] for unit in units]
    values = dict.fromkeys(value for of_unit in read_of for value in of_unit if value)
    changed = [of_unit for of_unit in read_of if any(of_unit) and not all(of_unit)]
    without = sum(value is None for of_unit in changed for value in of_unit)
    remark = f" (not in {without} of {wording.count(sum(map(len, changed)), 'invocation')})" if changed else ""
    return wording.listed(map(wording.shortened, values)) + remark


def _host(row: Row) -> str | None:
    if row.hostname is None:
        return None
    cpus = f"{row.cpu_count} CPUs" if row.cpu_count else None
    machine = wording.listed(part for part in (row.arch, row.cpu_model, cpus) if part)
    return f"{row.hostname} ({machine})" if machine else row.hostname


def _gpu(row: Row) -> str | None:
    if row.device == Device.CPU or row.gpu_name is None:
        return None
    memory = f" ({wording.size(row.gpu_memory_b)})" if row.gpu_memory_b and not row.gpus else ""
    name = _models(row.gpus) if row.gpus else f"{row.gpu_name}{memory}"
    return f"CUDA {row.cuda}, {name}" if row.cuda else name


def _models(gpus: Mapping[str, str]) -> str:
    """Count the models of several GPUs: `2 x RTX 3090 + L4`. In full they would be too long for a line."""
    names = short_models(gpus.values())
    counts = collections.Counter(names[model] for model in gpus.values())
    return " + ".join(f"{count} x {name}" if count > 1 else name for name, count in counts.items())


def _gpus(row: Row) -> str | None:
    """Name several GPUs that work at the same time by parts of their UUIDs that tell them apart."""
    return wording.listed(targets.short_ids(row.gpus or ()).values(), limit=None) or None


def _cpu_settings(row: Row) -> str | None:
    turbo = {True: "turbo on", False: "turbo off", None: None}[row.cpu_turbo]
    governor = f"governor {row.cpu_governor}" if row.cpu_governor else None
    quota = f"quota of {row.cpu_quota:g} CPUs" if row.cpu_quota else None
    return wording.listed(part for part in (governor, turbo, quota) if part) or None


def _tf32(row: Row) -> str | None:
    """Say where TF32 is allowed; it is a number format of NVIDIA GPUs only."""
    if row.tf32_matmul is None and row.tf32_cudnn is None:
        return None
    places = {"matrix products": row.tf32_matmul, "convolutions": row.tf32_cudnn}
    allowed = " and ".join(place for place, is_allowed in places.items() if is_allowed)
    return f"in {allowed}" if allowed else "off"


def _matmul_precision(row: Row) -> str | None:
    """Give torch's precision of float32 matrix products, unless it is the default of a device without TF32."""
    return row.matmul_precision if row.tf32_matmul is not None or row.matmul_precision != "highest" else None


_OBSERVED: Mapping[str, Reader] = {
    "py-feat version": lambda row: row.pyfeat,
    "Git commit": lambda row: row.pyfeat_commit,
    "Host": _host,
    "Operating system": lambda row: row.os,
    "CPU settings": _cpu_settings,
    "Memory": lambda row: wording.size(row.memory_b) if row.memory_b else None,
    "Python": lambda row: row.python,
    "PyTorch": lambda row: row.torch,
    "TF32": _tf32,
    "Matmul precision": _matmul_precision,
    "GPU": _gpu,
    "At the same time": _gpus,
    "GPU power limit": lambda row: f"{row.power_limit_w:.0f} W" if row.power_limit_w is not None else None,
    "Driver": lambda row: row.driver,
    "FFmpeg": lambda row: row.ffmpeg,
    "OMP_NUM_THREADS": lambda row: row.omp_num_threads,
    "CPUs of each process": lambda row: row.pinned_cpus,
    "MPS daemon": lambda row: "on" if row.mps_daemon else None,
}


PROCESSES = f"Processes side by side (times are of all together, `{EACH}` of one)"


def _grid(units: Sequence[Unit]) -> Labelled:
    rows = [unit.row for unit in units]
    devices = sorted({row.device for row in rows}, key=report_order.device_rank)
    axes: Mapping[str, Sequence[object]] = {
        "Devices swept": devices,
        "Batch sizes": sorted({row.batch_size for row in rows}),
        "DataLoader workers": sorted({row.num_workers for row in rows}),
        "GPUs at the same time": sorted({unit.gpus for unit in units}) if any(unit.gpus > 1 for unit in units) else (),
        PROCESSES: sorted({unit.processes for unit in units}) if any(unit.processes > 1 for unit in units) else (),
        "Variables of the sweep": sorted({variable for unit in units for variable in _variables(unit)}),
    }
    return tuple((label, wording.listed(values)) for label, values in axes.items() if values)


def _environments(units: Sequence[Unit]) -> Labelled:
    return tuple((f"Environment {wording.short(name)}", text) for name, text in environments_text.list_installed(units))


def _variables(unit: Unit) -> list[str]:
    """Write the environment variables that the sweep set: `NVIDIA_TF32_OVERRIDE=0`."""
    return [wording.shortened(f"{name}={value}") for name, value in (unit.variables or {}).items()]


def _protocol(units: Sequence[Unit]) -> Labelled:
    readers: Mapping[str, Reader] = {
        "Weights": lambda row: row.weights,
        "Protocol": lambda row: row.protocol,
        "Exclusive": lambda row: row.exclusive,
        "featray": lambda row: row.featray,
        "Imported from": lambda row: row.source_file,
        "Came in": lambda row: row.bundle,
        "Replayed from": lambda row: row.replayed,
    }
    return _read(units, readers)
