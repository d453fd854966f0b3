"""Preview: what a submit would do, as a line for people and as JSON for scripts.

Flow: `submission.prepare` -> `featray plan`.
"""

import json

from featray.core import wording
from featray.planning.placement import Placement
from featray.planning.plan import Plan, estimate_s


def summary(work: Plan, placed: Placement) -> str:
    """Say in one line what is there, what is done and how long the rest should take."""
    cells = {unit.cell_id for unit in placed.units} | {refusal.cell_id for refusal in placed.refusals}
    targets = {unit.target.target_id for unit in placed.units}
    text = f"{len(cells)} cells, {len(placed.units)} units on {len(targets)} targets"
    if placed.refusals:
        text += f", {len(placed.refusals)} that cannot run"
    text += f"; {work.settled} of {work.wanted} measurements are done"
    if not work.invocations:
        return f"{text}; nothing is left to measure"
    left = wording.duration(estimate_s(work))
    return f"{text}; {work.remaining} are left in {len(work.invocations)} invocations, about {left}"


def to_json(work: Plan, placed: Placement) -> str:
    """Write a plan for scripts."""
    value = {
        "sweep": work.campaign.sweep,
        "run_id": work.campaign.run_id,
        "units": [
            {
                "cell_id": unit.cell_id,
                "label": unit.cell.label,
                "target_id": unit.target.target_id,
                "target": unit.target.label,
                "alternatives": [other.target_id for other in unit.alternatives],
                "done": work.progress[unit.cell_id, unit.target.target_id][0],
                "wanted": work.progress[unit.cell_id, unit.target.target_id][1],
            }
            for unit in placed.units
        ],
        "refusals": [
            {
                "cell_id": refusal.cell_id,
                "label": refusal.cell.label,
                "target_id": refusal.target.target_id if refusal.target else None,
                "reason": refusal.reason,
            }
            for refusal in placed.refusals
        ],
        "invocations": [planned.invocation.name for planned in work.invocations],
        "estimate_s": estimate_s(work),
    }
    return json.dumps(value, indent=2, ensure_ascii=False)
