"""Prediction: between which times the next process lies, on another day. `invocations` says how well a mean is known.

Pure. Logarithms of seconds, one per invocation, as everywhere in `stats`.
"""

import math

from featray.stats.decision import ASSUMED_SD
from featray.stats.invocations import CONFIDENCE, Logs, variance
from featray.stats.pairing import INVOCATIONS_MIN
from featray.stats.sessions import SESSION_FREEDOM_ASSUMED, SESSION_SD_ASSUMED
from featray.stats.students import two_sided

PROCESS_FREEDOM_ASSUMED = 12  # of the assumed sd between processes: as much as of the assumed one between sessions


def prediction_half_width(logs: Logs, sessions: int = 1, confidence: float = CONFIDENCE) -> float:
    """Give how far the log time of one more process, in one more session, lies from the mean of these at most.

    Both levels are taken apart and their squares added. Sessions are taken to differ by `SESSION_SD_ASSUMED`, and
    processes by `ASSUMED_SD` where there are fewer than `INVOCATIONS_MIN`.

    Args:
        logs: At least one.
        sessions: In how many sessions they were measured.
        confidence: Share of new processes that lie within.
    """
    count, is_known = len(logs), len(logs) >= INVOCATIONS_MIN
    process_sd = math.sqrt(variance(logs)) if is_known else ASSUMED_SD
    process_t = two_sided(confidence, count - 1 if is_known else PROCESS_FREEDOM_ASSUMED)
    session_t = two_sided(confidence, SESSION_FREEDOM_ASSUMED)
    process = process_t * process_sd * math.sqrt(1 + 1 / count)
    session = session_t * SESSION_SD_ASSUMED * math.sqrt(1 + 1 / sessions)
    return math.hypot(process, session)
