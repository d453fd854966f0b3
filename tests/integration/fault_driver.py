"""A driver in a process of its own that is to be killed: `fault_driver.py SWEEP RESULTS HOW`."""

import datetime
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from featray import sweep
from featray.backends import Event
from featray.core import invocation
from featray.core.events import EventKind
from featray.host import clips, probe, supervisor
from featray.planning.inventory import Inventory
from featray.planning.planned_invocation import PlannedInvocation
from featray.running import preparation
from tests.support.failing_sweeps import ThisMachine, run_sweep


class Doomed(ThisMachine):
    """Kills this process at the first row, which then is in the spool and not in the store."""

    def poll(self, timeout_s: float) -> Sequence[Event]:
        events = super().poll(timeout_s)
        if any(event.row for event in events):
            os.kill(os.getpid(), signal.SIGKILL)
        return events


class DoomedAtCell(ThisMachine):
    """Kills this process when a cell of batch size 4 begins."""

    def poll(self, timeout_s: float) -> Sequence[Event]:
        events = super().poll(timeout_s)
        for event in events:
            if event.kind == EventKind.STARTED:
                sizes = dict(zip(event.planned.cell_ids, event.planned.invocation.cells, strict=True))
                if sizes[str(event.cell_id)].batch_size == 4:
                    os.kill(os.getpid(), signal.SIGKILL)
        return events


def plan_first(path: str) -> PlannedInvocation:
    """Plan a sweep's first invocation on this machine."""
    loaded = sweep.load(Path(path), probe_clip=clips.probe)
    request = preparation.SubmitRequest(sweep=loaded, results="/nowhere")
    hosts = Inventory(hosts=(probe.this_host(),))
    return preparation.prepare(request, hosts, now=datetime.datetime.now(datetime.UTC)).plan.invocations[0]


def main() -> None:
    path, results, how = sys.argv[1:]
    if how == "dies-before-it-stores":
        run_sweep(Path(path), Path(results), Doomed(Inventory(hosts=(probe.this_host(),))))
    elif how == "dies-at-a-cell":
        run_sweep(Path(path), Path(results), DoomedAtCell(Inventory(hosts=(probe.this_host(),))))
    elif how == "to-its-end":
        run_sweep(Path(path), Path(results), ThisMachine(Inventory(hosts=(probe.this_host(),))))
    elif how == "as-an-orphan":
        with subprocess.Popen([sys.executable, __file__, path, results, "supervises"]) as process:
            print(process.pid, flush=True)
    elif how == "supervises":
        asked = {
            "invocation": invocation.to_mapping(plan_first(path).invocation),
            "store": results,
            "holder": "a test",
        }
        for _ in supervisor.supervise(asked, watch_parent=True):
            pass


if __name__ == "__main__":
    main()
