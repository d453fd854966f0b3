"""Machines: which targets of a store are one device of one host, whatever the host was called.

Flow: rows of all runs -> `find_machines` -> `series`. Pure.

A measured target has an id: the GPU's UUID, or the host's own id. It stays the same over reboots, kernels and new host
names. A report names only the host and the GPU's model. Its rows join the measured target that had this name and model
at any time, if there is exactly one. A report without a host name joins nothing.
"""

import re
from collections.abc import Iterable

from featray.core import targets
from featray.core.row import NO_TARGET, Row
from featray.core.targets import NamedTarget

Place = tuple[str, str, str]
"""(host name, device, GPU model): what a report says of a machine."""


def find_machines(rows: Iterable[Row]) -> dict[str, NamedTarget]:
    """Map each target id to its machine; several ids may have one.

    A machine has the host name that it had last.
    """
    latest_first = sorted((row for row in rows if row.target_id != NO_TARGET), key=lambda row: row.started_at)[::-1]
    measured: dict[Place, set[str]] = {}
    for row in latest_first:
        if row.source_file is None and (place := _place(row)):
            measured.setdefault(place, set()).add(row.target_id)
    joined: dict[str, str] = {}
    first_of: dict[Place, str] = {}
    for row in latest_first:
        place = _place(row) if row.source_file is not None else None
        found = measured.get(place, set()) if place else set()
        own = first_of.setdefault(place, row.target_id) if place else row.target_id
        joined.setdefault(row.target_id, next(iter(found)) if len(found) == 1 else own)
    named = targets.name_targets(row for row in latest_first if row.target_id in set(joined.values()))
    return {target_id: named[machine] for target_id, machine in joined.items()}


def _place(row: Row) -> Place | None:
    """Name a row's device as a report does; None where the host or the GPU has no name. Domains do not count."""
    if not row.hostname or (row.device == "cuda" and not row.gpu_name):
        return None
    gpu = "" if row.device == "cpu" else _VENDOR.sub("", (row.gpu_name or "").casefold())
    gpu = f"{len(row.gpus)} at once: {gpu}" if row.gpus else gpu
    return row.hostname.partition(".")[0].casefold(), row.device, gpu


_VENDOR = re.compile(r"\b(nvidia|geforce) ")  # drivers write these words, people leave them out
