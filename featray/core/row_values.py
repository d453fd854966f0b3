"""Row values: what the columns of a row can hold, beyond their types.

Flow: `row.from_mapping` and the store's readers -> `find_fault` -> a row with a fault is set aside by name.
Standard library only, as `row`. A host that cannot tell a value stores null; what cannot be, such as a negative time,
is the trace of damage or of another program.
"""

import datetime
import functools
import json
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from featray.core import identity, inputs, wording
from featray.core.choices import Device
from featray.core.status import Status

RULES = 1
"""Raise it when a rule becomes stricter: files whose rows were found to be without a fault are then checked again."""

SHORTEST_S = 1e-9  # no clock of a host ticks faster
LONGEST_S = 1e9  # 30 years
SLOWEST_HZ = 1e-9  # a frame in 30 years
LARGEST = 1e18  # of any float: sums and squares of such numbers are still finite
INTEGERS = range(-(2**63), 2**63)  # what the store's columns can carry
FRAMES_MAX = 100_000_000  # of a call: 38 days of film; runs that claim more would fill the memory of every reader
SHOWN_LENGTH = 60  # characters of a wrong value in a message
PLAIN_LENGTH = 500  # characters of JSON that cannot be nested too deeply for Python's parser

_STATUSES, _DEVICES, _KINDS = frozenset(Status), frozenset(Device), frozenset((inputs.VIDEO, inputs.IMAGES))


def _are_times(values: list[Any]) -> bool:
    return all(value is not None and SHORTEST_S <= value <= LONGEST_S for value in values)


def _are_times_of_processes(processes: Mapping[str, Any]) -> bool:
    return all(times is not None and _are_times(times) for times in processes.values())


def _are_at_least_zero(values: Any) -> bool:
    return all(value is not None and 0 <= value <= LARGEST for value in values)


def _are_rates(values: list[Any]) -> bool:
    return all(value is not None and (value == 0 or SLOWEST_HZ <= value <= LARGEST) for value in values)


def _is_interval(values: list[Any]) -> bool:
    return len(values) == 2 and _are_at_least_zero(values) and values[0] <= values[1] and 0 < values[1] <= LONGEST_S


def _are_runs(values: list[Any]) -> bool:
    is_whole = _are_at_least_zero(values) and len(values) % 2 == 0
    return is_whole and all(length > 0 for length in values[1::2]) and sum(values[1::2]) <= FRAMES_MAX


def _are_sizes(values: Collection[Any]) -> bool:
    return all(value is not None and 0 <= value < INTEGERS.stop for value in values)


def _has_no_null(values: Collection[Any]) -> bool:
    return None not in values


@functools.lru_cache(maxsize=4096)  # rows share their texts
def _is_moment(text: str) -> bool:
    try:
        return datetime.datetime.fromisoformat(text).astimezone(datetime.UTC).year > 0 and "T" in text
    except (ValueError, OverflowError):
        return False


@functools.lru_cache(maxsize=4096)
def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except RecursionError:
        return False
    except ValueError:
        return True  # text that only looks like JSON: whoever reads it takes it as text
    return True


@functools.lru_cache(maxsize=4096)
def _is_cell(text: str) -> bool:
    """Return True for a JSON object whose parts are objects too; `cell.from_asked` checks what they hold."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    if not isinstance(value, dict):
        return False
    parts = [value.get("detector", {}), value.get("input", {})]
    mappings = [parts[0].get(name, {}) for name in ("keywords", "call")] if isinstance(parts[0], dict) else []
    return all(isinstance(part, dict) for part in (*parts, *mappings))


def _is_flat(text: str) -> bool:
    return len(text) <= PLAIN_LENGTH or _is_json(text)


_CHECKS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "status": (_STATUSES.__contains__, "a known status"),
    "device": (_DEVICES.__contains__, ", ".join(Device)),
    "section_kind": (_KINDS.__contains__, f"{inputs.VIDEO} or {inputs.IMAGES}"),
    "started_at": (_is_moment, "a moment in ISO 8601"),
    "ended_at": (_is_moment, "a moment in ISO 8601"),
    "timed_s": (_are_times, f"times from {SHORTEST_S:g} to {LONGEST_S:g} s"),
    "warmup_s": (_are_times, f"times from {SHORTEST_S:g} to {LONGEST_S:g} s"),
    "process_timed_s": (_are_times_of_processes, f"times from {SHORTEST_S:g} to {LONGEST_S:g} s"),
    "sustained_hz": (_are_rates, f"rates of 0, or from {SLOWEST_HZ:g} to {LARGEST:g} Hz"),
    "interval_s": (_is_interval, "the least and the greatest time"),
    "stages_s": (lambda stages: _are_at_least_zero(stages.values()), "times of 0 s or more"),
    "asked": (_is_cell, "a cell as a JSON object"),
    "rules": (_is_flat, "JSON that is not nested so deeply"),
    "work": (lambda work: all(text is not None and _is_flat(text) for text in work.values()), "texts of JSON"),
    "unmet_rules": (_has_no_null, "texts"),
    "throttle_reasons": (_has_no_null, "texts"),
    "output_summary": (lambda summary: _has_no_null(summary.values()), "lists of numbers"),
    "face_counts": (_are_runs, "runs of counts: pairs of whole numbers, the second above 0"),
    "printed": (lambda printed: _has_no_null(printed.values()), "texts"),
    "gpus": (lambda gpus: _has_no_null(gpus.values()), "texts"),
    "gpus_memory_reserved_peak_b": (lambda sizes: _are_sizes(sizes.values()), "bytes"),
    "gpus_memory_used_peak_b": (lambda sizes: _are_sizes(sizes.values()), "bytes"),
}
_LEAST: Mapping[str, float] = {
    "invocation": 0,
    "attempt": 0,
    "batch_size": 1,
    "num_workers": 0,
    "processes": 1,
    "import_s": 0,
    "load_s": 0,
    "first_call_s": 0,
    "calls_per_repeat": 1,
    "profiled_ratio": 0,
    "frames": 0,
    "batches": 0,
    "input_fps": SLOWEST_HZ,
    "fex_rows": 0,
    "faces": 0,
    "faces_min": 0,
    "faces_mean": 0,
    "faces_max": 0,
    "face_s": 0,
    "delay_s_per_frame": 0,
}
_MOST: Mapping[str, float] = {
    "processes": 10_000,  # a sweep's limit is far below; a newer featray may allow more
    "num_workers": 10_000,
    "batch_size": 1e9,
    "frames": 1e12,
    "calls_per_repeat": 1e12,
}
"""Counts that times are multiplied or divided by."""
COLUMNS = (*_CHECKS, *_LEAST)
"""The columns that have a rule."""


def is_possible(name: str, value: Any) -> bool:
    """Return True for a value that a column may hold by itself."""
    if name in _CHECKS and not _CHECKS[name][0](value):
        return False
    return name not in _LEAST or _LEAST[name] <= value <= _MOST.get(name, LARGEST * 10)


def find_fault(record: Mapping[str, Any], *, is_of_child: bool = False) -> str | None:
    """Say which column of a row holds what cannot be, if one does; columns that are absent or null are not checked.

    Args:
        record: Column -> value, of the column's type.
        is_of_child: One measuring process wrote it: without the times of those beside it.
    """
    for name, (is_possible, expected) in _CHECKS.items():
        value = record.get(name)
        if value is not None and not is_possible(value):
            return f"column {name}: expected {expected}, got {shown(value)}"
    for name, least in _LEAST.items():
        value, most = record.get(name), _MOST.get(name, LARGEST * 10)
        if value is not None and not least <= value <= most:
            limit = f"{least:g} to {most:g}" if name in _MOST else f"{least:g} or more"
            return f"column {name}: expected {limit}, got {shown(value)}"
    if record.get("status") == Status.OK and "timed_s" in record and not record["timed_s"]:
        return f"column timed_s: expected times in a row of status ok, got {shown(record['timed_s'])}"
    return find_contradiction(record, is_of_child=is_of_child) if record.keys() >= JOINT else None


JOINT = frozenset(("status", "target_id", "processes", "gpus", "timed_s", "process_timed_s"))
"""Columns of a row of several processes or GPUs that follow from each other."""

ROUNDING = 1e-6  # share by which the same times, added up in another order or program, may differ


def find_contradiction(record: Mapping[str, Any], *, is_of_child: bool = False) -> str | None:
    """Say which column contradicts the others where several processes or GPUs worked; None where none does.

    A row without times may lack what its processes would have told.

    Args:
        record: With all columns of `JOINT`, each of which could be.
        is_of_child: As of `find_fault`.
    """
    gpus, target, is_ok = record["gpus"], record["target_id"], record["status"] == Status.OK
    if target.startswith(identity.WHOLE):
        if (gpus is not None or is_ok) and not _are_of_target(gpus, target):
            return f"column gpus: expected the GPUs of target {shown(target)}, got {shown(gpus)}"
    elif gpus is not None:
        return f"column gpus: expected null for target {shown(target)}, got {shown(gpus)}"
    return _contradiction_of_times(record) if is_ok and not is_of_child else None


def _are_of_target(gpus: Mapping[str, str] | None, target: str) -> bool:
    return gpus is not None and len(gpus) > 1 and target.startswith(f"{_name(frozenset(gpus))}@")


@functools.lru_cache(maxsize=4096)
def _name(uuids: frozenset[str]) -> str:
    return identity.of_gpus(uuids)


def _contradiction_of_times(record: Mapping[str, Any]) -> str | None:
    """Compare the times of all processes together with those of each."""
    timed_s, processes = record["timed_s"], record["process_timed_s"]
    workers = (record["processes"] or 1) * max(1, len(record["gpus"] or ()))
    if workers == 1:
        return f"column process_timed_s: expected null for one process, got {shown(processes)}" if processes else None
    if processes is None or list(processes) != [str(number) for number in range(1, workers + 1)]:
        names = None if processes is None else list(processes)
        return f"column process_timed_s: expected those of processes 1 to {workers}, got {shown(names)}"
    if not _are_together(timed_s, list(processes.values())):
        return f"column process_timed_s: expected times that add up to those of all together, got {shown(processes)}"
    return None


def _are_together(timed_s: Sequence[float], of_each: Sequence[Sequence[float]]) -> bool:
    """Return True if the calls per second of the processes are, repeat by repeat, those of all together."""
    if len(timed_s) != min(map(len, of_each)):
        return False
    sums = (sum(1 / time_s for time_s in times) for times in zip(*of_each, strict=False))
    return all(math.isclose(1, time_s * rate, rel_tol=ROUNDING) for time_s, rate in zip(timed_s, sums, strict=True))


def shown(value: object) -> str:
    """Write a value for a message: on one line, printable, and cut to a readable length."""
    return wording.shortened(ascii(value) if isinstance(value, str) else str(value), SHOWN_LENGTH)


def telemetry(value: float) -> float | None:
    """Give a number that a host observed; null for NaN and infinities, which a sensor that has no answer may give.

    Raises:
        ValueError: larger than anything that can be observed.
    """
    if -LARGEST <= value <= LARGEST:
        return value
    if value != value or value in (float("inf"), float("-inf")):
        return None
    raise ValueError(f"expected a number up to {LARGEST:g}, got {shown(value)}")
