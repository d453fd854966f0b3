"""The tour in `docs/tour.ipynb`, run by a kernel as a notebook runs it."""

import copy
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.support.command import ALL, ROOT

TEXT_MAX = 2000  # characters of the text of a result

pytestmark = pytest.mark.filterwarnings("ignore")  # a kernel's libraries warn about each other


CHEAP_QUICKSTART = """
detectors:
- {name: one, class: "featray.measurement.clockwork:Clockwork", keywords: {seconds_per_frame: 0.002, frames: 72}}
- {name: two, class: "featray.measurement.clockwork:Clockwork", keywords: {seconds_per_frame: 0.004, frames: 72}}
inputs: [short]
axes: {device: cpu, batch_size: [1, 2]}
measure: {warmup: 1, repeats: 3, min_time_s: 0, stages: false, invocations: 3}
"""
"""As many measurements as the quickstart has, of detectors that only wait."""


def run_tour(folder: Path, monkeypatch: pytest.MonkeyPatch, *, measures: bool) -> list[Any]:
    """Run the tour in a copy of the checkout's data; return its code cells. `measures` also runs what measures."""
    for name in ("results", "sweeps"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "sweeps" / "quickstart.yaml").write_text(CHEAP_QUICKSTART, encoding="utf-8")
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))
    notebook = copy.deepcopy(nbformat.read(ROOT / "docs" / "tour.ipynb", as_version=4))
    if not measures:
        notebook.cells = [cell for cell in notebook.cells if "measures" not in cell.metadata.get("tags", ())]
    client = NotebookClient(notebook, timeout=800, resources={"metadata": {"path": str(folder)}})
    kernel = client.create_kernel_manager()
    kernel.kernel_cmd = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    client.execute()
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def texts(cell: Any, form: str = "text/plain") -> list[str]:
    return [output.data[form] for output in cell.outputs if form in output.get("data", {})]


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Any]]:
    """Run the tour once; without FEATRAY_TEST_ALL it leaves out what measures."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield run_tour(tmp_path_factory.mktemp("tour"), monkeypatch, measures=ALL)


def measures(cell: Any) -> bool:
    return "measures" in cell.metadata.get("tags", ())


def test_the_tour_runs_and_each_result_is_short_text_and_html(cells: list[Any]) -> None:
    results = [cell for cell in cells if any("featray-result" in html for html in texts(cell, "text/html"))]
    # report, comparison, recommendation, plan
    assert len([cell for cell in results if not measures(cell)]) == 4
    assert [len(text) for cell in results for text in texts(cell) if len(text) > TEXT_MAX] == []
    figures = [cell for cell in cells if cell.source.endswith((".plot()", 'input="long")')) and "plot" in cell.source]
    assert len([cell for cell in figures if not measures(cell)]) == 2
    assert all("application/vnd.plotly.v1+json" in output.data for cell in figures for output in cell.outputs)


@pytest.mark.slow
def test_the_tour_measures_and_shows_its_progress(cells: list[Any]) -> None:
    (submit,) = [cell for cell in cells if "featray.submit" in cell.source]
    assert "12/12" in "".join(output.text for output in submit.outputs if output.output_type == "stream")
    assert "12 measurements made now" in texts(submit)[0]


def test_the_tour_is_kept_without_outputs() -> None:
    notebook = nbformat.read(ROOT / "docs" / "tour.ipynb", as_version=4)
    assert [cell.outputs for cell in notebook.cells if cell.cell_type == "code" and cell.outputs] == []
