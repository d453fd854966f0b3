"""Plan summary: what a submit would do, as a line for people and as JSON for scripts.

Flow: `preparation.prepare` -> `summary`, `to_json` -> `featray plan`. Pure.
"""

import json
from typing import Any

from featray.core import wording
from featray.planning.inventory import Target
from featray.planning.placement import PlacedUnit, Placement
from featray.planning.plan import Plan
from featray.planning.search import SearchOutlook
from featray.rendering.search_text import axis_name


def summary(plan: Plan, placement: Placement, search: SearchOutlook | None = None) -> str:
    """Say in one line what is planned, what is done and how long the rest should take."""
    cells = {unit.cell_id for unit in placement.units} | {refusal.cell_id for refusal in placement.refusals}
    targets = placement.targets
    counts = f"{wording.count(len(cells), 'cell')}, {wording.count(len(placement.units), 'unit')}"
    may_move = any(unit.alternatives for unit in placement.units)
    text = f"{counts}{', each on one of' if may_move else ' on'} {wording.count(len(targets), 'target')}"
    if placement.refusals:
        text += f"; {wording.count(len(placement.refusals), 'cell')} cannot run"
    text += f"; {plan.done} of {wording.count(plan.total, 'measurement')} done"
    if not plan.invocations:
        return f"{text}, nothing left to measure"
    invocations = wording.count(len(plan.invocations), "invocation")
    text += f", {plan.remaining} left in {invocations}, {_time(plan)}{_most(plan)}"
    return f"{text}; {later(search)}" if search is not None and search.measurements else text


def _time(plan: Plan) -> str:
    """Say how long it should take, and what is not known of that."""
    about = f"about {wording.duration(plan.expected_s)}"
    if not plan.cells_of_unknown_time:
        return about
    unknown = wording.count(plan.cells_of_unknown_time, "cell")
    return f"at least {about} (the time of a call is unknown for {unknown}: only the start of each process counts)"


def _most(plan: Plan) -> str:
    """Say what it may become: pilots whose times vary ask for more."""
    if not plan.may_come:
        return ""
    time = "" if plan.cells_of_unknown_time else f", about {wording.duration(plan.expected_max_s)},"
    most = wording.count(plan.remaining + plan.may_come, "measurement")
    return f"; at most {most}{time} if the first ones differ much"


def done(plan: Plan, unit: PlacedUnit, search: SearchOutlook | None, between: str = "/") -> str:
    """Say how many invocations of a unit there are and should be; of a value to search also that it may come."""
    name = (unit.cell_id, unit.target.target_id)
    measured, wanted = plan.progress[name]
    if wanted:
        return f"{measured}{between}{wanted}"
    return "may come" if search is not None and name in search.may_come else "not needed"


def later(search: SearchOutlook) -> str:
    """Say what a search may measure later."""
    more = wording.count(search.measurements, "measurement")
    time = wording.duration(search.total_s)
    return f"then the search for the best {axis_name(search.axis)} may take up to {more}, {time}"


def to_json(plan: Plan, placement: Placement, search: SearchOutlook | None = None) -> str:
    """Write a plan for scripts, one value of a list per line: a million units take seconds that way."""
    value: dict[str, Any] = {
        "sweep": plan.run.sweep,
        "run_id": plan.run.run_id,
        "targets": [_target_record(target) for target in placement.targets.values()],
        "units": records(plan, placement, search),
        "refusals": [
            {
                "cell_id": refusal.cell_id,
                "label": refusal.cell.label,
                "target_id": refusal.target.target_id if refusal.target else None,
                "target": refusal.target.label if refusal.target else None,
                "hostname": refusal.target.host.hostname if refusal.target else None,
                "reason": refusal.reason,
            }
            for refusal in placement.refusals
        ],
        "invocations": [planned.invocation.name for planned in plan.invocations],
        "estimate_s": plan.expected_s,
        "cells_of_unknown_time": plan.cells_of_unknown_time,
        "left": plan.remaining,
    }
    if search is None:
        value |= {"left_max": plan.remaining + plan.may_come, "estimate_max_s": plan.expected_max_s}
    else:
        value["search"] = {
            "axis": search.axis,
            "may_come": search.measurements,
            "may_come_s": search.total_s,
        }
    return "{\n" + ",\n".join(f"  {_json(key)}: {_json_lines(item)}" for key, item in value.items()) + "\n}"


def _target_record(target: Target) -> dict[str, Any]:
    host = target.host
    return {
        "target_id": target.target_id,
        "target": target.label,
        "hostname": host.hostname,
        "host_id": host.host_id,
    }


def _json_lines(value: Any) -> str:
    if not isinstance(value, list) or not value:
        return _json(value)
    return "[\n" + ",\n".join(f"    {_json(item)}" for item in value) + "\n  ]"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def records(plan: Plan, placement: Placement, search: SearchOutlook | None = None) -> list[dict[str, Any]]:
    """Write each unit of a plan as plain values."""
    later = search.may_come if search is not None else frozenset()
    return [
        {
            "cell_id": unit.cell_id,
            "label": unit.cell.label,
            "target_id": unit.target.target_id,
            "target": unit.target.label,
            "hostname": unit.target.host.hostname,
            "alternatives": [target.target_id for target in unit.alternatives],
            "done": plan.progress[unit.cell_id, unit.target.target_id][0],
            "wanted": plan.progress[unit.cell_id, unit.target.target_id][1],
            **({"may_come": (unit.cell_id, unit.target.target_id) in later} if search is not None else {}),
        }
        for unit in placement.units
    ]
