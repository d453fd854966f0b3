"""The cells of a sweep: its grid, less what it excludes, plus what it includes.

Flow: `grid.Sweep` -> `expand` -> `core.cell.Cell` -> `planning.placement`. Pure.
"""

import itertools
from collections.abc import Iterator
from typing import Any

from featray.core import detectors, inputs
from featray.core.cell import Cell, cell_id
from featray.sweep.grid import GridPart, Sweep


def expand(sweep: Sweep) -> list[Cell]:
    """List a sweep's cells: the grid without what its exclude rules match, then what its include rules add.

    Returns:
        Distinct cells in grid order, the first axis slowest: detector, input, device, num_workers, threads,
        batch_size, environment. Without environments, cells run in the host's own.
    """
    kept = (cell for cell in _grid(sweep, None) if not any(_is_in(cell, part) for part in sweep.exclude))
    added = (cell for part in sweep.include for cell in _grid(sweep, part))
    return list({cell_id(cell) + (cell.environment or ""): cell for cell in itertools.chain(kept, added)}.values())


def _grid(sweep: Sweep, part: GridPart | None) -> Iterator[Cell]:
    """Combine every value of every axis; a part's own values stand in for the axes that it names."""
    known_detectors = {**detectors.CATALOGUE, **{each.name: each for each in sweep.detectors}}
    known_inputs = {**inputs.CATALOGUE, **{each.name: each for each in sweep.inputs}}
    axes: dict[str, Any] = {
        "detector": [each.name for each in sweep.detectors],
        "input": [each.name for each in sweep.inputs],
        "device": sweep.axes.device,
        "num_workers": sweep.axes.num_workers,
        "threads": sweep.axes.threads,
        "batch_size": sweep.axes.batch_size,
        "environment": list(sweep.environments) or [None],
    }
    values = [(getattr(part, name) if part else None) or own for name, own in axes.items()]
    for point in itertools.product(*values):
        chosen = dict(zip(axes, point, strict=True))
        chosen["detector"] = known_detectors[chosen["detector"]]
        chosen["input"] = known_inputs[chosen["input"]]
        yield Cell(
            **chosen,
            weights=sweep.weights,
            requirements=tuple(sweep.environments.get(chosen["environment"], ())),
            env=sweep.env,
            delay_s_per_frame=sweep.delay_s_per_frame,
        )


def _is_in(cell: Cell, part: GridPart) -> bool:
    settings = {**vars(cell), "detector": cell.detector.name, "input": cell.input.name}
    return all(allowed is None or settings[name] in allowed for name, allowed in vars(part).items())
