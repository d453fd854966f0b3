"""`featray fetch`: the pretrained weights of a sweep."""

from featray.cli import console
from featray.cli.options import SweepFile


def fetch(sweep: SweepFile) -> None:
    """Download the pretrained weights that a sweep needs, for this machine.

    `submit` downloads them too. With this command they are there before, also for a machine without a network: copy the
    folder that is printed.
    """
    import featray
    from featray.core import wording

    fetched = featray.fetch(sweep, say=console.say)
    if not fetched.downloaded and not fetched.cached:
        console.say(f"{sweep} needs no pretrained weights")
        return
    count = wording.count(len(fetched.downloaded) + len(fetched.cached), "weight file")
    console.say(f"{count}, {len(fetched.downloaded)} downloaded now, in:")
    console.result(fetched.folder)
