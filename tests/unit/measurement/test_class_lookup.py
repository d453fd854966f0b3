"""Class lookup: what is found without an import, and what an import says."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from featray.measurement import class_lookup


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a package whose import fails, one that makes a module itself, and a module with a class."""
    (tmp_path / "looked_broken").mkdir()
    (tmp_path / "looked_broken" / "__init__.py").write_text("raise RuntimeError('imported')")
    (tmp_path / "looked_broken" / "inner.py").write_text("class Own: pass")
    (tmp_path / "looked_space" / "inner").mkdir(parents=True)  # without __init__.py
    (tmp_path / "looked_space" / "inner" / "own.py").write_text("class Own: pass")
    (tmp_path / "looked_plain.py").write_text("print('{}')\nclass Own: pass")
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("modules")
def test_a_module_is_found_without_importing_its_package() -> None:
    assert class_lookup.why_not_there("looked_plain:Own") == ""
    assert class_lookup.why_not_there("looked_broken.inner:Own") == ""
    assert class_lookup.why_not_there("looked_nowhere.inner:Own") == "no module named looked_nowhere"
    assert not {"looked_plain", "looked_broken"} & set(sys.modules)


@pytest.mark.usefixtures("modules")
@pytest.mark.parametrize("name", ["looked_broken.other:Own", "looked_plain.inner:Own", "looked_space.inner.own:Own"])
def test_what_a_package_may_make_by_itself_is_not_known_without_an_import(name: str) -> None:
    assert class_lookup.why_not_there(name) is None


@pytest.mark.usefixtures("modules")
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("looked_plain:Own", ""),
        ("looked_space.inner.own:Own", ""),
        ("looked_plain:Other", "looked_plain has no Other"),
        ("looked_broken.inner:Own", "RuntimeError: imported"),
        ("looked_nowhere:Own", "ModuleNotFoundError: No module named 'looked_nowhere'"),
    ],
)
def test_an_import_says_why_it_failed(name: str, why: str) -> None:
    assert class_lookup.why_not_imported(name) == why


def test_the_answer_is_the_last_line_whatever_a_module_prints(tmp_path: Path) -> None:
    (tmp_path / "looked_loud.py").write_text("print('[1, 2', end='')\nclass Own: pass")
    code = f"import sys, runpy; sys.path.insert(0, {str(tmp_path)!r}); sys.argv = ['x', 'looked_loud:Own', '--import'];"
    code += "runpy.run_module('featray.measurement.class_lookup', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == ""
