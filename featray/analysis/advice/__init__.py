"""Advice: which setting to use, and what to measure next. Pure.

recommendation   the setting to use for an input
wanted_cells     the cells that a finding asks for
followups        these cells as sweeps
followup_file    a follow-up as a sweep file
"""
