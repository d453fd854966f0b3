"""Resuming: the few columns of rows that the next submit needs, read without building the rows.

Flow: `small_files.read_footers` and `scanning.scan_files` -> `keys` -> `planning`.
`reading` gives every column, this gives thirteen: small files hold them in their footers, and large files are read.
Other columns of large files are checked all the same, so that both agree on what can be read.
"""

import dataclasses
import os
from collections.abc import Sequence

import pyarrow as pa

from featray.core import garbage
from featray.core.stored_unit import StoredUnit
from featray.store import footers, reading, scanning, schema, small_files, stored_files
from featray.store.conditions import Condition, make_condition
from featray.store.location import Location, locate
from featray.store.problems import StoreProblem, report_bad_rows
from featray.store.scanning import Scan
from featray.store.schema import FILE_COLUMN
from featray.store.stored_files import StoredFile


@dataclasses.dataclass(frozen=True)
class StoredKeys:
    """States in the order in which they were measured, and the files or rows that could not be used."""

    units: tuple[StoredUnit, ...]
    problems: tuple[StoreProblem, ...] = ()


def keys(
    results: str | os.PathLike[str], *, sweep: str | None = None, run_id: str | None = None, every_attempt: bool = False
) -> StoredKeys:
    """Read the few columns of rows that resume needs: the same rows as `read`, in its order, 30 times as fast.

    A row that `read` cannot give, because its file is damaged, it lacks a column or it holds what cannot
    be, is not given here either. The problems name it, and its unit is measured again.

    Args:
        results: Folder or URI.
        sweep: Only rows of this sweep.
        run_id: Only rows of this run.
        every_attempt: Also attempts that a later one replaced.

    Raises:
        StoreError: the store cannot be reached.
    """
    location, condition = locate(results), make_condition(sweep=sweep, run_id=run_id)
    with garbage.paused():  # a dictionary for each row, all kept
        names = [field.name for field in dataclasses.fields(StoredUnit)]
        kept = list(dict.fromkeys([*footers.COLUMNS, *names]))
        scanned = scan_with_footers(location, condition, kept, check_all_columns=True, note_faults=True)
        possible, faulty = reading.drop_faulty(location, reading.distinct(scanned.table, every_attempt=every_attempt))
        table, too_old = reading.migrate_older(location, possible, condition)
        bad_rows = report_bad_rows([*faulty, *too_old])
        units = [StoredUnit(**record) for record in schema.to_records(table.select(names))]
        units.sort(key=reading.order_key)
        return StoredKeys(tuple(units), tuple(dict.fromkeys([*scanned.problems, *bad_rows])))


def scan_with_footers(
    location: Location,
    condition: Condition | None,
    columns: Sequence[str],
    *,
    check_all_columns: bool,
    note_faults: bool = False,
) -> Scan:
    """Read columns of every attempt, a row in two files twice: from footers where files have rows there.

    A row from a footer has `footers.COLUMNS` alone, null in other columns, and no file: `FILE_COLUMN` is empty. It was
    checked when it was written.

    Args:
        location: The store.
        condition: Which rows; it asks for nothing but values of `footers.COLUMNS`.
        columns: Names of `schema.reading_schema()`; `schema_version` is added.
        check_all_columns: Also check the other columns of files that are read whole.
        note_faults: As of `scanning.scan`.
    """
    key_values = condition.key_values if condition else {}

    def read(files: list[StoredFile]) -> Scan:
        archives = [file for file in files if stored_files.is_archive(file.name)]  # their rows need the file's name
        own = [file for file in files if not stored_files.is_archive(file.name)]
        footer_rows, others = small_files.read_footers(location, own, columns, key_values)
        scanned = scanning.scan_files(
            location,
            [*others, *archives],
            columns,
            condition,
            check_all_columns=check_all_columns,
            note_faults=note_faults,
        )
        records = [{**row, FILE_COLUMN: ""} for row in footer_rows if footers.has_values(row, key_values)]
        added = pa.Table.from_pylist(records, schema=scanned.table.schema)
        return Scan(pa.concat_tables([scanned.table, added]), scanned.problems)

    return scanning.list_and_read(location, read)
