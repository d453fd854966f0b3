"""Page: a report as one HTML page that needs no network, and the pages that list reports and show their history.

html              puts the page of a report together
history_page      the page of a store's history
history_plots     its plots
index_page        the page that lists a store's reports
shell             what all pages share: head, style, scripts
tables            its tables
plot              one plot as a value, and what all plots share
curve_plots       throughput and memory against the batch size
change_plots      speed against drift
tradeoff_plots    speed against memory, time of a batch, energy and drift
length_plots      time per frame and memory against the length of the clip
stage_plots       where the time of a frame goes
ratio_plots       the comparisons with the baseline
legend            colours and marks of detectors and targets, and the buttons that filter by them
palette           colours, marks and dashes
template_loader   reads the templates, and escapes what comes from a store
templates/        pages, style and scripts
vendored/         plotly.js, the part that the plots need, with its licence
"""
