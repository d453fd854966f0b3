"""Estimate: what footage will take on the machines that were measured. Pure.

footage        the films
terms          what the caller fixes: hosts, limits, deadline, budget
extrapolation  what is assumed in place of a measurement
film_lengths   what a clip that was measured at several lengths says of films of other lengths
forecast       one process of one target: speed, start, memory, energy, and what is extrapolated
joint_speeds   the measured speed of all GPUs of a host at the same time, in place of each one's alone
sides          which devices of a host may work at the same time
eligible       which measured targets count, with a forecast of each
worker_share   what one worker does, until when, and its part of the price
host_use       which of its devices each host uses, and the plan
cutting        whether long films, cut into pieces, end earlier
archive        all hosts together: who analyses what, until when, at what cost
"""
