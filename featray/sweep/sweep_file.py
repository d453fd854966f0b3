"""Sweep file: a file -> a `Sweep`; every fault is named by file, line and path.

Flow: sweeps/*.yaml -> `yamlfile` -> `schema.SweepFileContent` -> `load` -> `grid.Sweep`.
Reads the sweep file and lists folders of images; the function that the caller passes opens media files.
"""

import dataclasses
import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from featray import errors, yamlfile
from featray.core import detectors, inputs
from featray.core.cell import ALL
from featray.core.choices import Device, ProtocolName
from featray.core.detectors import Detector
from featray.core.inputs import Input
from featray.core.reference import Reference
from featray.errors import BadInput, SweepFileError
from featray.sweep import cells, schema, searches
from featray.sweep.detector_entries import Keywords, resolve_detectors
from featray.sweep.grid import Axes, GridPart, Invocations, Selector, Sweep
from featray.sweep.input_entries import Probe, resolve_inputs
from featray.sweep.measure_section import Measure
from featray.sweep.values import NAME
from featray.yamlfile import Document, FileProblem, Loc

CELLS_MAX = 100_000  # seventy days of one-minute cells on one host; more is a mistake


def load(
    path: Path, *, probe_clip: Probe, keywords_of: Keywords | None = None, call_keywords_of: Keywords | None = None
) -> Sweep:
    """Read a sweep file.

    Args:
        path: The file.
        probe_clip: Opens a media file that an input names by path, and raises BadInput when it cannot.
        keywords_of: Lists the keywords and values of a class of the installed py-feat. The file's keywords are
            checked against them, unless an environment brings another py-feat: the measuring process checks against
            that one. None checks nothing.
        call_keywords_of: The same for the keywords of its `detect()`.

    Raises:
        SweepFileError: one line per problem, `file:line: path: what; expected; suggestion`.
    """
    document = yamlfile.parse(path, SweepFileError)
    file = document.check(schema.SweepFileContent)
    problems = [
        *_same_environments(file),
        *_threads_twice(file),
        *_not_side_by_side(file),
        *_not_several_gpus(file),
        *searches.find_problems(file),
    ]
    name = _name(file, path, problems)
    if _brings_pyfeat(file):
        keywords_of = call_keywords_of = None
    all_detectors = _resolve(
        file.detectors, ("detectors",), lambda entry: resolve_detectors(entry, keywords_of, call_keywords_of), problems
    )
    all_inputs = _resolve(
        file.inputs, ("inputs",), lambda entry: resolve_inputs(entry, path.parent, probe_clip), problems
    )
    if problems:
        raise document.make_error(problems)
    search = searches.resolve(file)
    sweep = Sweep(
        name=name,
        path=path,
        description=file.description,
        detectors=tuple(all_detectors),
        inputs=tuple(all_inputs),
        axes=Axes(**searches.axes(file, search)),
        search=search,
        include=tuple(GridPart(**rule.model_dump()) for rule in file.include),
        exclude=tuple(GridPart(**rule.model_dump()) for rule in file.exclude),
        hosts=_selector(file.hosts),
        rules=file.measure.rules(),
        invocations=_invocations(file.measure),
        budget_s=file.measure.budget_s,
        delay_s_per_frame=file.measure.delay_s_per_frame,
        weights=file.weights,
        env=file.env,
        environments=file.environments,
        baseline=file.baseline,
        reference=_reference(file.reference),
        exclusive=file.exclusive,
        interchangeable=file.interchangeable,
        mps_daemon=file.mps_daemon,
        seed=file.seed,
    )
    _check_grid(sweep, document)
    if sweep.exclude and not cells.expand(sweep):
        raise document.make_error([FileProblem(("exclude",), "no cell is left; expected rules that leave some")])
    if problems := list(_unmeasured_reference(sweep)):
        raise document.make_error(problems)
    return sweep


def _same_environments(file: schema.SweepFileContent) -> Iterator[FileProblem]:
    names: dict[frozenset[str], str] = {}
    for name, requirements in file.environments.items():
        other = names.setdefault(frozenset(requirements), name)
        if other != name:
            yield FileProblem(("environments", name), f"asks for the same as environments.{other}; keep one")


def _threads_twice(file: schema.SweepFileContent) -> Iterator[FileProblem]:
    key = "search" if "threads" in file.search else "axes"
    if "OMP_NUM_THREADS" in file.env and (key == "search" or file.axes.threads != (None,)):
        yield FileProblem(("env", "OMP_NUM_THREADS"), f"sets the same as {key}.threads; keep {key}.threads")


def _not_side_by_side(file: schema.SweepFileContent) -> Iterator[FileProblem]:
    parts: tuple[schema.AxesEntry | schema.RuleEntry, ...] = (file.axes, *file.include)
    counts = [count for part in parts for count in part.processes or ()]
    counts += [entry.max for axis, entry in file.search.items() if axis == "processes"]
    has_several = max(counts, default=1) > 1
    has_gpu = any(device is Device.CUDA for part in parts for device in part.device or ())
    if has_several and file.measure.protocol == ProtocolName.PYFEAT:
        message = "protocol pyfeat is one process, as py-feat's own script is; leave out several processes"
        yield FileProblem(("axes", "processes"), message)
    if file.mps_daemon and not (has_several and has_gpu):
        yield FileProblem(
            ("mps_daemon",), "shares a GPU between processes; expected device cuda and axes.processes above 1"
        )


def _not_several_gpus(file: schema.SweepFileContent) -> Iterator[FileProblem]:
    parts: tuple[schema.AxesEntry | schema.RuleEntry, ...] = (file.axes, *file.include)
    if not any(ALL in (part.targets or ()) for part in parts):
        return
    of_axes = [part for part in parts if part.targets is None or part is file.axes]  # they take its targets
    places = [("axes", "targets"), *(("include", number, "targets") for number in range(len(file.include)))]
    for place, part in zip(places, parts, strict=True):
        grids = of_axes if part is file.axes else [part]
        has_gpu = any(Device.CUDA in (grid.device or file.axes.device) for grid in grids)
        if ALL in (part.targets or ()) and not has_gpu:
            message = "all is every GPU of a host at the same time; expected device cuda, or leave out targets"
            yield FileProblem(place, message)
    if file.interchangeable and len({value for part in parts for value in part.targets or ()}) > 1:
        message = (
            "all GPUs at the same time are compared with one of the same host; expected false, or one of 1 and all"
        )
        yield FileProblem(("interchangeable",), message)
    if file.measure.protocol == ProtocolName.PYFEAT:
        message = "protocol pyfeat is one process, as py-feat's own script is; leave out all GPUs at the same time"
        yield FileProblem(("axes", "targets"), message)


def _brings_pyfeat(file: schema.SweepFileContent) -> bool:
    requirements = itertools.chain.from_iterable(file.environments.values())
    return any(re.search("py[-_.]?feat", requirement, re.IGNORECASE) for requirement in requirements)


def _name(file: schema.SweepFileContent, path: Path, problems: list[FileProblem]) -> str:
    if file.name is None and not NAME.fullmatch(path.stem):
        problems.append(
            FileProblem((), f"'{path.stem}' cannot name a sweep; expected a key 'name' of letters and digits")
        )
    return file.name or path.stem


E = TypeVar("E")
V = TypeVar("V", Detector, Input)


def _resolve(entries: Sequence[E], at: Loc, resolve: Callable[[E], list[V]], problems: list[FileProblem]) -> list[V]:
    """Resolve entries in order; note what is wrong with each, and names that are there twice."""
    resolved: dict[str, V] = {}
    for index, entry in enumerate(entries):
        where = (*at, index)
        try:
            values = resolve(entry)
        except (ValueError, BadInput) as wrong:
            problems.append(FileProblem(where, str(wrong)))
            continue
        for value in values:
            if value.name in resolved:
                problems.append(FileProblem(where, f"'{value.name}' is listed twice; give each its own 'name'"))
            resolved.setdefault(value.name, value)
    return list(resolved.values())


def _selector(hosts: schema.HostsEntry) -> Selector:
    return Selector(host=hosts.host, gpu=hosts.gpu, label=hosts.label, memory_min_b=hosts.memory_min)


def _reference(entry: schema.ReferenceEntry | None) -> Reference | None:
    if entry is None:
        return None
    named = entry.model_dump(exclude_none=True)
    return Reference(**named | ({"device": str(named["device"])} if "device" in named else {}))


def _unmeasured_reference(sweep: Sweep) -> Iterator[FileProblem]:
    """Check that some cell is the reference; its precision is known only once it is measured."""
    if sweep.reference is None:
        return
    wanted = {name: value for name, value in sweep.reference.settings.items() if name != "precision"}
    asked = [{**vars(cell), "detector": cell.detector.name, "device": str(cell.device)} for cell in cells.expand(sweep)]
    for name, value in wanted.items():
        existing = dict.fromkeys(cell[name] for cell in asked if cell[name] is not None)
        if value not in existing:
            suggestion = errors.suggest(str(value), map(str, existing))
            yield FileProblem(("reference", name), f"the sweep has no {name} '{value}'{suggestion}")
            return
    if not any(all(cell[name] == value for name, value in wanted.items()) for cell in asked):
        yield FileProblem(("reference",), f"no cell has {sweep.reference}; expected settings that one cell has")


def _invocations(measure: Measure) -> Invocations:
    if measure.invocations is not None:
        return Invocations(**measure.invocations.model_dump())
    if measure.protocol == ProtocolName.PYFEAT:
        return Invocations(pilot=1, max=1)  # py-feat's own script runs once
    return Invocations()


def _check_grid(sweep: Sweep, document: Document) -> None:
    """Check that the rules name what the sweep holds, and that the grid has a sensible size.

    An include rule may bring numbers and devices that are on no axis, but only names that exist.

    Raises:
        SweepFileError: a rule names something unknown, or there are too many cells.
    """
    on_axes: dict[str, Sequence[object]] = {
        "detector": [detector.name for detector in sweep.detectors],
        "input": [clip.name for clip in sweep.inputs],
        "environment": list(sweep.environments),
        **dataclasses.asdict(sweep.axes),
    }
    to_include = {
        "detector": list(dict.fromkeys([*on_axes["detector"], *detectors.CATALOGUE])),
        "input": list(dict.fromkeys([*on_axes["input"], *inputs.CATALOGUE])),
        "environment": on_axes["environment"],
    }
    problems = [
        *_unknown("exclude", sweep.exclude, on_axes),
        *_unknown("include", sweep.include, to_include),
    ]
    count = math.prod(len(values) or 1 for values in on_axes.values())
    if count > CELLS_MAX:
        problems.append(FileProblem((), f"{count} cells; expected at most {CELLS_MAX}, so leave out some values"))
    if problems:
        raise document.make_error(problems)


def _unknown(at: str, parts: Sequence[GridPart], known: Mapping[str, Sequence[object]]) -> list[FileProblem]:
    return [
        FileProblem((at, index, key), f"the sweep has no {key} '{value}'{errors.suggest(str(value), map(str, values))}")
        for index, part in enumerate(parts)
        for key, values in known.items()
        for value in getattr(part, key) or ()
        if value not in values
    ]
