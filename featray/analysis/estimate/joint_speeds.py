"""Joint speeds: what is known of all GPUs of a host at the same time, in place of each one's speed alone.

Flow: all units -> `gather` -> `Joint`; forecasts of all targets -> `together` -> `Together` -> `sides`, `archive`.
`describe` says which speeds were measured. Pure.

What the GPUs do together counts if the setting of one of them was measured on all of them too, or if they are faster
together than the sum of them alone. Else only another setting was measured together, which says nothing of the best.
Where a GPU's own setting failed on all of them, or is beyond the limits there, they do not work at the same time.
"""

import dataclasses
import functools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from featray.analysis import scaling, unit_wording
from featray.analysis.advice import candidates
from featray.analysis.advice.candidates import Candidate
from featray.analysis.estimate.forecast import Forecast
from featray.analysis.unit import Unit
from featray.core import wording


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Joint:
    """Several GPUs of a host that were tried at the same time, at least at one setting."""

    by_setting: Mapping[str, Candidate]  # the setting without targets -> the newest that is known of it

    @functools.cached_property
    def unit(self) -> Unit:
        """Give the unit that was measured last."""
        return max((each.unit for each in self.by_setting.values()), key=lambda unit: unit.row.started_at)

    @property
    def extent(self) -> tuple[int, str]:
        """Order sets of GPUs, which may have changed: the largest counts, of equal ones the last measured."""
        return self.unit.gpus, self.unit.row.started_at

    @property
    def uuids(self) -> set[str]:
        """Name its GPUs."""
        return set(self.unit.row.gpus or ())

    @property
    def timed(self) -> list[Unit]:
        """List the settings that have a speed, the fastest first."""
        known = [each.unit for each in self.by_setting.values() if each.is_timed]
        return sorted(known, key=lambda unit: -unit.throughput_hz)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Together:
    """What may work at the same time."""

    forecasts: tuple[Forecast, ...]
    assumed: Mapping[str, str]  # id of a host whose GPUs keep their speed alone -> what was seen at another setting
    unfit: tuple[str, ...]  # sentences: why GPUs do not work at the same time


def gather(units: Iterable[Unit]) -> list[Joint]:
    """Gather what was tried on several GPUs at the same time, the most GPUs first.

    Args:
        units: Of any runs, whatever the constraints; also those that failed.
    """
    found: dict[str, dict[str, Candidate]] = {}
    for each in candidates.gather([unit for unit in units if unit.gpus > 1 and not unit.is_replayed]):
        if each.older or not (each.is_timed or each.failures):
            continue
        known = found.setdefault(each.unit.target.target_id, {})
        before = known.get(_setting(each.unit))
        if before is None or _trust(before) < _trust(each):
            known[_setting(each.unit)] = each
    return sorted((Joint(by_setting=known) for known in found.values()), key=lambda joint: joint.extent, reverse=True)


def _trust(candidate: Candidate) -> tuple[bool, str]:
    return candidate.is_timed, candidate.unit.row.started_at


def together(forecasts: Sequence[Forecast], joints: Sequence[Joint], units: Sequence[Unit]) -> Together:
    """Keep, for each host, either all its GPUs at the same time or each of them alone; none where they cannot.

    Args:
        forecasts: One for each target.
        joints: What is known, the most GPUs first.
        units: What was measured, for the speed of one GPU alone.
    """
    of_hosts, found = dict[str, list[Joint]](), dict[str, list[Forecast]]()
    for joint in joints:
        of_hosts.setdefault(joint.unit.target.host_id, []).append(joint)
    for each in forecasts:
        found.setdefault(each.unit.target.host_id, []).append(each)
    made = [_of_host(members, of_hosts.get(host, ()), units) for host, members in found.items()]
    return Together(
        forecasts=tuple(each for part in made for each in part.forecasts),
        assumed={host: text for part in made for host, text in part.assumed.items()},
        unfit=tuple(text for part in made for text in part.unfit),
    )


def _of_host(members: Sequence[Forecast], joints: Sequence[Joint], units: Sequence[Unit]) -> Together:
    kept, assumed, unfit = list(members), dict[str, str](), list[str]()
    for joint in joints:
        uuids = joint.uuids
        whole = next((each for each in kept if each.unit.target.target_id == joint.unit.target.target_id), None)
        alone = [each for each in kept if each.unit.gpus == 1 and each.unit.row.gpu_uuid in uuids]
        smaller = [each for each in kept if each is not whole and each.unit.gpus > 1 and _uuids(each) & uuids]
        if whole is None and not alone:
            continue
        known = [joint.by_setting.get(_setting(each.unit)) for each in alone]
        if whole is not None and (any(known) or _is_better(whole, alone)):
            kept = [each for each in kept if each not in (*alone, *smaller)]
        elif len(alone) > 1 and any(known):
            kept = [each for each in kept if each not in alone]
            unfit.append(_unfit(next(each for each in known if each)))
        else:
            kept = [each for each in kept if each is not whole]
            assumed[joint.unit.target.host_id] = _seen(joint, units)
    return Together(forecasts=tuple(kept), assumed=assumed, unfit=tuple(unfit))


def _uuids(forecast: Forecast) -> set[str]:
    return set(forecast.unit.row.gpus or ())


def _is_better(whole: Forecast, alone: Sequence[Forecast]) -> bool:
    """Return True if another setting on all GPUs beats what each does alone, and is trusted as far."""
    is_trusted = not alone or whole.rank <= min(each.rank for each in alone)
    return is_trusted and whole.hz >= sum(each.hz for each in alone)


def _unfit(candidate: Candidate) -> str:
    """Say why GPUs do not work at the same time at a setting, and what to measure."""
    unit, name = candidate.unit, _name(candidate.unit)
    place = f"{wording.plain(unit.target.place)} at the same time"
    remedy = "measure smaller batches with `axes.targets: [1, all]`"
    if candidate.is_timed:
        return f"{place}: {name} was measured so and is beyond the limits; {remedy}"
    return f"{place}: {_failure(candidate, name)}; {remedy}"


def _failure(candidate: Candidate, name: str) -> str:
    """Write the last failure of a setting: `clk, batch 4 failed so (oom: ...)`."""
    row = candidate.failures[-1]
    reason = f": {wording.plain(row.reason)}" if row.reason else ""
    return f"{name} failed so ({row.status}{reason})"


def _seen(joint: Joint, units: Sequence[Unit]) -> str:
    """Say what the GPUs did together at their fastest setting; empty where none has a speed beside one alone."""
    said = ((unit, gist(unit, units)) for unit in joint.timed)
    return next((f"{_name(unit)} was measured at the same time: {text}" for unit, text in said if text), "")


def _name(unit: Unit) -> str:
    return wording.listed([unit_wording.detector(unit.row), *unit_wording.settings(unit)], limit=None)


def gist(unit: Unit, units: Sequence[Unit]) -> str | None:
    """Write what several GPUs do at the same time, against one of them alone; None if that is not known."""
    known = scaling.of_setting(unit, units)
    return scaling.gist(known) if known else None


def _setting(unit: Unit) -> str:
    return json.dumps(
        {name: part for name, part in unit.asked.items() if name not in ("targets", "input")}, sort_keys=True
    )


def describe(used: Sequence[Forecast], units: Sequence[Unit]) -> Iterator[str]:
    """Say of which GPUs the speed at the same time was measured, and what it is.

    Args:
        used: Forecasts of several GPUs.
        units: What was measured, for the speed of one GPU alone.
    """
    for each in used:
        figures = gist(each.unit, units)
        text = f"the speed of {wording.plain(each.unit.target.place)} at the same time"
        yield f"{text} ({figures})" if figures else text
