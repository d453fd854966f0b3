"""Interchange: py-feat's own formats, in and out, and what other tools read.

Pure but for `importing.read`, which opens the file. Text in, rows out, and back:
    pyfeat_markdown   docs/benchmarks/*.md of every age
    pyfeat_json       the `--json` output of py-feat's benchmark script, schema version 1
    throughput_csv    py-feat's throughput.csv, both the dashboard's columns and the ingest script's
    github_action     github-action-benchmark's customSmallerIsBetter
    everything        CSV and JSON lines with every column of the store
"""
