"""Stack: driver and software that the figures were made with, and what changed since the baseline."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from featray.analysis.diagnosis.finding import Finding, FindingKind
from featray.analysis.units import Unit
from featray.core import wording
from featray.core.choices import Device

PARTS = {
    "driver": "driver",
    "torch": "torch",
    "cuda": "CUDA",
    "torchvision": "torchvision",
    "torchcodec": "torchcodec",
    "pyfeat": "py-feat",
    "pyfeat_commit": "py-feat commit",
    "python": "Python",
    "ffmpeg": "FFmpeg",
    "omp_num_threads": "OMP_NUM_THREADS",
    "os": "system",
}
"""Column -> what a reader calls it."""


def findings(units: Sequence[Unit], baseline: Sequence[Unit]) -> Iterator[Finding]:
    """Say what is installed, host by host where that differs, what changed, and of what nothing is known."""
    known = {column: _values(units, column) for column in PARTS}
    parts = [f"{PARTS[column]} {_listed(values)}" for column, values in known.items() if values]
    if not parts:
        return
    text = f"Stack: {', '.join(parts)}"
    changes = list(_changes(known, baseline))
    if changes:
        text += f"; since the baseline {', '.join(changes)}"
    elif baseline:
        text += "; nothing known of it changed since the baseline"
    if _lacks_driver(units) or _lacks_driver(baseline):
        text += "; nothing tells whether the GPU driver changed" if baseline else "; the GPU driver is not recorded"
    yield Finding(kind=FindingKind.STACK, text=f"{text}.", figures={"changes": len(changes)})


def _lacks_driver(units: Iterable[Unit]) -> bool:
    return any(unit.row.device == Device.CUDA and unit.row.driver is None for unit in units if unit.measured)


def _changes(known: Mapping[str, Mapping[str, str]], baseline: Sequence[Unit]) -> Iterator[str]:
    for column, values in known.items():
        before = _values(baseline, column)
        if before and values and set(before) != set(values):
            old, new = (wording.listed(map(wording.short, each)) for each in (before, values))
            yield f"{PARTS[column]} {old} -> {new}"


def _values(units: Iterable[Unit], column: str) -> dict[str, str]:
    """List the values of a part, each with the hosts that have it."""
    hosts: dict[str, dict[str, None]] = {}
    for unit in units:
        value = getattr(unit.row, column)
        if unit.measured and value is not None:
            hosts.setdefault(str(value), {})[wording.short(unit.row.hostname or "unknown host")] = None
    return {value: wording.listed(hosts[value]) for value in sorted(hosts)}


def _listed(values: Mapping[str, str]) -> str:
    """Write a part's values; several of them with their hosts, unless one host has them all."""
    told = len(values) > 1 and len(set(values.values())) > 1
    return wording.listed(
        f"{wording.short(value)} ({hosts})" if told else wording.short(value) for value, hosts in values.items()
    )
