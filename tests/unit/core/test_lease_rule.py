"""Which invocations of one host may run at the same time."""

import pytest

from featray.core import lease_rule
from featray.core.choices import Exclusive


@pytest.mark.parametrize(("exclusive", "held"), [(Exclusive.HOST, "box"), (Exclusive.GPU, "GPU-1")])
def test_an_invocation_has_its_host_or_its_device_for_itself(exclusive: Exclusive, held: str) -> None:
    assert lease_rule.held_alone(exclusive, host_id="box", target_id="GPU-1") == held


def test_invocations_on_two_gpus_share_the_host_and_a_quiet_one_does_not() -> None:
    assert [lock.is_shared for lock in lease_rule.LOCKS[Exclusive.GPU] if lock.scope == "host"] == [True]
    assert [lock.is_shared for lock in lease_rule.LOCKS[Exclusive.HOST]] == [False]
