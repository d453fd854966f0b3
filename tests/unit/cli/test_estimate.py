"""`featray estimate`: what the options mean."""

import json

import pytest

from featray import store
from tests.support.builders import CPU, make_rows
from tests.support.command import Shell

LAB = """
hosts:
- {name: box, address: box.lab, price_per_hour: 3.6}
- {name: desk, address: desk.lab}
"""


@pytest.fixture
def measured(shell: Shell) -> Shell:
    """A folder with a store of one GPU and one CPU, and a cluster file."""
    store.append(shell.folder / "results", [*make_rows([1.0] * 3), *make_rows([10.0] * 3, **CPU)])
    (shell.folder / "lab.yaml").write_text(LAB)
    return shell


def test_hours_are_estimated_within_the_options(measured: Shell) -> None:
    options = ("--hours", "2", "--clip-minutes", "10", "--fps", "36", "--faces-per-frame", "1")
    ran = measured("estimate", *options, "--cluster", "lab.yaml", "--deadline", "2h", "--budget", "1", "--json")
    found = json.loads(ran.out)
    assert (found["films"], found["frames"]) == (12, 259_200)
    assert found["time_s"] == pytest.approx(3600 + 10.5)
    assert found["cost"] == pytest.approx(3.6 * 3610.5 / 3600)
    assert (found["deadline_met"], found["budget_met"]) == (True, False)
    assert 0 < found["cost_low"] < found["cost"] < found["cost_high"]
    assert found["unmeasured_hosts"] == ["desk"]
    on_cpu = json.loads(measured("estimate", *options, "--device", "cpu", "--json").out)
    assert on_cpu["workers"][0]["setting"]["device"] == "cpu"


def test_a_longest_time_of_a_batch_leaves_out_slower_devices(measured: Shell) -> None:
    ran = measured("estimate", "--hours", "1", "--max-latency", "300ms", "--json")
    found = json.loads(ran.out)
    assert (found["max_latency_s"], len(found["workers"])) == (0.3, 1)
    assert "CPU of box: no measured setting has a batch within 300" in found["unused"][0]
    refused = measured("estimate", "--hours", "1", "--max-latency", "1ms")
    assert refused.code == 2
    assert "no measured setting has a batch within 1.0 ms" in refused.err
    assert "--max-latency: 'soon' is not a duration" in measured.complain("estimate", "--max-latency", "soon")
    assert "max latency" in measured.complain("estimate", "--hours", "1", "--max-latency", "0s")


def test_the_text_says_what_is_assumed(measured: Shell) -> None:
    ran = measured("estimate", "--hours", "1")
    assert ran.code == 0
    assert "how many faces a frame of your films has is not known" in ran.out
    assert "sustained_s: 60" in ran.out


def test_a_film_that_is_listed_twice_is_said(measured: Shell) -> None:
    (measured.folder / "films.csv").write_text("path,seconds,fps\na.mp4,60,25\na.mp4,60,25\n")
    ran = measured("estimate", "films.csv")
    assert "Caution: films.csv: a.mp4 is listed 2 times (lines 2, 3); each line counts as a film" in ran.out


def test_the_plan_is_written_for_the_films_of_a_table(measured: Shell) -> None:
    (measured.folder / "films.csv").write_text("path,seconds,fps\na.mp4,60,25\n/b.mp4,90,25\n")
    ran = measured("estimate", "films.csv", "--write", "plan")
    assert ran.code == 0
    assert (measured.folder / "plan" / "box-RTX-3090.txt").read_text() == f"/b.mp4\n{measured.folder}/a.mp4\n"
    assert "box-RTX-3090.py" in ran.err


def test_a_plan_for_other_devices_takes_the_place_of_the_earlier_one(measured: Shell) -> None:
    (measured.folder / "films.csv").write_text("path,seconds,fps\na.mp4,60,25\n")
    assert measured("estimate", "films.csv", "--write", "plan").code == 0
    ran = measured("estimate", "films.csv", "--device", "cpu", "--write", "plan")
    assert ran.code == 0
    assert [path.name for path in (measured.folder / "plan").glob("*.py")] == ["box-CPU.py"]
    assert "removed, of an earlier plan: plan/box-RTX-3090.py" in ran.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "give either films (a folder, a CSV table or one film) or hours"),
        (("--hours", "0"), "hours: 0 cannot be; expected a number above 0"),
        (("--hours", "1", "--faces-per-frame", "-1"), "faces per frame: -1 cannot be; expected 0 or more"),
        (("--hours", "1", "--fps", "nan"), "fps: nan cannot be"),
        (("--hours", "1", "--deadline", "soon"), "--deadline: 'soon' is not a duration; expected a number and a unit"),
        (("--hours", "1", "--budget", "0"), "budget: 0 cannot be"),
        (("--hours", "1", "--memory-limit", "lots"), "--memory-limit: 'lots' is not a size"),
        (("--hours", "1", "--host", "bax"), "Did you mean 'box'?"),
        (("--hours", "1", "--write", "plan"), "files to write need films"),
        (("films", "--clip-minutes", "3"), "clip minutes belong to hours"),
    ],
)
def test_a_wrong_option_is_refused_by_name(measured: Shell, options: tuple[str, ...], message: str) -> None:
    ran = measured("estimate", *options)
    assert ran.code == 2
    assert message in ran.err
    assert ran.out == ""


def test_a_price_that_is_no_number_is_refused_with_its_line(measured: Shell) -> None:
    (measured.folder / "lab.yaml").write_text("hosts:\n- name: box\n  address: box.lab\n  price_per_hour: cheap\n")
    assert "lab.yaml:4: hosts[0].price_per_hour" in measured.complain(
        "estimate", "--hours", "1", "--cluster", "lab.yaml"
    )
