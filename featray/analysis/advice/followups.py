"""Follow-ups: the cells that findings ask for, as sweeps to submit next.

Flow: `diagnosis.Finding.wanted` -> `propose` -> `Followup` -> `followup_file.to_yaml`.
Pure. One follow-up holds what one kind of finding asks for on one target in one environment, with the reasons and the
expected duration.
"""

import collections
import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from featray import stats
from featray.analysis.advice import wanted_cells
from featray.analysis.diagnosis import ComparisonRole, Finding, WantedCells
from featray.analysis.units import Unit
from featray.core import identity, wording
from featray.core.cell import Cell, cell_id
from featray.core.choices import Device
from featray.core.rules import Rules
from featray.core.targets import NamedTarget
from featray.planning import plan, releases, time_estimate


@dataclasses.dataclass(frozen=True, kw_only=True)
class Followup:
    """One sweep to submit next. `name` can be used as a file name."""

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
class _PlacedCell:
    """One wanted cell, and a unit of the target where it is wanted."""

    cell: Cell
    wanted: WantedCells
    place: Unit


def propose(
    findings: Iterable[Finding],
    units: Sequence[Unit],
    *,
    name: str,
    baseline: str | None = None,
    candidate: str | None = None,
) -> list[Followup]:
    """Gather what findings want into sweeps.

    Args:
        findings: In the order in which their sweeps are worth submitting; what cannot be written as a cell is left out.
        units: Of both sides, to find targets.
        name: The sweeps' names begin with it.
        baseline: Sweep of the baseline; None if featray did not measure it.
        candidate: Sweep of the report; None if featray did not measure it.

    Returns:
        In the order of their findings. The baseline of each is a sweep that featray measured, or another follow-up: a
        ratio to an import is never decided.
    """
    places = {unit.row.target_id: unit for unit in units}
    groups: dict[tuple[str, str, ComparisonRole | None], list[_PlacedCell]] = {}
    for kind, wanted in ((finding.kind, wanted) for finding in findings for wanted in finding.wanted):
        place = places.get(wanted.target_id or wanted.unit.row.target_id, wanted.unit)
        for cell in wanted_cells.resolve(wanted):
            key = str(kind), _file_key(cell, place), wanted.measures
            groups.setdefault(key, []).append(_PlacedCell(cell, wanted, place))
    names = _file_names(name, [kind for kind, *_ in groups])
    measured_by = {role: file_name for (_, _, role), file_name in zip(groups, names, strict=True) if role}
    stored = {"baseline": baseline, "candidate": candidate, "all": candidate}
    return [
        _followup(members, file_name, _baseline(members[0].wanted.against, measured_by, stored))
        for file_name, members in zip(names, groups.values(), strict=True)
    ]


def _file_key(cell: Cell, place: Unit) -> str:
    """Write what the cells of one file have in common."""
    return identity.digest(
        {
            "target": place.row.target_id,
            "requirements": list(cell.requirements),
            "weights": cell.weights,
            "env": dict(cell.env),
        }
    )


def _file_names(name: str, kinds: Sequence[str]) -> list[str]:
    """Name each sweep after the kind of its finding, numbered from the second of a kind on."""
    counts: collections.Counter[str] = collections.Counter()
    names = []
    for kind in kinds:
        counts[kind] += 1
        number = f"-{counts[kind]}" if counts[kind] > 1 else ""
        names.append(_file_name(f"{name}-{kind.replace(' ', '-')}{number}"))
    return names


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", name).lstrip("._-")[-80:].lstrip("._-") or "next"


def _baseline(
    role: ComparisonRole | None, measured_by: Mapping[ComparisonRole, str], stored: Mapping[str, str | None]
) -> str | None:
    """Name the sweep of a role: the follow-up that measures it, or a stored one, or a follow-up of the same kind."""
    if role is None:
        return None
    same_kind = (name for other, name in measured_by.items() if other[0] == role[0])
    return measured_by.get(role) or stored.get(role[0]) or next(same_kind, None)


def _followup(members: Sequence[_PlacedCell], name: str, baseline: str | None) -> Followup:
    distinct = {cell_id(member.cell): member for member in members}
    row = members[0].place.row
    invocations = max((member.wanted.invocations or 0 for member in members), default=0) or None
    reasons = dict.fromkeys(wording.plain(member.wanted.reason) for member in members)
    return Followup(
        name=name,
        cells=tuple(member.cell for member in distinct.values()),
        target=members[0].place.target,
        host=row.hostname,
        device=row.device,
        gpu=row.gpu_name if row.device == Device.CUDA else None,
        invocations=invocations,
        baseline=baseline,
        reasons=(*reasons, *_conditions(members)),
        remarks=tuple(_remarks(members)),
        expected_s=_expected_s(list(distinct.values()), invocations or stats.PILOT),
    )


_COMMIT = re.compile(r"py-feat @ .*@([0-9a-f]+)$")


def _conditions(members: Sequence[_PlacedCell]) -> Iterator[str]:
    """Name the classes that a pinned commit of py-feat may not have: this is unknown before the cells run."""
    uncertain: dict[str, dict[str, None]] = {}
    for member in members:
        class_name = member.cell.detector.class_name
        for match in filter(None, map(_COMMIT.match, member.cell.requirements)):
            rows = [unit.row for unit in (member.wanted.unit, member.place) if unit.row.pyfeat_commit == match[1]]
            is_known = any(releases.has_class(class_name, row.pyfeat) for row in rows)
            if class_name in releases.FIRST_PYFEAT and not is_known:
                uncertain.setdefault(match[1], {})[class_name] = None
    for commit, class_names in uncertain.items():
        yield f"only if py-feat {commit} has {wording.listed(class_names)}"


def _remarks(members: Sequence[_PlacedCell]) -> Iterator[str]:
    if any(member.wanted.unit.is_imported for member in members):
        yield "classes and keywords are those of featray's catalogue: an imported report has only labels"
    rows = [unit.row for member in members for unit in (member.wanted.unit, member.place)]
    versions = dict.fromkeys(row.torch.partition("+") for row in rows if row.torch)
    pins = {pin for member in members for pin in member.cell.requirements}
    for version, _, build in versions:
        if build and f"torch=={version}" in pins:
            yield f"torch=={version} without +{build}, which names a wheel index and not a version"


def _expected_s(members: Sequence[_PlacedCell], invocations: int) -> float:
    """Estimate the duration as `featray plan` will estimate it for the file."""
    rules = Rules()
    measuring_s = sum(time_estimate.guess_s(member.cell, rules) for member in members)
    processes = len({plan.process_key(member.cell, member.place.row.target_id) for member in members})
    return invocations * (measuring_s + processes * time_estimate.LOAD_S)
