"""The store: every row ever measured or imported, as one parquet dataset under `RESULTS/rows`.

Flow: the runner and the importers `append`; everything after reads. The only door to pyarrow.

What it promises:
- Append-only. A file appears whole under a name of its own or not at all; nothing is ever overwritten.
- Any number of writers, compactions and readers at once, on any number of hosts, without a lock. A row may lie in two
  files for a while; readers count it once, by its key.
- A file that cannot be read, or is not featray's, is named in `Reading.problems` and skipped.
- Rows of an older schema are migrated while they are read. Rows of a newer one are named in the problems and left out;
  columns that this featray does not know are dropped on reading and kept by compaction.

`RESULTS` is a folder or a URI of any pyarrow filesystem (`s3://bucket/folder`); no message and no name made of it has
the credentials that it may carry. With pandas alone,
`pandas.read_parquet("results/rows")` gives the same columns; maps come out as lists of pairs there, as dicts in `load`.
"""

from featray.store.compaction import Compacted, compact
from featray.store.reading import Reading, load, read, without_collection
from featray.store.removal import Checkup, Removal, check, is_removed, removal, remove
from featray.store.resuming import StoredKeys, UnitState, keys
from featray.store.spool_names import make_spool, spool_name
from featray.store.store_names import full_name, shown
from featray.store.stored_files import ARCHIVE_PREFIX, StoreProblem, StoreWarning, left_out
from featray.store.summary import RunSummary, latest_run, runs
from featray.store.writing import append

__all__ = [
    "ARCHIVE_PREFIX",
    "Checkup",
    "Compacted",
    "Reading",
    "Removal",
    "RunSummary",
    "StoreProblem",
    "StoreWarning",
    "StoredKeys",
    "UnitState",
    "append",
    "check",
    "compact",
    "full_name",
    "is_removed",
    "keys",
    "latest_run",
    "left_out",
    "load",
    "make_spool",
    "read",
    "removal",
    "remove",
    "runs",
    "shown",
    "spool_name",
    "without_collection",
]
