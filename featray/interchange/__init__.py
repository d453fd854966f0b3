"""Interchange: py-feat's own formats, in and out, and formats that other tools read.

Flow: a file -> `report_files.read` -> rows -> the store; the store -> rows -> `write` of a format -> text.
Pure, except for `report_files.read`, which opens the file.

    report_files      files of reports, read by the parser of their format
    pyfeat_markdown   docs/benchmarks/*.md of every age, in and out
    pyfeat_json       the `--json` output of py-feat's benchmark script, schema version 1, in and out
    throughput_csv    py-feat's throughput.csv: the dashboard's columns in and out, the ingest script's in
    github_action     github-action-benchmark's customSmallerIsBetter, out
    all_columns       CSV and JSON lines with every column of the store, out

    bundle            rows, outputs and what describes them as one file, out and in
    benchmark_table   py-feat's public throughput.csv with our lines in it once, in and out
    dataset_card      the card of a dataset of the hub, out
    anonymous_rows    rows without names of hosts and users and without paths
    file_names        names of runs as names of files

    labels, figures   the texts and the rounded numbers of a report, and what they mean
    imported_rows     one line of a report -> one row
    exported_reports  rows -> what one report of py-feat can hold
"""
