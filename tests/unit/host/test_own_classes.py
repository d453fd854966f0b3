"""Own classes: what this machine's measuring processes can import."""

from pathlib import Path

import pytest

from featray.host import own_classes, venvs
from featray.planning.own_classes import OwnClass


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FEATRAY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def find(name: str, *requirements: str, imports: bool) -> str | None:
    needed = OwnClass(class_name=name, requirements=requirements)
    return own_classes.find([needed], imports=imports).get(needed.key)


@pytest.mark.usefixtures("cache")
def test_the_current_folder_and_pythonpath_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "found_only_here.py").write_text("class Own: pass")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert find("found_only_here:Own", imports=False) == "no module named found_only_here"
    why = find("found_only_here:Own", imports=True)
    assert why == "ModuleNotFoundError: No module named 'found_only_here'"


@pytest.mark.usefixtures("cache")
def test_a_class_that_is_there_is_found_and_one_that_a_module_does_not_name_is_imported() -> None:
    assert find("json.decoder:JSONDecoder", imports=False) == find("json.decoder:JSONDecoder", imports=True) == ""
    assert find("json.decoder:Own", imports=False) == "json.decoder has no Own"
    assert find("json.decoder:Own", imports=True) == "json.decoder has no Own"
    assert find("json.nowhere:Own", imports=False) == "ModuleNotFoundError: No module named 'json.nowhere'"


def test_a_class_of_an_environment_is_asked_of_that_environment_once_it_is_built(cache: Path) -> None:
    wanted = ("mine==1",)
    assert find("json:JSONDecoder", *wanted, imports=False) is None
    folder = cache / "environments" / venvs.name(wanted)
    (folder / "bin").mkdir(parents=True)
    python = folder / "bin" / "python"
    python.write_text("#!/bin/sh\necho 'no module here' >&2\nexit 3\n")
    python.chmod(0o755)
    (folder / venvs.READY).touch()
    assert find("json:JSONDecoder", *wanted, imports=False) == (
        "the process that imports it ended early (no module here)"
    )


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("class_name", ["mydet:Detector", "Detector"])
def test_a_path_in_a_requirement_that_is_not_there_is_named(class_name: str, tmp_path: Path) -> None:
    why = find(class_name, f"mine @ file://{tmp_path}/gone", imports=False)
    assert why == f"there is no {tmp_path}/gone, which its requirement names"
    clone = f"mine @ git+file://{tmp_path}/gone@1a2b3c4#subdirectory=x"
    assert find(class_name, clone, imports=False) == why
    (tmp_path / "gone").mkdir()
    assert find(class_name, clone, imports=False) is None
    assert find(class_name, f"mine @ file://{tmp_path}/gone", imports=False) is None


def test_fakes_of_featray_are_not_asked_for() -> None:
    assert own_classes.find([OwnClass(class_name="featray.measurement.clockwork:Clockwork")], imports=True) == {}
