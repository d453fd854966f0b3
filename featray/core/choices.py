"""Choices: the settings of a sweep that have a few fixed values.

Flow: the sweep file's text -> one of these -> cells, rules, invocations -> the same text in rows and ids.
Each is text too, so that it compares equal to what a stored row holds.
"""

from enum import StrEnum


class Device(StrEnum):
    """What a cell runs on."""

    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"  # the GPU of a Mac


class Exclusive(StrEnum):
    """What an invocation has for itself while it runs."""

    HOST = "host"
    GPU = "gpu"


class ProtocolName(StrEnum):
    """How a cell is measured."""

    FEATRAY = "featray"
    PYFEAT = "pyfeat"  # as py-feat's own script: 1 warm-up, 1 timed call, nothing else


class WeightsKind(StrEnum):
    """Where a detector's weights come from."""

    PRETRAINED = "pretrained"  # downloaded
    SYNTHETIC = "synthetic"  # random numbers of the same shapes, made on the host
