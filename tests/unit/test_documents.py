"""The pages for people: what they link to and name exists, and the files for other tools can be read by them."""

import dataclasses
import itertools
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from featray import stats, store
from featray.core.rules import Rules
from featray.planning import target_selection
from featray.planning.inventory import Inventory
from featray.sweep import Selector
from tests.support.command import ROOT
from tests.support.plans import make_host

PAGES = sorted(
    str(page.relative_to(ROOT))
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("sweeps/*.md"), *ROOT.glob("results/*.md"))
)
EXAMPLES = {"sweeps/mine.yaml", "sweeps/regression.yaml", "sweeps/drift.yaml", "docs/benchmarks"}
"""Files that the reader writes, and a folder of py-feat's repository."""


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_a_link_to_a_file_of_the_checkout_leads_somewhere(page: str) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", read(page))
    assert [target for target in targets if not (ROOT / page).parent.joinpath(target).exists()] == []


@pytest.mark.parametrize("page", sorted({*PAGES} - {"CHANGELOG.md"}))
def test_a_path_that_is_named_exists(page: str) -> None:
    top = "|".join(re.escape(path.name) for path in ROOT.iterdir() if path.is_dir())
    paths = re.findall(rf"`((?:{top})/[\w./-]*)`", read(page))
    assert [path for path in paths if path not in EXAMPLES and not (ROOT / path).exists()] == []


def commands(page: str) -> list[list[str]]:
    """List the words of each command of featray in the blocks of a page, without what is said beside it."""
    blocks = re.findall(r"^```\n(.*?)^```$", read(page), flags=re.MULTILINE | re.DOTALL)
    lines = [line.removeprefix("uv run ") for block in blocks for line in block.splitlines()]
    return [re.split(r" {3,}| > ", line)[0].split() for line in lines if line.startswith("featray ")]


NAMERS = {"compare", "report", "suggest", "export"}
"""Commands whose arguments are names of sweeps or runs."""


def named_sweeps(words: list[str]) -> set[str]:
    """Give the sweep files, and the names of sweeps and runs, that a command reads."""
    files = {word for word in words if word.endswith(".yaml") and not word.startswith("clusters/")}
    if words[1] not in NAMERS:
        return files
    values = {value for option, value in itertools.pairwise(words) if option.startswith("-")}
    return files | {word for word in words[2:] if not word.startswith("-") and word not in values}


@pytest.mark.parametrize("page", sorted({*PAGES} - {"CHANGELOG.md"}))
def test_a_sweep_or_run_that_a_command_names_ships_or_is_made_or_explained_above(page: str) -> None:
    text = read(page)
    runs = {summary.run_id for summary in store.runs(ROOT / "results")[0]}
    for words in commands(page):
        for name in named_sweeps(words):
            stem = Path(name).stem
            is_written = re.search(rf"^# sweeps/{re.escape(stem)}\.yaml$|> {re.escape(stem)}\.yaml", text, re.MULTILINE)
            is_explained = f"`{name}`" in text or f"{name}        the file that it has named" in text
            assert name in runs or (ROOT / name).is_file() or is_written or is_explained, " ".join(words)


def test_names_of_sweeps_are_found_in_commands() -> None:
    assert named_sweeps(["featray", "compare", "a", "b", "--over", "gpu", "--fail-if", "slower"]) == {"a", "b"}
    assert named_sweeps(["featray", "submit", "sweeps/a.yaml", "--address", "clusters/lab.yaml"]) == {"sweeps/a.yaml"}
    assert named_sweeps(["featray", "bisect", "1", "2", "--sweep", "sweeps/a.yaml"]) == {"sweeps/a.yaml"}


@pytest.mark.parametrize("file", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda file: file.name)
def test_a_file_for_github_is_yaml(file: Path) -> None:
    assert isinstance(yaml.safe_load(file.read_text(encoding="utf-8")), dict)


def test_the_workflow_runs_what_people_run() -> None:
    workflow = yaml.safe_load(read(".github/workflows/tests.yml"))
    assert [step["run"] for step in workflow["jobs"]["gate"]["steps"] if "run" in step][-1] == ".ci/run"


def test_every_hook_runs_a_tool_of_the_project() -> None:
    (repository,) = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
    entries = [hook["entry"].split() for hook in repository["hooks"]]
    assert [words[:2] for words in entries] == [["uv", "run"]] * len(entries)
    tools = {"lint-imports": "import-linter"}
    tested = " ".join(tomllib.loads(read("pyproject.toml"))["dependency-groups"]["dev"])
    assert [words[2] for words in entries if tools.get(words[2], words[2]) not in tested] == []


def test_the_defaults_of_measure_are_those_of_the_code() -> None:
    defaults = dict(re.findall(r"^\| `(\w+)` \| `?([^`|]*?)`? \|", read("sweeps/README.md"), flags=re.MULTILINE))
    rules = {field.name: field.default for field in dataclasses.fields(Rules)}
    written = {name: yaml.safe_load(defaults[name].replace("none", "null")) for name in rules}
    assert written == {**rules, "protocol": str(rules["protocol"])}
    planned = f"{{pilot: {stats.PILOT}, max: {stats.INVOCATIONS_MAX}, half_width: {stats.HALF_WIDTH}}}"
    assert defaults["invocations"] == planned


def test_the_sweep_of_one_driver_of_many_has_as_many_hosts_as_the_page_says() -> None:
    page = read("docs/many-hosts.md")
    (example,) = re.findall(r"```yaml\n(name: fleet-02\n.*?)```", page, re.DOTALL)
    fleet = Inventory(hosts=tuple(make_host(f"node-{number:04}") for number in range(1, 1001)))
    targets = target_selection.select(fleet, Selector(host=tuple(yaml.safe_load(example)["hosts"]["host"])))
    assert [target.host.hostname for target in targets] == [f"node-{number:04}" for number in range(60, 119)]
    assert "17\n  clusters of 58 or 59 hosts" in page
    assert "the 59 from `node-0060` to `node-0118`" in page
