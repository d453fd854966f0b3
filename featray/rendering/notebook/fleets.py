"""Fleets: what a notebook shows of a fleet plan. Pure."""

from featray.planning.fleet_plan import FleetPlan
from featray.rendering import fleet_text
from featray.rendering.notebook.summary import Summary, make_table


def of_fleet(plan: FleetPlan) -> Summary:
    """Show a line per host and what cannot run; the frame has a row per host."""
    lines = [fleet_text.line(share) for share in plan.shares]
    return Summary(
        title=fleet_text.title(plan),
        tables=(make_table("Hosts", fleet_text.HEADINGS, lines),),
        remarks=tuple(fleet_text.sentences(plan)),
        records=[fleet_text.host_record(share) for share in plan.shares],
    )
