"""Time one detector with featray and by hand, call by call in turn, in this process; print both as JSON.

Standard input: {"cache": FOLDER, "cell": asked, "calls": N}. By hand means CUDA's events on a GPU, else Python's clock.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from featray.core import cell as cells
from featray.core.choices import Device
from featray.measurement import detector, pyfeat_source, repeats


def time_by_hand(call: Callable[[], Any], device: Device) -> float:
    """Time one call in seconds, without featray."""
    import torch

    if device != Device.CUDA:
        begun = time.perf_counter()
        call()
        return time.perf_counter() - begun
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    torch.cuda.synchronize()
    start.record()
    call()
    end.record()
    torch.cuda.synchronize()
    return float(start.elapsed_time(end)) / 1000


def main() -> None:
    order = json.load(sys.stdin)
    cell = cells.from_asked(order["cell"])
    assert cell.input.packaged is not None
    loaded = detector.load(cell, cache=Path(order["cache"]), device=cell.device)
    call = loaded.prepare(cell, [pyfeat_source.find_folder() / "tests" / "data" / cell.input.packaged])
    for _ in range(3):
        call()
    by_featray, by_hand = [], []
    for _ in range(order["calls"]):
        seconds, _ = repeats.time_calls(
            call, calls=1, synchronize=loaded.synchronize, clock=time.perf_counter, sleep=time.sleep
        )
        by_featray.append(seconds)
        by_hand.append(time_by_hand(call, cell.device))
    print(json.dumps({"featray": by_featray, "by_hand": by_hand}))


if __name__ == "__main__":
    main()
