"""A trial: a small sweep, a recorded host and a store to replay, so that commands run whole without Ray."""

from featray import store
from featray.planning import inventory
from featray.planning.inventory import Host, Inventory
from tests.support.builders import CPU, make_row
from tests.support.command import CommandResult, Shell

SWEEP = """
detectors: [retinaface]
inputs: [short]
axes: {device: cpu, batch_size: [4, 16]}
measure: {invocations: 1}
"""


def prepare(shell: Shell) -> None:
    """Write `trial.yaml`, the host `box.json`, and the store `tape`, in which batch 16 ran out of memory."""
    (shell.folder / "trial.yaml").write_text(SWEEP, encoding="utf-8")
    box = Inventory(hosts=(Host(host_id="id-box", hostname="box"),))
    (shell.folder / "box.json").write_text(inventory.to_json(box), encoding="utf-8")
    rows = [make_row(batch_size=4, **CPU), make_row(batch_size=16, status="oom", reason="MemoryError", **CPU)]
    store.append(shell.folder / "tape", rows)


def replay(shell: Shell, *options: str) -> CommandResult:
    """Submit the trial's sweep to a replay of its store."""
    return shell("submit", "trial.yaml", "--replay", "tape", "--inventory", "box.json", *options)
