"""Export a dataset: rows in the layout of py-feat's public benchmarks, in a folder and, if asked for, at the hub.

Flow: rows of `shared_rows`, the table so far -> files -> a folder; with `upload`, one commit of `dataset_hub`.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from featray.api import dataset_hub
from featray.api.output_files import write_files
from featray.core import wording
from featray.core.choices import WeightsKind
from featray.core.row import Row
from featray.errors import BackendError, BadInput, NothingMatches, StoreError
from featray.interchange import benchmark_table, dataset_card, throughput_csv
from featray.interchange.file_names import safe_stem
from featray.store import flat_files

TABLE, CARD, DATA = "throughput.csv", "README.md", "data"


@dataclasses.dataclass(frozen=True, kw_only=True)
class WrittenDataset:
    """What was written, and what the user should know about it."""

    written: tuple[Path, ...]
    remarks: tuple[str, ...]


def write_dataset(rows: Sequence[Row], folder: Path, upload: str | None) -> WrittenDataset:
    """Write rows into a folder of a dataset, beside what is there; with `upload`, also into that dataset of the hub.

    A run's file is written anew, and its lines of the table are replaced, so that nothing is there twice.

    Raises:
        NothingMatches: every row is a replay.
        BadInput: the table of the folder or of the hub is none of py-feat's.
        BackendError: the hub cannot be reached, or refuses; the folder is written then, and the message names it.
        StoreError: the folder cannot be read or written.
    """
    measured = [row for row in rows if not row.is_replayed]
    if not measured:
        raise NothingMatches("all rows are replayed, so nothing was measured")
    files, remarks = _make_files(measured, _read(folder, TABLE), _read(folder, CARD))
    written = write_files(folder, files)
    if upload is not None:
        try:
            address = _upload(measured, upload)
        except BackendError as wrong:
            raise BackendError(f"{wrong}. Nothing was uploaded; the files are written in {folder}") from wrong
        remarks = [*remarks, f"uploaded to {upload}: {address}"]
    return WrittenDataset(written=tuple(written), remarks=tuple(remarks))


def _upload(rows: Sequence[Row], name: str) -> str:
    """Add the rows to what a dataset of the hub has; return the address of the commit."""
    hub = dataset_hub.open_dataset(name)
    theirs, _ = _make_files(rows, hub.read(TABLE), hub.read(CARD))
    return hub.upload(theirs, f"Add {wording.count(len(rows), 'row')} measured with featray")


def _make_files(rows: Sequence[Row], table: str | None, card: str | None) -> tuple[Mapping[str, bytes], list[str]]:
    """Make the files, from the table and the card that are there already."""
    real = [row for row in rows if row.weights != WeightsKind.SYNTHETIC]
    remarks = []
    if len(real) < len(rows):
        count = wording.count(len(rows) - len(real), "row")
        remarks.append(f"{count} of synthetic weights are in {DATA}, but not in {TABLE}")
    joint = [row for row in real if (row.processes or 1) > 1 or row.gpus]
    if joint:
        count = wording.count(len(joint), "row")
        remarks.append(f"{count} of several processes side by side are in {DATA}, but not in {TABLE}")
    files = {f"{DATA}/{safe_stem(run)}.parquet": flat_files.encode(members) for run, members in _by_run(rows).items()}
    if real:
        ours = {run: throughput_csv.write(members) for run, members in _by_run(real).items()}
        try:
            appended = benchmark_table.append(table, ours)
        except ValueError as wrong:
            raise BadInput(f"{TABLE}: {wrong}; name another folder or dataset") from wrong
        files[TABLE] = appended.text.encode()
        earlier = f", in the place of {wording.count(appended.replaced, 'earlier line')}" if appended.replaced else ""
        remarks.append(f"{TABLE}: {wording.count(appended.lines, 'line')}{earlier}")
    if card is None or dataset_card.MARK in card:
        files[CARD] = dataset_card.CARD.encode()
    else:
        remarks.append(f"{CARD} is your own and stays")
    return files, remarks


def _by_run(rows: Sequence[Row]) -> dict[str, list[Row]]:
    of_run: dict[str, list[Row]] = {}
    for row in rows:
        of_run.setdefault(row.run_id, []).append(row)
    return of_run


def _read(folder: Path, name: str) -> str | None:
    path = folder / name
    try:
        return path.read_text(encoding="utf-8") if path.exists() else None
    except (OSError, UnicodeDecodeError) as wrong:
        raise StoreError(f"{path}: cannot be read ({wrong}); move it away, or name another folder") from wrong
