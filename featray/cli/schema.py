"""`featray schema`: the keys of sweep and cluster files, for editors."""

from pathlib import Path
from typing import Annotated

import typer

from featray.cli import console


def schema(
    kind: Annotated[str, typer.Argument(metavar="[sweep|cluster]", help="Which kind of file.")] = "sweep",
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there.")] = None,
) -> None:
    """Print the JSON schema of sweep or cluster files.

    Editors with YAML support complete and check a file whose first line is
    `# yaml-language-server: $schema=sweep.schema.json`.
    """
    import featray
    from featray.api.output_files import write_files

    text = featray.schema(kind)
    if output is None:
        console.result(text.removesuffix("\n"))
        return
    (path,) = write_files(output.parent, {output.name: text})
    console.result(str(path))
