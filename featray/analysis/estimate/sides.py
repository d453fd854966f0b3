"""Sides: which devices of a host may work at the same time.

Flow: forecasts of all targets, `joint_speeds` -> `make` -> `Side` -> `archive`, which takes the one that ends first.
Pure.

A host has its CPU or its GPUs, since a GPU's process needs the CPU too; and all its GPUs at the same time or, where
that was measured, one of them alone. What is less trusted than another of these, such as a single invocation beside
five, does not count, as in `recommendation`.
"""

import dataclasses
from collections.abc import Container, Iterator, Sequence

from featray import stats
from featray.analysis.estimate.forecast import Forecast
from featray.core import wording
from featray.core.choices import Device


@dataclasses.dataclass(frozen=True, eq=False)
class Side:
    """Devices of one host that work at the same time, at least one."""

    devices: tuple[Forecast, ...]
    is_planned: bool = False  # all GPUs at the same time, as `joint_speeds` knows or assumes it

    @property
    def hz(self) -> float:
        """Give their frames per second together."""
        return sum(each.hz for each in self.devices)

    @property
    def rank(self) -> tuple[bool, ...]:
        """Order sides by how far the most trusted of their devices can be trusted, the most trusted first.

        All GPUs at the planned setting count from the first invocation on: without it, each would be taken to keep the
        speed that it has alone.
        """
        has_failed, is_imported, is_few, *rest = min(each.rank for each in self.devices)
        return (has_failed, is_imported, is_few and not self.is_planned, *rest)

    @property
    def is_cpu(self) -> bool:
        """Return True for a CPU."""
        return self.devices[0].unit.row.device == Device.CPU


def make(forecasts: Sequence[Forecast], together: Sequence[Forecast], film_frames: float) -> list[list[Side]]:
    """List for each host what may work, the most frames per second first.

    Args:
        forecasts: One for each target.
        together: Those of them that may all work at the same time, CPUs aside.
        film_frames: Of the shortest film.
    """
    by_host: dict[str, list[Forecast]] = {}
    for each in forecasts:
        by_host.setdefault(each.unit.target.host_id, []).append(each)
    at_once = {id(each) for each in together}
    return [_of_host(members, at_once, film_frames) for members in by_host.values()]


def _of_host(members: Sequence[Forecast], together: Container[int], film_frames: float) -> list[Side]:
    gpus = [each for each in members if each.unit.row.device != Device.CPU]
    at_once = [each for each in gpus if id(each) in together]
    alone = [each for each in gpus if id(each) not in together]
    cpus = [each for each in members if each.unit.row.device == Device.CPU]
    every = [Side((each,)) for each in (*alone, *cpus)]
    every += [Side(tuple(at_once), is_planned=any(each.unit.gpus > 1 for each in at_once))] if at_once else []
    best = min(side.rank for side in every)
    kept: list[Side] = []
    for side in sorted((side for side in every if side.rank == best), key=lambda side: -side.hz):
        if not any(_covers(other, side, film_frames) for other in kept):
            kept.append(side)
    return kept


def _covers(one: Side, other: Side, film_frames: float) -> bool:
    """Return True if each worker of a side has one of its own in `one` that ends any film at least as early."""
    ours, theirs = (sorted(_workers(side, film_frames)) for side in (one, other))
    pairs = zip(ours, theirs, strict=False)
    return len(ours) >= len(theirs) and all(a <= b and c <= d for (a, c), (b, d) in pairs)


def _workers(side: Side, film_frames: float) -> Iterator[tuple[float, float]]:
    """Give each worker's seconds for the shortest film, start included, and per frame."""
    for device in side.devices:
        for share in device.unit.gpu_shares:
            frame_s = device.frame_s * device.unit.processes / share
            yield from [((device.start_s or 0.0) + film_frames * frame_s, frame_s)] * device.unit.processes


def describe_unused(members: Sequence[Forecast], chosen: Side) -> Iterator[tuple[Forecast, str]]:
    """Say why devices do not work.

    Args:
        members: Of one host, that could all work; GPUs that are already left out do not count.
        chosen: What works on the host.
    """
    for each in members:
        if each in chosen.devices:
            continue
        if each.rank > chosen.rank:
            yield each, _why_less_trusted(each, chosen)
        elif (each.unit.row.device == Device.CPU) is not chosen.is_cpu:
            yield each, "the host's other devices are faster and need its CPU"
        elif each.hz > chosen.hz:
            yield each, f"so few films end earlier on {chosen.devices[0].unit.target.place} alone"
        else:
            beside = "them together" if each.unit.gpus > 1 else "beside it"
            yield each, f"{chosen.devices[0].unit.target.place} alone ends earlier than {beside}"


def _why_less_trusted(device: Forecast, chosen: Side) -> str:
    """Say what is known less well of a device than of those that work, and what to do."""
    trusted = min(chosen.devices, key=lambda each: each.rank)
    candidate, place = device.setting.candidate, trusted.unit.target.place
    if candidate.failures and not trusted.setting.candidate.failures:
        failed = f"{len(candidate.failures)} of {wording.count(candidate.invocations, 'invocation')} failed there"
        return f"{failed}, and none on {place}; find out why with `featray report`"
    if candidate.is_few:
        few = f"only {wording.count(len(device.unit.logs), 'invocation')}, too few beside those of {place}"
        return f"{few}; measure at least {stats.INVOCATIONS_MIN}"
    return f"it was not measured as well as {place}; measure it with featray's protocol"
