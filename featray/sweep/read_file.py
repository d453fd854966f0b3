"""A sweep file, read into a `Sweep`: every fault is named by file, line and path.

Flow: sweeps/*.yaml -> `yamlfile` -> `schema.File` -> `load` -> `grid.Sweep`.
Reads the sweep file and lists folders of images; media files are opened by the function that the caller passes.
"""

import dataclasses
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from featray import errors, yamlfile
from featray.core import detectors as catalogue
from featray.core import inputs as clips
from featray.core.choices import ProtocolName
from featray.core.detectors import Detector
from featray.core.inputs import Input
from featray.errors import BadInput, SweepFileError
from featray.sweep import cells, resolve, schema
from featray.sweep.grid import Axes, GridPart, Invocations, Selector, Sweep
from featray.sweep.measure_section import Measure
from featray.sweep.resolve import Keywords, Probe
from featray.sweep.values import NAME
from featray.yamlfile import Document, FileProblem, Loc

CELLS_MAX = 100_000  # seventy days of one-minute cells on one host; more is a slip


def load(path: Path, *, probe_clip: Probe, keywords_of: Keywords | None = None) -> Sweep:
    """Read a sweep file.

    Args:
        path: The file.
        probe_clip: Opens a media file that an input names by path, and raises BadInput when it cannot.
        keywords_of: Lists the keywords and values of a class of the py-feat that is installed, against which those of
            the file are checked, unless an environment brings another py-feat; None checks nothing.

    Raises:
        SweepFileError: one line per problem, `file:line: path: what; expected; suggestion`.
    """
    document = yamlfile.parse(path, SweepFileError)
    file = document.check(schema.SweepFileContent)
    problems = [*_same_environments(file), *_threads_twice(file)]
    name = _name(file, path, problems)
    keywords_of = None if _brings_pyfeat(file) else keywords_of
    detectors = _each(file.detectors, ("detectors",), lambda entry: resolve.detectors(entry, keywords_of), problems)
    inputs = _each(file.inputs, ("inputs",), lambda entry: [resolve.media(entry, path.parent, probe_clip)], problems)
    if problems:
        raise document.wrong(problems)
    sweep = Sweep(
        name=name,
        path=path,
        description=file.description,
        detectors=tuple(detectors),
        inputs=tuple(inputs),
        axes=Axes(**file.axes.model_dump()),
        include=tuple(GridPart(**each.model_dump()) for each in file.include),
        exclude=tuple(GridPart(**each.model_dump()) for each in file.exclude),
        hosts=_selector(file.hosts),
        rules=file.measure.rules(),
        invocations=_invocations(file.measure),
        budget_s=file.measure.budget_s,
        delay_s_per_frame=file.measure.delay_s_per_frame,
        weights=file.weights,
        env=file.env,
        environments=file.environments,
        baseline=file.baseline,
        exclusive=file.exclusive,
        interchangeable=file.interchangeable,
        seed=file.seed,
    )
    _check_grid(sweep, document)
    if sweep.exclude and not cells.expand(sweep):
        raise document.wrong([FileProblem(("exclude",), "no cell is left; expected rules that leave some")])
    return sweep


def _same_environments(file: schema.SweepFileContent) -> Iterator[FileProblem]:
    names: dict[frozenset[str], str] = {}
    for name, requirements in file.environments.items():
        other = names.setdefault(frozenset(requirements), name)
        if other != name:
            yield FileProblem(("environments", name), f"asks for the same as environments.{other}; keep one")


def _threads_twice(file: schema.SweepFileContent) -> Iterator[FileProblem]:
    if "OMP_NUM_THREADS" in file.env and file.axes.threads != (None,):
        yield FileProblem(("env", "OMP_NUM_THREADS"), "sets the same as axes.threads; keep axes.threads")


def _brings_pyfeat(file: schema.SweepFileContent) -> bool:
    return any(re.search("py[-_.]?feat", each, re.IGNORECASE) for every in file.environments.values() for each in every)


def _name(file: schema.SweepFileContent, path: Path, problems: list[FileProblem]) -> str:
    if file.name is None and not NAME.fullmatch(path.stem):
        problems.append(
            FileProblem((), f"'{path.stem}' cannot name a sweep; expected a key 'name' of letters and digits")
        )
    return file.name or path.stem


E = TypeVar("E")
V = TypeVar("V", Detector, Input)


def _each(entries: Sequence[E], at: Loc, resolve_one: Callable[[E], list[V]], problems: list[FileProblem]) -> list[V]:
    """Resolve entries in order; note what is wrong with each, and names that stand twice."""
    found: list[V] = []
    for index, entry in enumerate(entries):
        where = (*at, index)
        try:
            made = resolve_one(entry)
        except (ValueError, BadInput) as wrong:
            problems.append(FileProblem(where, str(wrong)))
            continue
        for each in made:
            if each.name in [other.name for other in found]:
                problems.append(FileProblem(where, f"'{each.name}' stands twice; give each a 'name' of its own"))
            found.append(each)
    return found


def _selector(hosts: schema.HostsEntry) -> Selector:
    return Selector(host=hosts.host, gpu=hosts.gpu, label=hosts.label, memory_min_b=hosts.memory_min)


def _invocations(measure: Measure) -> Invocations:
    if measure.invocations is not None:
        return Invocations(**measure.invocations.model_dump())
    if measure.protocol == ProtocolName.PYFEAT:
        return Invocations(pilot=1, max=1)  # py-feat's own script runs once
    return Invocations()


def _check_grid(sweep: Sweep, document: Document) -> None:
    """Check that the rules name what the sweep holds, and that the grid has a sensible size.

    Raises:
        SweepFileError: a rule names something unknown, or there are too many cells.
    """
    on_axes: dict[str, Sequence[object]] = {
        "detector": [each.name for each in sweep.detectors],
        "input": [each.name for each in sweep.inputs],
        "environment": list(sweep.environments),
        **dataclasses.asdict(sweep.axes),
    }
    known = on_axes | {
        "detector": [*on_axes["detector"], *(name for name in catalogue.CATALOGUE if name not in on_axes["detector"])],
        "input": [*on_axes["input"], *(name for name in clips.CATALOGUE if name not in on_axes["input"])],
    }
    problems = [
        *_unknown("exclude", sweep.exclude, on_axes),
        *_unknown("include", sweep.include, {key: known[key] for key in NAMED}),
    ]
    count = math.prod(len(values) or 1 for values in on_axes.values())
    if count > CELLS_MAX:
        problems.append(FileProblem((), f"{count} cells; expected at most {CELLS_MAX}, so leave out some values"))
    if problems:
        raise document.wrong(problems)


NAMED = ("detector", "input", "environment")
"""Settings that are names; an include rule may add other numbers and devices, but no name that means nothing."""


def _unknown(at: str, parts: Sequence[GridPart], known: Mapping[str, Sequence[object]]) -> list[FileProblem]:
    return [
        FileProblem((at, index, key), f"the sweep has no {key} '{value}'{errors.suggest(str(value), map(str, values))}")
        for index, part in enumerate(parts)
        for key, values in known.items()
        for value in getattr(part, key) or ()
        if value not in values
    ]
