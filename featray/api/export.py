"""`featray.export`: stored rows in formats that py-feat and other tools read.

Flow: names -> rows of the store -> a format of `interchange` -> texts, files; `export_bundle` and `export_dataset` for
what leaves the store as a whole.
"""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from featray import store
from featray.analysis.unit import UnitKey
from featray.api import chosen_runs, export_bundle, export_dataset
from featray.api.export_verdicts import judge_runs
from featray.api.output_files import write_files
from featray.api.results import Result
from featray.api.shared_rows import SharedRows, choose_shared
from featray.core import wording
from featray.core.argument_names import argument, flag
from featray.core.files import PathLike
from featray.core.row import Row
from featray.errors import BadInput, NothingMatches, suggest
from featray.interchange import all_columns, bundle, github_action, pyfeat_json, pyfeat_markdown, throughput_csv
from featray.interchange.file_names import make_safe, safe_stem
from featray.rendering.notebook.summary import Summary, make_table

FORMATS = ("markdown", "json", "throughput", "github-action", "csv", "jsonl")
BUNDLE, DATASET = "bundle", "hf-dataset"
SHARED = (BUNDLE, DATASET)
"""Forms that hold measured rows as they are, for other stores and for everybody."""


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class Exported(Result):
    """Files of another format, and what the user should know about them."""

    files: Mapping[str, str]  # name -> text
    problems: tuple[str, ...]
    without_verdict: tuple[str, ...]  # runs that could not be compared with the baseline, and why
    written: tuple[Path, ...] = ()  # in the folder that was asked for
    remarks: tuple[str, ...] = ()  # what was written, beside the paths
    digests: tuple[str, ...] = ()  # SHA-256 of a bundle, by which its receiver can know it

    def summarize(self) -> Summary:
        """Show the files; the frame has a row per file, with its text."""
        lines = [[name, wording.size(len(text.encode()))] for name, text in self.files.items()]
        table = make_table("Files", ("file", "size"), lines)
        written = [f"written: {path}" for path in self.written] + [f"sha256: {digest}" for digest in self.digests]
        return Summary(
            title=f"Export of {wording.count(len(self.files) or len(self.written), 'file')}",
            tables=(table,),
            remarks=(*self.problems, *self.without_verdict, *self.remarks, *written),
            records=[{"file": name, "text": text} for name, text in self.files.items()],
        )

    @property
    def text(self) -> str:
        """The text of the only file.

        Raises:
            NothingMatches: there are several files, or none that is a text.
        """
        if not self.files:
            raise NothingMatches("no text: the file was written")
        if len(self.files) > 1:
            raise NothingMatches(
                f"{len(self.files)} files ({', '.join(self.files)}), one for each run, host and GPU; name a folder "
                f"with {argument('output')}"
            )
        return next(iter(self.files.values()))


def export(
    to: str,
    *names: str,
    results: str = "results",
    run: str | None = None,
    sweep: str | None = None,
    everything: bool = False,
    baseline: str | None = None,
    output: PathLike | None = None,
    outputs: bool = False,
    anonymous: bool = False,
    upload: str | None = None,
) -> Exported:
    """Write stored rows in another format.

    Args:
        to: Format: markdown, json and throughput are py-feat's own; github-action, csv and jsonl are for other tools.
            A bundle is one file with measured rows, which `featray.import_reports` puts into another store.
            An hf-dataset is a folder with py-feat's benchmark table, the rows and a card.
        names: Sweeps (their latest run counts), run ids, or sweep files, as in `report`; by default the latest run.
        results: Store of rows: a folder or URI.
        run: Run to export; the same as its name alone.
        sweep: Export every run of this sweep instead.
        everything: Export every run of the store instead, with every attempt.
        baseline: Run or sweep to compare with; github-action holds the verdict.
        output: Folder to write the files into; None writes none, and a bundle into the current folder.
        outputs: Also put outputs of your own clips into a bundle: they describe the faces there.
        anonymous: Hide names of hosts and users, and paths, in a bundle or hf-dataset.
        upload: Dataset of the Hugging Face hub, such as `lab/speed`, that gets an hf-dataset too.

    Returns:
        The files: one for each run, host and GPU for markdown and json, else a single one. A bundle is no text: it
        is written, and its digest returned.

    Raises:
        NothingMatches: no such run, sweep, baseline or format, or no row with a timing for a format that needs one.
        BadInput: an argument does not go with the format.
        BackendError: the hub cannot be reached, or refuses.
        StoreError: the store cannot be read, or the folder not written.
    """
    if upload is not None and to != DATASET:
        raise BadInput(f"{argument('upload')} is for {DATASET}; {to} is a file to pass on yourself")
    if outputs and to == DATASET:
        raise BadInput(f"{flag('outputs')} is for {BUNDLE}; {DATASET} has no outputs")
    reading = _choose(results, names, run, sweep, everything=everything)
    if to == BUNDLE:
        name = run or sweep or "-".join(names) or ("featray" if everything else reading.rows[-1].run_id)
        shared = choose_shared(results, reading, baseline=baseline, calibrations=True, anonymous=anonymous)
        return _write_bundle(results, shared, Path(output or "."), name, outputs=outputs, anonymous=anonymous)
    if to == DATASET:
        shared = choose_shared(results, reading, baseline=baseline, anonymous=anonymous)
        made = export_dataset.write_dataset(shared.shared, Path(output or DATASET), upload)
        return Exported(
            files={}, problems=shared.problems, without_verdict=(), written=made.written, remarks=made.remarks
        )
    if outputs or anonymous:
        raise BadInput(
            f"{flag('outputs')} and {flag('anonymous')} are for {' and '.join(SHARED)}; {to} has no such choice"
        )
    run_ids = list(dict.fromkeys(row.run_id for row in reading.rows))
    judged = judge_runs(results, baseline, run_ids) if baseline is not None else None
    verdicts = judged.verdicts if judged else None
    rows, left_out = _without_replays(reading.rows, to)
    rows, also_left_out = _without_side_by_side(rows, to)
    files = make_safe(to_format(rows, to, name=run or sweep or "-".join(names) or "featray", verdicts=verdicts))
    return Exported(
        files=files,
        problems=(*map(str, reading.problems), *left_out, *also_left_out),
        without_verdict=judged.without_verdict if judged else (),
        written=tuple(write_files(Path(output), files)) if output is not None else (),
    )


def _write_bundle(
    results: str, rows: SharedRows, folder: Path, name: str, *, outputs: bool, anonymous: bool
) -> Exported:
    """Write a bundle into a folder, over an older one of the same name."""
    content, remarks = export_bundle.make_bundle(results, rows, outputs=outputs, anonymous=anonymous)
    file = f"{safe_stem(name)}{bundle.SUFFIX}"
    return Exported(
        files={},
        problems=(*rows.problems, *remarks),
        without_verdict=(),
        written=tuple(write_files(folder, {file: content})),
        digests=(bundle.sha256(content),),
    )


def _without_replays(rows: Sequence[Row], to: str) -> tuple[Sequence[Row], list[str]]:
    """Leave out replayed rows of a format that cannot mark them; csv and jsonl have the column `replayed`."""
    kept = [row for row in rows if not row.is_replayed]
    if to in ("csv", "jsonl") or len(kept) == len(rows):
        return rows, []
    count = wording.count(len(rows) - len(kept), "replayed row")
    if not kept:
        raise NothingMatches(f"all rows are replayed, so nothing was measured; csv and jsonl export {count}, marked")
    return kept, [f"{count} left out, because nothing was measured there; csv and jsonl have them, marked"]


def _choose(
    results: str, names: Sequence[str], run: str | None, sweep: str | None, *, everything: bool
) -> store.Reading:
    """Read the rows of the named runs, or those that the other arguments choose.

    Raises:
        BadInput: runs are chosen in two ways.
        NothingMatches, StoreError: as `choose_rows`.
    """
    ways = {"a sweep or run": names, argument("run"): run, argument("sweep"): sweep, flag("everything"): everything}
    given = [way for way, is_given in ways.items() if is_given]
    if len(given) > 1:
        raise BadInput(f"{' and '.join(given)} choose runs in different ways; keep one")
    if not names:
        return choose_rows(results, run=run, sweep=sweep, everything=everything)
    readings = [chosen_runs.read_run(results, run_id) for run_id in chosen_runs.find_ids(results, names)]
    return store.Reading(
        rows=tuple(row for reading in readings for row in reading.rows),
        problems=tuple(dict.fromkeys(problem for reading in readings for problem in reading.problems)),
    )


def _without_side_by_side(rows: Sequence[Row], to: str) -> tuple[Sequence[Row], list[str]]:
    """Leave out rows of several processes of py-feat's formats, which cannot say so."""
    kept = [row for row in rows if (row.processes or 1) == 1 and not row.gpus]
    if to not in PYFEAT or len(kept) == len(rows):
        return rows, []
    what = f"{wording.count(len(rows) - len(kept), 'row')} of several processes side by side"
    if not kept:
        raise NothingMatches(f"{what} and no other; py-feat's formats cannot say so. csv and jsonl can")
    return kept, [f"{what} left out, because py-feat's formats cannot say so; csv and jsonl have them"]


PYFEAT = ("markdown", "json", "throughput")
"""py-feat's own formats."""


def choose_rows(
    results: str | os.PathLike[str], *, run: str | None = None, sweep: str | None = None, everything: bool = False
) -> store.Reading:
    """Read the rows to export: of a run, of every run of a sweep, of the whole store, or by default of the latest run.

    Raises:
        NothingMatches: there are none; the message lists what exists.
        StoreError: the store cannot be read.
    """
    if run is None and sweep is None and not everything:
        run = store.latest_run(results)
    reading = store.read(results, run_id=run, sweep=sweep, every_attempt=everything)
    if not reading.rows:
        runs, problems = store.runs(results)
        if not runs:
            raise store.explain_no_rows(os.fspath(results), problems)
        if (
            wrong := chosen_runs.explain_unreadable(os.fspath(results), sweep or run or "", reading.problems)
        ) is not None:
            raise wrong
        names = {summary.run_id for summary in runs} if sweep is None else {summary.sweep for summary in runs}
        of_run = f" of run {run!r}" if run is not None else ""
        wanted = of_run if sweep is None else f" of sweep {sweep!r}"
        hint = suggest(sweep or run or "", sorted(names))
        left_out = store.format_problems(reading.problems)
        raise NothingMatches(f"{store.display_name(results)}: no rows{wanted}{hint}{left_out}")
    return reading


def to_format(
    rows: Sequence[Row], to: str, *, name: str, verdicts: Mapping[UnitKey, str] | None = None
) -> dict[str, str]:
    """Write rows in another format.

    Args:
        rows: What to write.
        to: One of `FORMATS`.
        name: Stem of the file's name, for formats that hold everything in one file.
        verdicts: Verdict of each unit; only github-action holds it.

    Returns:
        File name -> text.

    Raises:
        NothingMatches: no such format, or no row with a timing for a format that needs one.
    """
    if to not in FORMATS:
        raise NothingMatches(f"no format {to!r}{suggest(to, (*FORMATS, *SHARED))}")
    if to in ("markdown", "json"):
        files = pyfeat_markdown.write(rows) if to == "markdown" else pyfeat_json.write(rows)
        if not files:
            raise NothingMatches(f"none of {len(rows)} rows has a timing, and py-feat's {to} holds nothing else")
        return files
    if to == "throughput":
        return {f"{name}.csv": throughput_csv.write(rows)}
    if to == "github-action":
        return {f"{name}.json": github_action.write(rows, verdicts)}
    if to == "csv":
        return {f"{name}.csv": all_columns.write_csv(rows)}
    return {f"{name}.jsonl": all_columns.write_json_lines(rows)}
