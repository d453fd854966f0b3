"""Sweeps: one YAML grid each, read once into frozen values, and the cells that it asks for.

Flow: sweeps/*.yaml -> `load` -> `Sweep` -> `expand` -> cells -> `planning.placement`.

    schema     the shape of the file; `values` and `measure_section` hold its kinds of value and its rules
    resolve    names, paths and variants -> detectors and inputs in full
    read_file  a file -> `grid.Sweep`, with every fault named by file, line and path
    cells      a sweep -> its cells
"""

from featray.sweep.cells import expand
from featray.sweep.grid import Axes, GridPart, Invocations, Selector, Sweep
from featray.sweep.measure_section import PYFEAT_RULES
from featray.sweep.read_file import load
from featray.sweep.resolve import Keywords, Probe, ProbedClip

__all__ = [
    "PYFEAT_RULES",
    "Axes",
    "GridPart",
    "Invocations",
    "Keywords",
    "Probe",
    "ProbedClip",
    "Selector",
    "Sweep",
    "expand",
    "load",
]
