"""Reports: rows -> tables and findings -> markdown, terminal, JSON or one HTML page.

Flow: stored rows -> `tables.build` -> `Report` -> `markdown.render`, `terminal.draw`, `html.render`.
Pure: what is printed depends on the rows alone; no clock, no environment, no file.

    hardware   which host and device a row belongs to, and what they are called
    tables     units -> blocks per host and device, sections per input, one table per detector
    lines      units -> the text of a table's lines
    metadata   the list at the head of a report and of a block
    remarks    what a reader must know before believing a figure: failures, unmet rules, stale rows
    wording    numbers and names as text
"""
