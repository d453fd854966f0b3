"""Follow-ups: the cells that findings ask for, as sweep files that can be submitted as they are.

Flow: `diagnosis.Finding.wanted` -> `propose` -> `Followup` -> `to_yaml`. One file holds what one kind of finding asks for
on one device in one environment, with the reasons as comments and the time it should take.
"""

import dataclasses
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from featray import stats
from featray.analysis.comparison import separation
from featray.analysis.diagnosis import ComparisonRole, Finding, WantedCells
from featray.analysis.units import Unit
from featray.core import cell as cells
from featray.core import detectors, identity, inputs, wording
from featray.core.cell import Cell
from featray.core.choices import Device
from featray.core.invocation import Rules
from featray.core.targets import NamedTarget
from featray.planning import plan, releases, time_estimate

REASONS = 8  # lines of reasons in one file; findings have them all


@dataclasses.dataclass(frozen=True, kw_only=True)
class Followup:
    """One sweep to submit next. `name` is free to be a file's name."""

    name: str
    cells: tuple[Cell, ...]
    target: NamedTarget
    host: str | None
    device: str
    gpu: str | None
    invocations: int | None
    baseline: str | None
    reasons: tuple[str, ...]
    remarks: tuple[str, ...] = ()  # on how the file was written
    expected_s: float


@dataclasses.dataclass(frozen=True)
class _Asked:
    """One cell that is wanted, and where."""

    cell: Cell
    wanted: WantedCells
    place: Unit


def propose(
    found: Iterable[Finding],
    units: Sequence[Unit],
    *,
    name: str,
    baseline: str | None = None,
    candidate: str | None = None,
) -> list[Followup]:
    """Gather what findings want into sweeps.

    Args:
        found: In the order in which their sweeps are worth submitting; what cannot be written as a cell is left out.
        units: Of both sides, to look targets up in.
        name: What the sweeps are named after.
        baseline: Sweep of the baseline; None where there is none that featray measured.
        candidate: Sweep of the report; None where featray did not measure it.

    Returns:
        In the order of their findings. Each names as its baseline what was measured by featray, or another of them: no
        ratio to an import is ever decided.
    """
    places = {unit.row.target_id: unit for unit in units}
    groups: dict[tuple[str, str, ComparisonRole | None], list[_Asked]] = {}
    for kind, each in ((finding.kind, each) for finding in found for each in finding.wanted):
        place = places.get(each.target_id or each.unit.row.target_id, each.unit)
        for cell in _cells(each):
            asked = _Asked(cell, each, place)
            groups.setdefault((str(kind), _group(cell, place), each.measures), []).append(asked)
    kinds = [kind for kind, *_ in groups]
    names = [_file_name(f"{name}-{_word(kind, kinds[: index + 1])}") for index, kind in enumerate(kinds)]
    files = {key[2]: own for key, own in zip(groups, names, strict=True) if key[2]}
    measured = {"baseline": baseline, "candidate": candidate, "all": candidate}
    return [
        _followup(members, own, _baseline(members[0].wanted.against, files, measured))
        for own, members in zip(names, groups.values(), strict=True)
    ]


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", name).lstrip("._-")[-80:].lstrip("._-") or "next"


def _baseline(
    role: ComparisonRole | None, files: Mapping[ComparisonRole, str], measured: Mapping[str, str | None]
) -> str | None:
    """Name the sweep that stands for a role: the file that measures just that, else what is there, else any like it."""
    if role is None:
        return None
    alike = (name for other, name in files.items() if other[0] == role[0])
    return files.get(role) or measured.get(role[0]) or next(alike, None)


def _word(kind: str, so_far: Sequence[str]) -> str:
    """Name a sweep after the kind of its finding, numbered from the second on."""
    count = so_far.count(kind)
    return kind.replace(" ", "-") + (f"-{count}" if count > 1 else "")


def _group(cell: Cell, place: Unit) -> str:
    """Name what the cells of one file have in common."""
    return identity.digest(
        {
            "target": place.row.target_id,
            "requirements": list(cell.requirements),
            "weights": cell.weights,
            "env": dict(cell.env),
        }
    )


def _cells(wanted: WantedCells) -> list[Cell]:
    """Write the wanted cells in full; none where the unit's cell, or a named detector or input, is not known."""
    start = of_unit(wanted.unit)
    if start is None:
        return []
    row = wanted.unit.row
    pinned = wanted.requirements or (separation.requirements(row, row) if wanted.unit.is_imported else ())
    if pinned:
        start = dataclasses.replace(start, requirements=tuple(pinned), environment=_environment_name(pinned))
    if wanted.variables is not None:
        threads = {key: value for key, value in start.env.items() if key not in (wanted.unit.variables or {})}
        start = dataclasses.replace(start, env={**threads, **wanted.variables})
    names = list(wanted.settings)
    made = [
        _changed(start, dict(zip(names, values, strict=True)))
        for values in itertools.product(*(wanted.settings[name] for name in names))
    ]
    return [each for each in made if each is not None and _has_class(each)]


_PINNED = "py-feat=="


def _has_class(cell: Cell) -> bool:
    """Tell whether the py-feat that a cell pins may have its class; of a commit nobody knows."""
    pinned = [each.removeprefix(_PINNED) for each in cell.requirements if each.startswith(_PINNED)]
    return all(releases.has_class(cell.detector.class_name, version) for version in pinned)


def of_unit(unit: Unit) -> Cell | None:
    """Read the cell that a unit measured; of an imported row what its labels say, as far as the catalogue knows it."""
    row = unit.row
    if row.asked is not None:
        try:
            return cells.from_asked(json.loads(row.asked))
        except ValueError:
            return None
    detector, clip = detectors.CATALOGUE.get(row.detector), inputs.CATALOGUE.get(row.input)
    if detector is None or clip is None or row.device not in tuple(Device):
        return None
    threads = row.omp_num_threads
    return Cell(
        detector=detector,
        input=clip,
        device=Device(row.device),
        batch_size=row.batch_size,
        num_workers=row.num_workers,
        threads=int(threads) if threads is not None and re.fullmatch("[1-9][0-9]{0,2}", threads) else None,
    )


_OF_CELL = ("batch_size", "num_workers", "threads", "device")
_OF_INPUT = ("copies", "skip_frames", "frame_limit", "output_size")


def _changed(start: Cell, settings: Mapping[str, Any]) -> Cell | None:
    """Change settings of a cell; None where a name is not in the catalogue or a key is not one of a sweep."""
    made = start
    for key, value in settings.items():
        if key in _OF_CELL:
            made = dataclasses.replace(made, **{key: value})
        elif key in _OF_INPUT:
            clip = dataclasses.replace(made.input, **{key: value})
            made = dataclasses.replace(made, input=dataclasses.replace(clip, name=_variant(made.input, key, value)))
        elif key == "input" and value in inputs.CATALOGUE:
            made = dataclasses.replace(made, input=inputs.CATALOGUE[str(value)])
        elif key == "detector" and value in detectors.CATALOGUE:
            made = dataclasses.replace(made, detector=detectors.CATALOGUE[str(value)])
        elif key in made.detector.keywords:
            keywords = {**made.detector.keywords, key: value}
            name = f"{made.detector.name}[{key}={value}]"
            detector = dataclasses.replace(made.detector, keywords=keywords, name=name, heading=name)
            made = dataclasses.replace(made, detector=detector)
        else:
            return None
    return made


def _variant(clip: inputs.Input, key: str, value: object) -> str:
    """Name a variant of an input; the value that the catalogue has is no variant."""
    known = inputs.CATALOGUE.get(clip.name)
    return clip.name if known is not None and getattr(known, key) == value else f"{clip.name}-{key}-{value}"


def _environment_name(requirements: Sequence[str]) -> str:
    """Name an environment after its first requirement: `torch-2.11.0`; a digest tells namesakes apart."""
    stem = re.sub(r"[^A-Za-z0-9.]+", "-", requirements[0]).strip("-.")[:40] or "environment"
    return f"{stem}-{identity.digest({'requirements': list(requirements)})[:4]}"


def _followup(members: Sequence[_Asked], name: str, baseline: str | None) -> Followup:
    distinct = {cells.cell_id(each.cell): each for each in members}
    place = members[0].place
    row = place.row
    asked = max((each.wanted.invocations or 0 for each in members), default=0) or None
    return Followup(
        name=name,
        cells=tuple(each.cell for each in distinct.values()),
        target=place.target,
        host=row.hostname,
        device=row.device,
        gpu=row.gpu_name if row.device == Device.CUDA else None,
        invocations=asked,
        baseline=baseline,
        reasons=(*dict.fromkeys(wording.plain(each.wanted.reason) for each in members), *_provisos(members)),
        remarks=tuple(_remarks(members)),
        expected_s=_expected_s(list(distinct.values()), asked or stats.PILOT),
    )


_COMMIT = re.compile(r"py-feat @ .*@([0-9a-f]+)$")


def _provisos(members: Sequence[_Asked]) -> Iterator[str]:
    """Say what nobody knows of the cells before they run."""
    doubtful: dict[str, dict[str, None]] = {}
    for each in members:
        name = each.cell.detector.class_name
        for found in filter(None, map(_COMMIT.match, each.cell.requirements)):
            rows = [unit.row for unit in (each.wanted.unit, each.place) if unit.row.pyfeat_commit == found[1]]
            if name in releases.FIRST_PYFEAT and not any(releases.has_class(name, row.pyfeat) for row in rows):
                doubtful.setdefault(found[1], {})[name] = None
    for commit, names in doubtful.items():
        yield f"as far as py-feat {commit} has {wording.listed(names)}"


def _remarks(members: Sequence[_Asked]) -> Iterator[str]:
    if any(each.wanted.unit.is_imported for each in members):
        yield "classes and keywords are those of featray's catalogue: what is imported tells labels only"
    rows = [unit.row for each in members for unit in (each.wanted.unit, each.place)]
    versions = dict.fromkeys(row.torch.partition("+") for row in rows if row.torch)
    pins = {part for each in members for part in each.cell.requirements}
    for version, _, build in versions:
        if build and f"torch=={version}" in pins:
            yield f"torch=={version} without +{build}, which names an index of wheels and no version"


def _expected_s(members: Sequence[_Asked], invocations: int) -> float:
    """Expect what `featray plan` will say of the file."""
    rules = Rules()
    measuring_s = sum(time_estimate.guess_s(each.cell, rules) for each in members)
    processes = len({plan.process_key(each.cell, each.place.row.target_id) for each in members})
    return invocations * (measuring_s + processes * time_estimate.LOAD_S)


def to_yaml(followup: Followup) -> str:
    """Write a follow-up as a sweep file."""
    return "\n".join(_lines(followup)) + "\n"


def _lines(followup: Followup) -> Iterator[str]:
    count = wording.count(len(followup.cells), "cell")
    yield f"# {count}, about {wording.duration(followup.expected_s)}; submit with: featray submit {followup.name}.yaml"
    yield from (f"# - {wording.shortened(reason, 200)}" for reason in followup.reasons[:REASONS])
    if len(followup.reasons) > REASONS:
        yield f"# - and {len(followup.reasons) - REASONS} more"
    yield from (f"# {wording.shortened(remark, 200)}" for remark in followup.remarks)
    for key, value in _file(followup).items():
        yield f"{key}: {_flow(value)}" if not isinstance(value, list) else f"{key}:"
        if isinstance(value, list):
            yield from (f"  - {_flow(each)}" for each in value)


def _flow(value: object) -> str:
    """Write a value as JSON, which is YAML too, so that no name can become syntax."""
    return json.dumps(value, ensure_ascii=True)


def _file(followup: Followup) -> dict[str, Any]:
    chosen = followup.cells
    first = chosen[0]
    axes = {
        "device": _distinct(each.device for each in chosen),
        "batch_size": sorted({each.batch_size for each in chosen}),
        "num_workers": sorted({each.num_workers for each in chosen}),
    }
    threads = _distinct(each.threads for each in chosen)
    hosts = {"host": _pattern(followup.host), "gpu": _pattern(followup.gpu)}
    made: dict[str, Any] = {
        "name": followup.name,
        "description": "Follow-up: " + wording.shortened("; ".join(followup.reasons), 400),
        "detectors": _distinct_entries(_detector(each.detector) for each in chosen),
        "inputs": _distinct_entries(_input(each.input) for each in chosen),
        "axes": axes if threads == [None] else {**axes, "threads": threads},
        "exclude": list(_excluded(chosen)),
        "hosts": {key: value for key, value in hosts.items() if value},
        "measure": {"invocations": followup.invocations} if followup.invocations else {},
        "weights": first.weights,
        "env": dict(first.env),
        "environments": {first.environment or "own": list(first.requirements)} if first.requirements else {},
        "baseline": followup.baseline,
    }
    return {key: value for key, value in made.items() if value not in (None, {}, [])}


def _distinct(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def _distinct_entries(entries: Iterable[Any]) -> list[Any]:
    return list({identity.canonical(each): each for each in entries}.values())


def _pattern(name: str | None) -> str | None:
    """Match exactly one name: what a shell pattern would read as a wildcard matches itself, and little else."""
    return re.sub(r"[\[\]*?]", "?", name) if name else None


def _detector(detector: detectors.Detector) -> Any:
    known = detectors.CATALOGUE.get(detector.name)
    if (
        known is not None
        and dict(known.keywords) == dict(detector.keywords)
        and known.class_name == detector.class_name
    ):
        return detector.name
    return {"name": detector.name, "class": detector.class_name, "keywords": dict(detector.keywords)}


def _input(clip: inputs.Input) -> Any:
    known = next((each for each in inputs.CATALOGUE.values() if each.packaged and each.packaged == clip.packaged), None)
    if known == clip:
        return clip.name
    origin: dict[str, Any] = {"like": known.name} if known else {"path": list(clip.paths)}
    changes = {
        "faces": clip.faces if known is None or clip.faces != known.faces else None,
        "copies": clip.copies if clip.copies != (known.copies if known else 1) else None,
        "skip_frames": clip.skip_frames,
        "frame_limit": clip.frame_limit,
        "output_size": clip.output_size,
    }
    return {"name": clip.name, **origin, **{key: value for key, value in changes.items() if value is not None}}


def _excluded(chosen: Sequence[Cell]) -> Iterator[dict[str, Any]]:
    """List the parts of the full grid that nobody asked for; detectors that lack the same share a rule."""
    wanted = {_point(each) for each in chosen}
    names, *others, batches = [_distinct(column) for column in zip(*map(_point, chosen), strict=True)]
    lacking: dict[tuple[Any, ...], list[str]] = {}
    for name, *rest in itertools.product(names, *others):
        missing = tuple(sorted(batch for batch in batches if (name, *rest, batch) not in wanted))
        if missing:
            lacking.setdefault((*rest, missing), []).append(name)
    for (*rest, missing), about in lacking.items():
        rule = {key: value for key, value, column in zip(_AXES, rest, others, strict=True) if len(column) > 1}
        rule |= {"detector": about} if len(about) < len(names) else {}
        yield rule | ({"batch_size": list(missing)} if len(missing) < len(batches) else {})


_AXES = ("input", "device", "num_workers", "threads")


def _point(each: Cell) -> tuple[Any, ...]:
    return each.detector.name, each.input.name, each.device, each.num_workers, each.threads, each.batch_size
