"""Sweeps: one YAML grid each, read once into frozen values, and the cells that it asks for.

Flow: sweeps/*.yaml -> `load` -> `Sweep` -> `expand` -> cells -> `planning.placement`.

    new_file          a sweep file for somebody's first sweep
    schema            the shape of the file
    values            its kinds of value
    measure_section   its part `measure`
    search_section    its part `search`: the setting whose best value is sought
    sweep_file        a file -> `grid.Sweep`, with every fault named by file, line and path
    detector_entries  names and paths -> detectors in full
    input_entries     names, paths and variants -> inputs in full
    searches          which values a search may measure
    grid              the sweep, once everything in it is resolved
    cells             a sweep -> its cells
"""

import importlib
from typing import TYPE_CHECKING, Any

from featray.sweep.cells import expand
from featray.sweep.grid import Axes, GridPart, Invocations, Search, Selector, Sweep

if TYPE_CHECKING:
    from featray.sweep.detector_entries import Keywords
    from featray.sweep.input_entries import Probe, ProbedClip
    from featray.sweep.measure_section import PYFEAT_RULES
    from featray.sweep.sweep_file import load

__all__ = [
    "PYFEAT_RULES",
    "Axes",
    "GridPart",
    "Invocations",
    "Keywords",
    "Probe",
    "ProbedClip",
    "Search",
    "Selector",
    "Sweep",
    "expand",
    "load",
]

READING = {
    "Keywords": "detector_entries",
    "PYFEAT_RULES": "measure_section",
    "Probe": "input_entries",
    "ProbedClip": "input_entries",
    "load": "sweep_file",
}
"""What is for reading files, and its module: pydantic and the shape of the file take a quarter of a second to import.
Reports and plans need the other names alone."""


def __getattr__(name: str) -> Any:
    """Import what reads files at its first use."""
    if name not in READING:
        raise AttributeError(f"module 'featray.sweep' has no attribute {name!r}")
    return getattr(importlib.import_module(f"featray.sweep.{READING[name]}"), name)
