"""`featray plan`: its table, and what it says is left."""

import dataclasses
import json
import shutil

from featray import store
from featray.cli import plan
from featray.core.cell import Cell
from featray.running.preparation import SubmitPlan
from tests.support import trial
from tests.support.command import Shell
from tests.support.plans import make_cell, make_host, make_plan, place
from tests.support.replays import stored_rows


def draw(*cells: Cell, width: int | None = None) -> list[str]:
    placed = place(cells)
    return plan.draw(SubmitPlan(plan=make_plan(placed), placement=placed), width)


def table(*cells: Cell) -> list[str]:
    """Draw a plan; return the headings, without those that every plan has."""
    always = {"done", "device", "cell", "detector", "input", "target", "cannot"}
    return [heading for heading in draw(*cells)[2].split() if heading not in always]


def test_on_80_columns_figures_stand_on_the_line_and_no_word_is_broken() -> None:
    detector = dataclasses.replace(make_cell().detector, name="detector/" + "long" * 12)
    cells = [make_cell(detector=detector), make_cell(detector=detector, batch_size=16, threads=2)]
    lines = draw(*cells, make_cell(detector=detector, device="cuda"), width=80)
    assert max(map(len, lines)) <= 80
    assert lines[0] == "demo: cells and their targets"
    assert lines[2].split() == ["batch", "threads", "done", "device", "cell"]
    assert lines[3].split()[:4] == ["4", "-", "0/2", "cpu"]
    assert lines[4:6] == [f"    detector: {detector.name}", "    input: short"]
    assert sum(detector.name in line for line in lines) == 3
    assert any(line.startswith("    cannot run: ") for line in lines)


def test_settings_that_do_not_vary_are_left_out() -> None:
    assert table(make_cell(batch_size=1, threads=2), make_cell(batch_size=4, threads=2)) == ["batch"]


def test_threads_workers_and_environment_have_a_column_where_they_vary() -> None:
    cells = [
        make_cell(threads=1),
        make_cell(threads=4, num_workers=2),
        make_cell(environment="new", requirements=("a==1",)),
    ]
    assert table(*cells) == ["batch", "workers", "threads", "environment"]
    lines = [line.split() for line in draw(*cells)[3:6]]
    assert [line[:3] for line in lines] == [["4", "0", "1"], ["4", "2", "4"], ["4", "0", "-"]]
    assert [line[8] for line in lines] == ["-", "-", "new"]


def test_a_refused_cell_shows_its_settings_too() -> None:
    lines = draw(make_cell(threads=1), make_cell(device="cuda", threads=4))
    assert [line.split()[:4] for line in lines[3:5]] == [["4", "1", "0/2", "cpu"], ["4", "4", "-", "cuda"]]
    assert lines[5].startswith("    cannot run: ")


def test_a_plan_continues_from_what_is_stored_or_from_failures_or_from_nothing(shell: Shell) -> None:
    def left(*options: str) -> str:
        ran = shell("plan", "trial.yaml", "--inventory", "box.json", *options)
        assert ran.code == 0, ran.err
        return ran.out.splitlines()[-1].partition("; ")[2]

    trial.prepare(shell)
    assert left().startswith("0 of 2 measurements done, 2 left")
    trial.replay(shell)
    assert left().startswith("0 of 2 measurements done")  # a replay measures nothing
    rows = stored_rows(shell.folder / "results")
    shutil.rmtree(shell.folder / "results" / "rows")
    store.append(str(shell.folder / "results"), [dataclasses.replace(row, replayed=None) for row in rows])
    assert left() == "2 of 2 measurements done, nothing left to measure"
    assert left("--retry-failed").startswith("1 of 2 measurements done, 1 left in 1 invocation")
    assert left("--rerun").startswith("0 of 2 measurements done, 2 left in 1 invocation")


def test_a_long_plan_is_cut_and_says_how_to_see_the_rest(shell: Shell) -> None:
    trial.prepare(shell)
    sizes = ", ".join(map(str, range(1, plan.ROWS_MAX + 4)))
    (shell.folder / "trial.yaml").write_text(trial.SWEEP.replace("4, 16", sizes), encoding="utf-8")
    cut = shell("plan", "trial.yaml", "--inventory", "box.json").out
    whole = shell("plan", "trial.yaml", "--inventory", "box.json", "--all").out
    assert "and 3 more rows; --all lists them" in cut
    assert "more rows" not in whole
    assert whole.count("retinaface") == cut.count("retinaface") + 3


def test_of_many_targets_some_are_named_and_the_others_counted() -> None:
    placed = place([make_cell()], *(make_host(f"h{number}") for number in range(150)), interchangeable=True)
    prepared = SubmitPlan(plan=make_plan(placed), placement=placed)
    cut, whole = ("\n".join(plan.draw(prepared, None, rows_max)) for rows_max in (plan.ROWS_MAX, None))
    assert " or 146 others" in cut
    assert "CPU of h149" in whole
    assert plan.list_targets(prepared, plan.ROWS_MAX)[-1] == "and 50 more targets; --all lists them"
    assert len(plan.list_targets(prepared, None)) == 150


def test_processes_have_a_column_where_they_vary() -> None:
    cells = make_cell(), make_cell(processes=2)
    assert table(*cells) == ["batch", "processes"]
    assert [line.split()[:2] for line in draw(*cells)[3:5]] == [["4", "1"], ["4", "2"]]


SEARCHED = "detectors: [retinaface]\ninputs: [short]\naxes: {device: cpu}\nsearch: {batch_size: {max: 8}}\n"


def test_a_plan_of_a_search_says_what_may_come(shell: Shell) -> None:
    trial.prepare(shell)
    (shell.folder / "trial.yaml").write_text(SEARCHED, encoding="utf-8")
    ran = shell("plan", "trial.yaml", "--inventory", "box.json")
    assert ran.out.count("may come") == 3
    assert "1 left in 1 invocation" in ran.out
    assert "then the search for the best batch size may take up to 47 measurements" in ran.out
    written = json.loads(shell("plan", "trial.yaml", "--inventory", "box.json", "--json").out)
    assert written["search"] | {"may_come_s": 0} == {"axis": "batch_size", "may_come": 47, "may_come_s": 0}
    assert [unit["may_come"] for unit in written["units"]] == [True, True, True, True]


def test_a_fleet_is_summed_up_per_host(shell: Shell) -> None:
    trial.prepare(shell)
    prices = "hosts: [{name: box, address: 192.0.2.1, price_per_hour: 2}]\n"
    (shell.folder / "prices.yaml").write_text(prices, encoding="utf-8")
    options = ("--fleet", "--inventory", "box.json", "--cluster", "prices.yaml")
    text = shell("plan", "trial.yaml", *options).out
    assert text.splitlines()[-1].startswith("trial: 2 cells, 2 units on 1 host, 2 measurements left: ")
    assert "; cost " in text.splitlines()[-1]
    record = json.loads(shell("plan", "trial.yaml", *options, "--json").out)
    assert record["hosts"][0]["price_per_hour"] == 2
    assert record["cost"] == record["time_s"] * 2 / 3600


def test_prices_without_a_fleet_and_wrong_prices_are_refused(shell: Shell) -> None:
    trial.prepare(shell)
    alone = shell("plan", "trial.yaml", "--cluster", "prices.yaml")
    assert (alone.code, "--cluster goes with --fleet" in alone.err) == (2, True)
    prices = "hosts: [{name: box, address: 192.0.2.1, price_per_hour: cheap}]\n"
    (shell.folder / "prices.yaml").write_text(prices, encoding="utf-8")
    wrong = shell("plan", "trial.yaml", "--fleet", "--inventory", "box.json", "--cluster", "prices.yaml")
    assert wrong.code == 2
    assert "price_per_hour: expected a number, got 'cheap'" in wrong.err


def test_machines_of_two_files_are_planned_on_together(shell: Shell) -> None:
    trial.prepare(shell)
    text = (shell.folder / "box.json").read_text(encoding="utf-8")
    host = json.loads(text)["hosts"][0]
    other = json.loads(text)
    other["hosts"][0] |= {"host_id": "id-other", "hostname": "other"}
    (shell.folder / "other.json").write_text(json.dumps(other), encoding="utf-8")
    ran = shell("plan", "trial.yaml", "--fleet", "--inventory", "box.json", "--inventory", "other.json", "--json")
    assert {each["hostname"] for each in json.loads(ran.out)["hosts"]} == {host["hostname"], "other"}
