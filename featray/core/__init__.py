"""Core: the values that every room shares. Standard library only, since the measuring child imports them too.

cell, cell_fields, rules, invocation   what is measured, how, and by which process
row, status, stored_unit               what came of it
detectors, inputs, choices, gpus       the catalogues, and settings with a few fixed values
targets, wording, report_order         names, figures and their order, as people read them
events                                 what happens to an invocation
identity, quantities, clock, version   ids, units, time
files, lockfile, lease_rule            files written whole, locks, and who has a host for itself
"""
