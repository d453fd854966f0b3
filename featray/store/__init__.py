"""The store: every row ever measured or imported, as one parquet dataset under `RESULTS/rows`.

Flow: the runner by `Appender`, importers by `append`; everything after reads. Only this room imports pyarrow.

What it promises:
- Append-only. A file appears whole under a new name or not at all; nothing is ever overwritten.
- Any number of writers, compactions and readers may run at once, on any number of hosts, without a lock. A row may lie
  in two files for a while; readers count it once, by its key.
- A file that cannot be read, or is not featray's, is named in `Reading.problems` and skipped.
- Rows of an older schema are migrated while they are read. Rows of a newer schema are left out, and their file is named
  in the problems. Columns that this featray does not know are dropped by readers and kept by compaction.

`RESULTS` is a folder or a URI of any pyarrow filesystem (`s3://bucket/folder`). A URI with credentials is refused, and
no message has them. `pandas.read_parquet("results/rows")` gives the same columns as `load`, but maps as lists of pairs.

    store_names   a store's name for messages, and for hosts
    spool_names   the name of its rows on hosts
    location      where the rows lie
    stored_files  the files there
    schema        the columns, and older rows brought up to date
    writing       rows as new files
    appending     the files of one writer, merged while it goes on
    outputs       what one call of each unit returned, beside the rows
    problems      what is wrong with a file
    conditions    which rows to read
    footers       what files say of their rows
    small_files   many of them, each read in one request
    scanning      columns of many files at once
    faults        rows that hold what cannot be, and files that are known to have none
    soundness     that no row of a table has a fault, by whole columns
    reading       rows, each once
    resuming      states of units
    summary       runs
    flat_files    rows as a file for tools that have no maps
    removed_runs  marks of runs whose rows do not count
    compaction    many files made one
    checkup       a full check
    removal       taking out a run
"""

from featray.store import outputs
from featray.store.appending import Appender
from featray.store.checkup import Checkup, check
from featray.store.compaction import Compacted, compact
from featray.store.problems import StoreProblem, StoreWarning, explain_no_rows, format_problems
from featray.store.reading import Reading, find_problems, load, read
from featray.store.removal import Removal, is_removed, plan_removal, remove, restore
from featray.store.resuming import StoredKeys, keys
from featray.store.spool_names import create_spool_name, spool_name
from featray.store.store_names import check_address, display_name, full_name
from featray.store.stored_files import check_there
from featray.store.summary import Continued, RunSummary, find_continued, latest_run, runs
from featray.store.writing import append

__all__ = [
    "Appender",
    "Checkup",
    "Compacted",
    "Continued",
    "Reading",
    "Removal",
    "RunSummary",
    "StoreProblem",
    "StoreWarning",
    "StoredKeys",
    "append",
    "check",
    "check_address",
    "check_there",
    "compact",
    "create_spool_name",
    "display_name",
    "explain_no_rows",
    "find_continued",
    "find_problems",
    "format_problems",
    "full_name",
    "is_removed",
    "keys",
    "latest_run",
    "load",
    "outputs",
    "plan_removal",
    "read",
    "remove",
    "restore",
    "runs",
    "spool_name",
]
