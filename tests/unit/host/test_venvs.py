"""Environments beside featray's own: their names, and what reaches the child."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from featray.host import venvs


def test_an_environment_is_named_by_its_set_not_by_its_order() -> None:
    assert venvs.name(["a==1", "b==2"]) == venvs.name(["b==2", "a==1"])
    assert venvs.name(["a==1"]) != venvs.name(["a==2"])


def test_unlike_hosts_that_share_a_cache_have_environments_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {venvs.name(["a==1"])}
    for module, attribute, other in ((platform, "machine", "riscv64"), (sys, "executable", "/opt/python")):
        with monkeypatch.context() as patch:
            patch.setattr(module, attribute, (lambda: "riscv64") if attribute == "machine" else other)
            names.add(venvs.name(["a==1"]))
    assert len(names) == 3


def test_the_childs_path_holds_featray_and_nothing_else(tmp_path: Path) -> None:
    folder = venvs.source_link(tmp_path)
    assert [path.name for path in folder.iterdir()] == ["featray"]
    code = "import featray.measurement.clockwork as clockwork; print(clockwork.__name__)"
    done = subprocess.run(
        [sys.executable, "-S", "-P", "-c", code],
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "featray.measurement.clockwork", done.stderr


def test_no_requirements_means_featrays_own_python(tmp_path: Path) -> None:
    assert venvs.interpreter((), tmp_path) == sys.executable
    assert list(tmp_path.iterdir()) == []


def test_a_set_is_built_once_and_a_part_that_a_killed_build_left_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[str] = []
    folder = tmp_path / "environments" / venvs.name(["a==1"])
    folder.mkdir(parents=True)
    (folder / "half").touch()

    def run(command: list[str], **_: object) -> None:
        commands.append(" ".join(command[3:5]))
        folder.mkdir(exist_ok=True)

    monkeypatch.setattr(venvs, "_run", run)
    assert [venvs.interpreter(["a==1"], tmp_path) for _ in range(2)] == [str(folder / "bin" / "python")] * 2
    assert commands == ["venv --quiet", "pip install"]
    assert not (folder / "half").exists()


def test_the_packages_of_an_environment_are_found_by_its_interpreter(tmp_path: Path) -> None:
    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    assert venvs.packages(str(tmp_path / "bin" / "python")) == packages
    assert venvs.packages("/no/such/python") is None


def test_a_folder_that_has_changed_is_another_environment(tmp_path: Path) -> None:
    source = tmp_path / "my source"
    source.mkdir()
    module, requirement = source / "mine.py", f"mine @ {source.as_uri()}"
    module.write_text("SPEED = 1")
    before = venvs.name([requirement])
    (source / "build").mkdir()
    (source / "build" / "mine.py").write_text("what a build leaves")
    assert venvs.name([requirement]) == before
    module.write_text("SPEED = 20")
    assert venvs.name([requirement]) != before
    assert venvs.name(["mine @ file:///not/there"]) == venvs.name(["mine @ file:///not/there"])


@pytest.mark.slow
def test_changed_code_of_a_folder_is_what_its_environment_runs(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "pyproject.toml").write_text('[project]\nname = "mine"\nversion = "1.0"\n')
    for speed in ("1", "20"):
        (source / "mine.py").write_text(f"SPEED = {speed}")
        python = venvs.interpreter([f"mine @ {source.as_uri()}"], tmp_path / "cache")
        code = "import mine; print(mine.SPEED)"
        assert subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == speed
