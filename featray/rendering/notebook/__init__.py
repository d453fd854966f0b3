"""Notebook: what a notebook shows of a result: a few lines of text, tables in the notebook's own colours, records.

Flow: units, comparisons, recommendations, plans, calibrations -> `summaries` -> `Summary` -> `api.results`. Pure.

    summary    a result as a title, remarks, tables and records; as text and as HTML
    summaries  one function per kind of result
    estimates  the summary of an estimate
    fleets     the summary of a fleet plan
    figures    the plots of the page as figures of plotly
"""
