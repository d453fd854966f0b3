"""Drafts: cells that findings want, collected into sweeps so that no cell is asked for twice.

Flow: `diagnosis.Finding.wanted` -> `collect` -> `Draft` -> `followups`. Pure.

A draft holds what one kind of finding wants on one target with one set of software. A finding that shares a cell with
an earlier draft joins it with its other cells, as long as the sweep stays short: cells of one sweep are measured side
by side. Otherwise the cells that nobody asked for yet make a sweep of their own.
"""

import dataclasses
import functools
from collections.abc import Hashable, Iterable, Iterator, Sequence

from featray import stats
from featray.analysis.advice import measured_rules, wanted_cells
from featray.analysis.diagnosis import ComparisonRole, Finding, FindingKind, WantedCells
from featray.analysis.unit import Unit
from featray.core import identity
from featray.core.cell import Cell, cell_id
from featray.core.rules import Rules
from featray.planning import process_names, time_estimate

INVOCATIONS_ASKED = stats.INVOCATIONS_MAX
"""Invocations of a setting that a sweep asks for at most: as many as the planner makes. What needs more is better
measured again on another day, since further sessions say more than further processes."""

SWEEP_LIMIT_S = 4 * 3600.0
"""Seconds that a sweep is expected to take at most. A choice: half a day, so that somebody can wait for it."""


@dataclasses.dataclass(frozen=True)
class PlacedCell:
    """One wanted cell, and a unit of the target where it is wanted."""

    cell: Cell
    wanted: WantedCells
    place: Unit

    @functools.cached_property
    def key(self) -> tuple[str, str]:
        """Identify what would be measured: (target id, cell id)."""
        return self.place.row.target_id, cell_id(self.cell)

    @functools.cached_property
    def process(self) -> str:
        """Name the process that would measure it."""
        return process_names.process_key(self.cell, self.place.row.target_id)

    @functools.cached_property
    def software(self) -> str:
        """Write what the cells of one sweep have in common."""
        cell = self.cell
        return identity.digest(
            {
                "target": self.place.row.target_id,
                "installed": self._installed(),
                "weights": cell.weights,
                "env": dict(cell.env),
                "mps_daemon": cell.mps_daemon,
            }
        )

    def _installed(self) -> list[str]:
        """Write what is installed for it: environments that one run compared belong into one sweep, side by side."""
        row = self.wanted.unit.row
        is_own = not self.wanted.requirements and not self.wanted.unit.is_imported
        if is_own and row.environments is not None and self.cell.environment in row.environments:
            return [f"environments of {row.run_id}"]
        return list(self.cell.requirements)


@dataclasses.dataclass
class Draft:
    """One sweep in the making."""

    kind: FindingKind
    cells: dict[tuple[str, str], PlacedCell] = dataclasses.field(default_factory=dict)  # to measure
    wanted: list[PlacedCell] = dataclasses.field(default_factory=list)
    """Everything that the sweep answers, with cells that several findings want."""
    measures: set[ComparisonRole] = dataclasses.field(default_factory=set)
    """The parts that the sweep measures."""
    labels: set[tuple[str, str]] = dataclasses.field(default_factory=set)
    """(detector, input) of its cells."""
    most_wanted: int = 0
    """The most invocations that a finding wants; 0 if none says so."""
    _rules: Rules | None = None  # of the first member whose unit says by what rules it was measured
    _measuring_s: float = 0.0  # of one invocation of its cells by these rules
    _processes: set[str] = dataclasses.field(default_factory=set)

    @property
    def place(self) -> Unit:
        """Give a unit of the target."""
        return self.wanted[0].place

    @property
    def against(self) -> ComparisonRole | None:
        """Give the part that the sweep is compared with: the first finding's."""
        return self.wanted[0].wanted.against

    @property
    def asked(self) -> int | None:
        """Give the most invocations that a finding wants; None if none says so."""
        return self.most_wanted or None

    @property
    def invocations(self) -> int | None:
        """Give the invocations to make, within INVOCATIONS_ASKED and SWEEP_LIMIT_S; None: as the sweep plans."""
        wanted = min(self.asked or stats.PILOT, INVOCATIONS_ASKED)
        fitting = int(SWEEP_LIMIT_S / self.invocation_s)
        if fitting < wanted:
            return max(fitting, stats.INVOCATIONS_MIN)
        return wanted if self.asked else None

    @property
    def rules(self) -> Rules:
        """Give the rules by which its units were measured."""
        return self._rules or Rules()

    @property
    def invocation_s(self) -> float:
        """Estimate the seconds of one invocation of every cell as `featray plan` will estimate it for the file."""
        return self._invocation_s(())

    @property
    def expected_s(self) -> float:
        """Estimate the seconds of the whole sweep."""
        return (self.invocations or stats.PILOT) * self.invocation_s

    def has_room(self, members: Sequence[PlacedCell]) -> bool:
        """Return True if the sweep stays within SWEEP_LIMIT_S with further cells."""
        wanted = max((member.wanted.invocations or 0 for member in members), default=0)
        invocations = min(max(self.most_wanted, wanted) or stats.PILOT, INVOCATIONS_ASKED)
        return invocations * self._invocation_s(members) <= SWEEP_LIMIT_S

    def _invocation_s(self, further: Sequence[PlacedCell]) -> float:
        """Estimate the seconds of one invocation with further cells, each of which counts once."""
        new = {member.key: member for member in further if member.key not in self.cells}.values()
        new_s = [time_estimate.guess_s(member.cell, self.rules) for member in new]
        processes = len(self._processes) + len({member.process for member in new} - self._processes)
        return sum(new_s, start=self._measuring_s) + processes * time_estimate.LOAD_S

    def add(self, members: Iterable[PlacedCell]) -> None:
        """Add cells, or further reasons for those that are there."""
        for member in members:
            self.wanted.append(member)
            self.measures |= {member.wanted.measures} if member.wanted.measures else set()
            self.most_wanted = max(self.most_wanted, member.wanted.invocations or 0)
            self.labels.add((member.cell.detector.name, member.cell.input.name))
            is_new = member.key not in self.cells
            self.cells.setdefault(member.key, member)
            if self._rules is None and (found := measured_rules.find(member.wanted.unit)):
                self._rules = found
                self._measuring_s = sum(time_estimate.guess_s(known.cell, found) for known in self.cells.values())
            elif is_new:
                self._measuring_s += time_estimate.guess_s(member.cell, self.rules)
            self._processes.add(member.process)


def collect(findings: Iterable[Finding], units: Iterable[Unit]) -> list[Draft]:
    """Collect what findings want.

    Args:
        findings: In the order in which their sweeps are worth submitting; what cannot be written as a cell is left out.
        units: To find targets.

    Returns:
        In the order of their first findings.
    """
    places = {unit.row.target_id: unit for unit in units}
    collection = _Collection()
    for finding in findings:
        for together in _compared_together(finding):
            members = [
                PlacedCell(cell, wanted, places.get(wanted.target_id or wanted.unit.row.target_id, wanted.unit))
                for wanted in together
                for cell in wanted_cells.resolve(wanted)
            ]
            for group in _by_software(members):
                collection.place(finding.kind, group)
    return collection.drafts


def _compared_together(finding: Finding) -> Iterator[list[WantedCells]]:
    """Split what a finding wants into sweeps: without a baseline, its cells are compared with each other."""
    without = [wanted for wanted in finding.wanted if wanted.against is None and wanted.measures is None]
    if without:
        yield without
    yield from ([wanted] for wanted in finding.wanted if (wanted.against, wanted.measures) != (None, None))


def _by_software(members: Iterable[PlacedCell]) -> Iterable[list[PlacedCell]]:
    groups: dict[str, list[PlacedCell]] = {}
    for member in members:
        groups.setdefault(member.software, []).append(member)
    return groups.values()


class _Collection:
    """The drafts so far, found by what they have."""

    def __init__(self) -> None:
        """Hold none yet."""
        self.drafts: list[Draft] = []
        self._by_cell: dict[tuple[str, str], Draft] = {}
        self._by_likeness: dict[Hashable, list[Draft]] = {}

    def place(self, kind: FindingKind, members: Sequence[PlacedCell]) -> None:
        """Put wanted cells where they belong: what is asked for already into its draft, the rest into the same.

        If that has no room, the rest goes into a draft of its kind that has, or into a new one.
        """
        shared: dict[int, tuple[Draft, list[PlacedCell]]] = {}
        new = []
        for member in members:
            if draft := self._by_cell.get(member.key):
                shared.setdefault(id(draft), (draft, []))[1].append(member)
            else:
                new.append(member)
        for draft, own in shared.values():
            draft.add(own)
        if not new:
            return
        joined = [draft for draft, _ in sorted(shared.values(), key=lambda entry: -len(entry[1]))]
        first = new[0]
        alike = self._by_likeness.setdefault((kind, first.wanted.measures, first.software), [])
        home = next((draft for draft in [*joined, *alike] if draft.has_room(new)), None)
        if home is None:
            home = Draft(kind)
            self.drafts.append(home)
            alike.append(home)
        home.add(new)
        self._by_cell |= dict.fromkeys((member.key for member in new), home)


def find_measuring(drafts: Sequence[Draft], role: ComparisonRole, draft: Draft) -> Draft | None:
    """Find the draft that measures a part; of several the one that shares most detectors and inputs with a draft."""
    measuring = [other for other in drafts if role in other.measures and other is not draft]
    return max(measuring, key=lambda other: len(draft.labels & other.labels), default=None)
