"""Cells of a sweep: its grid, without what it excludes, with what it includes.

Flow: `grid.Sweep` -> `expand` -> `core.cell.Cell` -> `planning.placement`. Pure.
"""

import itertools
from collections.abc import Iterator
from typing import Any

from featray.core import detectors, inputs
from featray.core.cell import ONE, Cell, cell_id
from featray.core.choices import Device
from featray.sweep.grid import GridPart, Sweep

EXPANDED = "_expanded"


def expand(sweep: Sweep) -> list[Cell]:
    """List a sweep's cells: the grid without what its exclude rules match, then what its include rules add.

    Returns:
        Distinct cells in grid order, the first axis slowest: detector, input, device, num_workers, threads,
        processes, targets, batch_size, environment. Without environments, cells run in the host's own.
    """
    known: dict[str, Any] = vars(sweep)  # kept with the sweep: several steps ask, and ids of many cells take seconds
    if EXPANDED not in known:
        grid = (cell for cell in _grid(sweep, None) if not any(_is_in(cell, part) for part in sweep.exclude))
        included = (cell for part in sweep.include for cell in _grid(sweep, part))
        cells = {cell_id(cell) + (cell.environment or ""): cell for cell in itertools.chain(grid, included)}
        known[EXPANDED] = tuple(cells.values())
    return list(known[EXPANDED])


def _grid(sweep: Sweep, part: GridPart | None) -> Iterator[Cell]:
    """Combine every value of every axis; for the axes that a part names, its values."""
    known_detectors = {**detectors.CATALOGUE, **{detector.name: detector for detector in sweep.detectors}}
    known_inputs = {**inputs.CATALOGUE, **{clip.name: clip for clip in sweep.inputs}}
    axes: dict[str, Any] = {
        "detector": [detector.name for detector in sweep.detectors],
        "input": [clip.name for clip in sweep.inputs],
        "device": sweep.axes.device,
        "num_workers": sweep.axes.num_workers,
        "threads": sweep.axes.threads,
        "processes": sweep.axes.processes,
        "targets": sweep.axes.targets,
        "batch_size": sweep.axes.batch_size,
        "environment": list(sweep.environments) or [None],
    }
    named = {name: (getattr(part, name) if part else None) or on_axis for name, on_axis in axes.items()}
    for point in itertools.product(*named.values()):
        settings = dict(zip(axes, point, strict=True))
        if settings["device"] != Device.CUDA:
            settings["targets"] = ONE  # a host has one such device, which is all of them
        settings["detector"] = known_detectors[settings["detector"]]
        settings["input"] = known_inputs[settings["input"]]
        yield Cell(
            **settings,
            weights=sweep.weights,
            requirements=tuple(sweep.environments.get(settings["environment"], ())),
            env=sweep.env,
            delay_s_per_frame=sweep.delay_s_per_frame,
            mps_daemon=sweep.mps_daemon and settings["device"] == Device.CUDA and settings["processes"] > 1,
        )


def _is_in(cell: Cell, part: GridPart) -> bool:
    settings = {**vars(cell), "detector": cell.detector.name, "input": cell.input.name}
    return all(allowed is None or settings[name] in allowed for name, allowed in vars(part).items())
