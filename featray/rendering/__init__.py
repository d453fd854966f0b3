"""Reports: rows -> tables and findings -> markdown, terminal, JSON or one HTML page.

Flow: stored rows -> `tables.build` -> `Report` -> `markdown.render`, `terminal.draw`, `html.render`.
Pure: what is printed depends on the rows alone; no clock, no environment, no file.

    tables       units -> blocks per host and device, sections per input, one table per detector; the settings to use
    lines        units -> the text of a table's lines
    remarks      what a reader must know before believing a figure: failures, disturbances, unmet rules, stale rows
    findings     a diagnosis -> `notes`: headline, comparisons, observations, runs to make next
    followups    what findings ask for -> sweep files
    markdown, document, terminal        a report in each form; document is JSON
    html         one page: `grids` are its tables, `figures` and `ratios` its plots, `palette` their colours
    verdicts     a comparison as lines and JSON; `advice` a recommendation; `preview` a plan
    records      units as plain values, for JSON and CSV
    hardware, metadata, wording         names of hosts and devices, the list at the head, numbers as text
"""
