"""Sweeps: one YAML grid each, read once into frozen values, and the cells that it asks for.

Flow: sweeps/*.yaml -> `load` -> `Sweep` -> `expand` -> cells -> `planning.placement`.

    schema                            the shape of the file; `values` and `measure_section` hold its kinds of value
    search_section, searches          the setting whose best value is sought
    detector_entries, input_entries   names, paths and variants -> detectors and inputs in full
    sweep_file                        a file -> `grid.Sweep`, with every fault named by file, line and path
    cells                             a sweep -> its cells
"""

from featray.sweep.cells import expand
from featray.sweep.detector_entries import Keywords
from featray.sweep.grid import Axes, GridPart, Invocations, Search, Selector, Sweep
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
