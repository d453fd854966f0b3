"""Measurement: what runs on the measured host, in the child process or just before it starts.

The child's interpreter may belong to another environment than featray's own, so modules here import the standard
library, torch, py-feat and its companions, psutil and pynvml, and of featray only what needs no third party.
"""
