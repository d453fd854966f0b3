"""Decodes clips, their cuts and loops as py-feat does, in its own process: torchcodec needs FFmpeg on the library path.

Run as `python -m tests.integration.decode_clips FOLDER FRAMES LOOP CACHE`; writes a JSON object per clip.
"""

import json
import sys
from pathlib import Path
from typing import Any

from feat.data import VideoDataset

from featray.errors import BadInput
from featray.host import clips, cuts, loops
from featray.measurement.frames import check_copy
from featray.measurement.outcome import Refused


def examine(path: Path, frames: int, cache: Path) -> dict[str, Any]:
    """Say what py-feat and featray find in a clip, and in its cut."""
    try:
        probed = clips.probe(path)
        whole = VideoDataset(str(path))
        cut = cuts.cut(path, frames, cache)
        short = VideoDataset(str(cut))
        check_copy(cut, path, frames, VideoDataset)
    except (BadInput, OSError, Refused) as wrong:
        return {"refused": str(wrong)}
    return {
        "frames": [probed.frames, len(whole)],
        "size": list(whole[0]["Image"].shape[1:]),
        "cut_frames": len(short),
        "equal": [bool((short[index]["Image"] == whole[index]["Image"]).all()) for index in range(len(short))],
    }


def examine_loop(path: Path, frames: int, cache: Path) -> dict[str, Any]:
    """Say what py-feat finds in a clip's loop."""
    try:
        loop = loops.loop(path, frames, cache)
        whole, longer = VideoDataset(str(path)), VideoDataset(str(loop))
        check_copy(loop, path, frames, VideoDataset, is_loop=True)
    except (OSError, Refused) as wrong:
        return {"loop_refused": str(wrong)}
    pairs = ((longer[index]["Image"], whole[index % len(whole)]["Image"]) for index in range(len(longer)))
    return {"loop_frames": len(longer), "loop_equal": all(bool((one == two).all()) for one, two in pairs)}


if __name__ == "__main__":
    folder, count, looped, where = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    for clip in sorted(folder.iterdir()):
        print(json.dumps({"name": clip.name, **examine(clip, count, where), **examine_loop(clip, looped, where)}))
