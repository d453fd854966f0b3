"""`featray.report`: a report of stored runs, as text and as a file under `RESULTS/reports`.

Flow: names -> `chosen_runs` -> `analysis` -> `rendering` -> text, files.
Notes in `RESULTS/reports/NAME.notes.md` are added at the end of every report of that name.
"""

import dataclasses
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featray import store
from featray.analysis import diagnosis, unit_drifts, units
from featray.analysis.outputs import Outputs
from featray.api import chosen_runs, given, noise, prices
from featray.api.chosen_runs import ChosenRuns
from featray.api.output_files import write_files
from featray.api.results import Result, draw_kind
from featray.api.suggest import propose
from featray.core import garbage
from featray.core.argument_names import argument
from featray.core.files import PathLike
from featray.core.reference import Reference
from featray.core.reference import parse as parse_reference
from featray.core.row import Row
from featray.core.version import __version__
from featray.errors import BadInput, StoreError, suggest
from featray.rendering import document, json_report, markdown, notes
from featray.rendering.document import Report
from featray.rendering.notes import Notes

if TYPE_CHECKING:
    from featray.rendering.notebook.summary import Summary

FORMATS = {"markdown": ".md", "html": ".html", "json": ".json"}
"""Format -> suffix of its file."""


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class Reported(Result):
    """A report, the files it was written to, and what of the store could not be used."""

    text: str
    files: tuple[Path, ...]
    problems: tuple[str, ...]
    report: Report
    notes: Notes

    def summarize(self) -> "Summary":
        """Show the report's tables and findings; the frame has a row per unit."""
        from featray.rendering.notebook import summaries

        written = [f"written: {path}" for path in self.files]
        title = f"Report of {self.report.name}"
        return summaries.of_report(self.report, title, self.notes, (*self.problems, *written))

    def plot(self, kind: str | None = None, *, input: str | None = None, dark: bool = False) -> Any:  # noqa: A002 - as in the report
        """Draw the plots of one kind, as in the HTML page, as a figure of plotly.

        Args:
            kind: ratio, throughput, memory, changes, tradeoffs, length or stages; None takes the first that there is.
            input: Only of the input whose heading has this text.
            dark: For a dark notebook.

        Raises:
            NothingMatches: the report has no such plot.
        """
        from featray.rendering.page import html

        plots = html.draw_plots(self.report, self.notes, self.report.ordered(), {})
        return draw_kind(plots, kind, input, dark=dark)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ComposedReport:
    """The text of a report, and the CSV beside a page that has no room for all units."""

    text: str
    csv_name: str
    csv: str | None
    report: Report
    notes: Notes


def report(
    *names: str,
    results: str = "results",
    baseline: str | None = None,
    over: str | Sequence[str] = (),
    form: str = "markdown",
    output: PathLike | None = None,
    reference: str | None = None,
    cluster: PathLike | None = None,
) -> Reported:
    """Report what was measured, and write the report under `RESULTS/reports`.

    Args:
        names: Sweeps (their latest run counts), run ids, or sweep files; the latest run by default. A replay is the
            latest run only where there is no other.
        results: Store of rows and reports: a folder or URI.
        baseline: Sweep or run to compare with; None takes the one that the sweep names.
        over: Keys that are meant to differ from the baseline, as in `compare`.
        form: markdown, html or json; json is written to a file only where `output` names one.
        output: File to write instead; `-` writes none.
        reference: The setting that outputs are compared with, such as `device=cpu,batch_size=1`; None takes the one
            that the sweep names.
        cluster: Cluster file with the `price_per_hour` of the hosts, for what 1000 hours of film cost.

    Returns:
        The text of the report, and the files it was written to.

    Raises:
        BadInput: there is no such sweep, run, format or key, or the store is no folder and a page needs one.
        ClusterFileError: the cluster file is wrong.
        StoreError: the store cannot be read, or the report not written.
    """
    chosen_path = Path(output) if output is not None else None
    if form not in FORMATS:
        raise BadInput(f"{argument('form', form)}: no such format{suggest(form, FORMATS)}")
    named, varied = _read_reference(reference), given.names("over", over)
    with garbage.paused():
        chosen = chosen_runs.choose(results, names)
        path = _path(results, chosen.name, form, chosen_path)
        before, problems = chosen_runs.find_baseline(results, chosen, baseline)
        if varied and not before:
            raise BadInput(
                f"{argument('over')} says what may differ from the baseline, and there is none: add "
                f"{argument('baseline')}"
            )
        composed = compose(
            results, chosen, form, before, over=varied, beside=path is not None, named=named, cluster=cluster
        )
        problems = (*problems, *_absent_reference(named, composed.report))
    files = tuple(save_report(path, composed)) if path else ()
    return Reported(
        text=composed.text,
        files=files,
        problems=(*chosen.problems, *problems),
        report=composed.report,
        notes=composed.notes,
    )


def _read_reference(expression: str | None) -> Reference | None:
    try:
        return None if expression is None else parse_reference(expression)
    except ValueError as wrong:
        raise BadInput(f"{argument('reference', expression)}: {wrong}") from wrong


def _absent_reference(named: Reference | None, made: Report) -> tuple[str, ...]:
    """Say that no output of the reference that the caller named was kept; silence would hide a slip of the finger."""
    if named is None or any(not change.lacks_named for change in made.changes):
        return ()
    return (f"{argument('reference')}: no output of these runs could be compared with one of {named}",)


def save_run_report(results: str, run_id: str, rows: Sequence[Row]) -> Path | None:
    """Write the markdown report of a run whose rows the caller has.

    None without a row, so that nothing replaces an earlier report, and for a store that is no folder.
    """
    folder, name = reports_folder(results), chosen_runs.report_name([run_id])
    if folder is None or not rows:
        return None
    chosen = ChosenRuns(name=name, run_ids=(run_id,), rows=tuple(rows), problems=())
    before, _ = chosen_runs.find_baseline(results, chosen, None)
    return save_report(folder / f"{name}.md", compose(results, chosen, "markdown", before))[0]


def _path(results: str, name: str, form: str, output: Path | None) -> Path | None:
    if output is not None:
        return None if str(output) == "-" else output
    folder = reports_folder(results)
    if folder is None and form == "html":
        raise BadInput(f"{store.display_name(results)} is no folder to put a page in; name a file with -o")
    return folder / f"{name}{FORMATS[form]}" if folder and form != "json" else None


def compose(
    results: str,
    chosen: ChosenRuns,
    form: str,
    before: Sequence[Row] = (),
    *,
    over: Sequence[str] = (),
    beside: bool = True,
    named: Reference | None = None,
    cluster: PathLike | None = None,
) -> ComposedReport:
    """Compose the text of a report.

    Args:
        results: Store, for calibrations and notes.
        chosen: The runs to report.
        form: One of `FORMATS`.
        before: Rows of the baseline.
        over: Keys that are meant to differ from it.
        beside: Whether a CSV can be written beside a page that has no room for all units.
        named: The setting that outputs are compared with; None takes what the rows name.
        cluster: Cluster file with prices.
    """
    people_notes = read_notes(results, chosen.name)
    candidate_units, baseline_units = units.gather_sides(chosen.rows, before)
    candidate_units = prices.apply(candidate_units, cluster)
    baseline_units = prices.apply(baseline_units, cluster, must_match=False)
    kept = store.outputs.KeptOutputs(results)
    kept_outputs = Outputs(kept.find, kept.has)
    diagnosed = noise.judge(
        results,
        lambda known: diagnosis.diagnose(candidate_units, baseline_units, noise=known, outputs=kept_outputs, over=over),
        lambda made: made.pairs,
    )
    changes = unit_drifts.find(candidate_units, baseline_units, kept_outputs, named)
    report = document.build(candidate_units, changes, unit_drifts.of_pairs(diagnosed.pairs, changes))
    next_runs = propose(diagnosed, candidate_units, baseline_units)
    command = _suggest_command(chosen, before)
    report_notes = notes.of_diagnosis(diagnosed, baseline_units, report.ordered(), next_runs, command)
    csv_name = f"{chosen.name}.units.csv"
    if form == "html":
        from featray.rendering.page import html

        page = html.render(
            report, report_notes, version=__version__, csv_name=csv_name if beside else None, hand_written=people_notes
        )
        return ComposedReport(text=page.page, csv_name=csv_name, csv=page.csv, report=report, notes=report_notes)
    render = markdown.render if form == "markdown" else json_report.render
    text = render(report, report_notes, people_notes)
    return ComposedReport(text=text, csv_name=csv_name, csv=None, report=report, notes=report_notes)


def _suggest_command(chosen: ChosenRuns, before: Sequence[Row]) -> str:
    """Write the command that writes a report's next runs."""
    baseline = ["--baseline", before[0].run_id] if before else []
    return shlex.join(["featray", "suggest", *chosen.run_ids, *baseline, "-o", "sweeps"])


def reports_folder(results: str) -> Path | None:
    """Give the folder of reports; None for a store that is no folder."""
    return None if "://" in results else Path(results) / "reports"


def read_notes(results: str, name: str) -> str | None:
    """Read the notes of people beside a report; None when there are none.

    Raises:
        StoreError: the file is there but is not text that can be read.
    """
    folder = reports_folder(results)
    path = folder / f"{name}.notes.md" if folder else None
    if path is None or not path.exists():
        return None
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        raise StoreError(f"{path}: cannot be read ({wrong})") from wrong


def save_report(path: Path, composed: ComposedReport) -> list[Path]:
    """Write a report, and its CSV.

    Raises:
        StoreError: a file cannot be composed.
    """
    csv = {composed.csv_name: composed.csv} if composed.csv is not None else {}
    return write_files(path.parent, {path.name: composed.text, **csv})
