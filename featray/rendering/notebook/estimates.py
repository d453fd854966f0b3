"""Estimates: what a notebook shows of an estimate. Pure."""

from collections.abc import Sequence

from featray.analysis.estimate.archive import ArchiveEstimate
from featray.rendering import estimate_json, estimate_text
from featray.rendering.notebook.summary import Summary, make_table


def of_estimate(estimate: ArchiveEstimate, problems: Sequence[str] = ()) -> Summary:
    """Show the plan and what each worker is; the frame has a row per worker."""
    plan = [estimate_text.line(share, estimate.footage) for share in estimate.shares]
    alone = [estimate_text.cold_line(share, estimate.footage) for share in estimate.alone]
    return Summary(
        title=estimate_text.title(estimate),
        tables=(
            make_table("Plan", estimate_text.HEADINGS, plan),
            make_table("Each machine", estimate_text.COLD_HEADINGS, alone),
        ),
        remarks=(*problems, *estimate_text.sentences(estimate)),
        records=[estimate_json.worker(share) for share in estimate.shares],
    )
