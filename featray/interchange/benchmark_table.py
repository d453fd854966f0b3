"""py-feat's public benchmark table: lines of other runs stay, and those of ours are in it once.

Flow: the table so far, lines of `throughput_csv` by run -> `append` -> `api.export_dataset`. Pure.
The table is throughput.csv of the dataset that py-feat's dashboard reads. It may have more columns than featray
writes, as py-feat's ingest script adds some; these stay, and are empty in our lines. Two columns are featray's own: the
run that a line is of, by which an export of the same run replaces its lines, and where one has it, its environment.
"""

import csv
import dataclasses
import io
from collections.abc import Mapping, Sequence

from featray.interchange.throughput_csv import COLUMNS, ENVIRONMENT

RUN = "featray_run"
"""Column with the run of our lines; empty in lines of others."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class AppendedTable:
    """A table with our lines in it."""

    text: str
    lines: int  # that are ours
    replaced: int  # lines of the same runs that were there before


def append(existing: str | None, ours: Mapping[str, str]) -> AppendedTable:
    """Put our lines into a table, in the place of earlier lines of the same runs.

    Args:
        existing: The table so far; None where there is none.
        ours: Run -> what `throughput_csv.write` wrote of it.

    Raises:
        ValueError: the existing table lacks a column, or a line has too many fields; the message names it.
    """
    names, before = _read(existing) if existing is not None else (list(COLUMNS), [])
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise ValueError(f"not a table of py-feat's benchmarks: no column {', '.join(missing)}")
    added = [{**line, RUN: run} for run, text in ours.items() for line in _read(text)[1]]
    places = [place for place, line in enumerate(before) if line.get(RUN) in ours]
    first = places[0] if places else len(before)
    kept = [line for line in before if line.get(RUN) not in ours]
    own = [RUN, *([ENVIRONMENT] if any(ENVIRONMENT in line for line in added) else [])]
    text = _write(list(dict.fromkeys([*names, *own])), [*kept[:first], *added, *kept[first:]])
    return AppendedTable(text=text, lines=len(added), replaced=len(places))


def _read(text: str) -> tuple[list[str], list[dict[str, str]]]:
    reader = csv.reader(io.StringIO(text))
    names = next(reader, [])
    lines = []
    for values in filter(None, reader):
        if len(values) > len(names):
            raise ValueError(f"line {reader.line_num}: more fields than columns")
        lines.append(dict(zip(names, values, strict=False)))
    return names, lines


def _write(names: Sequence[str], lines: Sequence[Mapping[str, str]]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return stream.getvalue()
