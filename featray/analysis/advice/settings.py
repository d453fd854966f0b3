"""Settings: which of the candidates of one detector, target and input to use, and which are equally good.

Flow: `candidates.Candidate` -> `choose` -> `Setting` -> `recommendation`, and the report's settings and headline. Pure.

A setting counts as equally good as the fastest unless the difference is decided and worth knowing. The smallest of them
is chosen: it needs the least memory and answers first.
"""

import dataclasses
import math
from collections.abc import Hashable, Iterable, Sequence
from statistics import fmean

from featray import stats
from featray.analysis import comparison
from featray.analysis.advice import candidates, memory_use, speeds
from featray.analysis.advice.candidates import Candidate
from featray.analysis.advice.memory_use import MemoryUse
from featray.analysis.advice.speeds import Speed
from featray.analysis.comparison import Pair
from featray.analysis.unit import Unit
from featray.stats import Verdict

OVER = ("batch_size", "num_workers", "threads", "processes", "mps_daemon", "variables")
"""What settings of one detector may differ in, as `comparison` names it."""

SINGLE_DIFFERENCE = 1.96 * math.sqrt(2) * stats.ASSUMED_SD
"""Log ratio from which a single measurement is taken to be slower: of equal settings 95% differ by less at the assumed
sd, 11%."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LongestClip:
    """The speed of the same detector on the longest clip that was measured there, which start-up hardly affects."""

    section_label: str
    unit: Unit
    speed: Speed


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Setting:
    """The setting to use of one detector on one target and input."""

    candidate: Candidate
    speed: Speed
    memory: MemoryUse | None  # None: unknown
    fastest: Unit
    equals: tuple[Pair, ...]  # the fastest against each other setting that is equally good
    weaker: tuple[Candidate, ...]  # not chosen because less is known of them, or because they failed
    against_best: Pair | None = None  # the recommended setting against this one; None for the recommended one
    longest_clip: LongestClip | None = None  # None: this is it, or the speed is already sustained

    def __repr__(self) -> str:
        """Name the unit that measured it, and its speed."""
        return f"Setting({self.unit!r}, {self.speed.hz:.4g} frames/s)"

    @property
    def unit(self) -> Unit:
        """Give the unit that measured it."""
        return self.candidate.unit

    @property
    def frames_per_s(self) -> float:
        """Give the speed on this input, in frames or images per second."""
        return self.speed.hz

    @property
    def low(self) -> float | None:
        """Give the lower end of the 95% interval of `frames_per_s`."""
        return self.speed.low

    @property
    def high(self) -> float | None:
        """Give the upper end of the 95% interval of `frames_per_s`."""
        return self.speed.high

    @property
    def sustained_hz(self) -> float | None:
        """Give the speed to plan with: of the sustained run, else on the longest clip; None for images."""
        if self.sustained_basis is None:
            return None
        return self.longest_clip.speed.hz if self.longest_clip else self.speed.hz

    @property
    def sustained_basis(self) -> str | None:
        """Name what `sustained_hz` comes from: a sustained run, or the section of the longest clip."""
        if self.speed.is_sustained:
            return "sustained run"
        if self.longest_clip:
            return self.longest_clip.section_label
        return self.unit.row.section_label if self.unit.is_video else None

    @property
    def tied(self) -> tuple[int, ...]:
        """List the batch sizes that are equally good, this one included."""
        equals = [self.fastest, *(pair.candidate for pair in self.equals)]
        return tuple(sorted({unit.row.batch_size for unit in equals}))


def choose(lineup: Sequence[Candidate]) -> Setting:
    """Choose among the candidates of one lineup.

    Args:
        lineup: At least one candidate; each has a speed.
    """
    pool = _most_trusted(lineup)
    units = speeds.alike([candidate.unit for candidate in pool])
    compared = dict(zip(units, pool, strict=True))
    fastest = min(units, key=lambda unit: fmean(timing.log for timing in unit.timings))
    # Another state of the machine, such as its temperature, is the setting's own.
    pairs = [comparison.judge_by_time(fastest, unit, OVER) for unit in units if unit is not fastest]
    equals = [pair for pair in comparison.mark_daggers(pairs) if is_equally_good(pair)]
    equally_good = [compared[unit] for unit in (fastest, *(pair.candidate for pair in equals))]
    smallest = min(equally_good, key=lambda candidate: candidate.size)
    return Setting(
        candidate=smallest,
        speed=speeds.of_unit(smallest.unit),
        memory=memory_use.of_unit(smallest.unit),
        fastest=fastest,
        equals=tuple(equals),
        weaker=tuple(candidate for candidate in lineup if candidate not in pool),
    )


def choose_in_runs(units: Iterable[Unit]) -> list[Setting]:
    """Choose a setting for each run, detector, target, input and kind of weights; the best first, as `sort` does."""
    measured = [unit for unit in units if unit.logs and unit.row.frames]
    lineups = [candidates.group_by_lineup(members).values() for members in candidates.gather_in_runs(measured)]
    best: dict[Hashable, Setting] = {}
    for setting in sort(choose(members) for of_run in lineups for members in of_run):
        row = setting.unit.row
        place = row.run_id, row.section_kind, row.input, row.section_label, row.detector, row.target_id, row.weights
        best.setdefault(place, setting)
    return list(best.values())


def choose_current(units: Sequence[Unit]) -> list[Setting]:
    """Choose as `choose_in_runs` does, without settings that a later run measured again."""
    superseded = candidates.find_superseded(units)
    return [setting for setting in choose_in_runs(units) if setting.unit.key not in superseded]


def sort(chosen: Iterable[Setting]) -> list[Setting]:
    """Sort settings by how far they can be trusted, then by speed: that of sustained runs if all have one."""
    chosen = list(chosen)
    is_sustained = all(setting.speed.is_sustained for setting in chosen)

    def key(setting: Setting) -> tuple[object, ...]:
        speed = setting.speed if is_sustained else speeds.of_calls(setting.unit)
        return setting.candidate.rank, -speed.hz

    return sorted(chosen, key=key)


def _most_trusted(lineup: Sequence[Candidate]) -> list[Candidate]:
    """Select the candidates of the best rank; where all have older contexts, those of the newest of these."""
    rank = min(candidate.rank for candidate in lineup)
    pool = [candidate for candidate in lineup if candidate.rank == rank]
    newest = max(pool, key=lambda candidate: candidate.unit.row.started_at)
    return [candidate for candidate in pool if candidate.older == newest.older]


def against(best: Setting, other: Setting) -> Pair:
    """Compare the recommended setting with the setting of another detector, target or context."""
    baseline, candidate = speeds.alike([best.unit, other.unit])
    over = (*OVER, "targets", "environment")
    is_same_detector = baseline.row.detector == candidate.row.detector
    return comparison.judge(baseline, candidate, over if is_same_detector else (*over, "detector"))


def is_equally_good(pair: Pair) -> bool:
    """Return True unless the second unit is slower than the first, or computes something else.

    Single measurements decide nothing. Of those, the second is taken to be slower from SINGLE_DIFFERENCE on.
    """
    decision = pair.decision
    if decision is None or pair.verdict is Verdict.NOT_COMPARABLE:
        return False
    if min(decision.n_baseline, decision.n_candidate) < stats.INVOCATIONS_MIN:
        return math.log(decision.ratio) < max(decision.margin, SINGLE_DIFFERENCE)
    return not (pair.is_decided and pair.verdict is Verdict.SLOWER)


def confounders(pair: Pair) -> list[str]:
    """List what else differs between two settings besides themselves, their detectors and their targets."""
    is_same_target = pair.baseline.row.target_id == pair.candidate.row.target_id
    keys = {"torch", "pyfeat", "measuring", *(("driver",) if is_same_target else ())}
    return [factor.gist for factor in pair.factors if factor.key in keys]
