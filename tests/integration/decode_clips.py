"""Decodes clips and their cuts as py-feat does, in a process of its own: torchcodec needs FFmpeg on the library path.

Run as `python -m tests.integration.decode_clips FOLDER FRAMES CACHE`; writes a JSON object per clip.
"""

import json
import sys
from pathlib import Path
from typing import Any

from feat.data import VideoDataset

from featray.errors import BadInput
from featray.host import clips, cuts
from featray.measurement.frames import check_cut
from featray.measurement.outcome import Refused


def examine(path: Path, frames: int, cache: Path) -> dict[str, Any]:
    """Say what py-feat and featray find in a clip, and in its cut."""
    try:
        probed = clips.probe(path)
        whole = VideoDataset(str(path))
        cut = cuts.cut(path, frames, cache)
        short = VideoDataset(str(cut))
        check_cut(cut, path, frames, VideoDataset)
    except (BadInput, OSError, Refused) as wrong:
        return {"refused": str(wrong)}
    return {
        "frames": [probed.frames, len(whole)],
        "size": list(whole[0]["Image"].shape[1:]),
        "cut_frames": len(short),
        "equal": [bool((short[index]["Image"] == whole[index]["Image"]).all()) for index in range(len(short))],
    }


if __name__ == "__main__":
    folder, count, where = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    for clip in sorted(folder.iterdir()):
        print(json.dumps({"name": clip.name, **examine(clip, count, where)}))
