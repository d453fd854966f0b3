"""Lease rule: what an invocation has for itself, by a sweep's `exclusive: host` or `exclusive: gpu`.

Flow: `planning.schedule` and `planning.plan` (which invocations may run at the same time) and `host.lease` (which lock
files are taken) read the same table.
"""

import dataclasses
from collections.abc import Mapping
from typing import Literal

from featray.core.choices import Exclusive


@dataclasses.dataclass(frozen=True, kw_only=True)
class LeaseLock:
    """One lock of a lease; several invocations may hold a shared one at the same time."""

    scope: Literal["host", "device"]
    is_shared: bool


LOCKS: Mapping[Exclusive, tuple[LeaseLock, ...]] = {
    Exclusive.HOST: (LeaseLock(scope="host", is_shared=False),),
    Exclusive.GPU: (LeaseLock(scope="host", is_shared=True), LeaseLock(scope="device", is_shared=False)),
}
"""`exclusive` -> locks, in the order in which they are taken. Invocations of `gpu` on different GPUs run side by side,
but never beside one of `host`."""


def held_alone(exclusive: Exclusive, *, host_id: str, target_id: str) -> str:
    """Return the id of the host or target that an invocation has for itself."""
    return {"host": host_id, "device": target_id}[LOCKS[exclusive][-1].scope]
