"""Keys: what a comparison can vary, where a unit holds it, and which keys are one factor.

A setting is how the work is done, a work key what is done, a factor where and with what.
"""

import json
import re
from collections.abc import Iterable, Mapping

from featray.analysis.units import Unit
from featray.core import detectors, inputs
from featray.errors import BadInput, suggest

SETTINGS = ("detector", "device", "batch_size", "num_workers", "threads", "environment")

FACTORS: Mapping[str, tuple[str, ...]] = {
    "gpu": ("gpu_uuid", "gpu_name", "gpu_memory_b"),
    "torch": ("torch", "torchvision", "torchcodec", "cuda"),
    "pyfeat": ("pyfeat", "pyfeat_commit"),
    "driver": ("driver",),
    "host": ("host_id", "hostname", "cpu_model", "cpu_count", "memory_b", "arch", "os"),
    "threads": ("omp_num_threads", "torch_threads"),
    "environment": ("python", "ffmpeg", "environment"),
    "measuring": ("protocol", "exclusive", "delay_s_per_frame"),
}
"""Factor -> its columns. `measuring` is how featray measured: under which protocol, alone on the host or not, with an
injected delay or without; two rows that differ in it were not timed alike."""

VARIABLES = "variables"
"""Factor: the environment variables of the sweep, one change each. They are no columns of a row."""

TITLES: Mapping[str, str] = {"torch": "torch stack", "pyfeat": "py-feat", "measuring": "way of measuring"}
"""Factor -> what people call it, where that is not its key."""

HARDWARE = ("gpu", "driver", "host")
"""Factors that come with a machine: no sweep can change one of them alone."""

ALIASES: Mapping[str, str] = {
    "batch": "batch_size",
    "workers": "num_workers",
    "env": VARIABLES,
    "py-feat": "pyfeat",
    "torch stack": "torch",
    "omp_num_threads": "threads",
    **{column: factor for factor, columns in FACTORS.items() for column in columns if column not in SETTINGS},
    "pyfeat": "pyfeat",
    "torch": "torch",
    "driver": "driver",
}
"""Other names of a key: every column of a factor stands for the factor."""

INPUT_KEYS = frozenset({"input_sha256", "input_frames", "frame_limit", "copies", "skip_frames", "output_size"})
"""Work keys of the input; all others are the detector's."""

KIND_OF_WEIGHTS = "weights"  # pretrained or synthetic
WEIGHT_FILE = "weights "  # prefix of the work keys of single files


def title(key: str) -> str:
    """Name a key for people."""
    return TITLES.get(key, key)


def resolve(over: Iterable[str], units: Iterable[Unit]) -> tuple[str, ...]:
    """Check the keys that a comparison is to vary.

    Args:
        over: Keys as written; other names of one are accepted.
        units: Both sides, for the work keys that there are.

    Raises:
        BadInput: a key is none, or is one that cannot be varied; the message lists those that can.
    """
    work_value = {key for unit in units for key in unit.row.work or {}}
    chosen = []
    for name in over:
        key = ALIASES.get(name, name)
        if key in INPUT_KEYS or key in ("input", "frames", KIND_OF_WEIGHTS, "work_id"):
            raise BadInput(f"--over {name}: a comparison of other inputs or weights is one of other work")
        known = [*dict.fromkeys((*SETTINGS, *FACTORS, VARIABLES)), *sorted(work_value - INPUT_KEYS - {KIND_OF_WEIGHTS})]
        if key not in known:
            listed = [each for each in known if not each.startswith(WEIGHT_FILE)]
            raise BadInput(f"--over {name}: no such key{suggest(name, listed)}")
        chosen.append(key)
    return tuple(dict.fromkeys(chosen))


def detector_parts(over: Iterable[str]) -> list[str]:
    """List the keys that are a part of the detector, such as `au_model`: work keys, not settings or factors."""
    return [key for key in over if key not in SETTINGS and key not in FACTORS and key != VARIABLES]


def value(unit: Unit, key: str) -> str | None:
    """Read a key of a unit as text; None where it does not tell."""
    if key == "threads":
        return unit.threads
    if key == VARIABLES:
        return None if unit.variables is None else json.dumps(unit.variables, sort_keys=True)
    if key in ("gpu", "host"):
        return unit.row.target_id if key == "gpu" else unit.row.host_id or unit.row.hostname
    if key in SETTINGS or key in FACTORS:
        return as_text(getattr(unit.row, FACTORS[key][0] if key in FACTORS and key not in SETTINGS else key))
    return work_value(unit, key)


def work_value(unit: Unit, key: str) -> str | None:
    """Read a work key of a unit as people write it: `svm`, not `"svm"`; None where it has no such key."""
    text = (unit.row.work or {}).get(key)
    if text is None:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, str) else text


def as_text(value: object) -> str | None:
    """Write a column's value as text; None stays None."""
    return None if value is None else str(value)


def sort_values(values: Iterable[str]) -> list[str]:
    """Sort numbers and versions by size, detectors and inputs as in their catalogues, others as they come first."""
    first = list(dict.fromkeys(values))
    known = [*detectors.CATALOGUE, *inputs.CATALOGUE]
    if set(first) & set(known):
        return sorted(first, key=lambda each: known.index(each) if each in known else len(known))
    numbers = {each: version_numbers(each) for each in first}
    if all(numbers.values()):
        return sorted(first, key=lambda each: numbers[each])
    return first


def version_numbers(version: str) -> tuple[int, ...]:
    """Read the numbers at the head of a version, such as (2, 11, 0) of `2.11.0+cu128`; empty for anything else."""
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in found[0].split(".")) if found else ()
