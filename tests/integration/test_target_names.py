"""One name per device: two GPUs of one model in one host have the same two names wherever they are printed."""

import dataclasses
import json
import re
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

import featray
from featray import store
from featray.analysis import units
from featray.backends import Event
from featray.cli import hosts, plan, progress
from featray.core.events import EventKind
from featray.planning import inventory
from featray.planning.inventory import Inventory
from featray.rendering import document, event_text, terminal
from featray.running import runner
from featray.running.progress import Progress
from tests.support import builders
from tests.support.builders import make_rows
from tests.support.command import Shell
from tests.support.dashboards import Dashboard, describe_submit
from tests.support.plans import RTX3090, make_cell, make_host, make_inventory, make_plan, place
from tests.support.replays import load_sweep

pytestmark = pytest.mark.filterwarnings("ignore:ssl=None is deprecated:DeprecationWarning")  # Ray's own call of aiohttp

TWIN = dataclasses.replace(RTX3090, uuid="GPU-ffff0000-0000-4000-8000-000000000086")
HOSTS = make_inventory(make_host("box", RTX3090, TWIN))
NAMES = {"RTX 3090 (GPU-a3090000)", "RTX 3090 (GPU-ffff0000)"}


def names_in(text: str) -> set[str]:
    """Find what the GPUs are called in a text; the driver's name of the model, with its vendor, is none of them."""
    return set(re.findall(r"(?<!GeForce )RTX 3090(?: \([^)]*\))?", text))


def draw(drawn: RenderableType) -> str:
    console = Console(width=200, color_system=None)
    with console.capture() as capture:
        console.print(drawn)
    return capture.get()


@pytest.fixture
def results(tmp_path: Path) -> str:
    """A store in which two sweeps measured two batch sizes on both GPUs."""
    twin = {**builders.RTX3090, "target_id": TWIN.uuid, "gpu_uuid": TWIN.uuid}
    for sweep, call_s in (("before", 1.0), ("after", 0.5)):
        for gpu, factor in ((builders.RTX3090, 1.0), (twin, 1.1)):
            for batch in (1, 16):
                medians_s = [call_s * factor * share for share in (0.99, 1.0, 1.01)]
                rows = make_rows(medians_s, sweep=sweep, run_id=f"{sweep}-1", batch_size=batch, **gpu)
                store.append(tmp_path / "results", rows)
    return str(tmp_path / "results")


@pytest.mark.parametrize(
    "command",
    [
        ("compare", "before", "after"),
        ("compare", "before", "after", "--json"),
        ("recommend",),
        ("report", "after", "--baseline", "before"),
        ("report", "after", "--baseline", "before", "--format", "html", "-o", "-"),
        ("report", "after", "--baseline", "before", "--format", "json"),
    ],
    ids=" ".join,
)
def test_what_is_read_from_the_store_has_one_name_for_each_gpu(
    command: tuple[str, ...], results: str, shell: Shell
) -> None:
    assert names_in(shell(*command, "--results", results).out) == NAMES


def test_the_terminal_has_the_same_names(results: str) -> None:
    rows = store.read(results, run_id="after-1").rows
    assert names_in(draw(terminal.draw(document.build(units.gather(rows))))) == NAMES


def events(shown: Inventory) -> list[dict[str, object]]:
    """Make the events of a submit that starts one cell on each GPU."""
    started = [
        Event(planned=planned, kind=EventKind.STARTED, cell_id=planned.cell_ids[0])
        for planned in make_plan(place([make_cell(device="cuda")], *shown.hosts), n=1).invocations
    ]
    return [Progress(event=event, total=len(started)).to_mapping() for event in started]


def test_the_live_view_has_the_same_names() -> None:
    view = progress.LiveView()
    for event in events(HOSTS):
        view.show(event)
    assert names_in(draw(view)) == NAMES


def test_lines_about_a_running_submit_have_the_same_names() -> None:
    waiting = [{**event, "event": "waiting", "text": "ann@box"} for event in events(HOSTS)]
    assert names_in("\n".join(map(event_text.event_line, waiting))) == NAMES


def test_the_status_of_a_detached_submit_has_the_same_names(shell: Shell) -> None:
    with Dashboard(describe_submit("s-1")) as board:
        board.parts = [f"{json.dumps(event)}\n" for event in events(HOSTS)]
        shown = shell("status", "s-1", "--address", board.url)
    assert names_in(shown.out) == NAMES


def test_hosts_have_the_same_names_beside_the_uuid() -> None:
    assert names_in("\n".join(hosts.draw(HOSTS, None))) == NAMES


def test_a_plan_has_the_same_names(tmp_path: Path) -> None:
    load_sweep(tmp_path, "include: [{device: cuda}]\nmeasure: {invocations: 1}")
    recorded = tmp_path / "hosts.json"
    recorded.write_text(inventory.to_json(HOSTS), encoding="utf-8")
    planned = featray.plan(tmp_path / "demo.yaml", results=str(tmp_path / "results"), inventory=recorded)
    assert names_in("\n".join(plan.draw(planned, None))) == NAMES


def test_a_plan_lists_the_host_of_each_id(tmp_path: Path) -> None:
    load_sweep(tmp_path, "include: [{device: cuda}]\nmeasure: {invocations: 1}")
    recorded = tmp_path / "hosts.json"
    shelf = make_host("shelf", dataclasses.replace(RTX3090, uuid="GPU-5e1f0000"))
    recorded.write_text(inventory.to_json(make_inventory(*HOSTS.hosts, shelf)), encoding="utf-8")
    planned = featray.plan(tmp_path / "demo.yaml", results=str(tmp_path / "results"), inventory=recorded)
    assert plan.list_targets(planned, None)[-3:] == [
        f"{RTX3090.uuid}  RTX 3090 (GPU-a3090000) of box",
        f"{TWIN.uuid}  RTX 3090 (GPU-ffff0000) of box",
        "GPU-5e1f0000  RTX 3090 of shelf",
    ]
    assert all(host in "\n".join(plan.draw(planned, 80)) for host in ("(GPU-a3090000) of box", "RTX 3090 of shelf"))


def test_the_message_about_a_target_that_keeps_failing_has_the_same_name() -> None:
    messages = [runner.set_aside_reason(target) for target in HOSTS.targets() if target.gpu]
    assert names_in("\n".join(messages)) == NAMES
