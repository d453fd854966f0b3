"""`featray init`: a new sweep file with comments."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from featray.cli import console


def init(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Of the sweep and its file.")] = "mine",
    detector: Annotated[
        list[str] | None,
        typer.Option("--detector", metavar="NAME", help="img2pose, retinaface, mpdetector or detectorv2; repeatable."),
    ] = None,
    clip: Annotated[
        list[str] | None,
        typer.Option("--input", metavar="NAME|PATH", help="short, long, multi-face, or a clip's path; repeatable."),
    ] = None,
    device: Annotated[
        list[str] | None,
        typer.Option("--device", metavar="DEVICE", help="cuda, cpu or mps; repeatable. Default: what is here."),
    ] = None,
    batch: Annotated[
        list[int] | None, typer.Option("--batch", metavar="SIZE", min=1, help="Batch size; repeatable.")
    ] = None,
    synthetic: Annotated[
        bool, typer.Option("--synthetic", help="Weights that need no download; times are only indicative.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option("--from", metavar="REPORT", help="Take the grid of a report of py-feat.")
    ] = None,
    folder: Annotated[Path, typer.Option("--folder", metavar="DIR", help="Folder of the file.")] = Path("sweeps"),
    force: Annotated[bool, typer.Option("--force", help="Replace a file of this name.")] = False,
) -> None:
    """Write a sweep file with comments, and a schema for editors beside it.

    On a terminal it asks for what no option says.
    """
    import featray

    if not (detector or clip or device or report) and sys.stdin.isatty() and sys.stderr.isatty():
        detector, clip, device = _ask()
    path = featray.init(
        name,
        detectors=detector or (),
        inputs=clip or (),
        devices=device or (),
        batch_sizes=batch or (),
        weights="synthetic" if synthetic else "pretrained",
        report=report,
        folder=folder,
        overwrite=force,
    )
    console.result(str(path))
    console.say(f"edit it, then: featray plan {path}")


def _ask() -> tuple[list[str], list[str], list[str]]:
    """Ask for detectors, clips and devices; the answers are separated by commas or spaces."""
    from featray.host import devices

    questions = {
        "Detectors (img2pose, retinaface, mpdetector, detectorv2)": "retinaface, detectorv2",
        "Clips (short, long, multi-face, or paths)": "short",
        "Devices (cuda, cpu, mps)": ", ".join(devices.list_here()),
    }
    answers = [typer.prompt(question, default=default, err=True) for question, default in questions.items()]
    detectors, clips, chosen = ([word for word in answer.replace(",", " ").split() if word] for answer in answers)
    return detectors, clips, chosen
