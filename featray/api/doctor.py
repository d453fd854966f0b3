"""`featray.doctor`: whether this machine is ready to measure, and what to do where it is not.

Flow: `probe`, `limits`, `needs`, `nvml`, `weights` -> `MachineFacts` -> `planning.checkup` -> parts with what to do.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from featray.api.results import Result
from featray.backends.ray import needs
from featray.core import detectors, wording
from featray.errors import NotReady
from featray.host import limits, probe
from featray.measurement import nvml, weights
from featray.planning import checkup
from featray.planning.checkup import CheckedPart, MachineFacts, PartState
from featray.rendering.notebook.summary import Summary, make_table


class MachineCheckup(Result, tuple[CheckedPart, ...]):
    """Every part that was checked, in the order in which faults are worth mending."""

    __slots__ = ()

    @property
    def exit_code(self) -> int:
        """1 if a part has a fault, else 0."""
        return int(any(part.state is PartState.FAULT for part in self))

    def records(self) -> list[Mapping[str, Any]]:
        """Give each part as plain values."""
        return [dataclasses.asdict(part) | {"state": str(part.state)} for part in self]

    def summarize(self) -> Summary:
        """Show each part; the frame has a row per part."""
        counts = {state: sum(part.state is state for part in self) for state in PartState}
        lines = [[part.part, str(part.state), part.found, part.remedy or wording.ABSENT] for part in self]
        table = make_table("Parts", ("part", "state", "found", "what to do"), lines)
        notes, faults = (wording.count(counts[state], str(state)) for state in (PartState.NOTE, PartState.FAULT))
        title = f"Checkup of this machine: {counts[PartState.OK]} ok, {notes}, {faults}"
        return Summary(title=title, tables=(table,), records=self.records())


def doctor() -> MachineCheckup:
    """Check this machine: Python, packages, GPU and driver, FFmpeg, weights, disk, memory, files and ports.

    Returns:
        Each part with its state, what was found and what to do. Nothing is changed.
    """
    limited = limits.read(checkup.PORTS)
    facts = MachineFacts(
        cuda_of_driver=nvml.cuda_version(),
        weights_wanted=_count_weights(),
        shared_memory_b=limited.shared_memory_b,
        open_files=limited.open_files,
        open_files_max=limited.open_files_max,
        taken_ports=limited.taken_ports,
        missing_for_ray=tuple(needs.list_missing()),
    )
    return MachineCheckup(checkup.check(probe.this_host(thorough=True), facts))


def _count_weights() -> int:
    """Count the weight files of the catalogue's detectors; 0 without py-feat, which the checkup names."""
    try:
        return len({file for detector in detectors.CATALOGUE.values() for file in weights.list_required(detector)})
    except NotReady:
        return 0
