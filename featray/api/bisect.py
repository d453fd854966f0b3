"""`featray.bisect`: which version of py-feat, of torch or of another package changed a time.

Flow: two names -> `running.versions.find`; sweep and target -> `StepSweeps`; both -> `running.bisection.run`, which
submits step after step on one backend -> `Bisected`.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

from featray import stats, store
from featray.analysis.bisection import Conclusion, Ending, StepResult, cautions
from featray.analysis.outputs import Outputs
from featray.api import arguments, given, notebook_progress
from featray.api.results import Result
from featray.api.submit import check_backend, check_installed, start_backend
from featray.cluster import cluster_file
from featray.core import json_text
from featray.core.argument_names import argument
from featray.core.cell import Cell, cell_id
from featray.core.files import PathLike
from featray.core.package_version import PackageVersion
from featray.errors import BadInput, GateUndecided, NothingMatches, suggest
from featray.host import lease, probe, spool
from featray.measurement import weights
from featray.planning import placement
from featray.planning.inventory import Inventory, Target
from featray.rendering import bisection_json, bisection_text
from featray.rendering.notebook.summary import Summary, make_table
from featray.running import bisection, interrupts, versions
from featray.running.bisection import Again, Bisection, Rule, StepBench, StepSweeps
from featray.running.progress import Progress, Watch
from featray.stats import sequential
from featray.sweep import Sweep


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class Bisected(Result):
    """How a bisection ended, with its steps and the rows' runs."""

    package: str
    versions: tuple[PackageVersion, ...]  # in order, the good one first
    target: Target
    cell: Cell
    conclusion: Conclusion
    steps: tuple[StepResult, ...]
    runs: tuple[str, ...]  # sweeps of the steps, by which reports and comparisons find their rows
    margin: float  # least log ratio that counts
    cautions: tuple[str, ...]  # what makes both sides of the change, or the ends, unlike beside their time
    step_cautions: tuple[tuple[str, ...], ...]  # of each step: how far the outputs of its ends lie apart

    @property
    def ending(self) -> Ending:
        """Give the kind of end."""
        return self.conclusion.ending

    @property
    def first_bad(self) -> str | None:
        """Name the first version with another time; None unless exactly one is found."""
        found = self.conclusion.suspects if self.ending is Ending.FOUND else ()
        return self.versions[found[0]].name if len(found) == 1 else None

    @property
    def ratio(self) -> float | None:
        """Give the time of the first bad version over that of the last good one."""
        return math.exp(self.conclusion.change.difference) if self.conclusion.change else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Give the 95% interval of `ratio`."""
        change = self.conclusion.change
        return (math.exp(change.low), math.exp(change.high)) if change else None

    @property
    def exit_code(self) -> int:
        """0 where the question has an answer, 6 where it could not be decided."""
        return 0 if self.ending in (Ending.FOUND, Ending.UNCHANGED) else GateUndecided.exit_code

    def text(self) -> str:
        """Write it for a terminal."""
        lines = bisection_text.lines(self.conclusion, self.steps, self.versions, margin=self.margin)
        return "\n".join([*lines, *(f"  caution: {caution}" for caution in self.cautions)])

    def to_json(self) -> str:
        """Write it for programs."""
        facts: Mapping[str, Any] = {
            "package": self.package,
            "machine": {"target_id": self.target.target_id, "name": self.target.label},
            "cell": self.cell.label,
            "cell_id": cell_id(self.cell),
            "margin": math.expm1(self.margin),
            "sweeps": list(self.runs),
            "cautions": list(self.cautions),
        }
        return json_text.write(self._to_value(facts))

    def summarize(self) -> Summary:
        """Show how it ended and every step; the frame has a row per step."""
        headline = bisection_text.headline(self.conclusion, self.versions, self.margin)
        records = [{"sweep": run, **step} for run, step in zip(self.runs, self._steps_as_values(), strict=True)]
        return Summary(
            title=f"{self.package}: {headline}",
            tables=(make_table("Steps", bisection_text.HEADINGS, bisection_text.table(self.steps, self.versions)),),
            remarks=self.cautions,
            records=records,
        )

    def _steps_as_values(self) -> Sequence[Mapping[str, Any]]:
        steps: Sequence[Mapping[str, Any]] = self._to_value({})["steps"]
        return steps

    def _to_value(self, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        return bisection_json.to_value(self.conclusion, self.steps, self.versions, facts, cautions=self.step_cautions)


def bisect(
    good: str,
    bad: str,
    *,
    sweep: PathLike,
    package: str | None = None,
    source: str | None = None,
    cell: str | None = None,
    target_id: str | None = None,
    results: str = "results",
    backend: str = "ray",
    address: PathLike | None = None,
    rerun: bool = False,
    retry_failed: bool = False,
    margin_percent: float | None = None,
    blocks: int = sequential.BLOCKS_MAX,
    watch: Watch | None = None,
    progress: bool | None = None,
) -> Bisected:
    """Find the first version of a package whose time differs from the one before it.

    Each step measures both ends and the version in the middle side by side, in fresh processes that take turns, until
    it is clear to which end the middle belongs. A call that was stopped goes on from the stored rows.

    Args:
        good: Release, commit, or path of a file or folder: the older version.
        bad: The newer one.
        sweep: Sweep file with the cell to measure; its environment, if it has one, is what every version needs beside
            the package.
        package: Name of the package; None takes py-feat, or the only one of a folder.
        source: A clone, a git address, or a folder of wheels, sdists or package folders. None takes releases of the
            package index, and py-feat's repository for what is no release.
        cell: Id of the cell, or its beginning, where the sweep has several.
        target_id: Device to measure on; None takes the first that fits.
        results: Store of rows: a folder or URI.
        backend: As in `submit`.
        address: As in `submit`.
        rerun: Measure everything again; earlier rows are kept.
        retry_failed: Try again what has no time, such as a version that could not be installed.
        margin_percent: Smallest difference that counts; None takes 3%.
        blocks: Most processes per version and step.
        watch: Called with every event, every row, and a text at every look.
        progress: As in `submit`.

    Returns:
        How it ended. The probability of a wrong end is at most 5%.

    Raises:
        BadInput: there is no such version, source, cell or device.
        Busy, BackendError, StoreError, Interrupted: as `submit`.
    """
    check_backend(backend, address)
    given.check_numbers({"margin_percent": margin_percent, "blocks": blocks})
    rule = Rule(margin=_margin(margin_percent), blocks_max=_blocks(blocks))
    store.check_address(results)
    check_installed(backend)
    loaded = arguments.load_sweep_to_submit(sweep)
    chosen = bisection.choose_cell(loaded, cell)
    with (
        notebook_progress.shown(watch, progress=progress) as show,
        interrupts.as_interrupted("the same `featray bisect`"),
    ):
        cache = weights.featray_cache() / "bisect"
        name, found = versions.find(
            good, bad, package=package, source=source, cache=cache, say=lambda text: show(Progress(text=text))
        )
        head = cluster_file.head_address(address)
        bench = StepBench(lambda: start_backend(backend, loaded, results, head), results, show)
        try:
            inventory = _this_machine() if head is None else bench.inventory()
            sweeps = _choose_target(loaded, chosen, name, found, inventory, target_id, bench)
            ended = _run(name, sweeps, bench, rule, Again(rerun=rerun, retry_failed=retry_failed), show)
        finally:
            bench.close()
    return _bisected(name, sweeps, ended, rule, results)


def _run(package: str, sweeps: StepSweeps, bench: StepBench, rule: Rule, again: Again, show: Watch) -> Bisection:
    """Bisect, and say what each look has shown."""
    found = sweeps.versions
    among = f"{package}: {len(found)} versions from {found[0].name} to {found[-1].name}"
    show(Progress(text=f"{among}, on {sweeps.target.label}"))
    return bisection.run(
        sweeps,
        bench,
        rule,
        again,
        note=lambda number, result: show(Progress(text=bisection_text.look(number, result, found))),
    )


def _margin(margin_percent: float | None) -> float:
    if margin_percent is None:
        return stats.MARGIN
    if not 0 < margin_percent < 100:
        raise BadInput(f"{argument('margin_percent', margin_percent)}: expected a percentage above 0 and below 100")
    return math.log1p(margin_percent / 100)


def _blocks(blocks: int) -> int:
    if blocks < stats.PILOT:
        raise BadInput(f"{argument('blocks', blocks)}: expected at least {stats.PILOT}")
    return blocks


def _this_machine() -> Inventory:
    """Probe this machine before a backend is started, which may take long."""
    spool.check_folder(weights.featray_cache())
    lease.check_folder()
    return Inventory(hosts=(probe.this_host(),))


def _choose_target(
    loaded: Sweep,
    chosen: Cell,
    package: str,
    found: Sequence[PackageVersion],
    inventory: Inventory,
    target_id: str | None,
    bench: StepBench,
) -> StepSweeps:
    """Choose the device: the one that is named, else one on which this bisection began, else the first that fits.

    Raises:
        NothingMatches: no device fits.
    """
    asked = dataclasses.replace(chosen, requirements=(found[0].requirement,))
    placed = placement.match([asked], inventory, loaded.hosts)
    targets = [unit.target for unit in placed.units if target_id in (None, unit.target.target_id)]
    if not targets:
        fitting = [unit.target.target_id for unit in placed.units]
        reasons = "; ".join(dict.fromkeys(refusal.reason for refusal in placed.refusals))
        named = f"no device {target_id!r} fits{suggest(target_id or '', fitting)}"
        raise NothingMatches(f"{loaded.name}: {named if fitting else f'the cell can run nowhere: {reasons}'}")
    made = [_step_sweeps(loaded, chosen, package, found, target) for target in targets]
    begun = (sweeps for sweeps in made if bench.find_run(sweeps.name(bisection.first_step(len(found)))) is not None)
    return next(begun, made[0])


def _step_sweeps(
    loaded: Sweep, chosen: Cell, package: str, found: Sequence[PackageVersion], target: Target
) -> StepSweeps:
    base = bisection.find_base(loaded, chosen, package, target.host.packages)
    return StepSweeps(sweep=loaded, chosen=chosen, versions=found, base=base, target=target)


def _bisected(package: str, sweeps: StepSweeps, ended: Bisection, rule: Rule, results: str) -> Bisected:
    names = [version.name for version in sweeps.versions]
    kept = store.outputs.KeptOutputs(results)
    outputs = Outputs(kept.find, kept.has)
    return Bisected(
        package=package,
        versions=tuple(sweeps.versions),
        target=sweeps.target,
        cell=sweeps.chosen,
        conclusion=ended.conclusion,
        steps=ended.results,
        runs=tuple(sweeps.name(result.step) for result in ended.results),
        margin=rule.margin,
        cautions=cautions.find(ended.conclusion, ended.results, names, outputs),
        step_cautions=tuple(cautions.find_in_step(result, names, outputs) for result in ended.results),
    )
