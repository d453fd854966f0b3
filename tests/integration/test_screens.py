"""What people see in terminals of 80 and of 120 columns: every number and id whole, colours only where they belong."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from featray import store
from featray.analysis import units
from featray.cli import cluster, hosts
from featray.cluster import nodes
from featray.cluster.heads import Node
from featray.rendering import columns as rendering_columns
from featray.rendering import document
from tests.support import screens
from tests.support.builders import CPU, make_joint_rows, make_row, make_rows
from tests.support.command import ROOT, Shell
from tests.support.dashboards import Dashboard, describe_submit
from tests.support.plans import BLACKWELL, RTX3090, make_host, make_inventory

OLD, NEW = "2026-05-03-864962c", "2026-05-14-c716340"
INVENTORY = ROOT / "clusters" / "liquidswords2.inventory.json"
FAILED: dict[str, Any] = {
    "status": "oom",
    "timed_s": None,
    "reason": "CUDA out of memory: no room for " + "a tensor " * 15,
}
WIDTHS = pytest.mark.parametrize("columns", [80, 120])


@WIDTHS
def test_a_comparison_begins_each_pair_with_whole_figures(columns: int, history: Path, shell: Shell) -> None:
    shown, _ = screens.show("compare", OLD, NEW, "--results", history, columns=columns)
    pairs = json.loads(shell("compare", OLD, NEW, "--results", history, "--json").out)["pairs"]
    lines = [line for line in shown if "INCONCLUSIVE  " in line]
    assert [line.split()[0] for line in lines] == [f"{pair['ratio']:.3g}" for pair in pairs]
    assert all(line.endswith("Blackwell") for line in lines)
    assert max(map(len, shown)) <= columns


@WIDTHS
def test_a_plan_shows_every_id_whole(columns: int, tmp_path: Path, shell: Shell) -> None:
    arguments = ("plan", ROOT / "sweeps" / "blackwell.yaml", "--inventory", INVENTORY, "--results", tmp_path)
    shown, _ = screens.show(*arguments, columns=columns)
    units = json.loads(shell(*arguments, "--json").out)["units"]
    words = " ".join(shown).split()
    assert {unit["cell_id"] for unit in units} <= set(words)
    assert {unit["target_id"] for unit in units} <= set(words)


@WIDTHS
def test_a_report_on_a_terminal_is_tables_with_whole_numbers(columns: int, history: Path) -> None:
    shown, _ = screens.show("report", NEW, "--results", history, columns=columns)
    text = "\n".join(shown)
    assert "|---|" not in text
    figures = [["16", "2.21", "30.7", "32.6"], ["16", "0.54", "7.5", "134.0"]]
    assert all(any(line.split()[-4:] == figure for line in shown) for figure in figures)


@WIDTHS
def test_a_report_with_many_columns_cuts_no_figure(columns: int, tmp_path: Path) -> None:
    start: dict[str, Any] = {
        "import_s": 8.11,
        "load_s": 2.25,
        "first_call_s": 1.53,
        "energy_j": 1440.0,
        "idle_power_w": 50.0,
    }
    rows = [
        row for batch in (1, 16) for row in make_joint_rows([8.23 / batch, 8.44 / batch], batch_size=batch, **start)
    ]
    store.append(tmp_path, rows)
    shown, _ = screens.show("report", "--results", tmp_path, columns=columns)
    report = document.build(units.gather(rows))
    texts = {text for unit in report.units for text in rendering_columns.line(unit, report.columns, "video")[2:]}
    assert [text for text in texts if not any(f" {text} " in f" {line} " for line in shown)] == []
    assert max(map(len, shown)) <= columns


@WIDTHS
@pytest.mark.parametrize("command", [("recommend",), ("estimate", "--hours", "40")], ids=["recommend", "estimate"])
def test_sentences_of_advice_break_no_word(
    command: tuple[str, ...], columns: int, tmp_path: Path, shell: Shell
) -> None:
    rows = [*make_rows([1.0, 1.02, 1.1]), *make_rows([10.0] * 3, **CPU), make_row(batch_size=256, **FAILED)]
    store.append(tmp_path, rows)
    shown, _ = screens.show(*command, "--results", tmp_path, columns=columns)
    printed = shell(*command, "--results", tmp_path).out.splitlines()
    sentences = [line for line in printed if command[0] == "recommend" or line.startswith("- ")]
    assert max(map(len, sentences)) > columns  # else there is nothing to wrap
    assert set(" ".join(sentences).split()) - set(" ".join(shown).split()) == set()


@WIDTHS
def test_the_runs_of_a_store_have_whole_figures_and_ids(columns: int, history: Path, shell: Shell) -> None:
    shown, _ = screens.show("store", "ls", "--results", history, columns=columns)
    runs = json.loads(shell("store", "ls", "--results", history, "--json").out)
    words = " ".join(shown).split()
    assert {run["run_id"] for run in runs} | {run["source_file"] for run in runs} <= set(words)
    assert {str(run["rows"]) for run in runs} <= {line.split()[0] for line in shown if line}
    assert max(map(len, shown)) <= columns


@WIDTHS
def test_detached_submits_have_whole_figures_and_ids(columns: int, tmp_path: Path) -> None:
    id_, place = "quickstart-20260514-231532-a1b2", str(tmp_path / "a" / "store" / "with a long name")
    submit = describe_submit(id_, status="SUCCEEDED")
    submit["metadata"] |= {"featray_run": id_, "featray_store": place, "featray_user": "ann@box.example.org"}
    with Dashboard(submit) as board:
        shown, _ = screens.show("status", "--address", board.url, columns=columns)
    (line,) = [line for line in shown if id_ in line]
    assert line.split()[:4] == ["-", "0", "succeeded", id_]
    assert {"ann@box.example.org", *place.split()} <= set(" ".join(shown).split())


@WIDTHS
def test_machines_have_whole_figures_and_ids(columns: int) -> None:
    twin = dataclasses.replace(RTX3090, uuid="GPU-ffff0000-0000-4000-8000-000000000086")
    present = make_inventory(make_host("box.example.org", RTX3090, twin), make_host("shelf", BLACKWELL))
    lines = hosts.draw(present, columns)
    assert screens.draw(lines, columns)[: len(lines)] == lines  # no line goes on below
    uuids = {gpu.uuid for host in present.hosts for gpu in host.gpus}
    assert uuids | {host.host_id for host in present.hosts} <= set(" ".join(lines).split())


@WIDTHS
def test_nodes_of_a_cluster_have_whole_figures_and_ids(columns: int) -> None:
    labels = {
        nodes.HOST_LABEL: "box.example.org",
        nodes.GPU_LABEL: RTX3090.uuid,
        "rack": "in-the-second-room-on-the-left",
    }
    node = Node(address="192.0.2.10", hostname="box", alive=True, labels=labels, resources={"CPU": 64.0, "GPU": 1.0})
    lines = cluster.draw([node], columns)
    assert screens.draw(lines, columns)[: len(lines)] == lines
    assert lines[1].split()[:4] == ["64", "1", "alive", "192.0.2.10"]
    assert {RTX3090.uuid, "box.example.org", "rack=in-the-second-room-on-the-left"} <= set(" ".join(lines).split())


def test_a_spinner_turns_only_on_a_terminal(shell: Shell) -> None:
    _, written = screens.show("hosts", "--address", "127.0.0.1:1", columns=80)
    assert "asking the machines of 127.0.0.1:1" in written.decode()
    assert "asking the machines" not in shell("hosts", "--address", "127.0.0.1:1").err


def test_an_error_is_red_on_a_terminal_unless_colours_are_unwanted(tmp_path: Path) -> None:
    _, coloured = screens.show("report", "--results", tmp_path, columns=80)
    assert b"\x1b[1;31mfeatray: error:\x1b[0m " in coloured
    _, without = screens.show("report", "--results", tmp_path, columns=80, NO_COLOR="1")
    _, dumb = screens.show("report", "--results", tmp_path, columns=80, TERM="dumb")
    assert b"\x1b" not in without + dumb


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_of_another_character_set_gets_no_traceback(encoding: str, history: Path) -> None:
    shown, _ = screens.show("report", NEW, "--results", history, columns=100, PYTHONIOENCODING=encoding, LC_ALL="C")
    text = "\n".join(shown)
    assert "Traceback" not in text
    assert "30.7" in text
