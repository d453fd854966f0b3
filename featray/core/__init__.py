"""Core: the values that every room shares. Standard library only, since the measuring child imports them too.

cell, invocation    what is measured, and by which process
row, status         what came of it
detectors, inputs   the catalogues, and the form of the user's own
targets             how a device is named
events              what is heard while it runs
identity, quantities, wording, gpus, version
"""
