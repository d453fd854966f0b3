"""Metadata: the list at the head of a report and of each block, in the order of py-feat's reports.

A label with several values lists them all: a block may hold several environments.
"""

import datetime
from collections.abc import Callable, Iterable, Sequence

from featray.analysis.units import Unit
from featray.core import wording
from featray.core.row import Row
from featray.core.targets import DEVICES

Pairs = tuple[tuple[str, str], ...]
Reader = Callable[[Row], str | None]


def date(rows: Sequence[Row]) -> str | None:
    """Say when the first row was measured: `2026-05-14 23:15:32`, in UTC; None without rows."""
    started = min((row.started_at for row in rows), default=None)
    if started is None:
        return None
    try:
        return f"{datetime.datetime.fromisoformat(started).astimezone(datetime.UTC):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return wording.plain(started)


def of_whole(found: Sequence[Unit]) -> Pairs:
    """List what a report with one block says at its head: everything."""
    return _start(found) + _pairs(found, _OBSERVED) + _grid(found) + _protocol(found)


def of_report(found: Sequence[Unit]) -> Pairs:
    """List what a report with several blocks says at its head: what is not a matter of the host."""
    return _start(found) + _grid(found) + _protocol(found)


def of_block(found: Sequence[Unit]) -> Pairs:
    """List what was observed on one block's host and device."""
    return _pairs(found, _OBSERVED)


def _start(found: Sequence[Unit]) -> Pairs:
    rows = [each.row for each in found]
    first = date([row for each in found for row in each.rows])
    head = (("Date", f"{first} UTC"),) if first else ()
    return head + _pairs(found, {"Sweep": lambda row: row.sweep, "Run": _run}) if rows else ()


def _run(row: Row) -> str | None:
    return row.run_id if row.run_id != row.sweep else None


def _pairs(found: Sequence[Unit], readers: dict[str, Reader]) -> Pairs:
    """Read each label from every unit's speaking row; a label that no row knows is left out."""
    rows = [each.row for each in found]
    gathered = ((label, _values(rows, read)) for label, read in readers.items())
    return tuple((label, value) for label, value in gathered if value)


def _values(rows: Iterable[Row], read: Reader) -> str:
    seen = dict.fromkeys(value for row in rows if (value := read(row)))
    return wording.listed(wording.shortened(value) for value in seen)


def _host(row: Row) -> str | None:
    if row.hostname is None:
        return None
    cpus = f"{row.cpu_count} CPUs" if row.cpu_count else None
    known = wording.listed(each for each in (row.arch, row.cpu_model, cpus) if each)
    return f"{row.hostname} ({known})" if known else row.hostname


def _gpu(row: Row) -> str | None:
    if row.device == "cpu" or row.gpu_name is None:
        return None
    memory = f" ({wording.size(row.gpu_memory_b)})" if row.gpu_memory_b else ""
    return f"CUDA {row.cuda}, {row.gpu_name}{memory}" if row.cuda else f"{row.gpu_name}{memory}"


_OBSERVED: dict[str, Reader] = {
    "py-feat version": lambda row: row.pyfeat,
    "Git commit": lambda row: row.pyfeat_commit,
    "Host": _host,
    "Operating system": lambda row: row.os,
    "Memory": lambda row: wording.size(row.memory_b) if row.memory_b else None,
    "Python": lambda row: row.python,
    "PyTorch": lambda row: row.torch,
    "GPU": _gpu,
    "Driver": lambda row: row.driver,
    "FFmpeg": lambda row: row.ffmpeg,
    "OMP_NUM_THREADS": lambda row: row.omp_num_threads,
}


def _grid(found: Sequence[Unit]) -> Pairs:
    rows = [each.row for each in found]
    devices = [each for each in DEVICES if any(row.device == each for row in rows)]
    swept: dict[str, Sequence[object]] = {
        "Devices swept": devices,
        "Batch sizes": sorted({row.batch_size for row in rows}),
        "DataLoader workers": sorted({row.num_workers for row in rows}),
    }
    return tuple((label, wording.listed(values)) for label, values in swept.items() if values)


def _protocol(found: Sequence[Unit]) -> Pairs:
    readers: dict[str, Reader] = {
        "Weights": lambda row: row.weights,
        "Protocol": lambda row: row.protocol,
        "Exclusive": lambda row: row.exclusive,
        "featray": lambda row: row.featray,
        "Imported from": lambda row: row.source_file,
    }
    return _pairs(found, readers)
