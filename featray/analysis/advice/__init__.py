"""Advice: which setting to use, and what to measure next. Pure.

candidates               settings in their contexts, and how far each can be trusted
constraints              what the caller fixes
objectives               what may be preferred, and the settings that none beats in everything
memory_use               memory that a setting takes itself
speeds                   speed of repeated calls and of sustained runs
settings                 the smallest of the equally good settings of a detector and target
recommendation           the setting to use for an input
recommendation_cautions  what makes it doubtful
search_results           what the search of a sweep found
wanted_cells             the cells that a finding asks for
drafts                   these cells in sweeps, none twice
confirming_sweeps        both versions of a suspected step, side by side
measured_rules           the rules by which a unit was measured, for a follow-up
followups                the sweeps to submit next
followup_file            a follow-up as a sweep file
"""
