"""Follow-ups: the cells that findings ask for, as sweeps to submit next.

Flow: `drafts.Draft` -> `propose` -> `Followup` -> `followup_file.to_yaml`. Pure. A follow-up has the reasons, the
expected duration, and the sweep that it is compared with.
"""

import collections
import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from featray.analysis.advice import drafts
from featray.analysis.advice.drafts import Draft, PlacedCell
from featray.analysis.diagnosis import Finding
from featray.analysis.unit import Unit
from featray.core import wording
from featray.core.cell import Cell
from featray.core.choices import Device
from featray.core.rules import Rules
from featray.core.secret_values import name_digests
from featray.core.targets import NamedTarget
from featray.planning import releases


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
    rules: Rules = dataclasses.field(default_factory=Rules)
    environments: tuple[str, ...] = ()  # of the sweep that was measured, in its order
    baseline: str | None
    reasons: tuple[str, ...]
    remarks: tuple[str, ...] = ()  # on how the file was written
    expected_s: float


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
    collected = drafts.collect(findings, units)
    names = _file_names(name, [str(draft.kind) for draft in collected])
    name_of = {id(draft): file_name for draft, file_name in zip(collected, names, strict=True)}
    stored = {"baseline": baseline, "candidate": candidate, "all": candidate}
    return [_followup(draft, name_of[id(draft)], _baseline(draft, collected, name_of, stored)) for draft in collected]


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
    draft: Draft, collected: Sequence[Draft], name_of: Mapping[int, str], stored: Mapping[str, str | None]
) -> str | None:
    """Name the sweep of a part: the follow-up that measures it, or a stored one, or a follow-up of the same kind."""
    role = draft.against
    if role is None:
        return None
    measuring = drafts.find_measuring(collected, role, draft)
    if measuring:
        return name_of[id(measuring)]
    same_kind = [other for other in collected if role[0] in {part[0] for part in other.measures} and other is not draft]
    return stored.get(role[0]) or next((name_of[id(other)] for other in same_kind), None)


def _followup(draft: Draft, name: str, baseline: str | None) -> Followup:
    row = draft.place.row
    reasons = dict.fromkeys(wording.plain(member.wanted.reason) for member in draft.wanted)
    return Followup(
        name=name,
        cells=tuple(member.cell for member in draft.cells.values()),
        target=draft.place.target,
        host=row.hostname,
        device=row.device,
        gpu=row.gpu_name if row.device == Device.CUDA and not draft.place.is_whole else None,
        invocations=draft.invocations,
        rules=draft.rules,
        environments=_environments(draft),
        baseline=baseline,
        reasons=(*reasons, *_conditions(draft.wanted)),
        remarks=(*_limits(draft), *_remarks(draft.wanted)),
        expected_s=draft.expected_s,
    )


def _environments(draft: Draft) -> tuple[str, ...]:
    """List the environments of the sweeps that were measured: the first is the baseline of the others."""
    listed = (name for member in draft.wanted for name in member.wanted.unit.row.environments or ())
    return tuple(dict.fromkeys(listed))


def _limits(draft: Draft) -> Iterator[str]:
    """Say where the sweep asks for less than the findings want, or takes longer than a sweep should."""
    if draft.asked and draft.invocations and draft.invocations < draft.asked:
        limits = f"{drafts.INVOCATIONS_ASKED} invocations and {wording.duration(drafts.SWEEP_LIMIT_S)}"
        yield (
            f"{draft.invocations} invocations, although {draft.asked} are needed: a sweep is limited to {limits}. "
            "For more, submit it again with --rerun"
        )
    if draft.expected_s > drafts.SWEEP_LIMIT_S:
        yield f"longer than {wording.duration(drafts.SWEEP_LIMIT_S)}, since these cells are measured side by side"


_COMMIT = re.compile(r"py-feat @ .*@([0-9a-f]+)$")


def _conditions(members: Sequence[PlacedCell]) -> Iterator[str]:
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
        yield f"works only if py-feat {commit} has the class {wording.listed(class_names)}"


def _remarks(members: Sequence[PlacedCell]) -> Iterator[str]:
    if any(member.wanted.unit.is_imported for member in members):
        yield "classes and keywords are those of featray's catalogue: an imported report has only labels"
    digests = [name for member in members for name in name_digests(member.cell.env, member.cell.requirements)]
    if digests:
        yield f"write each secret itself instead of its digest: {wording.listed(digests)}"
    rows = [unit.row for member in members for unit in (member.wanted.unit, member.place)]
    versions = dict.fromkeys(row.torch.partition("+") for row in rows if row.torch)
    pins = {pin for member in members for pin in member.cell.requirements}
    for version, _, build in versions:
        if build and f"torch=={version}" in pins:
            yield f"torch=={version} without +{build}, which names a wheel index and not a version"
