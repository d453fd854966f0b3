"""Worker share: what one worker does of the footage, how long that takes, and its part of its host's price.

Flow: `forecast.Forecast`, `planning.shares` -> `WorkerShare` -> `archive`, `rendering`. Pure.
"""

import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence

from featray.analysis.advice import memory_use
from featray.analysis.advice.memory_use import MemoryUse
from featray.analysis.estimate.forecast import Forecast
from featray.core.targets import short_models
from featray.planning import shares
from featray.planning.shares import Shares, Worker


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class WorkerShare:
    """What one worker does. Times are seconds from the start of the work."""

    forecast: Forecast
    films: tuple[int, ...]  # positions in the footage
    frames: int
    time_s: float
    price_per_hour: float | None  # of its host
    cost: float | None = None  # its part of the price of its host; None: unknown
    process: int | None = None  # which of several side by side on the target, from 1; None: it is alone there

    @property
    def hz(self) -> float:
        """Give the worker's own frames per second."""
        unit = self.forecast.unit
        share = 1.0 if self._gpu is None else unit.gpu_shares[self._gpu]
        return self.forecast.hz * share / (1 if self.process is None else unit.processes)

    @property
    def _gpu(self) -> int | None:
        """Give which of several GPUs it is on, from 0."""
        unit = self.forecast.unit
        return None if self.process is None or unit.gpus == 1 else (self.process - 1) // unit.processes

    @property
    def gpu_uuid(self) -> str | None:
        """Give the UUID of its GPU; None on a CPU, and for several GPUs together."""
        row = self.forecast.unit.row
        return row.gpu_uuid if self._gpu is None else list(row.gpus or ())[self._gpu]

    @property
    def memory_b(self) -> int | None:
        """Give the worker's own part of the peak memory of its GPU; None if unknown."""
        memory = self._own_memory or self.forecast.memory
        if memory is None:
            return None
        return memory.size_b // (1 if self.process is None else self.forecast.unit.processes)

    @property
    def is_memory_a_bound(self) -> bool:
        """Return True if the memory is that of the fullest of several GPUs, because its own is not known."""
        return self._gpu is not None and self._own_memory is None and self.memory_b is not None

    @property
    def _own_memory(self) -> MemoryUse | None:
        uuid = self.gpu_uuid
        return None if self._gpu is None or uuid is None else memory_use.of_gpu(self.forecast.unit, uuid)

    @property
    def place(self) -> str:
        """Name the target, and the process where there are several."""
        unit = self.forecast.unit
        place = unit.target.place
        if self._gpu is not None:
            model = short_models((unit.row.gpus or {}).values())[(unit.row.gpus or {})[self.gpu_uuid or ""]]
            place = f"{place}, number {self._gpu + 1} ({model})"
        if self.process is None or unit.processes == 1:
            return place
        return f"{place}, process {(self.process - 1) % unit.processes + 1} of {unit.processes}"

    @property
    def interval_s(self) -> tuple[float, float]:
        """Give the bounds of the time."""
        start_s = min(self.forecast.start_s or 0.0, self.time_s)
        work_s = self.time_s - start_s
        low, high = (math.exp(log) for log in (self.forecast.log_low, self.forecast.log_high))
        start = math.exp(self.forecast.start_log)
        return start_s / start + work_s * low, start_s * start + work_s * high

    @property
    def energy_j(self) -> float | None:
        """Give the joules of the device; None if not measured."""
        frame_j = self.forecast.frame_j
        return None if frame_j is None else frame_j * self.frames


def of_target(device: Forecast, price_per_hour: float | None) -> Iterator[WorkerShare]:
    """Make the workers of a target, without films yet."""
    count = device.unit.workers
    for number in range(1, count + 1):
        process = number if count > 1 else None
        yield WorkerShare(
            forecast=device, films=(), frames=0, time_s=0.0, price_per_hour=price_per_hour, process=process
        )


def speeds(workers: Iterable[WorkerShare]) -> list[Worker]:
    """List how fast workers are."""
    return [Worker(hz=worker.hz, start_s=worker.forecast.start_s or 0.0) for worker in workers]


def share_out(frames: Sequence[int], workers: Sequence[WorkerShare]) -> Shares:
    """Share out films, given by their frames."""
    return shares.share_out(frames, speeds(workers))


def price(planned: Sequence[WorkerShare], times_s: Sequence[float]) -> float | None:
    """Price each host until the last of its workers ends."""
    busy: dict[str, float] = {}
    prices: dict[str, float | None] = {}
    for share, time_s in zip(planned, times_s, strict=True):
        host = share.forecast.unit.target.host_id
        busy[host] = max(busy.get(host, 0.0), time_s)
        prices[host] = share.price_per_hour
    if None in prices.values():
        return None
    return math.fsum((per_hour or 0.0) * busy[host] / 3600 for host, per_hour in prices.items())


def with_costs(planned: Sequence[WorkerShare]) -> list[WorkerShare]:
    """Give each worker its part of its host's price, in proportion to its time, so that all parts add up."""
    by_host: dict[str, list[WorkerShare]] = {}
    for share in planned:
        by_host.setdefault(share.forecast.unit.target.host_id, []).append(share)
    return [with_cost(share, members) for members in by_host.values() for share in members]


def with_cost(share: WorkerShare, members: Sequence[WorkerShare]) -> WorkerShare:
    """Give one worker its part of the price of a host on which these work."""
    times_s = [member.time_s for member in members]
    cost = price(members, times_s)
    return dataclasses.replace(share, cost=None if cost is None else cost * share.time_s / math.fsum(times_s))
