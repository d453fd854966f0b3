"""Repeats: how many calls are timed together as one repeat, and the timing itself.

Flow: `protocol` asks `choose_calls` after warm-up; `bench` times each repeat with `time_calls`. Pure but for the call.

A call of 10 ms cannot fill the minimum time of 2 s in 8 repeats, and its median would rest on 0.08 s. So short calls
are timed many at a time; what is stored stays seconds per call.
"""

import math
from collections.abc import Callable
from typing import Any

from featray.core.rules import Rules

HEADROOM = 1.2
"""How much longer a repeat of short calls lasts than `min_time_s` needs. A choice: calls that turn out up to a fifth
faster than in warm-up still fill the time; more would lengthen every such cell."""

CALLS_MAX = 10_000  # of 25 µs each, with the default rules; a real detector takes over 1 ms


JOINT_FACTOR = 4
"""How many times longer a repeat of short calls lasts where several processes run side by side: 1.2 s by default.
Between two repeats a process reads the machine and checks its output, and meanwhile the others run without it. A
choice: 10 ms between repeats of 0.3 s would leave them alone for 3% of the time; of 1.2 s it is 1%."""


def choose_calls(call_s: float, rules: Rules, *, factor: int = 1) -> int:
    """Choose how many calls are a repeat: one, or more where `repeats_max` single calls could not fill `min_time_s`.

    The shortest call that is timed alone lasts `min_time_s / repeats_max`, 0.25 s by default.

    Args:
        call_s: Seconds of one call.
        rules: When to stop.
        factor: By which repeats of short calls are longer.
    """
    short_call_s = factor * rules.min_time_s / rules.repeats_max
    if call_s >= short_call_s:
        return 1
    if call_s <= 0:  # shorter than the clock's resolution
        return CALLS_MAX
    return min(CALLS_MAX, math.ceil(HEADROOM * short_call_s / call_s))


def time_calls(
    detect: Callable[[], Any],
    *,
    calls: int,
    synchronize: Callable[[], None],
    clock: Callable[[], float],
    delay_s: float = 0.0,
    sleep: Callable[[float], None],
) -> tuple[float, Any]:
    """Time one call, or several in a loop; the device is idle at both readings of the clock and between calls.

    Args:
        detect: The call.
        calls: How many times to make it.
        synchronize: Waits for the device.
        clock: Seconds from any origin.
        delay_s: Slept within the timing of each call, for self-tests.
        sleep: How to sleep.

    Returns:
        Seconds per call, and what the last call returned; freeing that is outside the timing.
    """
    synchronize()
    start = clock()
    for _ in range(calls):
        result = detect()
        if delay_s:
            sleep(delay_s)
        synchronize()
    return (clock() - start) / calls, result
