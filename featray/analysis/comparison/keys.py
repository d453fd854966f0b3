"""Keys: what a comparison can vary, where a unit holds it, and which keys are one factor.

A setting is how the work is done, a work key is what is done, a factor is where and with what.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from featray.analysis.unit import Unit
from featray.core import detect_call, detectors, inputs
from featray.core.argument_names import argument
from featray.core.cell import ALL, ONE
from featray.errors import BadInput, suggest

SETTINGS = ("detector", "device", "batch_size", "num_workers", "threads", "processes", "targets", "environment")

FACTORS: Mapping[str, tuple[str, ...]] = {
    "gpu": ("gpu_uuid", "gpu_name", "gpu_memory_b", "gpus"),
    "torch": ("torch", "torchvision", "torchcodec", "cuda", "cudnn"),
    "pyfeat": ("pyfeat", "pyfeat_commit", "pyfeat_dirty"),
    "driver": ("driver",),
    "host": ("host_id", "hostname", "cpu_model", "cpu_count", "memory_b", "arch", "os"),
    "threads": ("omp_num_threads", "torch_threads"),
    "mps_daemon": ("mps_daemon",),
    "environment": ("python", "ffmpeg", "environment"),
    "measuring": ("protocol", "exclusive", "delay_s_per_frame", "calls_per_repeat"),
    "rules": ("rules",),
    "cpu_settings": (
        *("cpu_governor", "cpu_turbo", "cpu_smt", "cpu_affinity", "cpu_quota", "numa_nodes", "transparent_hugepages"),
    ),
    "gpu_settings": (
        *("power_limit_w", "sm_clock_application_hz", "gpu_persistence", "gpu_ecc", "gpu_mig"),
        *("pcie_generation", "pcie_width"),
    ),
    "torch_settings": (*("tf32_matmul", "tf32_cudnn", "cudnn_benchmark", "cudnn_deterministic", "matmul_precision"),),
}
"""Factor -> its columns. `measuring` is how featray measured: protocol, alone on the host or not, injected delay, calls
one by one or many at a time. Two rows that differ in it were not timed in the same way. `rules` is one column that
holds many; each that differs is named."""

ITEMISED = ("rules", "cpu_settings", "gpu_settings", "torch_settings")
"""Factors whose columns or rules are settings of their own, so that all that differ are named."""

CALL = tuple(detect_call.SETTINGS)
"""Factors: the keywords of `detect()` that do not change its result. They are not columns of a row."""

VARIABLES = "variables"
"""Factor: the environment variables of the sweep, one change each. They are not columns of a row."""

TITLES: Mapping[str, str] = {
    "torch": "torch stack",
    "pyfeat": "py-feat",
    "mps_daemon": "MPS daemon",
    "measuring": "way of measuring",
    "cpu_settings": "CPU settings",
    "gpu_settings": "GPU settings",
    "torch_settings": "torch settings",
}
"""Factor -> its name in sentences, where that is not its key."""

HARDWARE = ("gpu", "driver", "host")
"""Factors that belong to a machine: no sweep can change only one of them."""

ALIASES: Mapping[str, str] = {
    "batch": "batch_size",
    "workers": "num_workers",
    "env": VARIABLES,
    "mps": "mps_daemon",
    **{title: factor for factor, title in TITLES.items()},
    "omp_num_threads": "threads",
    **{column: factor for factor, columns in FACTORS.items() for column in columns if column not in SETTINGS},
    "pyfeat": "pyfeat",
    "torch": "torch",
    "driver": "driver",
}
"""Other names of a key: every column of a factor means the factor."""

INPUT_KEYS = frozenset(
    (
        *("input_sha256", "input_frames", "frame_limit", "looped_frames", "cut"),
        *("copies", "skip_frames", "output_size"),
    )
)
"""Work keys of the input; all others are the detector's."""

KIND_OF_WEIGHTS = "weights"  # pretrained or synthetic
WEIGHT_FILE = "weights "  # prefix of the work keys of single files


UNNAMED = "default"
"""Value of a keyword of `detect()` that a sweep does not name: py-feat's own."""


def title(key: str) -> str:
    """Name a key in a sentence."""
    return TITLES.get(key, key)


def resolve(over: Iterable[str], units: Sequence[Unit]) -> tuple[str, ...]:
    """Check the keys that a comparison is to vary.

    Args:
        over: Keys as written; other names of a key are accepted.
        units: Both sides; their work keys can be varied.

    Raises:
        BadInput: a key does not exist or cannot be varied; the message lists those that can.
    """
    work_keys = {key for unit in units for key in unit.row.work or {}}
    resolved = []
    for name in over:
        key = ALIASES.get(name, name)
        key = f"{detect_call.WORK}{key}" if _is_of_call(key, work_keys, units) else key
        if key in INPUT_KEYS or key in ("input", "frames", KIND_OF_WEIGHTS, "work_id"):
            raise BadInput(
                f"{argument('over', name)}: other inputs or weights are other work, which cannot be compared"
            )
        valid = [
            *dict.fromkeys((*SETTINGS, *FACTORS, VARIABLES, *CALL)),
            *sorted(work_keys - INPUT_KEYS - {KIND_OF_WEIGHTS}),
        ]
        if key not in valid:
            suggested = [other for other in valid if not other.startswith(WEIGHT_FILE)]
            raise BadInput(f"{argument('over', name)}: no such key{suggest(name, suggested)}")
        resolved.append(key)
    return tuple(dict.fromkeys(resolved))


def _is_of_call(key: str, work_keys: Collection[str], units: Iterable[Unit]) -> bool:
    """Return True for a keyword of `detect()`, unless the constructor has one of that name in which units differ."""
    if f"{detect_call.WORK}{key}" not in work_keys:
        return False
    return key not in work_keys or len({work_value(unit, key) for unit in units}) == 1


def detector_parts(over: Iterable[str]) -> list[str]:
    """List the keys that are a part of the detector, such as `au_model`: work keys, not settings or factors."""
    return [key for key in over if key not in SETTINGS and key not in FACTORS and key not in (VARIABLES, *CALL)]


def value(unit: Unit, key: str) -> str | None:
    """Read a key of a unit as text; None if the unit does not have it."""
    if key in ("threads", "processes"):
        return unit.threads if key == "threads" else str(unit.processes)
    if key == "targets":
        return ALL if unit.is_whole else str(ONE)
    if key in CALL:
        return None if unit.call_settings is None else as_json_text(unit.call_settings[key])
    if key == VARIABLES:
        return None if unit.variables is None else json.dumps(unit.variables, sort_keys=True)
    if key in ("gpu", "host"):
        return unit.row.target_id if key == "gpu" else unit.row.host_id or unit.row.hostname
    if key in ITEMISED:
        return json.dumps([getattr(unit.row, column) for column in FACTORS[key]])
    if key == "pyfeat":
        return _pyfeat(unit)
    if key in SETTINGS or key in FACTORS:
        return as_text(getattr(unit.row, FACTORS[key][0] if key in FACTORS and key not in SETTINGS else key))
    return work_value(unit, key)


def _pyfeat(unit: Unit) -> str | None:
    """Name a py-feat by its version and, where a row has it, by its commit and its changes: `2.1.5+c716340`."""
    parts = [unit.row.pyfeat, (unit.row.pyfeat_commit or "")[:7], (unit.row.pyfeat_dirty or "")[:7]]
    return "+".join(filter(None, parts)) or None


def work_value(unit: Unit, key: str) -> str | None:
    """Read a work key of a unit without JSON quotes: `svm`, not `"svm"`; None if the unit does not have it."""
    work = unit.row.work or {}
    text = work.get(key)
    if text is None:
        return UNNAMED if work and key.startswith(detect_call.WORK) else None
    try:
        parsed = json.loads(text)
    except ValueError:
        return text
    return parsed if isinstance(parsed, str) else text


def as_json_text(plain: object) -> str:
    """Write a plain value as a sweep file does: `null`, `true`, `tensor`."""
    return plain if isinstance(plain, str) else json.dumps(plain)


def as_text(column_value: object) -> str | None:
    """Write a column's value as text; None stays None."""
    return None if column_value is None else str(column_value)


SWITCH = ("", "null", "None", "false", "False", "true", "True")
"""Values of a switch, off before on: without amp or compile is the baseline of with it."""


TARGETS = (str(ONE), ALL)
"""Values of `targets`: one GPU is the baseline of all at the same time."""


UNSET = ("", "null", "None", UNNAMED)
"""Values that stand for what py-feat does by itself: the baseline of what a sweep sets."""


def rank_values(values: Iterable[str]) -> dict[str, int]:
    """Rank values as `sort_values` sorts them; those between which it knows no order have one rank."""
    distinct = list(dict.fromkeys(values))
    for known in (SWITCH, TARGETS):
        if set(distinct) <= set(known):
            return {text: known.index(text) for text in distinct}
    if unset := [text for text in UNSET if text in distinct]:
        others = rank_values(text for text in distinct if text not in UNSET)
        return dict.fromkeys(unset, 0) | {text: 1 + rank for text, rank in others.items()}
    catalogue = [*detectors.CATALOGUE, *inputs.CATALOGUE]
    if set(distinct) & set(catalogue):
        return {text: catalogue.index(text) if text in catalogue else len(catalogue) for text in distinct}
    numbers = {text: version_numbers(text) for text in distinct}
    in_order = sorted(set(numbers.values())) if all(numbers.values()) else []
    return {text: in_order.index(numbers[text]) if in_order else 0 for text in distinct}


def sort_values(values: Iterable[str]) -> list[str]:
    """Sort numbers and versions by size, detectors and inputs as in their catalogues, what is off before what is on.

    What is not set comes before all others, which keep their order.
    """
    distinct = list(dict.fromkeys(values))
    for known in (SWITCH, TARGETS):
        if set(distinct) <= set(known):
            return sorted(distinct, key=known.index)
    if unset := [text for text in UNSET if text in distinct]:
        return [*unset, *sort_values(text for text in distinct if text not in UNSET)]
    catalogue = [*detectors.CATALOGUE, *inputs.CATALOGUE]
    if set(distinct) & set(catalogue):
        return sorted(distinct, key=lambda name: catalogue.index(name) if name in catalogue else len(catalogue))
    numbers = {text: version_numbers(text) for text in distinct}
    if all(numbers.values()):
        return sorted(distinct, key=lambda text: numbers[text])
    return distinct


def version_numbers(version: str) -> tuple[int, ...]:
    """Read the numbers at the start of a version, such as (2, 11, 0) of `2.11.0+cu128`; empty for anything else."""
    match = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in match[0].split(".")) if match else ()
