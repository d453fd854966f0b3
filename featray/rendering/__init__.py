"""Rendering: a report as Markdown, terminal tables, JSON or one HTML page; comparisons, recommendations, plans as text.

Flow: units -> `document.build` -> `Report`; diagnosis -> `notes.of_diagnosis` -> `Notes`; both -> one of the formats.
Pure: what is printed depends on the units alone; no clock, no environment, no file.

    document             a report as a value: blocks per host and device, sections per input, one table per detector
    columns              headings of the tables, and a unit as the texts under them
    changes_text         what changes from one setting to another, and the table of it
    best_settings        which batch to use, and the table of them
    notes                what the diagnosis found: headline, comparisons, findings, next runs
    unit_text            each figure of a unit as text, the same in every format
    unit_fields          a unit as plain values, for JSON and CSV
    hardware_blocks      which targets share a block
    environments_text    what each environment is installed with
    metadata             the list at the head of a report
    markdown             a report in py-feat's layout
    terminal             its tables at a prompt
    fitted_tables        tables for terminals of any width
    whole_words          text that is broken only between words
    json_report          the same for scripts
    page/                the same as an HTML page
    glossary             the words of a report, one line each
    lengths_text         what grows with the length of the clip
    tradeoffs_text       the settings that no other one beats
    search_text          what a search found
    comparison_text      a comparison as lines and as JSON
    comparison_markdown  a comparison as a comment and as a badge
    gate_text            what the gate of a comparison found
    recommendation_text  a recommendation as text
    recommendation_json  the same for scripts
    recommendation_code  the same as Python to paste
    script_parts         functions that written Python carries
    estimate_text        an estimate as text
    estimate_json        the same for scripts
    estimate_files       its lists of films, and a script for each worker
    history_text         a history as lines and sentences
    history_json         the same for scripts
    bisection_text       a bisection as sentences
    bisection_json       the same for scripts
    plan_summary         a plan as a line and as JSON
    fleet_text           a fleet plan as text and as JSON
    event_text           what happens in a submit, a line per event
    notebook/            what a notebook shows of a result
"""
