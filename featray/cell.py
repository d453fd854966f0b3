"""Cells: one fully determined measurement, and the id that names it.

Flow: `sweep.Sweep` -> `expand` -> `Cell` -> `placement`.
Pure: a cell and its id depend on the sweep alone, never on host, clock or version. At run time this module needs
only the standard library, so the measuring child can read cells; it names `sweep` for the type checker only.
"""

import dataclasses
import itertools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from featray import detectors, identity, inputs

if TYPE_CHECKING:
    from featray.sweep import Part, Sweep


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cell:
    """One detector configuration on one input with one set of settings, not yet on any target."""

    detector: detectors.Detector
    input: inputs.Input
    device: str  # cpu, cuda or mps
    batch_size: int
    num_workers: int = 0
    threads: int | None = None  # OMP_NUM_THREADS; None leaves py-feat's default of 1
    weights: str = "pretrained"  # or synthetic
    environment: str | None = None
    requirements: tuple[str, ...] = ()  # of the environment
    env: Mapping[str, str] = dataclasses.field(default_factory=dict)
    delay_s_per_frame: float = 0.0  # injected for self-tests

    @property
    def label(self) -> str:
        """Name the cell for people: `retinaface short cuda b=16`."""
        parts = [self.detector.name, self.input.name, self.device, f"b={self.batch_size}"]
        if self.num_workers:
            parts.append(f"w={self.num_workers}")
        if self.threads is not None:
            parts.append(f"t={self.threads}")
        if self.environment is not None:
            parts.append(self.environment)
        return " ".join(parts)

    @property
    def batches(self) -> int:
        """Count the batches of one call."""
        return -(-self.input.frames // self.batch_size)

    def environment_variables(self) -> dict[str, str]:
        """List what the child's environment gets from the sweep; `threads` wins over `env`."""
        chosen = dict(self.env)
        if self.threads is not None:
            chosen["OMP_NUM_THREADS"] = str(self.threads)
        return chosen


def asked(cell: Cell) -> dict[str, Any]:
    """Write a cell as a JSON value from which `from_asked` makes it again."""
    return dataclasses.asdict(cell) | {
        "detector": dataclasses.asdict(cell.detector) | {"keywords": dict(cell.detector.keywords)},
        "input": dataclasses.asdict(cell.input) | {"paths": list(cell.input.paths), "sha256": list(cell.input.sha256)},
        "requirements": list(cell.requirements),
        "env": dict(cell.env),
    }


def from_asked(value: Mapping[str, Any]) -> Cell:
    """Read a cell back from `asked`.

    Raises:
        ValueError: a field is missing or unknown; the message names it.
    """
    try:
        clip = dict(value["input"])
        clip["paths"], clip["sha256"] = tuple(clip.get("paths", ())), tuple(clip.get("sha256", ()))
        rest = {key: item for key, item in value.items() if key not in ("detector", "input", "requirements")}
        return Cell(
            detector=detectors.Detector(**value["detector"]),
            input=inputs.Input(**clip),
            requirements=tuple(value.get("requirements", ())),
            **rest,
        )
    except KeyError as missing:
        raise ValueError(f"not a cell: {missing.args[0]} is missing") from missing
    except TypeError as wrong:
        raise ValueError(f"not a cell: {wrong}") from wrong


def cell_id(cell: Cell) -> str:
    """Name a cell by the digest of what was asked.

    Labels (headings, environment names, where a hashed file lies) are left out: renaming them asks for the same.
    """
    value = asked(cell)
    del value["detector"]["heading"], value["environment"]
    if cell.input.sha256:
        del value["input"]["paths"]
    return identity.digest(value)


def expand(sweep: "Sweep") -> list[Cell]:
    """List a sweep's cells: the grid without what its exclude rules match, then what its include rules add.

    Returns:
        Distinct cells in grid order, the first axis slowest: detector, input, device, num_workers, threads,
        batch_size, environment. Without environments, cells run in the host's own.
    """
    kept = (cell for cell in _grid(sweep, None) if not any(_is_in(cell, part) for part in sweep.exclude))
    added = (cell for part in sweep.include for cell in _grid(sweep, part))
    return list({cell_id(cell) + (cell.environment or ""): cell for cell in itertools.chain(kept, added)}.values())


def _grid(sweep: "Sweep", part: "Part | None") -> Iterator[Cell]:
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


def _is_in(cell: Cell, part: "Part") -> bool:
    settings = {**vars(cell), "detector": cell.detector.name, "input": cell.input.name}
    return all(allowed is None or settings[name] in allowed for name, allowed in vars(part).items())
