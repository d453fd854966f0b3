"""Plan summary: what a submit would do, as a line for people and as JSON for scripts.

Flow: `preparation.prepare` -> `summary`, `to_json` -> `featray plan`. Pure.
"""

import json
from typing import Any

from featray.core import wording
from featray.planning.placement import Placement
from featray.planning.plan import Plan


def summary(plan: Plan, placement: Placement) -> str:
    """Say in one line what is planned, what is done and how long the rest should take."""
    cells = {unit.cell_id for unit in placement.units} | {refusal.cell_id for refusal in placement.refusals}
    targets = {unit.target.target_id for unit in placement.units}
    counts = f"{wording.count(len(cells), 'cell')}, {wording.count(len(placement.units), 'unit')}"
    text = f"{counts} on {wording.count(len(targets), 'target')}"
    if placement.refusals:
        text += f"; {wording.count(len(placement.refusals), 'cell')} cannot run"
    text += f"; {plan.done} of {wording.count(plan.total, 'measurement')} done"
    if not plan.invocations:
        return f"{text}, nothing left to measure"
    invocations = wording.count(len(plan.invocations), "invocation")
    return f"{text}, {plan.remaining} left in {invocations}, about {wording.duration(plan.expected_s)}"


def to_json(plan: Plan, placement: Placement) -> str:
    """Write a plan for scripts, one unit, refusal or invocation a line: a million units take seconds that way."""
    value: dict[str, Any] = {
        "sweep": plan.run.sweep,
        "run_id": plan.run.run_id,
        "units": records(plan, placement),
        "refusals": [
            {
                "cell_id": refusal.cell_id,
                "label": refusal.cell.label,
                "target_id": refusal.target.target_id if refusal.target else None,
                "reason": refusal.reason,
            }
            for refusal in placement.refusals
        ],
        "invocations": [planned.invocation.name for planned in plan.invocations],
        "estimate_s": plan.expected_s,
    }
    return "{\n" + ",\n".join(f"  {_json(key)}: {_json_lines(item)}" for key, item in value.items()) + "\n}"


def _json_lines(value: Any) -> str:
    if not isinstance(value, list) or not value:
        return _json(value)
    return "[\n" + ",\n".join(f"    {_json(item)}" for item in value) + "\n  ]"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def records(plan: Plan, placement: Placement) -> list[dict[str, Any]]:
    """Write each unit of a plan as plain values."""
    return [
        {
            "cell_id": unit.cell_id,
            "label": unit.cell.label,
            "target_id": unit.target.target_id,
            "target": unit.target.label,
            "alternatives": [target.target_id for target in unit.alternatives],
            "done": plan.progress[unit.cell_id, unit.target.target_id][0],
            "wanted": plan.progress[unit.cell_id, unit.target.target_id][1],
        }
        for unit in placement.units
    ]
