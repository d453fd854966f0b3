"""Rendering: a report as Markdown, terminal tables, JSON or one HTML page; comparisons, recommendations, plans as text.

Flow: units -> `document.build` -> `Report`; diagnosis -> `notes.of_diagnosis` -> `Notes`; both -> one of the formats.
Pure: what is printed depends on the units alone; no clock, no environment, no file.

    document              a report as a value: blocks per host and device, sections per input, one table per detector
    columns               headings of the tables, and a unit as the texts under them
    changes_text          what changes from one setting to another, and the table of it
    best_settings         which batch to use, and the table of them
    notes                 what the diagnosis found: headline, comparisons, findings, next runs
    unit_text             each figure of a unit as text, the same in every format
    unit_fields           a unit as plain values, for JSON and CSV
    hardware_blocks       which targets share a block
    metadata              the list at the head of a report
    markdown, terminal, json_report, page/   a report in each format
    comparison_text       a comparison as lines and as JSON
    gate_text             what the gate of a comparison found
    recommendation_text   a recommendation as text
    recommendation_json   the same for scripts
    recommendation_code   the same as Python to paste
    plan_summary          a plan as a line and as JSON
    event_text            what happens in a submit, a line per event
    notebook/             what a notebook shows of a result
"""
