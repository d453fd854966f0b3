"""Dataset card: the README.md of a dataset of the hub, with the configuration by which it is loaded. Pure.

Flow: `api.export_dataset` -> `CARD`.

Source: the hub's documentation of dataset cards: `configs` with `config_name`, `data_files` and `default`.
"""

MARK = "<!-- written by featray export; delete this line to keep your own text -->"
"""A card with this line is written again; any other is somebody's own, and stays."""

CARD = f"""---
pretty_name: Speed of py-feat's detectors
tags:
- benchmark
- py-feat
configs:
- config_name: throughput
  data_files: throughput.csv
  default: true
- config_name: rows
  data_files: data/*.parquet
---

{MARK}

# Speed of py-feat's detectors

Measured with featray.

- `throughput.csv` is the table that py-feat's dashboard reads: frames per second of each detector, input, device and
  batch size. Lines that featray measured name their run in `featray_run`, and in `featray_environment` the
  versions they were measured with, where a run has several.
- `data/` has one parquet file for each run, with a row for each setting and process: every timed call, versions, and
  the state of the machine. Columns that are maps in a store of featray are JSON here.

Rows with `weights` `synthetic` are of networks with random numbers. Their times are only indicative, and they are not
in `throughput.csv`.

```python
from datasets import load_dataset

table = load_dataset("NAME/OF-THIS-DATASET", "throughput")
rows = load_dataset("NAME/OF-THIS-DATASET", "rows")
```
"""
